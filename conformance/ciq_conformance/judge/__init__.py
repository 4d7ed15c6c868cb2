"""Judges a transcript: pure functions from records and requirements to verdicts. No sockets, no clock, no pytest."""
