"""Deactivation of a feature."""
