"""Checks of the scenario `cancel` (CAN)."""

from ciq_conformance.checks.job_facts import ids_of, jobs_in, last_seen
from ciq_conformance.checks.premise import Stop, asked, granted, made, premised, said, seq, with_200
from ciq_conformance.driver.stage import channel_name
from ciq_conformance.judge import wire
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, absent, blocked, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.reply import Reply
from ciq_conformance.steps.cancel import TOLD, Step
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.requirement import Scenario

HERE = Scenario.CANCEL
STARTED = frozenset({JobState.RUNNING, JobState.SUCCESS, JobState.FAILED})


def _victim(evidence: Evidence) -> str:
    """The job to cancel; stops when it was not waiting."""
    job_id = wire.asked_id(asked(evidence, HERE, Step.CANCEL).exchange)
    seen = last_seen(evidence.of(HERE, Step.WAITING), [job_id]).get(job_id)
    if seen is None or wire.text(seen[1].state) not in WAITING_STATES:
        raise Stop(blocked("the job to cancel was not seen waiting in the paused queue; see PAU"))
    return job_id


def _others(evidence: Evidence) -> list[str]:
    """The jobs beside it, all of them submitted before the cancel."""
    victim = wire.asked_id(asked(evidence, HERE, Step.CANCEL).exchange)
    return [job_id for job_id in ids_of(made(evidence, HERE, Step.SUBMIT)) if job_id != victim]


def _cancelled(evidence: Evidence) -> tuple[str, Reply]:
    """The job and its accepted cancel."""
    victim = _victim(evidence)
    return victim, granted(evidence, HERE, Step.CANCEL)


@check("CAN-001")
@premised
def waiting_job_is_cancelled(evidence: Evidence, item: Item) -> Finding:
    """The answer to cancel of a waiting job."""
    _victim(evidence)
    reply = with_200(evidence, HERE, Step.CANCEL, "HTTP 200")
    return holds("HTTP 200", witness=seq(reply))


@check("CAN-002")
@premised
def cancelled_job_shows_it(evidence: Evidence, item: Item) -> Finding:
    """State of the cancelled job while the queue is still paused, and at the end."""
    victim, cancel = _cancelled(evidence)
    seen = last_seen(evidence.of(HERE, Step.CANCELLED, Step.VICTIM_LATER), [victim]).get(victim)
    if seen is None:
        return deviates("State Cancel", "the job is not described any more", witness=seq(cancel))
    reply, job = seen
    if wire.text(job.state) != JobState.CANCEL:
        return deviates("State Cancel", f"State {job.state}", witness=seq(cancel, reply))
    return holds("State Cancel", witness=seq(cancel, reply))


@check("CAN-003")
@premised
def cancelled_job_never_runs(evidence: Evidence, item: Item) -> Finding:
    """State of the cancelled job in all later looks, until the jobs beside it have ended, and in callbacks."""
    victim, cancel = _cancelled(evidence)
    looks = list(jobs_in(evidence.of(HERE, Step.CANCELLED, Step.WATCH, Step.VICTIM_LATER), [victim]))
    after_resume = [reply for reply, _ in looks if reply.exchange.step != Step.CANCELLED]
    wrong = Collected()
    for reply, job in looks:
        if wire.text(job.state) in STARTED:
            for record in (cancel, reply):
                wrong.add(record.exchange.seq, f"State {job.state} after the cancel was accepted")
    for notice in evidence.arrivals(channel_name(item.feature.feature, HERE, TOLD)):
        told = [job for job in notice.callback.jobs if wire.text(job.job_id) == victim]
        if told and wire.text(told[0].state) in STARTED:
            wrong.add(notice.arrival.seq, f"a callback tells State {told[0].state} of the cancelled job")
    if not after_resume and not wrong.items:
        return blocked("the cancelled job was not described after the queue went on", witness=seq(cancel))
    power = f"{len(after_resume)} looks after the queue went on"
    expected = "never Running, Success or Failed after the cancel"
    return wrong.finding(expected, holds(power, witness=seq(cancel, *after_resume[-1:]), power=power))


@check("CAN-004")
@premised
def others_run(evidence: Evidence, item: Item) -> Finding:
    """States of the jobs submitted before and after the cancelled one, once the queue went on."""
    granted(evidence, HERE, Step.CANCEL)
    resume = granted(evidence, HERE, Step.RESUME)
    others = _others(evidence)
    looks = list(jobs_in(evidence.of(HERE, Step.WATCH, Step.ENDED_BEFORE, Step.VICTIM_LATER), others))
    if not looks:
        return blocked("the other jobs were not described after the queue went on", witness=seq(resume))
    ran = {wire.text(job.job_id): reply for reply, job in looks if wire.text(job.state) in STARTED}
    last = {wire.text(job.job_id): (reply, job) for reply, job in looks}
    wrong = Collected()
    for job_id in others:
        if job_id in ran:
            continue
        if job_id not in last:
            wrong.add(resume.exchange.seq, f"{job_id} is not described any more")
            continue
        reply, job = last[job_id]
        wrong.add(reply.exchange.seq, f"{job_id} was {job.state} when patience ran out")
    shown = seq(resume, *ran.values())[:6]
    return wrong.finding("the jobs beside the cancelled one run", holds(f"{len(ran)} jobs ran", witness=shown))


@check("CAN-005")
@premised
def ended_job_stays(evidence: Evidence, item: Item) -> Finding:
    """State of an ended job before and after its cancel."""
    attempt = asked(evidence, HERE, Step.CANCEL_ENDED)
    ids = _others(evidence)
    before = next(jobs_in(evidence.of(HERE, Step.ENDED_BEFORE), ids), None)
    after = last_seen(evidence.of(HERE, Step.ENDED_AFTER, Step.VICTIM_LATER), ids)
    if before is None or wire.text(before[1].state) not in FINAL_STATES:
        state = before[1].state if before else "not described"
        return blocked(f"the job had not ended ({state}) when it was to be cancelled", witness=seq(attempt))
    job_id = wire.text(before[1].job_id)
    expected = f"State {before[1].state} as before"
    if job_id not in after:
        return deviates(expected, "the job is not described any more", witness=seq(before[0], attempt))
    reply, job = after[job_id]
    if wire.text(job.state) != wire.text(before[1].state):
        return deviates(expected, f"State {job.state} ({said(attempt)})", witness=seq(before[0], attempt, reply))
    return holds(f"State {job.state}, the cancel was answered {said(attempt)}", witness=seq(before[0], attempt, reply))


@check("CAN-006")
@premised
def answer_has_no_body(evidence: Evidence, item: Item) -> Finding:
    """Body of the accepted cancel."""
    reply = granted(evidence, HERE, Step.CANCEL)
    body = reply.exchange.response_body.data
    if body:
        return deviates("no body, Content-Length 0", f"{len(body)} bytes", witness=seq(reply))
    return holds("no body", witness=seq(reply))


@check("CAN-007")
@premised
def callback_of_cancelled(evidence: Evidence, item: Item) -> Finding:
    """Whether a callback came for the cancelled job."""
    victim, cancel = _cancelled(evidence)
    arrivals = evidence.arrivals(channel_name(item.feature.feature, HERE, TOLD))
    told = [notice for notice in arrivals if victim in notice.job_ids]
    if told:
        state = next((job.state for job in told[0].callback.jobs if job.job_id == victim), None)
        return observed(f"a callback with State {state}", witness=(cancel.exchange.seq, told[0].arrival.seq))
    others = {job_id for notice in arrivals for job_id in notice.job_ids}
    return observed(f"none; {len(others)} callbacks came for the other jobs", witness=seq(cancel))


@check("CAN-008")
@premised
def unknown_id_is_no_crash(evidence: Evidence, item: Item) -> Finding:
    """The answer to cancel of an unknown id."""
    reply = asked(evidence, HERE, Step.CANCEL_UNKNOWN)
    status = reply.exchange.status
    if not status or status >= 500:
        return deviates("an answer below 500", said(reply), witness=seq(reply))
    return holds(said(reply), witness=seq(reply))


@check("CAN-009")
@premised
def running_job_is_not_cancelled(evidence: Evidence, item: Item) -> Finding:
    """States, after its cancel, of a job that had been seen Running."""
    asked(evidence, HERE, Step.CANCEL_UNKNOWN)
    cancel = evidence.one(HERE, Step.CANCEL_RUNNING)
    if cancel is None:
        return absent("no job was seen Running: they are too short; name a larger sample input in the profile")
    job_id = wire.asked_id(cancel.exchange)
    looks = list(jobs_in(evidence.of(HERE, Step.AFTER_RUNNING), [job_id]))
    if not looks:
        return blocked("the running job was not described after its cancel", witness=seq(cancel))
    cancelled = next((reply for reply, job in looks if wire.text(job.state) == JobState.CANCEL), None)
    if cancelled is not None:
        seen = f"State Cancel after a cancel that was answered {said(cancel)}"
        running = next(jobs_in(evidence.of(HERE, Step.UNTIL_RUNNING)[-1:], [job_id]), None)
        return deviates("a running job is not cancelled", seen, witness=seq(*(running or ())[:1], cancel, cancelled))
    reply, job = looks[-1]
    return holds(f"State {job.state}, the cancel was answered {said(cancel)}", witness=seq(cancel, reply))
