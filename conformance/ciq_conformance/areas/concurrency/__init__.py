"""Concurrent clients on one queue."""
