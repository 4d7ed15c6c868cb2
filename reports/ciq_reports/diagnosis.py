"""Recognizes known patterns of deviations from the records of a run, and describes each with its numbers. Pure.

A diagnosis explains several failed requirements of one feature. It changes no verdict: where no pattern fits, there is
no diagnosis.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ciq_reports.sanitize import seconds_in_words
from ciq_reports.transcript import RunView
from ciq_schemas import times
from ciq_schemas.lifecycle import WAITING_STATES, QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.pauses import PauseSpan, certain_pauses, starts_in, state_settings
from ciq_schemas.transcript.raw import query_value
from ciq_schemas.transcript.records import Exchange, Outcome, Verdict

PAUSE = ("PAU-001", "PAU-008", "CON-003", "EXP-002")
LEVELS = ("PRI-001", "PRI-003", "PRI-004", "PRI-005", "PRI-007", "CON-002", "EXP-001")
EQUAL_LEVEL = ("PRI-002", "PRI-007", "CON-002", "EXP-001")
WINDOW = ("LST-009", "LST-006", "LST-015", "LST-018")
ISOLATION = "isolation"
_DEVIATIONS = (Outcome.FAIL, Outcome.WARN)
_MOST_JOBS = 400
_FEWEST_PAIRS = 3
_ALMOST_ALL = 0.9
_NO_EFFECT = "The pause has no effect"
_AHEAD = "Workers take jobs ahead of the pause"
_SOME_JOBS = "JobLevel decides only for some jobs"
_MOST_OF_A_PAUSE = 0.6
"""Workers that only finish what they had taken start nothing in the rest of a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A recognized pattern on one feature."""

    feature: str
    text: str
    requirements: tuple[str, ...]
    """The failed requirements that it explains, the simplest first."""
    spans: tuple[PauseSpan, ...] = ()
    """Pauses in which jobs started: what the suite could not do in them has the same cause."""


def diagnose(view: RunView) -> tuple[Diagnosis, ...]:
    """Returns the recognized patterns of a run, by feature."""
    return tuple(diagnosis for feature in view.features for diagnosis in _of_feature(view, feature))


def _of_feature(view: RunView, feature: str) -> Iterator[Diagnosis]:
    failed = {v.requirement: v for v in view.verdicts if v.feature == feature and v.outcome in _DEVIATIONS}
    pause = [name for name in PAUSE if name in failed]
    levels = [name for name in LEVELS if name in failed]
    equal = [name for name in EQUAL_LEVEL if name in failed]
    if pause or levels or equal:
        timelines = _timelines(view, feature)
        paused = list(_pause(view, feature, timelines, pause))
        by_level = list(_levels(feature, timelines, levels)) if "PRI-001" in levels else []
        if any(one.text.startswith(_AHEAD) for one in paused) and all(o.text.startswith(_SOME_JOBS) for o in by_level):
            # A job that a worker has taken also runs before a later job of a higher level.
            paused = [replace(one, requirements=(*one.requirements, *levels)) for one in paused]
            by_level = []
        yield from (*paused, *by_level)
        if "PRI-002" in equal and not by_level:
            yield from _newest_first(feature, timelines, equal)
    shared = [name for name, verdict in failed.items() if verdict.scenario == ISOLATION]
    if shared:
        yield _shared(view, feature, [failed[name] for name in shared])
    if "LST-009" in failed:
        yield from _window(view, feature, [name for name in WINDOW if name in failed], failed["LST-009"])


def _exchanges(view: RunView, feature: str, kind: OperationKind) -> tuple[ParsedExchange, ...]:
    return tuple(ParsedExchange(e) for e in view.exchanges if e.feature == feature and e.operation == kind)


def _timelines(view: RunView, feature: str) -> tuple[JobTimeline, ...]:
    callbacks = (ParsedCallback(arrival) for arrival in view.arrivals if arrival.feature in ("", feature))
    submits = _exchanges(view, feature, OperationKind.SUBMIT_JOB)
    return build_timelines(submits, _exchanges(view, feature, OperationKind.DESCRIBE_JOB), callbacks)


def _pause(view: RunView, feature: str, timelines: Sequence[JobTimeline], failed: Sequence[str]) -> Iterator[Diagnosis]:
    if not failed:
        return
    updates = _exchanges(view, feature, OperationKind.UPDATE_QUEUE)
    spans = certain_pauses(state_settings(updates, QueueState.PAUSED), until=view.seconds)
    pauses: list[_Pause] = []
    for span in spans:
        mine = [t for t in timelines if t.submitted_at < span.end and t.not_after.at >= span.begin]
        delays = [leak.timeline.not_after.at - span.begin for leak in starts_in(mine, span)]
        holding = [timeline for timeline in mine if _held_at_end(timeline, span)]
        held = len(holding)
        if delays or any(timeline.accepted_by <= span.begin for timeline in holding):
            pauses.append(_Pause(span=span, delays=tuple(delays), held=held))
    leaking = [pause for pause in pauses if pause.delays]
    if leaking:
        yield Diagnosis(
            feature=feature,
            text=_pause_text(leaking, len(pauses)),
            requirements=tuple(failed),
            spans=tuple(pause.span for pause in leaking),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pause:
    """One pause that began while jobs waited, or in which jobs started."""

    span: PauseSpan
    delays: tuple[float, ...]
    """Seconds from the acknowledgement of the pause to the proof of each start."""
    held: int

    @property
    def until(self) -> float:
        """The part of the pause after which no further job started."""
        return max(self.delays) / max(self.span.end - self.span.begin, 0.001)


def _held_at_end(timeline: JobTimeline, span: PauseSpan) -> bool:
    """Returns whether the last observation in the pause shows the job waiting."""
    seen = [s for s in timeline.observations if s.sent >= span.begin and s.received <= span.end]
    return bool(seen) and seen[-1].state in WAITING_STATES


def _pause_text(leaking: Sequence[_Pause], pauses: int) -> str:
    counts = sorted(len(pause.delays) for pause in leaking)
    number = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    delays = [max(0.0, delay) for pause in leaking for delay in pause.delays]
    held = sum(pause.held for pause in leaking)
    figures = (
        f"{number} job(s) started in each of {len(leaking)} pauses, of {pauses} of a busy queue, "
        f"{seconds_in_words(min(delays))} to {seconds_in_words(max(delays))} after the pause was acknowledged"
    )
    most = len(leaking) * 2 > pauses
    if most and median(pause.until for pause in leaking) >= _MOST_OF_A_PAUSE:
        return f"{_NO_EFFECT}, jobs start until its end: {figures}"
    if most and held and counts[0] * 3 >= counts[-1]:
        return (
            f"{_AHEAD}: {figures}; {held} other job(s) stayed waiting. "
            "Look for workers that prefetch jobs, or that read the pause late"
        )
    return f"Some jobs start in spite of the pause: {figures}; {held} other job(s) stayed waiting"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two jobs that waited together and whose order of starts is certain."""

    first: JobTimeline
    second: JobTimeline

    @property
    def gap(self) -> float:
        """Seconds for which the second certainly still waited after the first had started."""
        return self.second.not_before.at - self.first.not_after.at


def _pairs(timelines: Sequence[JobTimeline], *, equal: bool) -> Iterator[_Pair]:
    known = [t for t in timelines if t.not_after.at < float("inf") and not t.returned_to_waiting][:_MOST_JOBS]
    ordered = sorted(known, key=lambda t: t.not_after.at)
    for place, first in enumerate(ordered):
        for second in ordered[place + 1 :]:
            waited = max(first.accepted_by, second.accepted_by) <= min(first.not_before.at, second.not_before.at)
            if waited and first.not_after.at < second.not_before.at and (first.level == second.level) is equal:
                yield _Pair(first, second)


def _levels(feature: str, timelines: Sequence[JobTimeline], failed: Sequence[str]) -> Iterator[Diagnosis]:
    pairs = list(_pairs(timelines, equal=False))
    wrong = [pair for pair in pairs if pair.first.level < pair.second.level]
    if len(wrong) < _FEWEST_PAIRS:
        return
    gap = seconds_in_words(max(pair.gap for pair in wrong))
    figures = f"in {len(wrong)} of {len(pairs)} pairs of different level the lower one started first, by up to {gap}"
    by_time = sum(pair.first.accepted_by <= pair.second.accepted_by for pair in pairs)
    if len(wrong) >= _ALMOST_ALL * len(pairs):
        text = f"The levels are reversed: {figures}"
    elif by_time >= _ALMOST_ALL * len(pairs):
        text = f"JobLevel is ignored, the jobs start in the order of acceptance: {figures}"
    else:
        text = f"{_SOME_JOBS}: {figures}"
    yield Diagnosis(feature=feature, text=text, requirements=tuple(failed))


def _newest_first(feature: str, timelines: Sequence[JobTimeline], failed: Sequence[str]) -> Iterator[Diagnosis]:
    pairs = [pair for pair in _pairs(timelines, equal=True) if pair.first.submit_seq != pair.second.submit_seq]
    wrong = [pair for pair in pairs if pair.second.accepted_by <= pair.first.submitted_at]
    if len(wrong) >= max(_FEWEST_PAIRS, _ALMOST_ALL * len(pairs)):
        gap = seconds_in_words(max(pair.gap for pair in wrong))
        text = f"The newest job of a level starts first: in {len(wrong)} of {len(pairs)} pairs, by up to {gap}"
        yield Diagnosis(feature=feature, text=text, requirements=tuple(failed))


def _shared(view: RunView, feature: str, failed: Sequence[Verdict]) -> Diagnosis:
    owners: dict[str, set[str]] = {}
    for exchange in view.exchanges:
        if exchange.operation == OperationKind.LIST_QUEUES and exchange.feature:
            for queue in ParsedExchange(exchange).queue_list.queues:
                owners.setdefault(queue.queue_id or "", set()).add(exchange.feature)
    shared = {queue: names for queue, names in owners.items() if queue and len(names) > 1 and feature in names}
    others = sorted({name for names in shared.values() for name in names} - {feature})
    same = f"; {feature} and {', '.join(others)} list the same queue {min(shared)}" if shared else ""
    seen = failed[0].seen or failed[0].reason
    text = f"Features are not separate: {len(failed)} requirement(s) on this fail{same}. The first: {seen}"
    return Diagnosis(feature=feature, text=text, requirements=tuple(v.requirement for v in failed))


def _window(view: RunView, feature: str, failed: Sequence[str], verdict: Verdict) -> Iterator[Diagnosis]:
    """The list contains jobs that were created outside the bounds of its request."""
    outside: dict[str, list[float]] = {"startCreationTime": [], "endCreationTime": []}
    listed = 0
    for record in view.witnesses(verdict):
        if not isinstance(record, Exchange):
            continue
        start, end = (times.parse(query_value(record, name)) for name in outside)
        for job in ParsedExchange(record).jobs:
            created = times.parse(job.creation_time)
            listed += 1
            if created is not None and start is not None and created < start:
                outside["startCreationTime"].append((start - created).total_seconds())
            if created is not None and end is not None and created > end:
                outside["endCreationTime"].append((created - end).total_seconds())
    parts = [
        f"{len(far)} of {listed} listed jobs lie outside {name}, by up to {seconds_in_words(max(far))}"
        for name, far in outside.items()
        if far
    ]
    if parts:
        yield Diagnosis(
            feature=feature,
            text=f"The time filter of the list is ignored: {'; '.join(parts)}",
            requirements=tuple(failed),
        )
