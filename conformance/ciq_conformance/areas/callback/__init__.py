"""Callbacks of jobs."""
