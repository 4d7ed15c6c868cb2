"""Measures a few jobs: when each was observed to start and end, and how many ran at the same time.

Knows observations and what they prove. The number of workers is a lower bound: a job too short to be observed
Running proves nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState


@dataclass(slots=True)
class JobLifetime:
    """Observed life of one job; seconds on the run's clock."""

    last_state: str = ""
    message: str = ""
    started: float | None = None
    """End of the first describe that showed the job no longer waiting."""
    ended: float | None = None
    """End of the first describe that showed the job in a final state."""
    not_ended_before: float | None = None
    """Start of the last describe that showed the job not yet in a final state."""
    running_from: float | None = None
    running_to: float | None = None
    """The job ran for certain between these: end of the first and start of the last describe that showed Running."""

    @property
    def certain_run(self) -> float:
        """Seconds for which the job ran at least."""
        if self.running_from is None or self.running_to is None:
            return 0.0
        return max(0.0, self.running_to - self.running_from)

    def add(self, state: str, message: str, began: float, ended: float) -> None:
        """Adds one describe that lasted from `began` to `ended`."""
        self.last_state, self.message = state, message
        if state in FINAL_STATES:
            self.started = self.started if self.started is not None else ended
            self.ended = self.ended if self.ended is not None else ended
            return
        self.not_ended_before = began
        if state == JobState.RUNNING:
            self.running_from = self.running_from if self.running_from is not None else ended
            self.running_to = began
        if state not in WAITING_STATES and self.started is None:
            self.started = ended


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyProbe:
    """Submits probe jobs and polls them to their end."""

    recorder: RunRecorder
    stop: CancelToken
    ctx: ScenarioContext
    several_ids: bool

    def follow(self, step: str, job_ids: Sequence[str], within: float) -> dict[str, JobLifetime]:
        """Polls jobs until all have ended or the time is over; polls faster at first."""
        lives, _ = self._follow(step, job_ids, within)
        return lives

    def measure(self, step: str, count: int, run_time: float) -> int:
        """Submits `count` jobs together; returns the number of workers that the observations prove, at least 1."""
        began = self.recorder.now()
        ids: list[str] = []
        for number in range(count):
            ids.extend(self.ctx.submit_or_fail(f"{step}-submit", self.ctx.job_request(f"{step}-{count}-{number}")))
        lives, together = self._follow(step, ids, self.ctx.timeouts.jobs(count))
        if any(life.ended is None for life in lives.values()):
            self.ctx.recorder.record_event(
                "probe", self.ctx.spec.feature, "note", f"not all of {count} probe jobs ended"
            )
            return max(1, together)
        total = max(life.ended or began for life in lives.values()) - began
        explained = math.floor(count * run_time / total) if total > 0 else 0
        return max(1, together, explained, most_at_once(list(lives.values())))

    def _follow(self, step: str, job_ids: Sequence[str], within: float) -> tuple[dict[str, JobLifetime], int]:
        lives = {job_id: JobLifetime() for job_id in job_ids}
        start = self.recorder.now()
        together = 0
        size = 10 if self.several_ids else 1
        while True:
            open_ids = [job_id for job_id in job_ids if lives[job_id].ended is None]
            for begin in range(0, len(open_ids), size):
                response = self.ctx.calls.describe(step, *open_ids[begin : begin + size])
                exchange = response.exchange
                running = 0
                for job in response.jobs:
                    if job.job_id in lives:
                        lives[job.job_id].add(job.state or "", job.message or "", exchange.started, exchange.ended)
                        running += job.state == JobState.RUNNING
                together = max(together, running)
            passed = self.recorder.now() - start
            if all(life.ended is not None for life in lives.values()) or passed > within:
                return lives, together
            self.stop.pause(min(0.25, max(0.004, passed / 10)))


def most_at_once(lives: Sequence[JobLifetime]) -> int:
    """Returns the largest number of jobs that ran for certain at one moment."""
    edges: list[tuple[float, int]] = []
    for life in lives:
        if life.running_from is not None and life.running_to is not None and life.running_to >= life.running_from:
            edges.extend(((life.running_from, 1), (life.running_to, -1)))
    edges.sort(key=lambda edge: (edge[0], -edge[1]))
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most
