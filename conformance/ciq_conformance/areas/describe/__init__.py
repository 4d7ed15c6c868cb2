"""Describing jobs."""
