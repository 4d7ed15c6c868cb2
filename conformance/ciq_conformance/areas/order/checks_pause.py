"""Checks of pause and resume (PAU) in the scenarios `order` and `running`, and the order of callbacks (DEL-009)."""

from collections.abc import Sequence

from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, channel, order_pauses, order_timelines
from ciq_conformance.areas.order.labels import Label
from ciq_conformance.areas.order.ordering_claims import running_timelines
from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.areas.pause_running_jobs import labels as running_steps
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.ordering import agreement, settled_after
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import judged_timelines, paused_spans
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation
from ciq_schemas.transcript.parsed import describe_response
from ciq_schemas.transcript.pauses import PauseSpan, held_observation, leaks


def _paused_before_resume(evidence: Evidence) -> tuple[float, float] | None:
    """From the answer to the first pause until the request to resume: the queue was paused all that time."""
    pause = evidence.one(SPEC, Label.PAUSE)
    resume = evidence.one(SPEC, Label.RESUME)
    if pause is None or resume is None or not pause.ok:
        return None
    return pause.exchange.ended, resume.exchange.started


def _sightings(timelines: Sequence[JobTimeline], step: str) -> list[tuple[JobTimeline, StateObservation]]:
    return [(timeline, s) for timeline in timelines for s in timeline.observations if s.step == step]


@check("PAU-001", SPEC)
def nothing_starts_while_paused(evidence: Evidence, item: Item) -> Finding:
    """No job that waited, or was submitted, while the queue was paused for certain is seen started before a resume.

    Other scenarios pause as well, and with other things going on: what they show blames, the scenario `order` proves.
    """
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    spans = evidence.derive(order_pauses)
    if not spans:
        return blocked("the queue was not paused for certain at any time")
    settled = settled_after(evidence.calibration)
    leaked = Deviations()
    watched = 0
    for span in spans:
        watched += sum(held_observation(timeline, span, settled) is not None for timeline in timelines)
        for leak in leaks(timelines, span, settled):
            leaked.add(leak.witness[-1], f"{leak.text}, {span.begin:.2f} s to {span.end:.2f} s of the run")
    if not leaked.items:
        _elsewhere(evidence, settled, leaked)
    power = f"{len(timelines)} jobs watched, {watched} of them seen held in {len(spans)} pause(s)"
    if not watched and not leaked.items:
        return cannot_tell("no state of a held job could be read while the queue was paused", power=power)
    return leaked.finding("no waiting job starts while the queue is paused", holds(power, power=power))


def _elsewhere(evidence: Evidence, settled: float, leaked: Deviations) -> None:
    elsewhere = evidence.derive(judged_timelines)
    for span in evidence.derive(paused_spans):
        for leak in leaks(elsewhere, span, settled):
            leaked.add(leak.witness[-1], f"{leak.text}, {span.begin:.2f} s to {span.end:.2f} s of the run")


@check("PAU-002", SPEC)
def resume_frees(evidence: Evidence, item: Item) -> Finding:
    """Every held job ends by running."""
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
            stuck.add(last, f"job {timeline.job_id} was last seen {timeline.last_state or 'never'}")
    expired = any(Label.DRAIN in event.text for event in evidence.events(SPEC, "expired"))
    if unfinished and not expired:
        return cannot_tell("the run stopped looking before the jobs could end")
    return stuck.finding(
        "after State Active every waiting job runs to its end", holds(f"all {len(timelines)} jobs ended")
    )


@check("PAU-003", SPEC)
def held_state(evidence: Evidence, item: Item) -> Finding:
    """In the paused queue a waiting job shows Pause or Submitted."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    shown = [*_sightings(timelines, Label.HELD), *_sightings(timelines, Label.FROZEN)]
    if not shown:
        return cannot_tell("no state of a held job could be read while the queue was paused")
    wrong = Deviations()
    for timeline, s in shown:
        # Running and ended states are a leak, which PAU-001 judges.
        if s.state not in WAITING_STATES and s.state not in FINAL_STATES | {JobState.RUNNING}:
            wrong.add(s.seq, f"job {timeline.job_id} shows {s.state}")
    for timeline, s in shown:
        if s.state == JobState.CANCEL:
            wrong.add(s.seq, f"job {timeline.job_id} shows Cancel although nobody cancelled it")
    states = sorted({s.state for _, s in shown})
    return wrong.finding("Pause or Submitted", holds(f"{len(shown)} looks: {', '.join(states)}"))


@check("PAU-004", SPEC)
def reading_of_held_state(evidence: Evidence, item: Item) -> Finding:
    """Which of the two documented states a held job shows."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    shown = [*_sightings(timelines, Label.HELD), *_sightings(timelines, Label.FROZEN)]
    states = sorted({s.state for _, s in shown if s.state in WAITING_STATES})
    return observed(f"held jobs show {' and '.join(states) or 'nothing readable'}", witness=_seqs(shown[:1]))


def _seqs(shown: Sequence[tuple[JobTimeline, StateObservation]]) -> tuple[int, ...]:
    return tuple(s.seq for _, s in shown)


@check("PAU-007", SPEC)
def paused_queue_takes_jobs(evidence: Evidence, item: Item) -> Finding:
    """The first submit after the pause."""
    submits = evidence.of(SPEC, Label.SUBMIT)
    if not submits:
        return blocking_finding(evidence, ()) or blocked("nothing was submitted to the paused queue")
    first = submits[0]
    if first.ok and not first.job_ids:
        return blocked("the answer to the submit names no job (see SUB-001)", witness=(first.exchange.seq,))
    if first.ok:
        return holds("accepted", witness=(first.exchange.seq,))
    return deviates(
        "submit to a paused queue is accepted and the job waits",
        describe_response(first),
        witness=(first.exchange.seq,),
    )


@check("PAU-008", SPEC)
def held_job_is_silent(evidence: Evidence, item: Item) -> Finding:
    """No callback of a held job before resume; one after it."""
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
                early.add(bound.seq, f"callback of job {timeline.job_id} came {span[1] - bound.at:.2f} s before resume")
    if early.items:
        return early.finding("no callback of a waiting job while the queue is paused", holds())
    # Later batches can be large, and what a burst of callbacks does to a receiver is not the target's doing.
    first = [t for t in timelines if t.accepted_by < span[1]]
    silent = [t for t in first if t.last_state in ENDED_BY_RUNNING and not t.callback_arrivals]
    arrived = evidence.arrivals(channel(evidence.feature))
    if silent and not arrived:
        return blocked("no callback arrived at all (see RUL-001, DEL-001)")
    if silent:
        return deviates(
            "the callback of every held job arrives after resume",
            f"{len(silent)} of {len(first)} jobs ended without a callback, first {silent[0].job_id}",
            witness=(silent[0].observations[-1].seq,),
        )
    if not first:
        return absent("the paused queue took no jobs (see PAU-007), so none could be held in it")
    return holds(f"{len(first)} held jobs were told of, the first after resume")


@check("DEL-009", SPEC)
def order_of_callbacks(evidence: Evidence, item: Item) -> Finding:
    """How far callbacks came in the order of the queue."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    agreeing, comparable = agreement(timelines, lambda _first, _second: True)
    return observed(f"{agreeing} of {comparable} pairs of callbacks came in the order of the queue")


@check("PAU-005", PAUSE_RUNNING_JOBS)
def reading_of_running_jobs(evidence: Evidence, item: Item) -> Finding:
    """Whether a job that ran at the pause went on."""
    timelines = evidence.derive(running_timelines)
    for timeline in timelines:
        caught = [s for s in timeline.observations if s.state == JobState.RUNNING]
        paused = [s for s in timeline.observations if s.step == running_steps.Label.PAUSED]
        if not caught or not paused:
            continue
        if timeline.returned_to_waiting:
            return observed(
                "a running job stops with its queue and goes on after resume (console pages)",
                witness=(paused[-1].seq,),
            )
        if paused[-1].state in ENDED_BY_RUNNING and paused[0].state == JobState.RUNNING:
            return observed("a running job goes on to its end in a paused queue (API pages)", witness=_last(paused))
        if paused[-1].state == JobState.RUNNING:
            return observed("a running job stands still as Running in a paused queue", witness=_last(paused))
    return observed("no job was seen running across a pause", reason="jobs are too short to be caught running")


def _last(observations: Sequence[StateObservation]) -> tuple[int, ...]:
    return (observations[-1].seq,)


@check("PAU-006", PAUSE_RUNNING_JOBS)
def running_job_is_not_lost(evidence: Evidence, item: Item) -> Finding:
    """Every job submitted just before a pause ends as Success in the end."""
    event = evidence.blocking_event(PAUSE_RUNNING_JOBS)
    if event is not None:
        return (absent if event.name == "unsupported" else blocked)(event.text, witness=(event.seq,))
    timelines = evidence.derive(running_timelines)
    if not timelines:
        return blocked("no job was submitted before a pause")
    caught = sum(any(s.state == JobState.RUNNING for s in t.observations) for t in timelines)
    power = f"{len(timelines)} job(s) met a pause, {caught} of them seen Running before it"
    lost = Deviations()
    for timeline in timelines:
        if timeline.last_state != JobState.SUCCESS:
            seq = timeline.observations[-1].seq if timeline.observations else timeline.submit_seq
            lost.add(seq, f"job {timeline.job_id} was last seen {timeline.last_state or 'never'}")
    return lost.finding(
        "a job that runs when its queue is paused ends as Success, during the pause or after resume",
        holds(power, power=power),
    )
