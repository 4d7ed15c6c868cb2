"""Reads, applies and writes the baseline: deviations that the operator accepts. Pure except for reading files.

One entry per line: `PRI-001-media expires=2027-01-31 link=https://tracker/17  # the reason`. Expiry, link and reason
are optional. A baseline entry whose item no longer deviates is stale and makes the run fail, so that the file stays
current. An entry of the known-flaky file has the same form and is never stale. An entry whose item was not judged
in this run is ignored. An expired entry accepts nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from ciq_conformance.judge.selection import all_items
from ciq_schemas.features import FEATURES
from ciq_schemas.requirement import load_registry
from ciq_schemas.suggestions import nearest
from ciq_schemas.transcript.records import Level, Outcome, StaleEntry, Verdict

_DEVIATIONS = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.BLOCKED})
_NOT_DEVIATING = frozenset({Outcome.PASS, Outcome.NOTE})
_REASON = re.compile(r"(?:^|\s)#")
"""A link may contain `#` inside."""
_FORM = "write it like PRI-001-media expires=2027-01-31 link=https://... # reason"


class BaselineError(ValueError):
    """The operator's baseline or known-flaky file cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accepted deviation."""

    item: str
    reason: str = ""
    expires: date | None = None
    """The last day on which the entry accepts the deviation."""
    link: str = ""
    flaky: bool = False

    def accepts_on(self, day: date) -> bool:
        """Returns whether the entry has not expired."""
        return self.expires is None or day <= self.expires

    @property
    def text(self) -> str:
        """The entry in words, for reports."""
        until = f"until {self.expires.isoformat()}" if self.expires else ""
        return "; ".join(part for part in (self.reason, until, self.link) if part)


Entries = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Baselined:
    """Verdicts, with the accepted deviations marked, and the stale entries of the file."""

    verdicts: tuple[Verdict, ...]
    stale: tuple[StaleEntry, ...]


def read_baseline(path: Path, known: Iterable[str], *, flaky: bool = False) -> dict[str, Entry]:
    """Returns the entries of a file by item; raises BaselineError for an unreadable file or a wrong line."""
    kind = "known-flaky file" if flaky else "baseline"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"cannot read the {kind} {path}: {error}") from error
    names = frozenset(known)
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        body, reason = _split(line)
        if not body:
            continue
        try:
            entry = _entry(body.split(), reason, names, flaky=flaky)
        except ValueError as error:
            raise BaselineError(f"{path}, line {number}: {error}") from error
        entries[entry.item] = entry
    return entries


def read_accepted(baseline: Path | None, known_flaky: Path | None) -> dict[str, Entry]:
    """Returns the entries of both files by item; raises BaselineError for a wrong file or an item in both."""
    known = [item.name for item in all_items(load_registry(), FEATURES)]
    fixed = {} if baseline is None else read_baseline(baseline, known)
    flaky = {} if known_flaky is None else read_baseline(known_flaky, known, flaky=True)
    for item in fixed.keys() & flaky.keys():
        raise BaselineError(f"{item} is in {baseline} and in {known_flaky}: keep one of the two entries")
    return {**fixed, **flaky}


def _split(line: str) -> tuple[str, str]:
    found = _REASON.search(line)
    if found is None:
        return line.strip(), ""
    return line[: found.start()].strip(), line[found.end() :].strip()


def _entry(words: Sequence[str], reason: str, names: frozenset[str], *, flaky: bool) -> Entry:
    item, *settings = words
    if item not in names:
        near = nearest(item, names)
        hint = f"; did you mean {near}?" if near else f"; {_FORM}"
        raise ValueError(f"{item!r} is not an item name{hint}")
    values: dict[str, str] = {}
    for word in settings:
        name, equals, value = word.partition("=")
        if name not in ("expires", "link") or not equals or not value or name in values:
            raise ValueError(f"{word!r} is neither expires=YYYY-MM-DD nor link=URL; {_FORM}")
        values[name] = value
    try:
        expires = date.fromisoformat(values["expires"]) if "expires" in values else None
    except ValueError as error:
        raise ValueError(f"expires={values['expires']} is not a date; write it like expires=2027-01-31") from error
    return Entry(item=item, reason=reason, expires=expires, link=values.get("link", ""), flaky=flaky)


def recorded_entries(verdicts: Iterable[Verdict], stale: Iterable[StaleEntry] = ()) -> dict[str, Entry]:
    """Returns the entries that a run file shows, for a second judgement without the operator's files."""
    unused = {entry.item: Entry(item=entry.item) for entry in stale}
    return unused | {v.item: Entry(item=v.item, reason=v.accepted, flaky=v.flaky) for v in verdicts if v.baseline}


def apply_baseline(verdicts: Sequence[Verdict], entries: Entries, *, day: date) -> Baselined:
    """Marks the verdicts that the entries accept on `day`; collects the entries whose items no longer deviate."""
    marked = []
    stale = []
    for verdict in verdicts:
        entry = entries.get(verdict.item)
        if entry is None:
            marked.append(verdict)
        elif verdict.outcome in _DEVIATIONS and entry.accepts_on(day):
            marked.append(msgspec.structs.replace(verdict, baseline=True, accepted=entry.text, flaky=entry.flaky))
        elif verdict.outcome in _DEVIATIONS:
            expired = f"its baseline entry expired on {entry.expires}" + (f" ({entry.link})" if entry.link else "")
            marked.append(msgspec.structs.replace(verdict, accepted=expired))
        else:
            marked.append(verdict)
            if verdict.outcome in _NOT_DEVIATING and not entry.flaky:
                stale.append(StaleEntry(item=verdict.item, advice=_advice(verdict)))
    return Baselined(tuple(marked), tuple(sorted(stale, key=lambda entry: entry.item)))


def _advice(verdict: Verdict) -> str:
    """Returns what this run shows of an entry that did not deviate. One pass never proves that the defect is gone."""
    if verdict.power:
        return (
            f"did not deviate in this run, but one run can miss a deviation that depends on timing ({verdict.power}). "
            "Keep the entry unless the target was corrected; "
            "if the deviation comes and goes, move the entry to the file of --known-flaky"
        )
    records = ", ".join(f"#{seq}" for seq in verdict.witness[:3])
    shown = f" (records {records})" if records else ""
    return (
        f"did not deviate in this run{shown}. If the target was corrected, delete the entry; "
        "if the deviation comes and goes, move the entry to the file of --known-flaky"
    )


def is_failure(verdict: Verdict) -> bool:
    """Returns whether a verdict shows a MUST or SHOULD that the target contradicts."""
    return verdict.outcome is Outcome.FAIL or (verdict.outcome is Outcome.WARN and verdict.level is Level.SHOULD)


def baseline_text(verdicts: Sequence[Verdict], entries: Entries | None = None) -> str:
    """Returns a baseline of the failed MUST and SHOULD; entries that the operator wrote keep reason, expiry and link.

    A blocked or inconclusive item shows no deviation of its own, so it is not written: it is named in a comment.
    """
    known = entries or {}
    lines = [
        "# Known deviations, one item per line; written by ciq run --write-baseline.\n",
        f"# Form: {_FORM.removeprefix('write it like ')}\n",
    ]
    for verdict in verdicts:
        entry = known.get(verdict.item)
        if is_failure(verdict) and not (entry is not None and entry.flaky):
            lines.append(_line(verdict, entry))
    unproven = [v for v in verdicts if v.outcome in (Outcome.BLOCKED, Outcome.INCONCLUSIVE) and v.level is Level.MUST]
    if unproven:
        lines.append("# Not accepted, because the run shows no deviation of their own:\n")
        lines.extend(f"#   {verdict.item} {verdict.outcome}\n" for verdict in unproven)
    return "".join(lines)


def _line(verdict: Verdict, entry: Entry | None) -> str:
    reason = " ".join((verdict.seen or verdict.reason or verdict.title).split())
    reason = f"{verdict.level} {verdict.outcome}: {reason[:200]}"
    parts = [verdict.item]
    if entry is not None:
        reason = entry.reason or reason
        parts += [f"expires={entry.expires.isoformat()}"] if entry.expires else []
        parts += [f"link={entry.link}"] if entry.link else []
    return f"{' '.join(parts)}  # {reason}\n"
