"""Every documented job path of a feature."""
