"""Submits with several operations."""
