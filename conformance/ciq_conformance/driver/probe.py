"""Calibration: what one feature's queue looks like and how fast it is, measured before anything is judged.

Remembers the queue as found, sees to it that it is active, finds the job path, measures one job and a burst, and says
in a `Readiness` what the scenarios need. Raises PreconditionFailed when there is no queue at all. It does not judge.
"""

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Client
from ciq_conformance.driver.concurrency_probe import ConcurrencyProbe
from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.restart_lock import RestartLock
from ciq_conformance.driver.scenario_context import PreconditionFailed, Restart, ScenarioContext
from ciq_conformance.profile import Profile
from ciq_conformance.scenario_spec import ALL_EXCHANGES
from ciq_conformance.timeouts import UNMEASURED, Timeouts
from ciq_schemas.features import FeatureSpec
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.records import Calibration, Exchange
from ciq_schemas.values import Queue

PROBE = "probe"
"""Scenario name of the probe's records."""
_FIRST_BURST, _SECOND_BURST = 3, 12
_SLOW_JOB = 10.0
"""Jobs that take longer (seconds) are not sent in bursts: the run would take for ever."""


class Unreachable(Exception):  # noqa: N818 - says what the target did, not what we did wrong
    """No answer at all from the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What the probe of one feature has found out."""

    spec: FeatureSpec
    found: Queue
    """The queue before the run touched it."""
    job_path: str
    calibration: Calibration
    several_ids: bool
    activated: bool
    """The feature was not active, so the probe activated it."""
    callback_rule_accepted: bool
    """The target took the probe's callback rule."""
    blocked_by: str = ""
    """Why no job could be measured; blocks the scenarios that need jobs to run."""

    @property
    def working(self) -> Queue:
        """The queue as scenarios start from it: as found, but active."""
        return msgspec.structs.replace(self.found, state=QueueState.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What the driver's parts share during one run."""

    profile: Profile
    run_id: str
    client: Client
    receiver: CallbackReceiver
    recorder: RunRecorder
    stop: CancelToken
    extra_testing: ExtraTesting = NO_EXTRA_TESTING
    restart_lock: RestartLock = field(default_factory=RestartLock)
    restart: Restart | None = None
    """Stops the target and starts it again; None where the operator has named no way."""

    def calls(self, spec: FeatureSpec, scenario: str, job_path: str, *, though_stopping: bool = False) -> FeatureCalls:
        """The calls of a feature under a scenario's name."""
        return FeatureCalls(
            client=self.client,
            profile=self.profile,
            spec=spec,
            scenario=scenario,
            job_path=job_path,
            though_stopping=though_stopping,
        )

    def ctx(
        self, spec: FeatureSpec, scenario: str, calls: FeatureCalls, found: Queue, calibration: Calibration
    ) -> ScenarioContext:
        """A stage on which jobs can be ordered and watched."""
        return ScenarioContext(
            spec=spec,
            scenario=scenario,
            run_id=self.run_id,
            profile=self.profile,
            timeouts=Timeouts(calibration, self.profile.timeout_factor),
            calls=calls,
            receiver=self.receiver,
            recorder=self.recorder,
            now=self.recorder.now,
            pause_thread=self.stop.pause,
            found=found,
            extra_testing=self.extra_testing,
            exclusive=self.restart_lock.exclusive,
            restart=self.restart,
        )


def probe(run: RunContext, spec: FeatureSpec) -> Readiness:
    """Calibrate one feature; PreconditionFailed or Unreachable when no scenario could be played.

    When there is a queue but jobs do not run, the result says so in `hindrance`.
    """
    calls = run.calls(spec, PROBE, spec.job_path)
    found, activated = _find_queue(run, calls)
    ctx = run.ctx(spec, ALL_EXCHANGES, calls, found, UNMEASURED)
    channel = f"{spec.feature}.{PROBE}.callback"
    callback_rule_accepted = _listen(run, ctx, run.receiver.address(channel))
    try:
        return _measure(run, ctx, channel, found, activated=activated, callback_rule_accepted=callback_rule_accepted)
    except PreconditionFailed as broken:
        return Readiness(
            spec=spec,
            found=found,
            job_path=ctx.calls.job_path if isinstance(ctx.calls, FeatureCalls) else spec.job_path,
            calibration=UNMEASURED,
            several_ids=False,
            activated=activated,
            callback_rule_accepted=callback_rule_accepted,
            blocked_by=str(broken),
        )
    finally:
        ctx.calls = run.calls(spec, PROBE, spec.job_path, though_stopping=True)
        ctx.restore("restore")


def _find_queue(run: RunContext, calls: FeatureCalls) -> tuple[Queue, bool]:
    """The feature's queue as found; activates the feature when it has none."""
    spec = calls.spec
    listed = calls.list_queues("found")
    if not listed.exchange.status:
        raise Unreachable(f"{run.profile.url} gave no answer: {listed.exchange.error}")
    queue = pick_queue(spec, listed)
    if queue is not None:
        return queue, False
    answered = calls.activate("activate")
    deadline = run.recorder.now() + 5.0 * run.profile.timeout_factor
    while True:
        again = calls.list_queues("found-after-activation")
        queue = pick_queue(spec, again)
        if queue is not None:
            run.recorder.record_event(
                PROBE, spec.feature, "note", f"{spec.feature} was not active and has been activated"
            )
            return queue, True
        if run.recorder.now() > deadline:
            hint = ""
            if listed.exchange.status in (401, 403) and run.profile.credentials is None:
                hint = "; it wants signed requests: set CIQ_SECRET_ID and CIQ_SECRET_KEY"
            raise PreconditionFailed(
                f"{spec.feature} has no queue: the list answered {describe_response(listed)}, activation "
                f"{describe_response(answered)}, the list after it {describe_response(again)}{hint}"
            )
        run.stop.pause(0.1)


def pick_queue(spec: FeatureSpec, listed: ParsedExchange) -> Queue | None:
    """The feature's own queue in a list: by category, then by name, else the first that has an id."""
    queues = [queue for queue in listed.queue_list.queues if queue.queue_id] if listed.ok else []
    own = [q for q in queues if q.category == spec.categories[0]] or [q for q in queues if q.name in spec.queue_names]
    return next(iter(own or queues), None)


def _listen(run: RunContext, ctx: ScenarioContext, address: str) -> bool:
    """Make the queue active and send its callbacks to us; False when the target refuses the rule."""
    response = ctx.set_queue("listen", rule=CallbackRuleRequest(url=address))
    if response.ok:
        if response.queue is not None and response.queue.queue_id:
            ctx.found = msgspec.structs.replace(ctx.found, queue_id=response.queue.queue_id)
        return True
    run.recorder.record_event(
        PROBE, ctx.spec.feature, "note", f"a callback rule to {address} was answered {describe_response(response)}"
    )
    if ctx.found.state == QueueState.PAUSED and not ctx.set_queue("resume").ok:
        raise PreconditionFailed(f"the queue was found paused and cannot be resumed ({describe_response(response)})")
    return False


def _measure(
    run: RunContext, ctx: ScenarioContext, channel: str, found: Queue, *, activated: bool, callback_rule_accepted: bool
) -> Readiness:
    submitted, job_path = _first_submit(run, ctx)
    calls = run.calls(ctx.spec, PROBE, job_path)
    ctx.calls = calls
    job_id = submitted.jobs[0].job_id or ""
    burst = ConcurrencyProbe(recorder=run.recorder, stop=run.stop, ctx=ctx, several_ids=False)
    first = burst.follow("first-job", (job_id,), ctx.timeouts.first_job)
    life = first[job_id]
    if life.ended is None:
        raise PreconditionFailed(
            f"the first job did not end within {ctx.timeouts.first_job:g} s: "
            f"last seen {life.last_state or 'unknown'}; "
            f"check the sample input {ctx.job_request('first').input_object!r} or raise timeout_factor"
        )
    if life.last_state != JobState.SUCCESS:
        raise PreconditionFailed(
            f"the first job ended as {life.last_state} ({life.message or 'no message'}): "
            f"name an input that the target can process under [inputs.{ctx.spec.feature}] in ciq.toml"
        )
    origin = submitted.exchange.started
    told = _callback_latency(ctx, channel, job_id, life.not_ended_before or origin) if callback_rule_accepted else None
    latency = life.ended - origin
    workers = 1
    if latency <= _SLOW_JOB:
        ctx.timeouts = Timeouts(
            msgspec.structs.replace(UNMEASURED, job_latency=latency, callback_latency=told), run.profile.timeout_factor
        )
        several, other, other_ended = _second_job(ctx, burst, job_id)
        if told is not None:
            # The first callback of all may carry the cost of a cold start.
            again = _callback_latency(ctx, channel, other, other_ended)
            told = told if again is None else min(told, again)
        burst = ConcurrencyProbe(recorder=run.recorder, stop=run.stop, ctx=ctx, several_ids=several)
        workers = burst.measure("burst", _FIRST_BURST, life.certain_run)
        if workers >= _FIRST_BURST or latency < 0.5:
            workers = max(workers, burst.measure("burst", _SECOND_BURST, life.certain_run))
    else:
        several = False
    calibration = run.recorder.calibration(
        Calibration(
            seq=0,
            feature=ctx.spec.feature,
            job_path=job_path,
            start_latency=max(0.0, (life.started or life.ended) - origin),
            job_latency=latency,
            callback_latency=told,
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
    """Submit on the path the profile fixes, else on each documented one until the target takes it."""
    spec = ctx.spec
    fixed = run.profile.job_path.get(spec.feature)
    paths = (fixed,) if fixed else spec.job_paths
    answers = []
    for path in paths:
        ctx.calls = run.calls(spec, PROBE, path)
        response = ctx.submit("first-submit", ctx.job_request("first"))
        if response.ok and len(response.jobs) == 1 and response.jobs[0].job_id:
            return response, path
        answers.append(f"POST {path} answered {describe_response(response)}")
    raise PreconditionFailed(
        f"no job can be submitted: {'; '.join(answers)}. "
        "If jobs have another path, tag or input here, name them in ciq.toml"
    )


def _callback_latency(ctx: ScenarioContext, channel: str, job_id: str, ended_after: float) -> float | None:
    """Seconds from the job's end (earliest possible) to the arrival of its callback, None when it does not come."""

    def arrived() -> bool:
        return any(job_id in callback.job_ids for callback in ctx.receiver.arrivals(channel))

    if not ctx.receiver.wait(arrived, 10.0 * ctx.profile.timeout_factor):
        ctx.recorder.record_event(PROBE, ctx.spec.feature, "note", "no callback of the first job arrived within 10 s")
        return None
    first = next(n for n in ctx.receiver.arrivals(channel) if job_id in n.job_ids)
    return max(0.0, first.arrival.started - ended_after)


def _second_job(ctx: ScenarioContext, burst: ConcurrencyProbe, job_id: str) -> tuple[bool, str, float]:
    """Run another job: whether one describe answers for two ids, its id, and when it had not ended yet."""
    (other,) = ctx.submit_or_fail("second-submit", ctx.job_request("second"))
    submitted = ctx.now()
    response = ctx.calls.describe("two-ids", job_id, other)
    life = burst.follow("second-job", (other,), ctx.timeouts.first_job)[other]
    several = response.ok and {job_id, other} <= {job.job_id for job in response.jobs}
    return several, other, life.not_ended_before or submitted


def clock_offset(run: RunContext, spec: FeatureSpec) -> float | None:
    """Target's clock minus ours in seconds, from the Date headers of the probe; None without a readable one.

    A Date of whole seconds d says that the target's clock was in [d, d+1) during the exchange; the ranges of all
    exchanges are cut with each other and the middle is taken.
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
