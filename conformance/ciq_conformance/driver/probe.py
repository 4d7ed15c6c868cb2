"""Calibration: what one feature's queue looks like and how fast it is, measured before anything is judged.

Remembers the queue as found, sees to it that it is active, finds the job path, measures one job and a burst, and says
in a `Readiness` what the scenarios need. Raises Broken when there is no queue at all. It does not judge.
"""

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.client import Client
from ciq_conformance.driver.effort import NO_EFFORT, Effort
from ciq_conformance.driver.gate import Gate
from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.patience import UNMEASURED, Patience
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.stage import Broken, Restart, Stage, describe_reply
from ciq_conformance.driver.stopping import Stop
from ciq_conformance.driver.workers import Burst
from ciq_conformance.profile import Profile
from ciq_schemas.features import FeatureSpec
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.parsed import ParsedExchange
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
    listening: bool
    """The target took the probe's callback rule."""
    hindrance: str = ""
    """Why no job could be measured; blocks the scenarios that need jobs to run."""

    @property
    def working(self) -> Queue:
        """The queue as scenarios start from it: as found, but active."""
        return msgspec.structs.replace(self.found, state=QueueState.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the driver's parts share during one run."""

    profile: Profile
    run_id: str
    client: Client
    receiver: CallbackReceiver
    recorder: RunRecorder
    stop: Stop
    effort: Effort = NO_EFFORT
    gate: Gate = field(default_factory=Gate)
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

    def stage(
        self, spec: FeatureSpec, scenario: Scenario, calls: FeatureCalls, found: Queue, calibration: Calibration
    ) -> Stage:
        """A stage on which jobs can be ordered and watched."""
        return Stage(
            spec=spec,
            scenario=scenario,
            run_id=self.run_id,
            profile=self.profile,
            patience=Patience(calibration, self.profile.patience),
            calls=calls,
            receiver=self.receiver,
            recorder=self.recorder,
            now=self.recorder.now,
            pause_thread=self.stop.pause,
            found=found,
            effort=self.effort,
            alone=self.gate.alone,
            restart=self.restart,
        )


def probe(around: Surroundings, spec: FeatureSpec) -> Readiness:
    """Calibrate one feature; Broken or Unreachable when no scenario could be played.

    When there is a queue but jobs do not run, the result says so in `hindrance`.
    """
    calls = around.calls(spec, PROBE, spec.job_path)
    found, activated = _find_queue(around, calls)
    stage = around.stage(spec, Scenario.EVERY, calls, found, UNMEASURED)
    channel = f"{spec.feature}.{PROBE}.callback"
    listening = _listen(around, stage, around.receiver.address(channel))
    try:
        return _measure(around, stage, channel, found, activated=activated, listening=listening)
    except Broken as broken:
        return Readiness(
            spec=spec,
            found=found,
            job_path=stage.calls.job_path if isinstance(stage.calls, FeatureCalls) else spec.job_path,
            calibration=UNMEASURED,
            several_ids=False,
            activated=activated,
            listening=listening,
            hindrance=str(broken),
        )
    finally:
        stage.calls = around.calls(spec, PROBE, spec.job_path, though_stopping=True)
        stage.restore("restore")


def _find_queue(around: Surroundings, calls: FeatureCalls) -> tuple[Queue, bool]:
    """The feature's queue as found; activates the feature when it has none."""
    spec = calls.spec
    listed = calls.list_queues("found")
    if not listed.exchange.status:
        raise Unreachable(f"{around.profile.url} gave no answer: {listed.exchange.error}")
    queue = pick_queue(spec, listed)
    if queue is not None:
        return queue, False
    answered = calls.activate("activate")
    deadline = around.recorder.now() + 5.0 * around.profile.patience
    while True:
        again = calls.list_queues("found-after-activation")
        queue = pick_queue(spec, again)
        if queue is not None:
            around.recorder.mark(PROBE, spec.feature, "note", f"{spec.feature} was not active and has been activated")
            return queue, True
        if around.recorder.now() > deadline:
            hint = ""
            if listed.exchange.status in (401, 403) and around.profile.credentials is None:
                hint = "; it wants signed requests: set CIQ_SECRET_ID and CIQ_SECRET_KEY"
            raise Broken(
                f"{spec.feature} has no queue: the list answered {describe_reply(listed)}, activation "
                f"{describe_reply(answered)}, the list after it {describe_reply(again)}{hint}"
            )
        around.stop.pause(0.1)


def pick_queue(spec: FeatureSpec, listed: ParsedExchange) -> Queue | None:
    """The feature's own queue in a list: by category, then by name, else the first that has an id."""
    queues = [queue for queue in listed.queue_list.queues if queue.queue_id] if listed.ok else []
    own = [q for q in queues if q.category == spec.categories[0]] or [q for q in queues if q.name in spec.queue_names]
    return next(iter(own or queues), None)


def _listen(around: Surroundings, stage: Stage, address: str) -> bool:
    """Make the queue active and send its callbacks to us; False when the target refuses the rule."""
    reply = stage.set_queue("listen", rule=RuleOrder(url=address))
    if reply.ok:
        if reply.queue is not None and reply.queue.queue_id:
            stage.found = msgspec.structs.replace(stage.found, queue_id=reply.queue.queue_id)
        return True
    around.recorder.mark(
        PROBE, stage.spec.feature, "note", f"a callback rule to {address} was answered {describe_reply(reply)}"
    )
    if stage.found.state == QueueState.PAUSED and not stage.set_queue("resume").ok:
        raise Broken(f"the queue was found paused and cannot be resumed ({describe_reply(reply)})")
    return False


def _measure(
    around: Surroundings, stage: Stage, channel: str, found: Queue, *, activated: bool, listening: bool
) -> Readiness:
    submitted, job_path = _first_submit(around, stage)
    calls = around.calls(stage.spec, PROBE, job_path)
    stage.calls = calls
    job_id = submitted.jobs[0].job_id or ""
    burst = Burst(recorder=around.recorder, stop=around.stop, stage=stage, several_ids=False)
    first = burst.follow("first-job", (job_id,), stage.patience.first_job)
    life = first[job_id]
    if life.ended is None:
        raise Broken(
            f"the first job did not end within {stage.patience.first_job:g} s: "
            f"last seen {life.last_state or 'unknown'}; "
            f"check the sample input {stage.order('first').input_object!r} or raise the patience"
        )
    if life.last_state != JobState.SUCCESS:
        raise Broken(
            f"the first job ended as {life.last_state} ({life.message or 'no message'}): "
            f"name an input that the target can process under [inputs.{stage.spec.feature}] in ciq.toml"
        )
    origin = submitted.exchange.started
    told = _callback_latency(stage, channel, job_id, life.not_ended_before or origin) if listening else None
    latency = life.ended - origin
    workers = 1
    if latency <= _SLOW_JOB:
        stage.patience = Patience(
            msgspec.structs.replace(UNMEASURED, job_latency=latency, callback_latency=told), around.profile.patience
        )
        several, other, other_ended = _second_job(stage, burst, job_id)
        if told is not None:
            # The first callback of all may carry the cost of a cold start.
            again = _callback_latency(stage, channel, other, other_ended)
            told = told if again is None else min(told, again)
        burst = Burst(recorder=around.recorder, stop=around.stop, stage=stage, several_ids=several)
        workers = burst.measure("burst", _FIRST_BURST, life.certain_run)
        if workers >= _FIRST_BURST or latency < 0.5:
            workers = max(workers, burst.measure("burst", _SECOND_BURST, life.certain_run))
    else:
        several = False
    calibration = around.recorder.calibration(
        Calibration(
            seq=0,
            feature=stage.spec.feature,
            job_path=job_path,
            start_latency=max(0.0, (life.started or life.ended) - origin),
            job_latency=latency,
            callback_latency=told,
            workers=workers,
            clock_offset=clock_offset(around, stage.spec),
        )
    )
    return Readiness(
        spec=stage.spec,
        found=found,
        job_path=job_path,
        calibration=calibration,
        several_ids=several,
        activated=activated,
        listening=listening,
    )


def _first_submit(around: Surroundings, stage: Stage) -> tuple[ParsedExchange, str]:
    """Submit on the path the profile fixes, else on each documented one until the target takes it."""
    spec = stage.spec
    fixed = around.profile.job_path.get(spec.feature)
    paths = (fixed,) if fixed else spec.job_paths
    answers = []
    for path in paths:
        stage.calls = around.calls(spec, PROBE, path)
        reply = stage.submit("first-submit", stage.order("first"))
        if reply.ok and len(reply.jobs) == 1 and reply.jobs[0].job_id:
            return reply, path
        answers.append(f"POST {path} answered {describe_reply(reply)}")
    raise Broken(
        f"no job can be submitted: {'; '.join(answers)}. "
        "If jobs have another path, tag or input here, name them in ciq.toml"
    )


def _callback_latency(stage: Stage, channel: str, job_id: str, ended_after: float) -> float | None:
    """Seconds from the job's end (earliest possible) to the arrival of its callback, None when it does not come."""

    def arrived() -> bool:
        return any(job_id in notice.job_ids for notice in stage.receiver.arrivals(channel))

    if not stage.receiver.wait(arrived, 10.0 * stage.profile.patience):
        stage.recorder.mark(PROBE, stage.spec.feature, "note", "no callback of the first job arrived within 10 s")
        return None
    first = next(n for n in stage.receiver.arrivals(channel) if job_id in n.job_ids)
    return max(0.0, first.arrival.started - ended_after)


def _second_job(stage: Stage, burst: Burst, job_id: str) -> tuple[bool, str, float]:
    """Run another job: whether one describe answers for two ids, its id, and when it had not ended yet."""
    (other,) = stage.submit_or_break("second-submit", stage.order("second"))
    submitted = stage.now()
    reply = stage.calls.describe("two-ids", job_id, other)
    life = burst.follow("second-job", (other,), stage.patience.first_job)[other]
    several = reply.ok and {job_id, other} <= {job.job_id for job in reply.jobs}
    return several, other, life.not_ended_before or submitted


def clock_offset(around: Surroundings, spec: FeatureSpec) -> float | None:
    """Target's clock minus ours in seconds, from the Date headers of the probe; None without a readable one.

    A Date of whole seconds d says that the target's clock was in [d, d+1) during the exchange; the ranges of all
    exchanges are cut with each other and the middle is taken.
    """
    epoch = around.client.wall() - around.recorder.now()
    low, high = float("-inf"), float("inf")
    for record in around.recorder.records:
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
