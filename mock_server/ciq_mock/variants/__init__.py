"""Faults and dialects of the mock, and the registry that turns their names into overrides. Nothing below imports it."""
