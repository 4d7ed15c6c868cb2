"""The command line: `ciq`. Thin: each command reads its options, calls a room of the house and says how it went."""

import sys


def main() -> None:
    """Entry point of the `ciq` command."""
    from ciq_conformance.cli.app import build

    build(sys.argv[1] if len(sys.argv) > 1 else None)()
