"""Reads and applies the baseline: deviations that the operator accepts. Pure except for reading and writing the file.

One item name per line (`PRI-001-media`); `#` starts a comment. An entry whose item no longer deviates is stale and
makes the run fail, so that the file stays current. An entry whose item was not judged in this run is ignored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ciq_schemas.transcript.records import Outcome, Verdict

_DEVIATIONS = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.BLOCKED})
_NOT_DEVIATING = frozenset({Outcome.PASS, Outcome.NOTE, Outcome.NOT_IMPLEMENTED})


class BaselineError(ValueError):
    """The operator's baseline file cannot be used."""


@dataclass(frozen=True, slots=True)
class Baselined:
    """Verdicts, with the accepted deviations marked, and the stale entries of the file."""

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
            raise BaselineError(f"{path}, line {number}: {entry!r} is not an item name; write it like PRI-001-media")
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
    stale = sorted(v.item for v in verdicts if v.item in entries and v.outcome in _NOT_DEVIATING)
    return Baselined(marked, tuple(stale))


def baseline_text(verdicts: Sequence[Verdict]) -> str:
    """Returns a baseline that accepts every deviation of these verdicts."""
    lines = ["# Known deviations, one item per line; written by ciq run --write-baseline.\n"]
    lines.extend(
        f"{verdict.item}  # {verdict.level} {verdict.outcome}: {verdict.title}\n"
        for verdict in verdicts
        if verdict.outcome in _DEVIATIONS
    )
    return "".join(lines)
