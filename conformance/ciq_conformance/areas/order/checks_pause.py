"""Checks of pause and resume (PAU) in the scenarios `order` and `running`, and the order of callbacks (DEL-009)."""

from collections.abc import Sequence

from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, order_pauses, order_timelines, rule_channel
from ciq_conformance.areas.order.labels import Label
from ciq_conformance.areas.order.ordering_claims import running_timelines
from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.areas.pause_running_jobs import labels as running_steps
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    blocked,
    deviates,
    holds,
    inconclusive,
    observed,
    untested,
)
from ciq_conformance.judge.ordering import agreement, settled_after
from ciq_conformance.judge.pause_facts import PauseFacts, leaks_finding, unless_hidden
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import judged_timelines, paused_spans
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation
from ciq_schemas.transcript.parsed import describe_response
from ciq_schemas.transcript.pauses import PauseSpan, held_observation


def _paused_before_resume(evidence: Evidence) -> tuple[float, float] | None:
    """Returns the time from the response to the first pause to the resume request: the queue was paused then."""
    pause = evidence.one(SPEC, Label.PAUSE)
    resume = evidence.one(SPEC, Label.RESUME)
    if pause is None or resume is None or not pause.ok:
        return None
    return pause.exchange.ended, resume.exchange.started


def _observations(timelines: Sequence[JobTimeline], step: str) -> list[tuple[JobTimeline, StateObservation]]:
    return [(timeline, s) for timeline in timelines for s in timeline.observations if s.step == step]


@check("PAU-001", SPEC)
def no_job_starts_while_queue_is_paused(evidence: Evidence, item: Item) -> Finding:
    """Checks that no job starts that waited, or was submitted, while the queue was certainly paused.

    Pauses of other scenarios count as well: they can prove a deviation, but only the scenario `order` proves a pass.
    """
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    spans = evidence.derive(order_pauses)
    if not spans:
        return blocked("the queue was at no time certainly paused")
    settled = settled_after(evidence.calibration)
    allowance = evidence.derive(worker_allowance)
    expected = "no waiting job starts while the queue is paused"
    pauses = [PauseFacts.of(timelines, span, settled, allowance) for span in spans]
    watched = sum(pause.held for pause in pauses)
    longest = max(span.end - span.begin for span in spans)
    power = (
        f"{len(timelines)} jobs watched, {watched} of them observed waiting in {len(spans)} pause(s), the longest of "
        f"{longest:.1f} s (--timeout-factor lengthens it, for a pause that ends by itself)"
    )
    found = [leak for pause in pauses for leak in pause.leaks]
    if not found:
        elsewhere = evidence.derive(judged_timelines)
        spans = evidence.derive(paused_spans)
        found = [leak for span in spans for leak in PauseFacts.of(elsewhere, span, settled, allowance).leaks]
    if found:
        return leaks_finding(expected, found, allowance)
    if not watched:
        return inconclusive("no response showed the state of a waiting job while the queue was paused", power=power)
    return unless_hidden(pauses, settled, allowance, power)


@check("PAU-002", SPEC)
def resume_starts_waiting_jobs(evidence: Evidence, item: Item) -> Finding:
    """Checks that every job that waited in the pause runs and ends after the resume."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    stuck = Deviations()
    unfinished = False
    for timeline in timelines:
        if timeline.last_state not in ENDED_BY_RUNNING:
            unfinished |= timeline.last_state not in FINAL_STATES
            last = timeline.observations[-1].seq if timeline.observations else timeline.submit_seq
            stuck.add(last, _last_observed(timeline))
    expired = any(Label.DRAIN in event.text for event in evidence.events(SPEC, "expired"))
    if unfinished and not expired:
        return inconclusive("the run stopped observing the jobs before they could end")
    return stuck.finding(
        "after State Active every waiting job runs to its end", holds(f"all {len(timelines)} jobs ended")
    )


@check("PAU-003", SPEC)
def waiting_job_has_documented_state(evidence: Evidence, item: Item) -> Finding:
    """Checks that a job waiting in the paused queue has the state Pause or Submitted."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    shown = [*_observations(timelines, Label.HELD), *_observations(timelines, Label.FROZEN)]
    if not shown:
        return inconclusive("no response showed the state of a waiting job while the queue was paused")
    wrong = Deviations()
    for timeline, s in shown:
        # PAU-001 judges jobs that run or end in a paused queue.
        if s.state not in WAITING_STATES and s.state not in FINAL_STATES | {JobState.RUNNING}:
            wrong.add(s.seq, f"job {timeline.job_id} has State {s.state}")
    for timeline, s in shown:
        if s.state == JobState.CANCEL:
            wrong.add(s.seq, f"job {timeline.job_id} has State Cancel, but the suite did not cancel it")
    states = sorted({s.state for _, s in shown})
    return wrong.finding("State Pause or Submitted", holds(f"{len(shown)} observations: {', '.join(states)}"))


@check("PAU-004", SPEC)
def observe_state_of_waiting_jobs(evidence: Evidence, item: Item) -> Finding:
    """Reports which of the two documented states jobs in the paused queue have."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    shown = [*_observations(timelines, Label.HELD), *_observations(timelines, Label.FROZEN)]
    states = sorted({s.state for _, s in shown if s.state in WAITING_STATES})
    seen = f"State of waiting jobs: {' and '.join(states) or 'none observed'}"
    return observed(seen, witness=_seqs(shown[:1]))


def _last_observed(timeline: JobTimeline) -> str:
    if not timeline.last_state:
        return f"job {timeline.job_id} was never observed"
    return f"job {timeline.job_id} was last observed with State {timeline.last_state}"


def _seqs(shown: Sequence[tuple[JobTimeline, StateObservation]]) -> tuple[int, ...]:
    return tuple(s.seq for _, s in shown)


@check("PAU-007", SPEC)
def paused_queue_accepts_jobs(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target accepts the first submit after the pause."""
    submits = evidence.of(SPEC, Label.SUBMIT)
    if not submits:
        return blocking_finding(evidence, ()) or blocked("the suite submitted no job to the paused queue")
    first = submits[0]
    if first.ok and not first.job_ids:
        return blocked("the response to the submit contains no job; see SUB-001", witness=(first.exchange.seq,))
    if first.ok:
        return holds("accepted", witness=(first.exchange.seq,))
    return deviates(
        "the target accepts a submit to a paused queue, and the job waits",
        describe_response(first),
        witness=(first.exchange.seq,),
    )


@check("PAU-008", SPEC)
def callback_of_waiting_job_comes_after_resume(evidence: Evidence, item: Item) -> Finding:
    """Checks that the callback of a waiting job arrives after the resume, and not before it."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    span = _paused_before_resume(evidence)
    if stop or span is None:
        return stop or blocked("the queue was not paused and resumed")
    early = Deviations()
    held = PauseSpan(*span)
    settled = settled_after(evidence.calibration)
    for timeline in timelines:
        waited = timeline.submitted_at >= span[0] + settled or held_observation(timeline, held, settled) is not None
        for bound in timeline.callback_arrivals if waited else ():
            if bound.at < span[1]:
                text = f"the callback of job {timeline.job_id} arrived {span[1] - bound.at:.2f} s before resume"
                early.add(bound.seq, text)
    if early.items:
        return early.finding("no callback of a waiting job while the queue is paused", holds())
    # Later batches can be large; the receiver, not the target, may lose callbacks of a large burst.
    first = [t for t in timelines if t.accepted_by < span[1]]
    without_callback = [t for t in first if t.last_state in ENDED_BY_RUNNING and not t.callback_arrivals]
    arrived = evidence.arrivals(rule_channel(evidence.feature))
    if without_callback and not arrived:
        return blocked("no callback arrived; see RUL-001 and DEL-001")
    if without_callback:
        return deviates(
            "the callback of every waiting job arrives after resume",
            f"no callback of {len(without_callback)} of {len(first)} ended jobs, first {without_callback[0].job_id}",
            witness=(without_callback[0].observations[-1].seq,),
        )
    if not first:
        return untested("the paused queue accepted no jobs, so none could wait in it; see PAU-007")
    return holds(f"the callbacks of {len(first)} waiting jobs arrived, the first after resume")


@check("DEL-009", SPEC)
def observe_order_of_callbacks(evidence: Evidence, item: Item) -> Finding:
    """Reports how many pairs of callbacks arrived in the order of the queue."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    agreeing, comparable = agreement(timelines, lambda _first, _second: True)
    return observed(f"{agreeing} of {comparable} pairs of callbacks arrived in the order of the queue")


@check("PAU-005", PAUSE_RUNNING_JOBS)
def observe_running_jobs_in_paused_queue(evidence: Evidence, item: Item) -> Finding:
    """Reports whether a job that ran when the queue was paused continued."""
    timelines = evidence.derive(running_timelines)
    for timeline in timelines:
        caught = [s for s in timeline.observations if s.state == JobState.RUNNING]
        paused = [s for s in timeline.observations if s.step == running_steps.Label.PAUSED]
        if not caught or not paused:
            continue
        if timeline.returned_to_waiting:
            return observed(
                "a running job stops when its queue is paused, and continues after resume (console pages)",
                witness=(paused[-1].seq,),
            )
        if paused[-1].state in ENDED_BY_RUNNING and paused[0].state == JobState.RUNNING:
            return observed("a running job runs to its end in a paused queue (API pages)", witness=_last(paused))
        if paused[-1].state == JobState.RUNNING:
            return observed("a running job stays in state Running in a paused queue", witness=_last(paused))
    return observed(
        "no job was observed running during a pause", reason="the jobs are too short to be observed running"
    )


def _last(observations: Sequence[StateObservation]) -> tuple[int, ...]:
    return (observations[-1].seq,)


@check("PAU-006", PAUSE_RUNNING_JOBS)
def job_running_at_pause_succeeds(evidence: Evidence, item: Item) -> Finding:
    """Checks that every job submitted just before a pause ends with Success."""
    event = evidence.blocking_event(PAUSE_RUNNING_JOBS)
    if event is not None:
        return (untested if event.name == "unsupported" else blocked)(event.text, witness=(event.seq,))
    timelines = evidence.derive(running_timelines)
    if not timelines:
        return blocked("no job was submitted before a pause")
    caught = sum(any(s.state == JobState.RUNNING for s in t.observations) for t in timelines)
    power = f"{len(timelines)} job(s) submitted before a pause, {caught} of them observed Running before it"
    lost = Deviations()
    for timeline in timelines:
        if timeline.last_state != JobState.SUCCESS:
            seq = timeline.observations[-1].seq if timeline.observations else timeline.submit_seq
            lost.add(seq, _last_observed(timeline))
    return lost.finding(
        "a job that runs when its queue is paused ends with Success, during the pause or after resume",
        holds(power, power=power),
    )
