"""The command `ciq dialects`. Must not know what a dialect does beyond its description."""

import shutil
import sys
import textwrap
from collections.abc import Iterable

from ciq_mock.variants.dialects import DIALECTS, Dialect

_WIDEST = 120
_INDENT = "    "


def dialects() -> None:
    """List the legal readings that the mock can follow: name, behaviour, source that leaves it open.

    Use one or several with `ciq mock --dialect NAME`.
    """
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    sys.stdout.write(listed(DIALECTS.values(), width))


def listed(shown: Iterable[Dialect], width: int) -> str:
    """Returns the list as text; a line is longer than `width` only if a word is."""
    wrap = textwrap.TextWrapper(width=width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
    lines: list[str] = []
    for dialect in shown:
        lines += [dialect.name, *wrap.wrap(dialect.description), *wrap.wrap(f"Open by: {dialect.source}")]
    return "\n".join(lines) + "\n"
