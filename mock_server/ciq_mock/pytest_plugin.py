"""pytest plugin of the mock (being written)."""
