"""Cancelling jobs."""
