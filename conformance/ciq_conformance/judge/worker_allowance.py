"""Estimates how many jobs workers can hold while these jobs still show as waiting. Pure.

A worker takes a job a moment before the target shows that, so a pause or a job of greater level can come too late for
it. That explains one job for each worker, and the jobs that start in the time the target needs to show a start. More
jobs than that are proof without any grace period in seconds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.whole_run import all_timelines
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import JobTimeline, most_overlapping

_ROUNDS, _FEWEST = 4, 24
"""The throughput is measured over so many jobs of each worker, and so many in all: fewer are the burst of a resume."""

_ANSWERS = 5
"""So many answers must show the largest number of running jobs: a single one may be a coincidence."""

_MOST_SHARE = 0.9
"""Share of the jobs whose start the target shows within the start latency; the rest are outliers of a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerAllowance:
    """How many jobs may start although they were seen waiting."""

    workers: int
    """Jobs that run at once: calibrated, seen Running or derived from the throughput, whichever is larger."""
    unshown: int
    """Jobs that start within the time in which the target shows a start."""
    throughput: float
    """Jobs per second in the busiest part of the run; 0 when too few jobs ran."""
    usually_unshown: int
    """The same by the median latency, which is what the pass is decided by."""

    @property
    def jobs(self) -> int:
        """The largest number of jobs that a conforming target can start after they were seen waiting."""
        return self.workers + self.unshown

    @property
    def usual_jobs(self) -> int:
        """How many jobs a conforming target usually starts after they were seen waiting."""
        return self.workers + self.usually_unshown

    def started_within(self, seconds: float) -> int:
        """How many jobs the workers can start in this time, a job for each worker at least."""
        return max(self.workers, math.ceil(self.throughput * seconds))


def worker_allowance(evidence: Evidence) -> WorkerAllowance:
    """The allowance of one feature's queue, from every job of the run."""
    timelines = evidence.derive(all_timelines)
    calibration = evidence.calibration
    calibrated = calibration.workers if calibration else 1
    lone = _lone_jobs(timelines)
    shown = Latencies.of((t.not_before.at - t.submitted_at, t.not_after.at - t.submitted_at) for t in lone)
    lived = Latencies.of(
        (_not_ended_before(t) - t.submitted_at, ended - t.submitted_at)
        for t in lone
        if (ended := _ended_by(t)) < math.inf
    )
    start_latency = shown.of_most if shown else calibration.start_latency if calibration else 0.0
    job_latency = lived.usual if lived else calibration.job_latency if calibration else 0.0
    shown_running = running_in_answers(timelines)
    workers = max(1, calibrated, most_running(timelines), shown_running)
    throughput = _throughput(timelines, max(_FEWEST, _ROUNDS * workers))
    if not shown_running:
        # Where jobs are too short to be seen Running, throughput and lifetime give their number (Little's law).
        workers = max(workers, round(throughput * job_latency))
    usual = shown.usual if shown else start_latency
    return WorkerAllowance(
        workers=workers,
        unshown=math.ceil(throughput * start_latency),
        throughput=throughput,
        usually_unshown=math.ceil(throughput * usual),
    )


@dataclass(frozen=True, slots=True)
class Latencies:
    """Latencies of jobs, each between two bounds. On a busy machine the bounds lie far apart: the suite looks late.

    The lower bounds are then closer to the truth. They are too low by at most the time between two looks, which is the
    smaller quarter of the differences.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @classmethod
    def of(cls, bounds: Iterable[tuple[float, float]]) -> "Latencies":
        """Takes lower and upper bound of each latency."""
        known = tuple(bounds)
        return cls(tuple(low for low, _ in known), tuple(high for _, high in known))

    def __bool__(self) -> bool:
        return bool(self.upper)

    @property
    def _between_looks(self) -> float:
        return sorted(high - low for low, high in zip(self.lower, self.upper, strict=True))[len(self.lower) // 4]

    @property
    def usual(self) -> float:
        """The median."""
        return min(median(self.upper), median(self.lower) + self._between_looks)

    @property
    def of_most(self) -> float:
        """The latency that most jobs do not exceed."""
        most = sorted(self.lower)[math.ceil(_MOST_SHARE * len(self.lower)) - 1]
        return min(latency_of_most(self.upper), most + self._between_looks)


def latency_of_most(latencies: Sequence[float]) -> float:
    """The latency that most jobs do not exceed: where it differs from job to job, the mean is no bound.

    At most twice the median, so that a busy machine, where a few jobs take much longer, does not hide leaks.
    """
    return min(sorted(latencies)[math.ceil(_MOST_SHARE * len(latencies)) - 1], 2 * median(latencies))


def most_running(timelines: Iterable[JobTimeline]) -> int:
    """The largest number of jobs that certainly ran at one instant."""
    spans = []
    for timeline in timelines:
        running = [s for s in timeline.observations if s.state == JobState.RUNNING]
        if running and not timeline.returned_to_waiting and running[0].received <= running[-1].sent:
            spans.append((running[0].received, running[-1].sent))
    return most_overlapping(spans)


def running_in_answers(timelines: Iterable[JobTimeline]) -> int:
    """The largest number of jobs that answers show Running beside one that waits; 0 where few answers show so many.

    A job that waits in the same answer means that no worker was free for it.
    """
    running: Counter[int] = Counter()
    waiting: set[int] = set()
    for timeline in timelines:
        for sighting in timeline.observations:
            if sighting.state == JobState.RUNNING:
                running[sighting.seq] += 1
            elif sighting.state in WAITING_STATES:
                waiting.add(sighting.seq)
    beside = Counter(count for seq, count in running.items() if seq in waiting)
    most = max(beside, default=0)
    return most if beside[most] >= _ANSWERS else 0


def _not_ended_before(timeline: JobTimeline) -> float:
    """When the suite last sent a request that showed the job not ended."""
    return max((s.sent for s in timeline.observations if s.state not in FINAL_STATES), default=timeline.submitted_at)


def _ended_by(timeline: JobTimeline) -> float:
    return min((s.received for s in timeline.observations if s.state in FINAL_STATES), default=math.inf)


def _lone_jobs(timelines: Sequence[JobTimeline]) -> list[JobTimeline]:
    """Jobs that started and found no other job in the queue when they were submitted."""
    lone = []
    free_from = -math.inf
    for timeline in sorted(timelines, key=lambda t: t.submitted_at):
        if free_from <= timeline.submitted_at and timeline.not_after.at < math.inf:
            lone.append(timeline)
        free_from = max(free_from, _ended_by(timeline))
    return lone


def _throughput(timelines: Iterable[JobTimeline], count: int) -> float:
    """Starts per second in the busiest stretch of `count` jobs, by what the observations prove."""
    started = sorted((t for t in timelines if t.not_after.at < math.inf), key=lambda t: t.not_after.at)
    best = 0.0
    for first in range(len(started) - count + 1):
        stretch = started[first : first + count]
        seconds = stretch[-1].not_after.at - min(t.not_before.at for t in stretch)
        best = max(best, count / max(seconds, 0.001))
    return best
