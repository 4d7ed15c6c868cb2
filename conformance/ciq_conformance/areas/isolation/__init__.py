"""One queue per feature."""
