"""A pause while jobs run."""
