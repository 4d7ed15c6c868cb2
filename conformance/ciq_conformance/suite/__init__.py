"""The conformance suite: `pytest --pyargs ciq_conformance.suite --ciq-target URL`. The CLI runs the very same items."""
