"""The command line `ciq`: each command reads its options, calls the runner or a report, and prints the result."""

import sys


def main() -> None:
    """Entry point of the `ciq` command."""
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command == "mock":
        from ciq_mock.cli import mock  # has its own option parser, so that it starts quickly

        mock()
        return
    from ciq_conformance.cli.app import build

    build(command)()
