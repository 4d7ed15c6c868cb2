"""Collects the submitted jobs of a scenario with their observations and callbacks, and judges missing callbacks.

A callback is matched by the job's id, not by its address: a busy target sends callbacks of other jobs too, and a
target that drops the path of an address still sends the callback. Pure.
"""

from collections.abc import Collection

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, inconclusive
from ciq_conformance.scenario_spec import BROKE_OFF, CALLBACKS_DROPPED, RECEIVER_NOTES, UNKNOWN_ADDRESS, ScenarioName
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import Observation, ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.raw import child_text, root_of
from ciq_schemas.transcript.records import REPRODUCED, CallbackReceived

NO = "no"
"""The value of CallBack that switches the callback off."""


def observed_jobs(
    evidence: Evidence, scenario: ScenarioName, submits: Collection[str], describe_steps: Collection[str]
) -> tuple[ObservedJob, ...]:
    """Returns the accepted jobs of the submit steps, in the order of their submits."""
    seen: dict[str, list[Observation]] = {}
    for response in evidence.of(scenario, *describe_steps):
        if response.ok:
            for job in response.jobs:
                seen.setdefault(job.job_id or "", []).append(Observation(response, job))
    return tuple(
        ObservedJob(
            step=response.exchange.step,
            job_id=job.job_id,
            submit=response,
            observations=tuple(seen.get(job.job_id, ())),
            callbacks=tuple(callback for callback in evidence.callbacks if callback.names(job.job_id)),
            rule_changed=_next_rule(evidence, response),
        )
        for response in evidence.of(scenario, *submits)
        if response.ok
        for job in response.jobs
        if job.job_id
    )


def _next_rule(evidence: Evidence, submit: ParsedExchange) -> float | None:
    own = (child_text(root_of(submit.exchange.request_body.data), "CallBack") or "").strip()
    if own and own != NO:
        return None
    after = submit.exchange.ended
    updates = (response.exchange for response in evidence.responses if response.exchange.operation == "update_queue")
    return next((exchange.started for exchange in updates if exchange.started >= after), None)


def no_job(evidence: Evidence, scenario: ScenarioName, submits: Collection[str]) -> Finding:
    """Says why there is no job to judge: the scenario stopped, the target rejected a submit, or no submit was sent."""
    refused = [response for response in evidence.of(scenario, *submits) if not response.ok]
    event = evidence.blocking_event(scenario)
    if event is not None:
        return blocked(event.text, witness=(event.seq,))
    if refused:
        exchange = refused[0].exchange
        answer = describe_response(refused[0])
        return blocked(
            f"the target answered step {exchange.step} with {answer}, so there is no job to judge",
            witness=(exchange.seq,),
        )
    return inconclusive(f"scenario {scenario} submitted no such job in this run; run it to its end")


def missing_callback(evidence: Evidence, scenario: ScenarioName, job: ObservedJob, expected: str) -> Finding:
    """Judges a missing callback of `job`: a deviation only when the job ended and the suite waited the full time."""
    ended = job.ended
    if ended is None:
        return blocked(
            f"{job.step}: job {job.job_id} was not observed to end (last state {job.state or 'unknown'}), so no "
            "callback was due yet; see LIF-002, or raise `timeout_factor` in the profile",
            witness=(job.submit.exchange.seq,),
        )
    if ended.job.state == JobState.CANCEL:
        return blocked(f"{job.step}: job {job.job_id} was cancelled, but not by the suite", witness=(ended.seq,))
    if job.rule_changed_before_end:
        return inconclusive(
            f"{job.step}: job {job.job_id} ended after the queue's rule had changed, and no document says which of "
            "the two rules applies; raise `timeout_factor` in the profile",
            witness=(ended.seq,),
        )
    since = ended.response.exchange.ended
    expired = next((event for event in evidence.events(scenario, "expired") if event.at >= since), None)
    if expired is None:
        return inconclusive(
            f"{job.step}: the wait for the callback of job {job.job_id} was interrupted; run the scenario again",
            witness=(ended.seq,),
        )
    not_stored = _not_stored(evidence)
    if not_stored:
        return inconclusive(
            f"{job.step}: no callback of job {job.job_id} is stored, but {not_stored}", witness=(ended.seq,)
        )
    return deviates(
        expected,
        f"{job.step}: no callback of job {job.job_id} within {expired.at - since:.1f} s after describe returned "
        f"State {ended.job.state}{_went_elsewhere(evidence, job.job_id)}",
        witness=(ended.seq, job.submit.exchange.seq),
        reason="if the target may not reach the receiver, run `ciq doctor` to test callback delivery",
    )


def _not_stored(evidence: Evidence) -> str:
    """Says why the receiver may have got a callback and not stored it; empty when there is no sign of that."""
    notes = [event.text for event in evidence.events(RECEIVER_NOTES, "note")]
    dropped = next((text for text in notes if text.startswith(CALLBACKS_DROPPED)), "")
    broken = [text for text in notes if BROKE_OFF in text]
    if dropped:
        return dropped
    if 0 < len(broken) < REPRODUCED:
        return f"the network or the target ended {len(broken)} callback(s) early: {broken[0]}"
    return ""


def _went_elsewhere(evidence: Evidence, job_id: str) -> str:
    """Says where a missing callback may have gone: to another feature's address, or to an unknown address."""
    words = ""
    others = (
        r for r in evidence.records if isinstance(r, CallbackReceived) and r.feature not in ("", evidence.feature)
    )
    astray = next((arrival for arrival in others if ParsedCallback(arrival).names(job_id)), None)
    if astray is not None:
        words += f"; one arrived at the address of {astray.feature} ({astray.channel})"
    strays = [event.text for event in evidence.events(RECEIVER_NOTES, "note") if UNKNOWN_ADDRESS in event.text]
    if strays:
        first = " ".join(strays[0].split()[:2])
        words += f"; at least {len(strays)} request(s) arrived at unknown addresses, e.g. {first}"
    return words
