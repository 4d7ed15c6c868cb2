"""Measures a few jobs: when each was observed to start and end, and how many ran at the same time.

Reads the observations from job timelines. The number of workers is a lower bound: a job too short to be observed
Running proves nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.requests import JobRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext, accepted
from ciq_conformance.driver.stall import Progress
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation, build_timelines, most_overlapping
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import REPRODUCED


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeJob:
    """What the describes of the probe show of one job; seconds on the run's clock."""

    observations: tuple[StateObservation, ...] = ()
    message: str = ""
    """The last message that the target reported."""

    @classmethod
    def of(cls, timeline: JobTimeline, message: str) -> "ProbeJob":
        """Reads a timeline without the observation in the response to the submit."""
        described = tuple(one for one in timeline.observations if one.seq != timeline.submit_seq)
        return cls(observations=described, message=message)

    @property
    def last_state(self) -> str:
        """State in the last describe, empty without one."""
        return self.observations[-1].state if self.observations else ""

    @property
    def started(self) -> float | None:
        """End of the first describe that showed the job no longer waiting."""
        return next((one.received for one in self.observations if one.state not in WAITING_STATES), None)

    @property
    def ended(self) -> float | None:
        """End of the first describe that showed the job in a final state."""
        return next((one.received for one in self.observations if one.state in FINAL_STATES), None)

    @property
    def not_ended_before(self) -> float | None:
        """Start of the last describe that showed the job not yet in a final state."""
        return max((one.sent for one in self.observations if one.state not in FINAL_STATES), default=None)

    @property
    def running(self) -> tuple[float, float] | None:
        """The job ran for certain between these: end of the first and start of the last describe that showed Running.

        None when the two overlap, or when no describe showed Running.
        """
        shown = [one for one in self.observations if one.state == JobState.RUNNING]
        if not shown or shown[-1].sent < shown[0].received:
            return None
        return shown[0].received, shown[-1].sent

    @property
    def certain_run(self) -> float:
        """Seconds for which the job ran at least."""
        return self.running[1] - self.running[0] if self.running else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyProbe:
    """Submits probe jobs and polls them to their end."""

    recorder: RunRecorder
    stop: CancelToken
    ctx: ScenarioContext
    several_ids: bool

    def follow(self, step: str, submit: ParsedExchange, within: float) -> ProbeJob:
        """Polls the job of one submit until it has ended or the time is over; polls faster at first."""
        (job,), _ = self._follow(step, (submit,), within)
        return job

    def measure(self, step: str, count: int, run_time: float) -> int:
        """Submits `count` jobs together; returns the number of workers that the observations prove, at least 1."""
        began = self.recorder.now()
        submits = []
        for number in range(count):
            request = self.ctx.job_request(f"{step}-{count}-{number}")
            submits.append(accepted(submit_until_answered(self.ctx, f"{step}-submit", request)))
        jobs, together = self._follow(step, submits, self.ctx.timeouts.jobs(count))
        if any(job.ended is None for job in jobs):
            self.ctx.recorder.record_event(
                "probe", self.ctx.spec.feature, "note", f"not all of {count} probe jobs ended"
            )
            return max(1, together)
        total = max(job.ended or began for job in jobs) - began
        explained = math.floor(count * run_time / total) if total > 0 else 0
        return max(1, together, explained, most_at_once(jobs))

    def _follow(self, step: str, submits: Sequence[ParsedExchange], within: float) -> tuple[tuple[ProbeJob, ...], int]:
        job_ids = [job_id for submit in submits for job_id in submit.job_ids]
        ended: set[str] = set()
        messages: dict[str, str] = {}
        describes: list[ParsedExchange] = []
        start = self.recorder.now()
        together = 0
        states: dict[str, str] = {}
        # Undocumented words cannot show the end; for the documented ones only the deadline counts.
        progress = Progress(stall=math.inf, unknown=self.ctx.timeouts.jobs(1))
        size = 10 if self.several_ids else 1
        while True:
            open_ids = [job_id for job_id in job_ids if job_id not in ended]
            for begin in range(0, len(open_ids), size):
                response = self.ctx.calls.describe(step, *open_ids[begin : begin + size])
                describes.append(response)
                shown = [job for job in response.jobs if job.job_id in job_ids] if response.ok else []
                states.update({job.job_id: job.state or "" for job in shown if job.job_id})
                messages.update({job.job_id: job.message or "" for job in shown if job.job_id})
                ended.update(job.job_id for job in shown if job.job_id and job.state in FINAL_STATES)
                together = max(together, sum(job.state == JobState.RUNNING for job in shown))
            passed = self.recorder.now() - start
            if ended.issuperset(job_ids) or passed > within:
                break
            if progress.stalled(states, job_ids, self.recorder.now()):
                break
            self.stop.pause(min(0.25, max(0.004, passed / 10)))
        timelines = build_timelines(submits, describes)
        if len(timelines) != len(submits):
            raise PreconditionFailed(f"{len(submits)} submits of one job each returned {len(timelines)} jobs")
        return tuple(ProbeJob.of(one, messages.get(one.job_id, "")) for one in timelines), together


def submit_until_answered(ctx: ScenarioContext, step: str, request: JobRequest) -> ParsedExchange:
    """Submits a job, and again when the network lost the response: a second job does not harm the calibration."""
    response = ctx.submit(step, request)
    for _ in range(REPRODUCED - 1):
        if not response.exchange.is_lost:
            break
        response = ctx.submit(step, request)
    return response


def most_at_once(jobs: Sequence[ProbeJob]) -> int:
    """Returns the largest number of jobs that ran for certain at one moment."""
    return most_overlapping(job.running for job in jobs if job.running is not None)
