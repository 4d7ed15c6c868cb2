"""Judges a recorded run again: records in, records with new verdicts out. Pure except for reading the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from ciq_conformance.judge.baseline import apply_baseline, read_accepted, recorded_entries
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import Selection, items_by_name, narrowed, select_items
from ciq_conformance.judge.verdict import SKIPPED_BY_OPERATOR, counts, declared_capabilities, exit_code, judge_run
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.run_status import run_status
from ciq_schemas.features import Feature
from ciq_schemas.requirement import BY_COMMAND, BY_OPTION, load_registry
from ciq_schemas.transcript.records import (
    AnyRecord,
    DriverEvent,
    ExitCode,
    Footer,
    Header,
    Outcome,
    RunFileError,
    StaleEntry,
    Verdict,
)

ENDS = frozenset({"end", "interrupted", "crashed", "broken", "unsupported"})
"""Names of the events that end a scenario."""
CUT_SHORT = "the run file has no footer: the run was killed before its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run with its new verdicts."""

    records: tuple[AnyRecord, ...]
    verdicts: tuple[Verdict, ...]
    exit_code: ExitCode
    stale: tuple[StaleEntry, ...]
    cut_short: str = ""
    """Why the run has no end; empty when it has one."""


def judge_again(
    records: Sequence[AnyRecord],
    selection: Selection,
    *,
    baseline: Path | None = None,
    known_flaky: Path | None = None,
) -> Judged:
    """Judges the items of the run's header, or those of the selection when it names any.

    Items that the operator skipped in the run remain skipped. Without files, the entries that the run file shows apply.
    Entries expire by the date of the run. Raises RunFileError for records without a header.
    """
    header = records[0] if records else None
    if not isinstance(header, Header):
        raise RunFileError("the run has no header")
    load_checks()
    transcript = tuple(r for r in records if not isinstance(r, (Verdict, Footer)))
    before = next((r for r in records if isinstance(r, Footer)), None)
    if before is None:
        transcript += _interruptions(transcript)
    skipped = tuple(
        r.item
        for r in records
        if isinstance(r, Verdict) and r.outcome is Outcome.SKIPPED and r.reason == SKIPPED_BY_OPERATOR
    )
    items = _items(header, selection)
    judged = judge_run(transcript, items, declared=declared_capabilities(header), skip=(*selection.skip, *skipped))
    accepted = (
        recorded_entries((r for r in records if isinstance(r, Verdict)), before.stale if before else ())
        if baseline is None and known_flaky is None
        else read_accepted(baseline, known_flaky)
    )
    baselined = apply_baseline(judged, accepted, day=_day_of(header))
    status = run_status(transcript)
    code = exit_code(
        baselined.verdicts,
        unreachable=bool(status.unreachable),
        suite_failed=status.suite_failed,
        stale=bool(baselined.stale),
        left_changed=before is None or not before.restored,
    )
    footer = Footer(
        ended_at=before.ended_at if before else datetime.now(UTC).isoformat(timespec="seconds"),
        duration=before.duration if before else 0.0,
        exit_code=code,
        counts=counts(baselined.verdicts),
        restored=before.restored if before else False,
        stale=baselined.stale,
    )
    head = msgspec.structs.replace(header, selected=tuple(item.name for item in items))
    return Judged(
        records=(head, *transcript[1:], *baselined.verdicts, footer),
        verdicts=baselined.verdicts,
        exit_code=code,
        stale=baselined.stale,
        cut_short="" if before else CUT_SHORT,
    )


def _interruptions(transcript: Sequence[AnyRecord]) -> tuple[DriverEvent, ...]:
    """Returns the events that end the scenarios of a run that was killed: what they did not show proves nothing."""
    events = [record for record in transcript if isinstance(record, DriverEvent)]
    ended = {(event.feature, event.scenario) for event in events if event.name in ENDS}
    begun = dict.fromkeys((event.feature, event.scenario) for event in events if event.name == "begin")
    last = max((record.seq for record in transcript if not isinstance(record, (Header, Verdict, Footer))), default=0)
    at = max((event.at for event in events), default=0.0)
    return tuple(
        DriverEvent(seq=seq, scenario=scenario, feature=feature, at=at, name="interrupted", text=CUT_SHORT)
        for seq, (feature, scenario) in enumerate((key for key in begun if key not in ended), start=last + 1)
    )


def _day_of(header: Header) -> date:
    try:
        return datetime.fromisoformat(header.started_at).date()
    except ValueError:
        return datetime.now(UTC).date()


def _items(header: Header, selection: Selection) -> tuple[Item, ...]:
    items = items_by_name(load_registry(), header.selected)
    if any(item.requirement.set in BY_COMMAND for item in items):
        return narrowed(items, selection)
    if selection.requirements or selection.levels:
        opened = frozenset(item.requirement.set for item in items) & BY_OPTION
        wider = replace(selection, opened=opened)
        return select_items(load_registry(), [Feature(name) for name in header.features], wider)
    return tuple(item for item in items if not selection.features or item.feature.feature in selection.features)
