"""The conformance suite: drive a target over HTTP, keep a transcript, judge it, report."""
