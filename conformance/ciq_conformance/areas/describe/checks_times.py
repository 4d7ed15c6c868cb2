"""Checks of the times of described jobs (DES-008 to DES-010, DES-013)."""

from collections import Counter
from datetime import datetime
from itertools import pairwise

from ciq_conformance.areas.describe import SPEC
from ciq_conformance.areas.describe.checks import NOT_DESCRIBED, OLDER_PAGES, descriptions
from ciq_conformance.areas.describe.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive, untested
from ciq_conformance.judge.preconditions import record_ids, require_success, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, WAITING_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.values import Job


def _times(job: Job) -> tuple[tuple[str, str | None], ...]:
    return (("CreationTime", job.creation_time), ("StartTime", job.start_time), ("EndTime", job.end_time))


@check("DES-008", SPEC)
@with_preconditions
def times_have_date_time_and_zone(evidence: Evidence, item: Item) -> Finding:
    """The three times are complete in all describe responses, and CreationTime is always set."""
    described = descriptions(evidence)
    if not described:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in described:
        for name, value in _times(job):
            readable = times.parse(value) is not None
            if not readable and (name == "CreationTime" or not times.is_unset(value)):
                wrong.add(response.exchange.seq, f"{name} {value!r}")
    seen = ", ".join(f"{name} {raw.text(value) or 'unset'}" for name, value in _times(described[-1][1]))
    return wrong.finding("date, time and numeric zone, or unset", holds(seen, witness=record_ids(described[-1][0])))


@check("DES-009", SPEC)
@with_preconditions
def times_are_in_order(evidence: Evidence, item: Item) -> Finding:
    """The times that are set are in order, by whole seconds: one clock may round where another truncates."""
    wrong, judged = Deviations(), []
    for response, job in descriptions(evidence):
        known = [(name, _second(value)) for name, value in _times(job)]
        known_set = [(name, moment) for name, moment in known if moment is not None]
        for (earlier, first), (later, second) in pairwise(known_set):
            judged.append(response)
            if first > second:
                wrong.add(response.exchange.seq, f"{earlier} {first.isoformat()} is after {later} {second.isoformat()}")
    if not judged:
        if item.feature.feature in OLDER_PAGES:
            return untested("describe returns no StartTime and EndTime, as on the older pages of the feature")
        return inconclusive("no described job had two times set")
    expected = "CreationTime, StartTime and EndTime in this order"
    return wrong.finding(expected, holds(f"{len(judged)} pairs", witness=record_ids(*judged[-1:])))


def _second(value: str | None) -> datetime | None:
    moment = times.parse(value)
    return None if moment is None else moment.replace(microsecond=0)


@check("DES-010", SPEC)
@with_preconditions
def times_fit_the_state(evidence: Evidence, item: Item) -> Finding:
    """StartTime and EndTime are set only in fitting states. No job of this scenario waits again after it ran."""
    described = descriptions(evidence)
    if not described:
        return NOT_DESCRIBED
    has_end_time = item.feature.feature not in OLDER_PAGES
    wrong, seen = Deviations(), Counter[str]()
    for response, job in described:
        state = raw.text(job.state)
        seen[state] += 1
        started, ended = not times.is_unset(job.start_time), not times.is_unset(job.end_time)
        if state in WAITING_STATES and started:
            wrong.add(response.exchange.seq, f"State {state} with StartTime {job.start_time}")
        if (state in WAITING_STATES or state == JobState.RUNNING) and ended:
            wrong.add(response.exchange.seq, f"State {state} with EndTime {job.end_time}")
        if state in ENDED_BY_RUNNING and not ended and has_end_time:
            wrong.add(response.exchange.seq, f"State {state} without EndTime")
    expected = "StartTime and EndTime set when, and only when, the job has started and ended"
    power = ", ".join(f"{count} x {state}" for state, count in seen.items())
    return wrong.finding(expected, holds(power, witness=record_ids(described[0][0], described[-1][0]), power=power))


@check("DES-013", SPEC)
@with_preconditions
def times_have_the_documented_format(evidence: Evidence, item: Item) -> Finding:
    """Every time that is set has exactly the documented format."""
    require_success(evidence, SPEC, Label.SINGLE)
    wrong, right = Deviations(), []
    for response, job in descriptions(evidence):
        for name, value in _times(job):
            if times.is_unset(value):
                continue
            if times.is_documented_form(value):
                right.append(response)
            else:
                wrong.add(response.exchange.seq, f"{name} {value}")
    if not right and not wrong.items:
        return inconclusive("no described job had a time set")
    expected = "times such as 2026-01-02T03:04:05+0800"
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(right[-1]) if right else ()))
