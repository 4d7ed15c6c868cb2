"""The conformance suite: `pytest --pyargs ciq_conformance.suite --ciq-target URL`. `ciq run` has the same items."""
