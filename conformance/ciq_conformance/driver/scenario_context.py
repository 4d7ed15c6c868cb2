"""What a scenario works with: the target's calls for one feature, the receiver, the patience, the undo list.

A scenario is a function `play(stage: Stage) -> None` in `scenarios/<name>.py`. It makes exchanges under step
names from `steps/<name>.py`, waits for conditions with deadlines, and never judges: what it saw is in the
transcript. It raises PreconditionFailed when a prerequisite fails; the mark then blocks the checks that need it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest, submit_body, update_body
from ciq_conformance.judge.ordering import settled_after
from ciq_conformance.profile import Profile
from ciq_conformance.scenario_spec import channel_name
from ciq_conformance.timeouts import SHOWN_WITHIN, Timeouts
from ciq_schemas.features import Feature, FeatureSpec
from ciq_schemas.lifecycle import FINAL_STATES, QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.records import AnyRecord
from ciq_schemas.values import Job, Queue


class PreconditionFailed(Exception):  # noqa: N818 - a stop of the scenario, not an error of ours
    """A prerequisite of the scenario failed; the text says which and what was seen."""


class NotOffered(Exception):  # noqa: N818 - as above
    """The target does not offer what the scenario is about; the text says how it said so."""


Restart = Callable[[], None]
"""Restarts the target and returns when it answers again; PreconditionFailed when it does not."""


class Calls(Protocol):
    """One method per operation of the service for one feature; each records one exchange and returns it read.

    `step` is the label under which the judge finds the exchange. Parameters go on the wire as given.
    """

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
        """An operation beside queues and jobs: `key` is the id in its path, `flag` a parameter without value.
        With `insist` it is sent though the run is being stopped: for taking back what the scenario made."""
        ...

    def raw(
        self,
        step: str,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signing: Literal["normal", "none", "wrong", "expired"] = "normal",
    ) -> ParsedExchange:
        """Send anything: `target` is path and query as they go on the wire."""
        ...


class Receiver(Protocol):
    """The callback receiver: gives out addresses and keeps what arrives (the transcript has it too)."""

    def address(self, channel: str, suffix: str = "") -> str:
        """An address, as the target sees it, whose arrivals carry `channel`; `suffix` is more path or a query."""
        ...

    def arrivals(self, *channels: str) -> tuple[ParsedCallback, ...]:
        """What has arrived on the channels so far."""
        ...

    def answer(self, channel: str, status: int, times: int, *, late: float = 0.0) -> None:
        """Answer the next `times` requests on the channel with `status`, `late` seconds after they came.

        0 closes the connection unanswered.
        """
        ...

    def wait(self, condition: Callable[[], bool], within: float) -> bool:
        """Wait until `condition` holds, looking again at every arrival; False when the time ran out."""
        ...


class Recorder(Protocol):
    """Where exchanges, arrivals and marks go."""

    @property
    def records(self) -> Sequence[AnyRecord]:
        """Everything recorded so far, in order."""
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
    """Let this much time pass (or return at once when the run is being stopped)."""
    found: Queue
    """The feature's queue as it was before the run: what `restore` goes back to."""
    several_ids: bool = False
    """The probe has seen the target describe two ids in one request."""
    extra_testing: ExtraTesting = NO_EXTRA_TESTING
    """What may be spent on random histories."""
    exclusive: Callable[[], AbstractContextManager[None]] = nullcontext
    """Within: no other feature plays a scenario."""
    restart: Restart | None = None
    """Stops the target and starts it again; to be called within `alone()` only."""
    siblings: Mapping[Feature, "ScenarioContext"] = field(default_factory=dict)
    """Stages of the other features of the run, for the isolation scenario only."""

    @property
    def queue_id(self) -> str:
        """Id of the feature's queue."""
        return self.found.queue_id or ""

    def channel(self, label: str) -> str:
        """Name of a receiver address of this scenario and feature; steps and checks use the same `label`."""
        return channel_name(self.spec.feature, self.scenario, label)

    def job_request(self, label: str, **changes: object) -> JobRequest:
        """A job order with good input, the queue's id, and UserData that names run, scenario and `label`."""
        sample = self.profile.inputs[self.spec.feature]
        order = JobRequest(
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
        return order.with_(**changes) if changes else order

    def submit(self, step: str, *orders: JobRequest) -> ParsedExchange:
        """Submit one order, or several as one request with many operations."""
        return self.calls.submit(step, submit_body(orders))

    def accepted_submit(self, step: str, *jobs: JobRequest) -> ParsedExchange:
        """Submits jobs; raises PreconditionFailed when the target does not return as many job ids."""
        response = self.submit(step, *jobs)
        if not response.ok or len(response.job_ids) != len(jobs):
            raise PreconditionFailed(
                f"the response to the submit was {describe_response(response)}; expected {len(jobs)} job(s)"
            )
        return response

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
        """PUT the queue: state, rule (None = Off) and name (None = as found)."""
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
        """As `set_queue`; PreconditionFailed when the target refuses."""
        response = self.set_queue(step, state=state, rule=rule)
        if not response.ok:
            raise PreconditionFailed(f"setting the queue to {state} answered {describe_response(response)}")
        return response

    def let_pause_reach_workers(self) -> None:
        """Wait a moment after the answer to a pause: no page says how soon the last worker hears of it."""
        self.pause_thread(settled_after(self.timeouts.calibration))

    def restore(self, step: str = "restore") -> bool:
        """Put name, state and callback rule of the queue back to what was found; True when accepted."""
        config = self.found.notify_config
        rule = CallbackRuleRequest(state="Off", url=None, event=None, type=None)
        if config is not None:
            rule = CallbackRuleRequest(
                state=config.state or "Off",
                url=config.url or None,
                event=config.event or None,
                type=config.type or None,
                result_format=config.result_format or None,
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
        """Describe jobs, ten a request where the target can, else one by one; what is not answered is missing."""
        size = 10 if self.several_ids else 1
        seen: dict[str, Job] = {}
        for start in range(0, len(job_ids), size):
            response = self.calls.describe(step, *job_ids[start : start + size])
            seen.update({job.job_id: job for job in response.jobs if job.job_id})
        return seen

    def look_for(self, step: str, job_ids: Sequence[str]) -> dict[str, Job]:
        """Look at new jobs until each is shown, or as long as that may take: a replica that is read may be behind."""
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
    ) -> dict[str, str]:
        """Look at jobs that have not ended, again and again, until the states by id satisfy `until`.

        Returns the last states; marks `expired` when the time ran out first.
        """
        states: dict[str, str] = {}
        deadline = self.now() + within
        while True:
            open_ids = [job_id for job_id in job_ids if states.get(job_id) not in FINAL_STATES]
            states.update({k: job.state or "" for k, job in self.look(step, open_ids).items()})
            if until(states):
                return states
            if self.now() >= deadline:
                self.record_event("expired", f"{step}: waited {within:.1f} s")
                return states
            self.pause_thread(self.timeouts.poll)

    def watch_ended(self, step: str, job_ids: Sequence[str], within: float | None = None) -> dict[str, str]:
        """Watch until all jobs have ended."""
        return self.watch(
            step,
            job_ids,
            lambda states: all(states.get(job_id) in FINAL_STATES for job_id in job_ids),
            self.timeouts.jobs(len(job_ids)) if within is None else within,
        )

    def watch_for(self, step: str, job_ids: Sequence[str], seconds: float) -> dict[str, str]:
        """Keep looking for a fixed time: for what must not happen."""
        end = self.now() + seconds
        return self.watch(step, job_ids, lambda _: self.now() >= end, seconds + self.timeouts.answer)

    def wait_callbacks(self, channel: str, job_ids: Iterable[str], within: float | None = None) -> bool:
        """Wait until each job was told on `channel`; marks `expired` and returns False when not all were."""
        wanted = set(job_ids)
        name = self.channel(channel)
        limit = self.timeouts.callback if within is None else within

        def complete() -> bool:
            told = {job_id for callback in self.receiver.arrivals(name) for job_id in callback.job_ids}
            return wanted <= told

        if self.receiver.wait(complete, limit):
            return True
        self.record_event("expired", f"callbacks on {channel}: waited {limit:.1f} s")
        return False

    def record_event(
        self,
        name: Literal["begin", "end", "expired", "broken", "note", "unsupported", "interrupted"],
        text: str = "",
    ) -> None:
        """Leave a remark in the transcript."""
        self.recorder.record_event(self.scenario, self.spec.feature, name, text)
