"""Checks of the scenario `concurrency` (CON): the history that several concurrent clients observed is legal."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps

from ciq_conformance.areas.concurrency import SPEC
from ciq_conformance.areas.concurrency.labels import CANCELS, PAUSES, RESUMES, RULE_CHANNEL, SUBMITS, Label
from ciq_conformance.areas.order.ordering_claims import describe_inversion, running_timelines
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, untested
from ciq_conformance.judge.job_facts import user_data_of
from ciq_conformance.judge.ordering import lagging_level_rule, order_rule, settled_after
from ciq_conformance.judge.pause_facts import PauseFacts, leaks_finding
from ciq_conformance.judge.preconditions import not_judged
from ciq_conformance.judge.registry import Check, Item, check
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState, QueueState
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.pauses import (
    STARTED,
    StateSetting,
    certain_pauses,
    last_requested,
    settings_of,
)
from ciq_schemas.transcript.requests import requested_jobs

_UPDATES = PAUSES | RESUMES
Timelines = tuple[JobTimeline, ...]


def concurrent_timelines(evidence: Evidence) -> Timelines:
    """Returns the timelines of the jobs from all records of the scenario."""
    return build_timelines(
        evidence.of(SPEC, *SUBMITS),
        (r for r in evidence.of(SPEC) if r.exchange.step not in SUBMITS | _UPDATES),
        _callbacks(evidence),
    )


def _callbacks(evidence: Evidence) -> tuple[ParsedCallback, ...]:
    return evidence.arrivals(channel_name(evidence.feature, SPEC, RULE_CHANNEL))


def _settings(evidence: Evidence) -> tuple[StateSetting, ...]:
    return settings_of(evidence.of(SPEC, *_UPDATES), PAUSES)


def _why_not_judged(evidence: Evidence, timelines: Timelines) -> Finding | None:
    """Returns a finding where the checks cannot judge the jobs of the scenario, else None."""
    if evidence.blocking_event(SPEC) is not None or not evidence.of(SPEC):
        return not_judged(evidence, SPEC, "the scenario did not run")
    if len(timelines) < 2:
        return blocked("the target accepted fewer than two of the concurrently submitted jobs")
    return None


def _judge_timelines(check: Callable[[Evidence, Timelines], Finding]) -> Check:
    """Turns a check of the timelines into a check of the evidence, which is not judged without enough jobs."""

    @wraps(check)
    def judge(evidence: Evidence, _item: Item) -> Finding:
        timelines = evidence.derive(concurrent_timelines)
        return _why_not_judged(evidence, timelines) or check(evidence, timelines)

    return judge


@check("CON-001", SPEC)
@_judge_timelines
def concurrent_requests_are_independent(evidence: Evidence, timelines: Timelines) -> Finding:
    """Every job has a unique id, and responses and callbacks contain its own UserData."""
    wrong = Deviations()
    given = Counter(timeline.job_id for timeline in timelines)
    for timeline in timelines:
        if given[timeline.job_id] > 1:
            wrong.add(timeline.submit_seq, f"JobId {timeline.job_id} was returned for {given[timeline.job_id]} jobs")
    for response in evidence.of(SPEC, *SUBMITS):
        if response.ok and len(response.jobs) != len(requested_jobs(response)):
            wrong.add(response.exchange.seq, f"{len(response.jobs)} job(s) in the response to one Operation")
    requested = {timeline.job_id: timeline.requested.user_data for timeline in timelines if given[timeline.job_id] == 1}
    compared = 0
    for seq, job_id, reported in _reported_user_data(evidence):
        if job_id in requested:
            compared += 1
            if reported != requested[job_id]:
                wrong.add(seq, f"UserData of job {job_id} is {reported!r} instead of {requested[job_id]!r}")
    power = f"{len(timelines)} jobs, UserData compared {compared} times"
    expected = "every request returns its own JobId, and every job keeps its own UserData"
    return wrong.finding(expected, holds(power, power=power))


def _reported_user_data(evidence: Evidence) -> Iterator[tuple[int, str, str]]:
    for response in evidence.of(SPEC):
        for job in response.jobs if response.ok and response.exchange.step not in _UPDATES else ():
            if job.job_id and user_data_of(job):
                yield response.exchange.seq, job.job_id, user_data_of(job) or ""
    for callback in _callbacks(evidence):
        for job in callback.callback.jobs:
            if job.job_id and user_data_of(job):
                yield callback.arrival.seq, job.job_id, user_data_of(job) or ""


@check("CON-002", SPEC)
@_judge_timelines
def start_order_holds(evidence: Evidence, timelines: Timelines) -> Finding:
    """Jobs of all clients start by level and then in order of submission; overlapping requests have no order."""
    settled = settled_after(evidence.calibration)
    # A worker may have taken a job that describe still returns as waiting: a level counts against jobs that wait on.
    spare = evidence.derive(worker_allowance).jobs
    by_level = lagging_level_rule(timelines, lambda _timeline: settled, held_by_workers=spare)
    by_order = order_rule(timelines, held_by_workers=spare)
    inversions = sorted((*by_level.inversions, *by_order.inversions), key=lambda i: -i.gap)
    overtaken = len({inversion.late.job_id for inversion in inversions})
    proven = by_level.proven + by_order.proven
    power = f"{len(timelines)} jobs, {proven} proven to have waited for another"
    if overtaken > _most_stopped_by_pauses(evidence, timelines):
        return deviates(
            "the waiting job with the higher level starts first; with equal levels the one accepted first",
            f"{describe_inversion(inversions[0])} ({overtaken} job(s) were overtaken)",
            witness=inversions[0].witness,
            power=power,
        )
    if not proven:
        return untested("the jobs ended too fast to observe their order here (PRI judges it with one client)")
    return holds(power, power=power)


def _most_stopped_by_pauses(evidence: Evidence, timelines: Timelines) -> int:
    """Returns how many jobs the pauses may have stopped, so that they look unstarted: one per worker and pause."""
    if not any(timeline.returned_to_waiting for timeline in (*timelines, *evidence.derive(running_timelines))):
        return 0
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    return workers * len(evidence.of(SPEC, *PAUSES))


@check("CON-003", SPEC)
@_judge_timelines
def no_job_starts_during_a_pause(evidence: Evidence, timelines: Timelines) -> Finding:
    """No job starts while, among overlapping updates, only a pause can have been the last."""
    settled = settled_after(evidence.calibration)
    until = max(response.exchange.ended for response in evidence.of(SPEC))
    allowance = evidence.derive(worker_allowance)
    spans = certain_pauses(_settings(evidence), until=until)
    pauses = [PauseFacts.of(timelines, span, settled, allowance) for span in spans]
    held = sum(pause.held for pause in pauses)
    power = f"{held} job(s) seen waiting in {len(spans)} certain pause(s)"
    found = [leak for pause in pauses for leak in pause.leaks]
    if found:
        expected = "no waiting job starts before the queue is resumed, also with concurrent submits"
        return leaks_finding(expected, found, allowance)
    if not held:
        return untested("no job was observed waiting while the queue was paused (see PAU-007)")
    return holds(power, power=power)


@check("CON-004", SPEC)
@_judge_timelines
def accepted_jobs_end_as_success(evidence: Evidence, timelines: Timelines) -> Finding:
    """Every accepted job without a cancel ends as Success."""
    cancelled = set(_cancels(evidence))
    kept = [timeline for timeline in timelines if timeline.job_id not in cancelled]
    if not kept:
        return blocked("the scenario cancelled every accepted job")
    lost = Deviations()
    for timeline in kept:
        if timeline.last_state != JobState.SUCCESS:
            seq = timeline.observations[-1].seq if timeline.observations else timeline.submit_seq
            lost.add(seq, f"the last observed state of job {timeline.job_id} is {timeline.last_state or 'unknown'}")
    power = f"{len(kept)} jobs observed to their end"
    return lost.finding("every accepted job ends as Success once the queue is active", holds(power, power=power))


def _cancels(evidence: Evidence) -> dict[str, ParsedExchange]:
    """Returns the cancel of each job, accepted or rejected."""
    found = {}
    for response in evidence.of(SPEC, *CANCELS):
        path = response.exchange.url.partition("?")[0]
        found[path.rpartition("/")[2]] = response
    return found


@check("CON-005", SPEC)
@_judge_timelines
def cancelled_job_never_runs(evidence: Evidence, timelines: Timelines) -> Finding:
    """A job cancelled while it certainly waited shows Cancel and never runs."""
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
            continue  # the job may have been running at that time
        after = [observation for observation in timeline.observations if observation.sent > cancel.ended]
        followed += bool(after)
        ran = next((observation for observation in after if observation.state in STARTED), None)
        if ran is not None:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and later observed as {ran.state}")
            wrong.add(ran.seq, f"job {job_id} was cancelled while it waited, and later observed as {ran.state}")
        elif after and after[-1].state != JobState.CANCEL:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and last observed as {after[-1].state}")
    power = f"{followed} job(s) cancelled while they waited"
    if not followed and not wrong.items:
        return untested("no cancelled job certainly waited")
    return wrong.finding("a job cancelled while it waits shows Cancel and never runs", holds(power, power=power))


@check("CON-006", SPEC)
@_judge_timelines
def ended_jobs_are_reported(evidence: Evidence, timelines: Timelines) -> Finding:
    """At least one callback arrives for every job that ended; the rule of the queue never changes."""
    ended = [timeline for timeline in timelines if timeline.last_state in ENDED_BY_RUNNING]
    if not ended:
        return blocked("no job ended (see CON-004)")
    if not _callbacks(evidence):
        return blocked("no callback arrived at all (see RUL-001, DEL-001)")
    unreported = Deviations()
    for timeline in ended:
        if not timeline.callback_arrivals:
            unreported.add(
                timeline.observations[-1].seq,
                f"job {timeline.job_id} ended as {timeline.last_state}, and no callback arrived",
            )
    power = f"{len(ended)} ended jobs"
    return unreported.finding("a callback arrives for every job that ended", holds(power, power=power))


@check("CON-007", SPEC)
def state_is_that_of_the_last_update(evidence: Evidence, item: Item) -> Finding:
    """The listed State fits an update that can have been the last, whenever all clients had their responses."""
    lists = _last_lists(evidence)
    if not lists:
        return not_judged(evidence, SPEC, "the scenario did not list the State of the queue")
    wrong = Deviations()
    certain = 0
    for listed in lists:
        states = [queue.state for queue in listed.queue_list.queues]
        if not listed.ok or len(states) != 1:
            return blocked(
                f"the list by the id of the queue returned {describe_response(listed)} with {len(states)} queue(s)"
            )
        settings = [s for s in _settings(evidence) if s.sent < listed.exchange.started]
        legal = last_requested(settings)
        certain += len(legal) == 1
        if states[0] not in {QueueState.PAUSED if paused else QueueState.ACTIVE for paused in legal}:
            wrong.add(listed.exchange.seq, f"State {states[0]} after the responses to all {len(settings)} updates")
    if not certain:
        return untested("the last update was never certain: the target did not answer all updates with 200")
    return wrong.finding(
        "the State of an update that can have been the last",
        holds(f"{certain} times after updates of several clients", witness=(lists[-1].exchange.seq,)),
    )


def _last_lists(evidence: Evidence) -> list[ParsedExchange]:
    """Returns the last list of the State before each further update, when a delayed change is visible."""
    found: list[ParsedExchange] = []
    listed = None
    for response in evidence.of(SPEC, *_UPDATES, Label.STATE):
        if response.exchange.step == Label.STATE:
            listed = response
        elif listed is not None:
            found.append(listed)
            listed = None
    return found if listed is None else [*found, listed]
