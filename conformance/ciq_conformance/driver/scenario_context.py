"""Gives a scenario what it works with: the calls of one feature, the callback receiver, the timeouts, the recorder.

A scenario is a function `run(ctx: ScenarioContext) -> None` in `areas/<area>/scenario.py`. It makes exchanges under
the labels in `labels.py` and waits for conditions with deadlines. It does not judge: the transcript has what it
observed. It raises PreconditionFailed when a prerequisite fails; that event blocks the checks that need the scenario.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest, submit_body, update_body
from ciq_conformance.driver.stall import UNKNOWN_WORD_SECONDS, Awaited, Progress, StallWatch
from ciq_conformance.judge.ordering import settled_after
from ciq_conformance.profile import Profile
from ciq_conformance.scenario_spec import channel_name
from ciq_conformance.timeouts import SHORT_GRACE, SHOWN_WITHIN, Timeouts
from ciq_schemas.features import Feature, FeatureSpec
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.records import AnyRecord
from ciq_schemas.values import Job, Queue


class PreconditionFailed(Exception):  # noqa: N818 - stops a scenario, no error of the kit
    """A prerequisite of the scenario failed; the text names it and what the target returned."""


class NotOffered(Exception):  # noqa: N818 - as above
    """The target does not offer what the scenario tests; the text gives the response that shows it."""


def accepted(response: ParsedExchange, jobs: int = 1) -> ParsedExchange:
    """Returns the response to a submit; raises PreconditionFailed when the target does not return as many job ids."""
    if not response.ok or len(response.job_ids) != jobs:
        raise PreconditionFailed(
            f"the response to the submit was {describe_response(response)}; expected {jobs} job(s)"
        )
    return response


Restart = Callable[[], None]
"""Restarts the target and returns when it responds again; raises PreconditionFailed when it does not."""


class Calls(Protocol):
    """One method per operation of the service for one feature; each records one exchange and returns it.

    `step` is the label by which the judge finds the exchange. Parameters are sent as given.
    """

    def in_bucket(self, bucket: str) -> "Calls":
        """Returns the same calls under the Host of another bucket."""
        ...

    def list_queues(self, step: str, params: Mapping[str, str] | None = None) -> ParsedExchange: ...
    def update_queue(self, step: str, queue_id: str, body: bytes) -> ParsedExchange: ...
    def list_buckets(self, step: str, params: Mapping[str, str] | None = None) -> ParsedExchange: ...
    def activate(self, step: str) -> ParsedExchange: ...
    def deactivate(self, step: str) -> ParsedExchange: ...
    def submit(self, step: str, body: bytes) -> ParsedExchange: ...
    def describe(self, step: str, *job_ids: str) -> ParsedExchange: ...
    def list_jobs(self, step: str, params: Mapping[str, str]) -> ParsedExchange: ...
    def cancel(self, step: str, job_id: str) -> ParsedExchange: ...
    def other(
        self,
        step: str,
        kind: OperationKind,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        flag: str = "",
        body: bytes = b"",
        insist: bool = False,
    ) -> ParsedExchange:
        """Sends an operation that is neither of queues nor of jobs.

        `key` is the id in its path, `flag` a parameter without a value. With `insist` the request is sent although the
        run is being stopped: for removing what the scenario created.
        """
        ...

    def raw(
        self,
        step: str,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signing: str = "normal",
    ) -> ParsedExchange:
        """Sends any request; `target` is path and query as sent, `signing` a value of `signing.Signing`."""
        ...


class Receiver(Protocol):
    """The callback receiver: issues addresses and stores the callbacks it receives (the transcript has them too)."""

    def address(self, channel: str, suffix: str = "") -> str:
        """Returns the address of a channel as the target sees it; `suffix` is more path or a query."""
        ...

    def arrivals(self, *channels: str) -> tuple[ParsedCallback, ...]:
        """Returns the callbacks received on the channels so far."""
        ...

    def answer(self, channel: str, status: int, times: int, *, late: float = 0.0) -> None:
        """Sends `status` to the next `times` requests on the channel, `late` seconds after their arrival.

        0 closes the connection without a response.
        """
        ...

    def wait(self, condition: Callable[[], bool], within: float) -> bool:
        """Waits until `condition` holds, evaluated at every arrival; returns False after `within` seconds."""
        ...


class Recorder(Protocol):
    """Stores exchanges, callbacks and events."""

    @property
    def records(self) -> Sequence[AnyRecord]:
        """All records so far, in order."""
        ...

    def record_event(self, scenario: str, feature: str, name: str, text: str) -> None: ...


@dataclass(kw_only=True)
class ScenarioContext:
    """One scenario on one feature. Times are seconds on the run's monotonic clock."""

    spec: FeatureSpec
    scenario: str
    run_id: str
    profile: Profile
    timeouts: Timeouts
    calls: Calls
    receiver: Receiver
    recorder: Recorder
    now: Callable[[], float]
    pause_thread: Callable[[float], None]
    """Waits this many seconds; raises Interrupted as soon as the run is stopped."""
    found: Queue
    """The feature's queue before the run; `restore` sets it again."""
    several_ids: bool = False
    """In the probe, the target described two ids in one request."""
    stall: StallWatch = field(default_factory=StallWatch)
    """What stalled in the scenarios of this feature so far."""
    extra_testing: ExtraTesting = NO_EXTRA_TESTING
    """How many random histories and malformed requests to run."""
    exclusive: Callable[[], AbstractContextManager[None]] = nullcontext
    """Within the block no other feature runs a scenario."""
    restart: Restart | None = None
    """Restarts the target; call it within `exclusive()` only."""
    open_requirements: Callable[[Collection[str]], Collection[str]] = lambda _ids: ()
    """Returns which of the requirements the records so far cannot decide; a scenario may then make more evidence."""
    siblings: Mapping[Feature, "ScenarioContext"] = field(default_factory=dict)
    """Contexts of the other features of the run, for the isolation scenario only."""

    @property
    def queue_id(self) -> str:
        """Id of the feature's queue."""
        return self.found.queue_id or ""

    def channel(self, label: str) -> str:
        """Name of a receiver address of this scenario and feature; scenario and checks use the same `label`."""
        return channel_name(self.spec.feature, self.scenario, label)

    def job_request(self, label: str, **changes: object) -> JobRequest:
        """Returns a request for a job with good input, the queue's id, and UserData with run, scenario and `label`."""
        sample = self.profile.inputs[self.spec.feature]
        request = JobRequest(
            feature=self.spec.feature,
            tag=sample.tag,
            input_object=sample.good,
            bucket=self.profile.bucket,
            region=self.profile.region,
            output_prefix=f"{self.profile.output_prefix}/{self.run_id}/{self.spec.feature}/{label}",
            user_data=f"{self.run_id} {self.scenario} {label}",
            queue_id=self.queue_id,
            container=sample.operation or None,
            input_extra=sample.input_extra,
        )
        return request.with_(**changes) if changes else request

    def submit(self, step: str, *jobs: JobRequest) -> ParsedExchange:
        """Submits one job, or several in one request with several operations."""
        return self.calls.submit(step, submit_body(jobs))

    def accepted_submit(self, step: str, *jobs: JobRequest) -> ParsedExchange:
        """Submits jobs; raises PreconditionFailed when the target does not return as many job ids."""
        return accepted(self.submit(step, *jobs), len(jobs))

    def submit_or_fail(self, step: str, *jobs: JobRequest) -> tuple[str, ...]:
        """Submits as `accepted_submit` and returns the job ids."""
        return tuple(self.accepted_submit(step, *jobs).job_ids)

    def set_queue(
        self,
        step: str,
        *,
        state: QueueState = QueueState.ACTIVE,
        rule: CallbackRuleRequest | None = None,
        name: str | None = None,
    ) -> ParsedExchange:
        """Updates the queue: state, rule (None = Off) and name (None = as found)."""
        body = update_body(
            name=name or self.found.name or self.spec.queue_names[0],
            state=state,
            rule=rule or CallbackRuleRequest(state="Off", url=None, event=None, type=None),
            id_element="QueueID",
            queue_id=self.queue_id,
        )
        return self.calls.update_queue(step, self.queue_id, body)

    def set_queue_or_fail(
        self, step: str, *, state: QueueState = QueueState.ACTIVE, rule: CallbackRuleRequest | None = None
    ) -> ParsedExchange:
        """Updates the queue as `set_queue`; raises PreconditionFailed when the target rejects it."""
        response = self.set_queue(step, state=state, rule=rule)
        if not response.ok:
            raise PreconditionFailed(f"the response to setting the queue to {state} was {describe_response(response)}")
        return response

    def let_pause_reach_workers(self) -> None:
        """Waits after the response to a pause: no document defines how soon the pause reaches the last worker."""
        self.pause_thread(settled_after(self.timeouts.calibration))

    def restore(self, step: str = "restore") -> bool:
        """Restores name, state and callback rule of the queue as found; returns whether the target accepted that."""
        config = self.found.notify_config
        rule = CallbackRuleRequest(state="Off", url=None, event=None, type=None)
        if config is not None:
            rule = CallbackRuleRequest(
                state=config.state or "Off",
                url=config.url or None,
                event=config.event or None,
                type=config.type or None,
                result_format=config.result_format or None,
                mq_mode=config.mq_mode or None,
                mq_region=config.mq_region or None,
                mq_name=config.mq_name or None,
            )
        body = update_body(
            name=self.found.name or self.spec.queue_names[0],
            state=self.found.state or QueueState.ACTIVE,
            rule=rule,
            id_element="QueueID",
            queue_id=self.queue_id,
        )
        return self.calls.update_queue(step, self.queue_id, body).ok

    def look(self, step: str, job_ids: Sequence[str]) -> dict[str, Job]:
        """Describes jobs, ten in a request where the target can, else one by one; returns the jobs by id."""
        size = 10 if self.several_ids else 1
        seen: dict[str, Job] = {}
        for start in range(0, len(job_ids), size):
            response = self.calls.describe(step, *job_ids[start : start + size])
            seen.update({job.job_id: job for job in response.jobs if job.job_id})
        return seen

    def look_for(self, step: str, job_ids: Sequence[str]) -> dict[str, Job]:
        """Describes new jobs until the target shows each of them or the time is over: a replica may lag behind."""
        deadline = self.now() + SHOWN_WITHIN * self.timeouts.scale
        while True:
            seen = self.look(step, job_ids)
            if seen.keys() >= set(job_ids) or self.now() >= deadline:
                return seen
            self.pause_thread(self.timeouts.poll)

    def watch(
        self,
        step: str,
        job_ids: Sequence[str],
        until: Callable[[dict[str, str]], bool],
        within: float,
        poll: float | None = None,
    ) -> dict[str, str]:
        """Polls the jobs that have not ended, `poll` seconds apart, until the states by id satisfy `until`.

        Returns the last states; records `expired` when the time was over first.
        """
        states: dict[str, str] = {}
        deadline = self.now() + within
        while True:
            open_ids = [job_id for job_id in job_ids if states.get(job_id) not in FINAL_STATES]
            states.update({k: job.state or "" for k, job in self.look(step, open_ids).items()})
            if any(states.get(job_id) in ENDED_BY_RUNNING for job_id in open_ids):
                self.stall.arrived("jobs")
            if until(states):
                return states
            if self.now() >= deadline:
                self.record_event("expired", f"{step}: waited {within:.1f} s")
                return states
            self.pause_thread(self.timeouts.poll if poll is None else poll)

    def watch_ended(self, step: str, job_ids: Sequence[str], within: float | None = None) -> dict[str, str]:
        """Polls until all jobs have ended, or none of them can end any more because no state changes."""
        limit = self.timeouts.jobs(len(job_ids)) if within is None else within
        unknown = self.timeouts.stall - (self.timeouts.grace - UNKNOWN_WORD_SECONDS) * self.timeouts.scale
        progress = Progress(stall=max(self.timeouts.stall, limit if within else 0.0), unknown=unknown)
        since = self.now()
        stalled_after: list[float] = []

        def done(states: dict[str, str]) -> bool:
            if all(states.get(job_id) in FINAL_STATES for job_id in job_ids):
                return True
            if progress.stalled(states, job_ids, self.now()):
                stalled_after.append(self.now() - since)
            return bool(stalled_after)

        states = self.watch(step, job_ids, done, limit)
        if stalled_after:
            self.record_event("expired", f"{step}: waited {stalled_after[0]:.1f} s; no State changed any more")
        left = [job_id for job_id in job_ids if states.get(job_id) not in FINAL_STATES]
        if left:
            self.note_stall("jobs", left)
        return states

    def note_stall(self, awaited: Awaited, job_ids: Sequence[str] = ()) -> None:
        """Notes a wait in vain; after several ones further waits of this scenario are short."""
        self.stall.stalled(awaited, job_ids)
        if self.stall.short:
            self.timeouts = replace(self.timeouts, grace=SHORT_GRACE)

    def watch_for(self, step: str, job_ids: Sequence[str], seconds: float) -> dict[str, str]:
        """Polls for a fixed time, to observe that something does not happen."""
        end = self.now() + seconds
        return self.watch(step, job_ids, lambda _: self.now() >= end, seconds + self.timeouts.answer)

    def wait_callbacks(self, channel: str, job_ids: Iterable[str], within: float | None = None) -> bool:
        """Waits until a callback of each job arrived on `channel`; else records `expired` and returns False."""
        requested = set(job_ids)
        wanted = requested - self.stall.gave_up
        if requested and not wanted:
            self.record_event("expired", f"callbacks on {channel}: waited 0.0 s, because no job ended")
            return False
        name = self.channel(channel)
        limit = self.timeouts.callback if within is None else within

        def complete() -> bool:
            received = {job_id for callback in self.receiver.arrivals(name) for job_id in callback.job_ids}
            return wanted <= received

        if self.receiver.wait(complete, limit):
            self.stall.arrived("callbacks")
            return wanted == requested
        if within is None:
            self.note_stall("callbacks")
        self.record_event("expired", f"callbacks on {channel}: waited {limit:.1f} s")
        return False

    def record_event(
        self,
        name: Literal["begin", "end", "expired", "broken", "note", "unsupported", "interrupted"],
        text: str = "",
    ) -> None:
        """Records an event of this scenario and feature."""
        self.recorder.record_event(self.scenario, self.spec.feature, name, text)
