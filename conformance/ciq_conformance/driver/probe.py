"""Calibrates one feature: finds its queue and job path, and measures jobs before any scenario runs. Judges nothing.

Stores the queue as found, makes it active, and measures one job and bursts of jobs. Returns a `Readiness` with what the
scenarios need. Raises PreconditionFailed when the feature has no queue.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.concurrency_probe import ConcurrencyProbe, submit_until_answered
from ciq_conformance.driver.queue_snapshot import QueueSnapshot
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext, accepted
from ciq_conformance.driver.signing import LEEWAY, VALIDITY
from ciq_conformance.driver.stall import SHORT_AFTER_WAITS, is_unknown
from ciq_conformance.scenario_spec import ALL_EXCHANGES
from ciq_conformance.timeouts import UNMEASURED, Timeouts
from ciq_schemas.features import FeatureSpec
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import NO_API_ANSWER, ParsedExchange, describe_response
from ciq_schemas.transcript.records import Calibration, Exchange
from ciq_schemas.values import Queue

PROBE = "probe"
"""Scenario name of the probe's records."""
_FIRST_BURST, _SECOND_BURST = 3, 12
_COLD_START = 1.0
"""A first job that takes less than this many seconds may include the cost of a cold start; the second does not."""
_SLOW_JOB = 10.0
"""The probe sends no bursts when a job takes longer (seconds): the run would take too long."""


class Unreachable(Exception):  # noqa: N818 - describes the target, not an error of the kit
    """The target sent no response at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What the probe found out about one feature."""

    spec: FeatureSpec
    found: Queue
    """The queue before the run touched it."""
    job_path: str
    calibration: Calibration
    several_ids: bool
    activated: bool
    """The feature was not active, and the probe activated it."""
    callback_rule_accepted: bool
    """The target accepted the probe's callback rule."""
    snapshot: QueueSnapshot | None = None
    """The queue as the list showed it before the run touched it; None when the list has it in no readable form."""
    blocked_by: str = ""
    """Why the probe could not measure a job; blocks the scenarios that need jobs to run. Empty otherwise."""

    @property
    def working(self) -> Queue:
        """The queue that scenarios start from: as found, but active."""
        return msgspec.structs.replace(self.found, state=QueueState.ACTIVE)


def probe(run: RunContext, spec: FeatureSpec, on_found: Callable[[Readiness], object]) -> Readiness:
    """Calibrates one feature; raises PreconditionFailed or Unreachable when no scenario can run.

    Calls `on_found` before it changes the queue, so that the caller can restore it whatever happens afterwards.
    When there is a queue but jobs do not run, `blocked_by` of the result gives the reason.
    """
    calls = run.calls(spec, PROBE, spec.job_path)
    before = _find_queue(run, calls)
    on_found(before)
    found, activated = before.found, before.activated
    ctx = run.ctx(spec, ALL_EXCHANGES, calls, found, UNMEASURED)
    channel = f"{spec.feature}.{PROBE}.callback"
    callback_rule_accepted = _listen(run, ctx, run.receiver.address(channel))
    try:
        measured = _measure(
            run, ctx, channel, found, activated=activated, callback_rule_accepted=callback_rule_accepted
        )
        return replace(measured, snapshot=before.snapshot)
    except PreconditionFailed as broken:
        job_path = ctx.calls.job_path if isinstance(ctx.calls, FeatureCalls) else spec.job_path
        return replace(before, job_path=job_path, callback_rule_accepted=callback_rule_accepted, blocked_by=str(broken))
    finally:
        ctx.calls = run.calls(spec, PROBE, spec.job_path, though_stopping=True)
        ctx.restore("restore")


def _find_queue(run: RunContext, calls: FeatureCalls) -> Readiness:
    """Returns what is known of the feature before a measurement; activates the feature when it has no queue."""
    spec = calls.spec
    listed = calls.list_queues("found")
    if not listed.exchange.status:
        raise Unreachable(f"{run.profile.url} sent no response: {listed.exchange.error}")
    queue = pick_queue(spec, listed)
    if queue is not None:
        return _unmeasured(spec, queue, listed, activated=False)
    activated = calls.activate("activate")
    try:
        return _activated_queue(run, calls, listed, activated)
    except Interrupted:
        if activated.ok and run.profile.capabilities.get(Capability.DEACTIVATE):
            run.calls(spec, PROBE, spec.job_path, though_stopping=True).deactivate("deactivate")
        raise


def _unmeasured(spec: FeatureSpec, queue: Queue, listed: ParsedExchange, *, activated: bool) -> Readiness:
    return Readiness(
        spec=spec,
        found=queue,
        job_path=spec.job_path,
        calibration=UNMEASURED,
        several_ids=False,
        activated=activated,
        callback_rule_accepted=False,
        snapshot=QueueSnapshot.of(listed.exchange.response_body.data, queue.queue_id or ""),
    )


def _activated_queue(
    run: RunContext, calls: FeatureCalls, listed: ParsedExchange, activated: ParsedExchange
) -> Readiness:
    """Returns the queue that the activation has created; raises PreconditionFailed when none appears."""
    spec = calls.spec
    deadline = run.recorder.now() + 5.0 * run.profile.timeout_factor
    while True:
        again = calls.list_queues("found-after-activation")
        queue = pick_queue(spec, again)
        if queue is not None:
            run.recorder.record_event(
                PROBE, spec.feature, "note", f"{spec.feature} was not active and has been activated"
            )
            return _unmeasured(spec, queue, again, activated=True)
        if run.recorder.now() > deadline:
            hint = _hint(run, spec, listed)
            answers = {
                "the queue list": describe_response(listed),
                "activation": describe_response(activated),
                "the next list": describe_response(again),
            }
            same = len(set(answers.values())) == 1
            text = f"{answers['activation']} to each request" if same else _listed(answers)
            raise PreconditionFailed(f"{spec.feature} has no queue: responses were {text}{hint}")
        run.stop.pause(0.1)


def _listed(answers: Mapping[str, str]) -> str:
    *first, last = [f"{answer} to {request}" for request, answer in answers.items()]
    return f"{', '.join(first)} and {last}"


def _hint(run: RunContext, spec: FeatureSpec, rejected: ParsedExchange) -> str:
    """Returns the likely reason why the queue list, which the suite sent as well as it could, holds no queue."""
    if NO_API_ANSWER in describe_response(rejected):
        return "; another server seems to answer: check url and host of the profile"
    if rejected.exchange.status not in (401, 403):
        return ""
    if run.profile.credentials is None:
        return "; it requires signed requests: set CIQ_SECRET_ID and CIQ_SECRET_KEY"
    offset = clock_offset(run, spec)
    if offset is not None and not -LEEWAY < offset < VALIDITY:
        return (
            f"; the cause is the clock: the target's is {offset:+.0f} s from this machine's, and a signature is valid "
            f"from {LEEWAY} s before until {VALIDITY} s after it is made. Set the wrong clock"
        )
    if (rejected.error.code or "").strip() in ("SignatureExpired", "1014"):
        return "; the target reports an expired signature: compare the clocks of both machines"
    return "; check the keys"


def pick_queue(spec: FeatureSpec, listed: ParsedExchange) -> Queue | None:
    """Returns the feature's own queue in a list: by category, then by name, else the first that has an id."""
    queues = [queue for queue in listed.queue_list.queues if queue.queue_id] if listed.ok else []
    own = [q for q in queues if q.category == spec.categories[0]] or [q for q in queues if q.name in spec.queue_names]
    return next(iter(own or queues), None)


def _listen(run: RunContext, ctx: ScenarioContext, address: str) -> bool:
    """Makes the queue active with a callback rule for the receiver; False when the target rejects the rule."""
    response = ctx.set_queue("listen", rule=CallbackRuleRequest(url=address))
    if response.ok:
        if response.queue is not None and response.queue.queue_id:
            ctx.found = msgspec.structs.replace(ctx.found, queue_id=response.queue.queue_id)
        return True
    answer = describe_response(response)
    note = f"the response to a callback rule with {address} was {answer}"
    run.recorder.record_event(PROBE, ctx.spec.feature, "note", note)
    if ctx.found.state == QueueState.PAUSED and not ctx.set_queue("resume").ok:
        raise PreconditionFailed(f"the queue was paused before the run and cannot be resumed ({answer})")
    return False


def _measure(
    run: RunContext, ctx: ScenarioContext, channel: str, found: Queue, *, activated: bool, callback_rule_accepted: bool
) -> Readiness:
    submitted, job_path = _first_submit(run, ctx)
    calls = run.calls(ctx.spec, PROBE, job_path)
    ctx.calls = calls
    job_id = submitted.jobs[0].job_id or ""
    burst = ConcurrencyProbe(recorder=run.recorder, stop=run.stop, ctx=ctx, several_ids=False)
    first = burst.follow("first-job", submitted, ctx.timeouts.first_job)
    if first.ended is None and is_unknown(first.last_state):
        raise PreconditionFailed(
            f"the first job shows the undocumented State {first.last_state!r}; expected {', '.join(JobState)}"
        )
    if first.ended is None:
        raise PreconditionFailed(
            f"the first job did not end within {ctx.timeouts.first_job:g} s: "
            f"last seen {first.last_state or 'unknown'}; "
            f"check the sample input {ctx.job_request('first').input_object!r} or raise timeout_factor"
        )
    if first.last_state != JobState.SUCCESS:
        raise PreconditionFailed(
            f"the first job ended as {first.last_state} ({first.message or 'no message'}): "
            f"name an input that the target can process under [inputs.{ctx.spec.feature}] in ciq.toml"
        )
    origin = submitted.exchange.started
    callback_latency = None
    if callback_rule_accepted:
        callback_latency = _callback_latency(ctx, channel, job_id, first.not_ended_before or origin)
        if callback_latency is None:
            _note_missing_callbacks(ctx)
    latency = first.ended - origin
    workers = 1
    if latency <= _SLOW_JOB:
        measured = msgspec.structs.replace(UNMEASURED, job_latency=latency, callback_latency=callback_latency)
        ctx.timeouts = Timeouts(measured, run.profile.timeout_factor)
        several, other, other_ended, again = _second_job(ctx, burst, job_id)
        if latency < _COLD_START:
            latency = min(latency, again)
        if callback_latency is not None:
            # The first callback of the run may include the cost of a cold start.
            second = _callback_latency(ctx, channel, other, other_ended)
            callback_latency = callback_latency if second is None else min(callback_latency, second)
        burst = ConcurrencyProbe(recorder=run.recorder, stop=run.stop, ctx=ctx, several_ids=several)
        workers = burst.measure("burst", _FIRST_BURST, first.certain_run)
        if workers >= _FIRST_BURST or latency < 0.5:
            workers = max(workers, burst.measure("burst", _SECOND_BURST, first.certain_run))
    else:
        several = False
    calibration = run.recorder.calibration(
        Calibration(
            seq=0,
            feature=ctx.spec.feature,
            job_path=job_path,
            start_latency=max(0.0, (first.started or first.ended) - origin),
            job_latency=latency,
            callback_latency=callback_latency,
            workers=workers,
            clock_offset=clock_offset(run, ctx.spec),
        )
    )
    return Readiness(
        spec=ctx.spec,
        found=found,
        job_path=job_path,
        calibration=calibration,
        several_ids=several,
        activated=activated,
        callback_rule_accepted=callback_rule_accepted,
    )


def _first_submit(run: RunContext, ctx: ScenarioContext) -> tuple[ParsedExchange, str]:
    """Submits on the profile's path, else on each documented path until the target accepts; returns the path too."""
    spec = ctx.spec
    fixed = run.profile.job_path.get(spec.feature)
    paths = (fixed,) if fixed else spec.job_paths
    answers = []
    for path in paths:
        ctx.calls = run.calls(spec, PROBE, path)
        response = submit_until_answered(ctx, "first-submit", ctx.job_request("first"))
        if response.ok and len(response.jobs) == 1 and response.jobs[0].job_id:
            return response, path
        answers.append(f"the response to POST {path} was {describe_response(response)}")
    raise PreconditionFailed(
        f"no job can be submitted: {'; '.join(answers)}. "
        "If this target uses another job path, tag or input, set them in ciq.toml"
    )


def _callback_latency(ctx: ScenarioContext, channel: str, job_id: str, ended_after: float) -> float | None:
    """Returns the seconds from the job's earliest possible end to its callback; None when no callback arrives."""

    def arrived() -> bool:
        return any(callback.names(job_id) for callback in ctx.receiver.arrivals(channel))

    if not ctx.receiver.wait(arrived, 10.0 * ctx.profile.timeout_factor):
        ctx.recorder.record_event(PROBE, ctx.spec.feature, "note", "no callback of the first job arrived within 10 s")
        return None
    first = next(n for n in ctx.receiver.arrivals(channel) if n.names(job_id))
    return max(0.0, first.arrival.started - ended_after)


def _note_missing_callbacks(ctx: ScenarioContext) -> None:
    """Counts the long wait of the probe like those of a scenario, so that one more in vain shortens the next ones."""
    for _ in range(SHORT_AFTER_WAITS - 1):
        ctx.stall.stalled("callbacks")
    ctx.stall.scenario_ended(PROBE)


def _second_job(ctx: ScenarioContext, burst: ConcurrencyProbe, job_id: str) -> tuple[bool, str, float, float]:
    """Runs another job.

    Returns whether one describe returns two jobs, the job's id, when it had not ended yet, and its latency.
    """
    submit = accepted(submit_until_answered(ctx, "second-submit", ctx.job_request("second")))
    (other,) = submit.job_ids
    submitted = ctx.now()
    response = ctx.calls.describe("two-ids", job_id, other)
    second = burst.follow("second-job", submit, ctx.timeouts.first_job)
    several = response.ok and {job_id, other} <= {job.job_id for job in response.jobs}
    latency = math.inf if second.ended is None else second.ended - submit.exchange.started
    return several, other, second.not_ended_before or submitted, latency


def clock_offset(run: RunContext, spec: FeatureSpec) -> float | None:
    """Returns the target's clock minus the suite's in seconds, from the Date headers of the probe; None without one.

    A Date of whole seconds d means that the target's clock was in [d, d+1) during the exchange. The result is the
    middle of the intersection of these ranges over all exchanges.
    """
    epoch = run.client.wall() - run.recorder.now()
    low, high = float("-inf"), float("inf")
    for record in run.recorder.records:
        if not isinstance(record, Exchange) or record.feature != spec.feature:
            continue
        date = {name.lower(): value for name, value in record.response_headers}.get("date")
        try:
            seconds = parsedate_to_datetime(date).timestamp() if date else None
        except (TypeError, ValueError):
            continue
        if seconds is not None:
            low = max(low, seconds - (epoch + record.ended))
            high = min(high, seconds + 1.0 - (epoch + record.started))
    if low == float("-inf"):
        return None
    return round((low + high) / 2, 3)
