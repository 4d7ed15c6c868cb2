"""Reads a run file: its records, parsed exchanges and callbacks, job timelines, pauses and requests."""
