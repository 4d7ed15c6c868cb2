"""Activation of a feature."""
