"""Checks of the scenario `concurrency` (CON): whether what several clients saw at once is a legal history."""

from collections import Counter
from collections.abc import Iterator

from ciq_conformance.areas.concurrency import SPEC
from ciq_conformance.areas.concurrency.labels import CANCELS, PAUSES, RESUMES, SUBMITS, TOLD, Label
from ciq_conformance.areas.order.ordering_claims import describe_inversion, running_timelines
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, deviates, holds
from ciq_conformance.judge.job_facts import user_data_of
from ciq_conformance.judge.ordering import lagging_level_rule, order_rule, settled_after
from ciq_conformance.judge.preconditions import not_judged
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState, QueueState
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.pauses import (
    STARTED,
    StateSetting,
    certain_pauses,
    held_observation,
    last_requested,
    leaks,
    settings_of,
)
from ciq_schemas.transcript.requests import requested_jobs

_UPDATES = PAUSES | RESUMES


def concurrent_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Tracks of the scenario's jobs from all it saw."""
    return build_timelines(
        evidence.of(SPEC, *SUBMITS),
        (r for r in evidence.of(SPEC) if r.exchange.step not in SUBMITS | _UPDATES),
        _notices(evidence),
    )


def _notices(evidence: Evidence) -> tuple[ParsedCallback, ...]:
    return evidence.arrivals(channel_name(evidence.feature, SPEC, TOLD))


def _settings(evidence: Evidence) -> tuple[StateSetting, ...]:
    return settings_of(evidence.of(SPEC, *_UPDATES), PAUSES)


def _stopped(evidence: Evidence, timelines: tuple[JobTimeline, ...]) -> Finding | None:
    """Why the scenario says nothing of its jobs, None when it does."""
    if evidence.blocking_event(SPEC) is not None or not evidence.of(SPEC):
        return not_judged(evidence, SPEC, "the scenario was not played")
    if len(timelines) < 2:
        return blocked("of all the jobs that were submitted at once fewer than two were accepted")
    return None


@check("CON-001", SPEC)
def each_request_for_itself(evidence: Evidence, item: Item) -> Finding:
    """Ids are given once; answers and callbacks tell a job's own UserData."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    wrong = Deviations()
    given = Counter(timeline.job_id for timeline in timelines)
    for timeline in timelines:
        if given[timeline.job_id] > 1:
            wrong.add(timeline.submit_seq, f"JobId {timeline.job_id} was given {given[timeline.job_id]} times")
    for response in evidence.of(SPEC, *SUBMITS):
        if response.ok and len(response.jobs) != len(requested_jobs(response)):
            wrong.add(response.exchange.seq, f"{len(response.jobs)} job(s) in the answer to one Operation")
    asked = {timeline.job_id: timeline.requested.user_data for timeline in timelines if given[timeline.job_id] == 1}
    compared = 0
    for seq, job_id, told in _told_user_data(evidence):
        if job_id in asked:
            compared += 1
            if told != asked[job_id]:
                wrong.add(seq, f"job {job_id} was submitted with UserData {asked[job_id]!r} and is told with {told!r}")
    power = f"{len(timelines)} jobs, {compared} times told with their UserData"
    expected = "every request gets a JobId of its own, and every job keeps its own UserData"
    return wrong.finding(expected, holds(power, power=power))


def _told_user_data(evidence: Evidence) -> Iterator[tuple[int, str, str]]:
    for response in evidence.of(SPEC):
        for job in response.jobs if response.ok and response.exchange.step not in _UPDATES else ():
            if job.job_id and user_data_of(job):
                yield response.exchange.seq, job.job_id, user_data_of(job) or ""
    for callback in _notices(evidence):
        for job in callback.callback.jobs:
            if job.job_id and user_data_of(job):
                yield callback.arrival.seq, job.job_id, user_data_of(job) or ""


@check("CON-002", SPEC)
def order_holds(evidence: Evidence, item: Item) -> Finding:
    """Both rules of order among the jobs of all clients; requests that overlap are in no order."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    settled = settled_after(evidence.calibration)
    # Workers may have taken a job that still shows itself waiting: a level counts against those that wait on.
    by_level = lagging_level_rule(timelines, lambda _track: settled)
    by_order = order_rule(timelines)
    inversions = sorted((*by_level.inversions, *by_order.inversions), key=lambda i: -i.gap)
    overtaken = len({inversion.late.job_id for inversion in inversions})
    shown = by_level.proven + by_order.proven
    power = f"{len(timelines)} jobs, {shown} shown to have waited for another"
    if overtaken > _excused(evidence, timelines):
        return deviates(
            "of two waiting jobs the greater level starts first, of equal levels the one accepted first",
            f"{describe_inversion(inversions[0])} ({overtaken} job(s) were overtaken)",
            witness=inversions[0].witness,
            power=power,
        )
    if not shown:
        return absent("the jobs of the clients ended too fast to see their order here (PRI judges it without a crowd)")
    return holds(power, power=power)


def _excused(evidence: Evidence, timelines: tuple[JobTimeline, ...]) -> int:
    """Jobs that a pause which stops running ones makes look as if they had never started: a worker's at each pause."""
    if not any(timeline.returned_to_waiting for timeline in (*timelines, *evidence.derive(running_timelines))):
        return 0
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    return workers * len(evidence.of(SPEC, *PAUSES))


@check("CON-003", SPEC)
def pause_holds(evidence: Evidence, item: Item) -> Finding:
    """No job starts where, of all updates at once, only a pause can have been the last."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    settled = settled_after(evidence.calibration)
    until = max(response.exchange.ended for response in evidence.of(SPEC))
    spans = certain_pauses(_settings(evidence), until=until)
    wrong = Deviations()
    shown = 0
    for span in spans:
        shown += sum(held_observation(timeline, span, settled) is not None for timeline in timelines)
        for leak in leaks(timelines, span, settled):
            for record in leak.witness:
                wrong.add(record, leak.text)
    power = f"{shown} job(s) seen held in {len(spans)} certain pause(s)"
    if not shown and not wrong.items:
        return absent("no job was seen waiting while the queue was paused (see PAU-007)")
    return wrong.finding(
        "no waiting job starts before the queue is resumed, however many submit meanwhile", holds(power, power=power)
    )


@check("CON-004", SPEC)
def no_job_is_lost(evidence: Evidence, item: Item) -> Finding:
    """Every accepted job that nobody cancelled ended as Success."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    cancelled = set(_cancels(evidence))
    kept = [timeline for timeline in timelines if timeline.job_id not in cancelled]
    if not kept:
        return blocked("every accepted job was one of those to be cancelled")
    lost = Deviations()
    for timeline in kept:
        if timeline.last_state != JobState.SUCCESS:
            seq = timeline.observations[-1].seq if timeline.observations else timeline.submit_seq
            lost.add(seq, f"job {timeline.job_id} was last seen {timeline.last_state or 'never'}")
    power = f"{len(kept)} jobs followed to their end"
    return lost.finding("every accepted job ends as Success once the queue is active", holds(power, power=power))


def _cancels(evidence: Evidence) -> dict[str, ParsedExchange]:
    """The cancel of each job, refused or not."""
    found = {}
    for response in evidence.of(SPEC, *CANCELS):
        path = response.exchange.url.partition("?")[0]
        found[path.rpartition("/")[2]] = response
    return found


@check("CON-005", SPEC)
def cancelled_job_never_runs(evidence: Evidence, item: Item) -> Finding:
    """Jobs cancelled while they were held in the queue, before anything could start them."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    until = max(response.exchange.ended for response in evidence.of(SPEC))
    spans = certain_pauses(_settings(evidence), until=until)
    by_id = {timeline.job_id: timeline for timeline in timelines}
    wrong = Deviations()
    followed = 0
    for job_id, response in _cancels(evidence).items():
        timeline, cancel = by_id.get(job_id), response.exchange
        if timeline is None or not response.ok:
            continue
        if not any(span.begin <= timeline.submitted_at and cancel.ended <= span.end for span in spans):
            continue  # it may have been running by then
        after = [sighting for sighting in timeline.observations if sighting.sent > cancel.ended]
        followed += bool(after)
        ran = next((sighting for sighting in after if sighting.state in STARTED), None)
        if ran is not None:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and later seen {ran.state}")
            wrong.add(ran.seq, f"job {job_id} was cancelled while it waited, and later seen {ran.state}")
        elif after and after[-1].state != JobState.CANCEL:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and last seen {after[-1].state}")
    power = f"{followed} job(s) cancelled while they waited"
    if not followed and not wrong.items:
        return absent("no job could be cancelled while it waited for certain")
    return wrong.finding("a job cancelled while it waits shows Cancel and never runs", holds(power, power=power))


@check("CON-006", SPEC)
def each_job_is_told(evidence: Evidence, item: Item) -> Finding:
    """One callback at least for every job that ended, the queue's rule being the same all the time."""
    timelines = evidence.derive(concurrent_timelines)
    stop = _stopped(evidence, timelines)
    if stop:
        return stop
    ended = [timeline for timeline in timelines if timeline.last_state in ENDED_BY_RUNNING]
    if not ended:
        return blocked("no job ended (see CON-004)")
    if not _notices(evidence):
        return blocked("no callback arrived at all (see RUL-001, DEL-001)")
    silent = Deviations()
    for timeline in ended:
        if not timeline.callback_arrivals:
            silent.add(
                timeline.observations[-1].seq,
                f"job {timeline.job_id} ended as {timeline.last_state}, and no callback came",
            )
    power = f"{len(ended)} ended jobs"
    return silent.finding("every job that ended is told by callback", holds(power, power=power))


@check("CON-007", SPEC)
def last_update_counts(evidence: Evidence, item: Item) -> Finding:
    """State of the queue whenever every client had its answer; the last word of each was resume."""
    looks = _last_looks(evidence)
    if not looks:
        return not_judged(evidence, SPEC, "the queue's State was not listed")
    wrong = Deviations()
    told = 0
    for look in looks:
        shown = [queue.state for queue in look.queue_list.queues]
        if not look.ok or len(shown) != 1:
            return blocked(
                f"the list of the queue's id was answered {describe_response(look)} with {len(shown)} queue(s)"
            )
        settings = [s for s in _settings(evidence) if s.sent < look.exchange.started]
        legal = last_requested(settings)
        told += len(legal) == 1
        if shown[0] not in {QueueState.PAUSED if paused else QueueState.ACTIVE for paused in legal}:
            wrong.add(look.exchange.seq, f"State {shown[0]} after all {len(settings)} updates so far had been answered")
    if not told:
        return absent("which update came last was certain at no time: some were not answered with 200")
    return wrong.finding(
        "the State that an update asked for which can have been the last",
        holds(f"{told} times right after updates by several clients", witness=(looks[-1].exchange.seq,)),
    )


def _last_looks(evidence: Evidence) -> list[ParsedExchange]:
    """The last list of the State before each further update: what is published late has shown by then."""
    found: list[ParsedExchange] = []
    listed = None
    for response in evidence.of(SPEC, *_UPDATES, Label.STATE):
        if response.exchange.step == Label.STATE:
            listed = response
        elif listed is not None:
            found.append(listed)
            listed = None
    return found if listed is None else [*found, listed]
