"""The command line `ciq`: each command reads its options, calls the runner or a report, and prints the result."""

import sys
import traceback

_SUITE_ERROR = 4
"""`ExitCode.SUITE_ERROR`, whose import would make `ciq mock` start slower."""


def main() -> None:
    """Entry point of the `ciq` command."""
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command == "mock":
        from ciq_mock.cli import mock  # has its own option parser, so that it starts quickly

        mock()
        return
    from ciq_conformance.cli.app import build
    from ciq_conformance.cli.console_output import write_any_character

    write_any_character()
    try:
        build(command)()
    except Exception:  # Python's own exit code for it is 1, which blames the target
        traceback.print_exc()
        sys.exit(_SUITE_ERROR)
