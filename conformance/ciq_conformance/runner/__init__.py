"""From an order to a finished run: target, receiver, session, verdicts, files. One function, used by suite and CLI."""
