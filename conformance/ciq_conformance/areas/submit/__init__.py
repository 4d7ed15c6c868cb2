"""Submitting a job."""
