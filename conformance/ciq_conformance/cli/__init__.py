"""The command line: `ciq`. Thin: each command reads its options, calls a room of the house and says how it went."""

import sys


def main() -> None:
    """Entry point of the `ciq` command."""
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command == "mock":
        from ciq_mock.cli import mock  # reads its options by itself, so that it starts quickly

        mock()
        return
    from ciq_conformance.cli.app import build

    build(command)()
