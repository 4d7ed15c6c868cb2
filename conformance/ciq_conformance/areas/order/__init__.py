"""Priority order and pause."""
