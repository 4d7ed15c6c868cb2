"""Random legal histories."""
