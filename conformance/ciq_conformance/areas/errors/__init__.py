"""Rejected requests."""
