"""High-priority jobs submitted while others wait."""
