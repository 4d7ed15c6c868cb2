"""Keeps the output from ending a command: any encoding of the console, a full disk, a reader that stopped reading.

The exit code separates the target from the suite, so output that cannot be written must not change it.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_ERRORS = "ciq-similar"
"""Name of the error handler that `similar_characters` registers."""
_SIMILAR = str.maketrans(
    {
        "✗": "x",
        "✓": "+",
        "⊘": "0",
        "‼": "!!",
        "»": ">>",
        "·": ".",
        "…": "...",
        "“": '"',
        "”": '"',
        "\u2019": "'",
        "\u2013": "-",
        "—": "-",
        "─": "-",
        "━": "-",
        "\u00d7": "x",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
    }
)


def write_any_character() -> None:
    """Makes stdout and stderr write a similar character, or an escape, for one that their encoding does not have."""
    codecs.register_error(_ERRORS, _similar)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def _similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    similar = missing.translate(_SIMILAR)
    return similar.encode("ascii", "backslashreplace").decode("ascii"), error.end


@contextmanager
def output_may_fail() -> Iterator[None]:
    """Within the block, output that cannot be written is dropped, and so is all later output of that stream."""
    try:
        yield
        sys.stdout.flush()
    except (OSError, SystemExit):  # rich exits when the reader of a pipe has gone
        for stream in (sys.stdout, sys.stderr):
            _drop_output_if_broken(stream)


def _drop_output_if_broken(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), stream.fileno())
