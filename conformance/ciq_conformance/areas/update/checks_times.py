"""Checks of the scenario `update`: CreateTime and UpdateTime of the queue after updates (UPD-005, UPD-019)."""

from datetime import timedelta

from ciq_conformance.areas.update import SPEC
from ciq_conformance.areas.update.labels import GOOD, LISTS, Label
from ciq_conformance.areas.update.listed_queue import listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive
from ciq_conformance.judge.job_facts import LEAST_ZONE
from ciq_conformance.judge.preconditions import record_ids, with_preconditions
from ciq_conformance.judge.queue_shape import same_moment
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedUpdate, requested_update
from ciq_schemas.values import Queue

A_STEP = 1.05
"""Seconds after which a time in whole seconds must differ, however the target rounds."""

AN_HOUR = timedelta(hours=1)
"""Allowed difference between UpdateTime and the Date of its response: both use one clock, so more is a wrong zone."""


@check("UPD-005", SPEC)
@with_preconditions
def update_changes_update_time_only(evidence: Evidence, item: Item) -> Finding:
    """Checks that updates change UpdateTime, never set it back, and keep CreateTime."""
    expected = "UpdateTime later after a change, never earlier than before; CreateTime unchanged"
    before = listed_at(evidence, Label.BEFORE)
    if before is None:
        return blocked("no list contained the queue before the updates")
    wrong, judged = Deviations(), 0
    # A list may be older than the response before it: compare lists with lists and responses with responses.
    of_kind = {True: before, False: before}
    for now in _history(evidence):
        judged += 1
        previous = of_kind[now[0].exchange.step in GOOD]
        if not same_moment(before[1].create_time, now[1].create_time):
            text = f"CreateTime changed from {before[1].create_time} to {now[1].create_time}"
            wrong.add(before[0].exchange.seq, text)
            wrong.add(now[0].exchange.seq, text)
        earlier, later = times.parse(previous[1].update_time), times.parse(now[1].update_time)
        if earlier is not None and later is not None and later < earlier:
            text = f"UpdateTime changed from {previous[1].update_time} back to {now[1].update_time}"
            wrong.add(previous[0].exchange.seq, text)
            wrong.add(now[0].exchange.seq, text)
        of_kind[now[0].exchange.step in GOOD] = now
    if not judged:
        return blocked("the target accepted no update; see UPD-001")
    _add_unchanged_update_times(evidence, raw.text(before[1].queue_id), wrong)
    if times.parse(before[1].update_time) is None:
        return wrong.finding(
            expected, inconclusive("UpdateTime cannot be parsed; see QUE-004", witness=record_ids(before[0]))
        )
    return wrong.finding(
        expected, holds(f"{judged} observations after updates", witness=record_ids(before[0], of_kind[True][0]))
    )


@check("UPD-019", SPEC)
@with_preconditions
def update_time_is_the_time_of_the_update(evidence: Evidence, item: Item) -> Finding:
    """Checks UpdateTime against the Date of responses to updates with a change, and against CreateTime."""
    observations = [found for found in (listed_at(evidence, Label.BEFORE), *_history(evidence)) if found is not None]
    if not observations:
        return blocked("no list and no update of the scenario returned the queue; see UPD-001")
    wrong, judged = Deviations(), []
    previous = observations[0][1]
    for response, queue in observations:
        updated, created = times.parse(queue.update_time), times.parse(queue.create_time)
        if updated is not None and created is not None and created - updated >= LEAST_ZONE:
            text = f"UpdateTime {queue.update_time} is before CreateTime {queue.create_time}"
            wrong.add(response.exchange.seq, text)
        if response.exchange.step not in GOOD:
            continue
        now = times.of_header(raw.answer_header(response, "date"))
        if updated is not None and now is not None and _changed(previous, requested_update(response)):
            judged.append(response)
            if abs(updated - now) > AN_HOUR:
                hours = (updated - now).total_seconds() / 3600
                text = f"UpdateTime {queue.update_time} is {hours:+.1f} h from the Date of its response"
                wrong.add(response.exchange.seq, text)
        previous = queue
    if not judged and not wrong.items:
        return inconclusive("no response to an update with a change has both UpdateTime and Date")
    expected = "UpdateTime within one hour of the Date of the response to an update, and not before CreateTime"
    return wrong.finding(expected, holds(f"{len(judged)} updates", witness=record_ids(*judged[:2])))


def _add_unchanged_update_times(evidence: Evidence, queue_id: str, wrong: Deviations) -> None:
    """Adds the changes of the whole run that kept UpdateTime, at least one second after the previous response."""
    previous: tuple[ParsedExchange, Queue] | None = None
    for response in evidence.responses:
        queue = response.queue if response.ok and response.exchange.operation == "update_queue" else None
        if queue is None or raw.text(queue.queue_id) != queue_id:
            continue
        if previous is not None:
            last, old = previous
            earlier, later = times.parse(old.update_time), times.parse(queue.update_time)
            what = _changed(old, requested_update(response))
            apart = response.exchange.started - last.exchange.ended >= A_STEP
            if what and apart and earlier is not None and later == earlier:
                for record in (last, response):
                    text = f"UpdateTime is {queue.update_time} before and after a change of {what}"
                    wrong.add(record.exchange.seq, text)
        previous = (response, queue)


def _changed(old: Queue, wanted: RequestedUpdate) -> str:
    """Names the elements of the queue that an update changes; empty for none."""
    rule = (old.notify_config.state if old.notify_config is not None else None) or "Off"
    pairs = (
        ("State", raw.text(old.state), wanted.state),
        ("Name", raw.text(old.name), wanted.name),
        ("NotifyConfig", raw.text(rule), wanted.rule_state or "Off"),
    )
    return " and ".join(what for what, then, now in pairs if then != now)


def _history(evidence: Evidence) -> list[tuple[ParsedExchange, Queue]]:
    """Returns the queue in every accepted valid update and every list after the first one, in order."""
    found: list[tuple[ParsedExchange, Queue]] = []
    for response in evidence.of(SPEC, *GOOD, *LISTS):
        if response.exchange.step == Label.BEFORE or not response.ok:
            continue
        if response.exchange.step in GOOD:
            if response.queue is not None:
                found.append((response, response.queue))
        elif (shown := listed_at(evidence, response.exchange.step)) is not None:
            found.append(shown)
    return found
