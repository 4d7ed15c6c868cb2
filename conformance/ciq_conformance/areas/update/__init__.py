"""Updates of a queue."""
