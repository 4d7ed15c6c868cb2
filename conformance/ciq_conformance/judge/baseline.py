"""Reads and applies the baseline: deviations that the operator accepts. Pure except for reading and writing the file.

One item name a line (`PRI-001-media`), `#` starts a comment. An entry whose item no longer deviates is stale and makes
the run fail, so that the list cannot rot; an entry whose item was not judged in this run is left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ciq_schemas.transcript.records import Outcome, Verdict

_DEVIATIONS = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.BLOCKED})
_MENDED = frozenset({Outcome.PASS, Outcome.NOTE, Outcome.NOT_IMPLEMENTED})


class BaselineError(ValueError):
    """A baseline file that cannot be used: the operator's mistake."""


@dataclass(frozen=True, slots=True)
class Baselined:
    """Verdicts with the accepted ones marked, and the stale entries."""

    verdicts: tuple[Verdict, ...]
    stale: tuple[str, ...]


def read_baseline(path: Path, known: Iterable[str]) -> frozenset[str]:
    """Returns the item names of a baseline file; raises BaselineError for an unreadable file or an unknown item."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"cannot read the baseline {path}: {error}") from error
    names = frozenset(known)
    entries = set()
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        if entry not in names:
            raise BaselineError(f"{path}, line {number}: {entry!r} is no item; write them as in PRI-001-media")
        entries.add(entry)
    return frozenset(entries)


def apply_baseline(verdicts: Sequence[Verdict], entries: frozenset[str]) -> Baselined:
    """Marks the verdicts that the baseline accepts and collects the entries whose items no longer deviate."""
    marked = tuple(
        msgspec.structs.replace(verdict, baseline=True)
        if verdict.item in entries and verdict.outcome in _DEVIATIONS
        else verdict
        for verdict in verdicts
    )
    stale = sorted(v.item for v in verdicts if v.item in entries and v.outcome in _MENDED)
    return Baselined(marked, tuple(stale))


def baseline_text(verdicts: Sequence[Verdict]) -> str:
    """Returns a baseline that accepts every deviation of these verdicts."""
    lines = ["# Known deviations, one item a line; written by ciq run --write-baseline.\n"]
    lines.extend(
        f"{verdict.item}  # {verdict.level} {verdict.outcome}: {verdict.title}\n"
        for verdict in verdicts
        if verdict.outcome in _DEVIATIONS
    )
    return "".join(lines)
