"""What must hold in any history, whatever was done in which order: one pure function a requirement (EXP).

A rule looks at one history and says what contradicts it, and how much the history could have shown. The judge asks for
all histories of a run, the explorer for the one it has just played.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from types import MappingProxyType

from ciq_conformance.areas.explore.histories import Told, told_histories
from ciq_conformance.areas.explore.labels import OWN, SUBMITS, TOLD, UPDATES, Label, Rule
from ciq_conformance.driver.scenario_context import channel_name
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.ordering import lagging_level_rule, order_rule, settled_after
from ciq_conformance.judge.ordering_claims import running_tracks, words
from ciq_schemas.lifecycle import FINAL_STATES, JobState, may_be_seen_after
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.jobs import JobTimeline
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.pauses import STARTED, PauseSpan, held_observation, leaks
from ciq_schemas.values import Queue

_STATES = frozenset(state.value for state in JobState)


@dataclass(frozen=True, slots=True)
class Deviation:
    """What contradicts a rule, and the records that show it."""

    text: str
    witness: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A rule's word on one history; `shown` counts the cases that a wrong implementation would have got wrong."""

    deviations: tuple[Deviation, ...]
    shown: int


HistoryRule = Callable[[Told, Evidence], Looked]


def _order(told: Told, evidence: Evidence) -> Looked:
    # Workers may have taken a job that still shows itself waiting: a level counts against those that wait on.
    settled = settled_after(evidence.calibration)
    by_level = lagging_level_rule(told.timelines, lambda _track: settled)
    by_order = order_rule(told.timelines)
    inversions = sorted((*by_level.inversions, *by_order.inversions), key=lambda i: -i.gap)
    pauses = sum(label.step is Label.PAUSE for label, _ in told.exchanges)
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    # A running job that a pause stops looks as if it had never started: at most one a worker and pause. So does one
    # that a restart has cut off, and no document says where in the line it stands then.
    excused = workers * pauses if evidence.derive(stops_running_jobs) else 0
    excused += sum(min(workers, _perhaps_running(told, restart, settled)) for restart in told.restarts)
    if len({inversion.late.job_id for inversion in inversions}) <= excused:
        inversions = []
    return Looked(tuple(Deviation(words(i), i.witness) for i in inversions), by_level.proven + by_order.proven)


def _perhaps_running(told: Told, restart: PauseSpan, settled: float) -> int:
    """How many jobs a restart may have cut off: those that had not ended, nor were held by a pause all the while."""
    span = next((s for s in told.pauses if s.begin <= restart.begin and restart.end <= s.end), None)
    count = 0
    for timeline in told.timelines:
        held = held_observation(timeline, span, settled) if span else None
        waited = held is not None and held.received <= restart.begin
        ended = any(s.state in FINAL_STATES and s.received <= restart.begin for s in timeline.sightings)
        count += timeline.asked_at < restart.begin and not waited and not ended
    return count


def stops_running_jobs(evidence: Evidence) -> bool:
    """A pause was seen to stop a running job, which is one documented reading."""
    timelines = (
        *evidence.derive(running_tracks),
        *(t for told in evidence.derive(told_histories) for t in told.timelines),
    )
    return any(timeline.halted for timeline in timelines)


def _leaks(told: Told, evidence: Evidence) -> Looked:
    settled = settled_after(evidence.calibration)
    found: list[Deviation] = []
    shown = 0
    for span in told.pauses:
        shown += sum(held_observation(timeline, span, settled) is not None for timeline in told.timelines)
        found += [Deviation(leak.text, leak.witness) for leak in leaks(told.timelines, span, settled)]
    return Looked(tuple(found), shown)


def _lost(told: Told, evidence: Evidence) -> Looked:
    cancelled = told.cancels()
    gone = dict(pair for restart in told.restarts for pair in _forgotten(told, restart))
    found = [deviation for job_id, deviation in gone.items() if job_id not in cancelled]
    kept = [timeline for timeline in told.timelines if timeline.job_id not in cancelled]
    for timeline in kept:
        state = timeline.last_state
        if timeline.job_id in gone:
            continue
        if state == JobState.SUCCESS or (state not in FINAL_STATES and Label.DRAIN not in told.expired):
            continue
        seq = timeline.sightings[-1].seq if timeline.sightings else timeline.submit_seq
        text = f"job {timeline.job_id} was last seen {state or 'never'}, though nobody cancelled it and the queue is active"
        found.append(Deviation(text, (timeline.submit_seq, seq)))
    return Looked(tuple(found), len(kept))


def _cancelled(told: Told, evidence: Evidence) -> Looked:
    settled = settled_after(evidence.calibration)
    found = []
    shown = 0
    by_id = {timeline.job_id: timeline for timeline in told.timelines}
    for job_id, response in told.cancels().items():
        timeline, exchange = by_id.get(job_id), response.exchange
        if timeline is None or not response.ok:
            continue
        span = next((s for s in told.pauses if s.begin <= exchange.started and exchange.ended <= s.end), None)
        held = held_observation(timeline, PauseSpan(span.begin, exchange.started), settled) if span else None
        if held is None:
            continue  # it may have been running by then
        after = [s for s in timeline.sightings if s.sent > exchange.ended]
        shown += bool(after)
        ran = next((s for s in after if s.state in STARTED), None)
        if ran is not None:
            text = f"job {job_id} was cancelled while it waited, and later seen {ran.state}"
            found.append(Deviation(text, (held.seq, exchange.seq, ran.seq)))
        elif after and after[-1].state != JobState.CANCEL:
            text = f"job {job_id} was cancelled while it waited, and last seen {after[-1].state}"
            found.append(Deviation(text, (held.seq, exchange.seq, after[-1].seq)))
    return Looked(tuple(found), shown)


def _states(told: Told, evidence: Evidence) -> Looked:
    found = []
    changes = 0
    for timeline in told.timelines:
        seen = [s for s in timeline.sightings if s.state in _STATES]
        for earlier, later in pairwise(seen):
            if earlier.state == later.state or earlier.received > later.sent:
                continue
            changes += 1
            if not may_be_seen_after(JobState(earlier.state), JobState(later.state)):
                text = f"job {timeline.job_id} was {earlier.state}, later {later.state}"
                found.append(Deviation(text, (earlier.seq, later.seq)))
    return Looked(tuple(found), changes)


def _told(told: Told, evidence: Evidence) -> Looked:
    channels = _channels(evidence)
    if not evidence.arrivals(*channels.values()):
        return Looked((), 0)
    found = []
    shown = 0
    for timeline in told.timelines:
        rules, own = told.rules_since(timeline.asked_at), told.has_own_address(timeline)
        arrived = [n for n in told.callbacks if timeline.job_id in n.job_ids]
        if set(rules) == {Rule.OFF} and not own:
            shown += 1
            found += [
                Deviation(
                    f"job {timeline.job_id} was told although the rule was Off", (timeline.submit_seq, n.arrival.seq)
                )
                for n in arrived[:1]
            ]
            continue
        ended = next((s for s in timeline.sightings if s.state in (JobState.SUCCESS, JobState.FAILED)), None)
        if Rule.OFF in rules or ended is None:
            continue  # the documents do not say which moment's rule counts
        wanted = {channels[OWN]} if own else {channels[rule] for rule in rules}
        shown += 1
        if any(n.arrival.channel in wanted for n in arrived):
            continue
        if arrived:
            text = f"job {timeline.job_id} was told at another address than the one in force"
            found.append(Deviation(text, (timeline.submit_seq, arrived[0].arrival.seq)))
        elif TOLD in told.expired and not told.receiver_failed and not _cut_off(told, timeline):
            text = f"job {timeline.job_id} ended as {ended.state}, and no callback came"
            found.append(Deviation(text, (timeline.submit_seq, ended.seq)))
    return Looked(tuple(found), shown)


def _cut_off(told: Told, timeline: JobTimeline) -> bool:
    """The job may have ended before a restart, and its callback been lost in it: no document speaks of that."""
    open_until = max((s.sent for s in timeline.sightings if s.state not in FINAL_STATES), default=timeline.asked_at)
    return told.restarted(open_until, told.last)


def _channels(evidence: Evidence) -> Mapping[str, str]:
    names = (Rule.FIRST, Rule.SECOND, OWN)
    return {name: channel_name(evidence.feature, Scenario.EXPLORE, name) for name in names}


def _told_too_soon(told: Told, evidence: Evidence) -> Looked:
    by_id = {timeline.job_id: timeline for timeline in told.timelines}
    found = []
    shown = 0
    for callback in told.callbacks:
        for job_id in callback.job_ids:
            timeline = by_id.get(job_id)
            later = [s for s in timeline.sightings if s.sent >= callback.arrival.ended] if timeline else []
            shown += bool(later)
            open_look = next((s for s in later if s.state in _STATES and s.state not in FINAL_STATES), None)
            if open_look is not None:
                text = f"job {job_id} was told, and after that seen {open_look.state}"
                found.append(Deviation(text, (callback.arrival.seq, open_look.seq)))
    return Looked(tuple(found), shown)


def _restarts(told: Told, evidence: Evidence) -> Looked:
    found: list[Deviation] = []
    shown = 0
    for restart in told.restarts:
        updates = [r for label, r in told.exchanges if label.step in UPDATES and r.exchange.ended <= restart.begin]
        listed = [(float(label.how), r) for label, r in told.exchanges if label.step is Label.RESTART and r.ok]
        looks = [response for begin, response in listed if begin == restart.begin]
        if updates and updates[-1].queue is not None and looks:
            shown += 1
            text = _changed(updates[-1].queue, looks[-1])
            if text:
                found.append(Deviation(text, (updates[-1].exchange.seq, looks[-1].exchange.seq)))
        shown += sum(timeline.accepted_by <= restart.begin for timeline in told.timelines)
        found += (deviation for _, deviation in _forgotten(told, restart))
        found += _given_again(told, evidence, restart)
    return Looked(tuple(found), shown)


def _forgotten(told: Told, restart: PauseSpan) -> Iterator[tuple[str, Deviation]]:
    """Jobs accepted before a restart that no answer tells of after it, though they are asked for."""
    asked = [r.exchange for label, r in told.exchanges if label.step not in SUBMITS | UPDATES and _tells(r)]
    for timeline in told.timelines:
        after = [e.seq for e in asked if e.started >= restart.end and timeline.job_id in e.url]
        seen = any(s.sent >= restart.end for s in timeline.sightings)
        if timeline.accepted_by <= restart.begin and after and not seen:
            text = f"job {timeline.job_id} was accepted before a restart and is not known after it"
            yield timeline.job_id, Deviation(text, (timeline.submit_seq, after[0]))


def _tells(response: ParsedExchange) -> bool:
    """An answer that says which jobs are known: one to a single unknown id may be a 404."""
    exchange = response.exchange
    unknown = exchange.method == "GET" and exchange.status == HTTPStatus.NOT_FOUND and "," not in exchange.url
    return response.ok or unknown


def _changed(before: Queue, listed: ParsedExchange) -> str:
    """What a list of queues after a restart contradicts, empty when nothing."""
    after = next((queue for queue in listed.queue_list.queues if queue.queue_id == before.queue_id), None)
    if after is None:
        return f"queue {before.queue_id} is not listed after a restart"
    if before.state and after.state != before.state:
        return f"queue {before.queue_id} was {before.state} before a restart and is {after.state} after it"
    rule, now = before.notify_config, after.notify_config
    told, telling = ((r.state, r.url if r.state == "On" else None) if r else None for r in (rule, now))
    if told is not None and telling != told:
        return f"the callback rule was {told[0]} before a restart and is another after it"
    return ""


def _given_again(told: Told, evidence: Evidence, restart: PauseSpan) -> Iterator[Deviation]:
    """Ids of jobs that were given to other jobs before."""
    earlier = {
        timeline.job_id: timeline.submit_seq
        for history in (*evidence.derive(told_histories), told)
        for timeline in history.timelines
        if timeline.accepted_by <= restart.begin
    }
    for timeline in told.timelines:
        if timeline.asked_at >= restart.end and timeline.job_id in earlier:
            text = f"a job submitted after a restart has the id {timeline.job_id} of one that was accepted before it"
            yield Deviation(text, (earlier[timeline.job_id], timeline.submit_seq))


RULES: Mapping[str, HistoryRule] = MappingProxyType(
    {
        "EXP-001": _order,
        "EXP-002": _leaks,
        "EXP-003": _lost,
        "EXP-004": _cancelled,
        "EXP-005": _states,
        "EXP-006": _told,
        "EXP-007": _told_too_soon,
        "EXP-008": _restarts,
    }
)
"""The rule of each requirement."""


def broken_rules(told: Told, evidence: Evidence) -> Sequence[str]:
    """Ids of the rules that a history contradicts."""
    return tuple(name for name, rule in RULES.items() if rule(told, evidence).deviations)
