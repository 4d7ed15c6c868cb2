"""Jobs that fail."""
