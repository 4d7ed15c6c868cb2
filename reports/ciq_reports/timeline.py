"""Computes the timeline of one scenario on one feature: the phases of each job, in seconds of the run. Pure.

A phase reaches from its first to its last observation. The span between two phases is `UNSEEN`: the state changed
there between two observations. This module draws nothing.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ciq_reports.job_log import JobLog, JobStory
from ciq_reports.sanitize import one_line, seconds_in_words
from ciq_reports.scenario_runs import ScenarioRun, place_of
from ciq_reports.target_clock import Interval, TargetClock, target_clock
from ciq_reports.transcript import RunView
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState, QueueState
from ciq_schemas.transcript.jobs import CallbackObservation, Observation
from ciq_schemas.transcript.pauses import certain_pauses, state_settings
from ciq_schemas.transcript.records import Calibration, CallbackReceived, DriverEvent, Exchange, Verdict

MOST_JOBS = 40
MOST_PAUSES_LISTED = 3
"""For more pauses, the description gives only their number and length."""


class Phase(StrEnum):
    """Phase of a job in one span."""

    ACCEPTING = "accepting"
    """The suite waits for the response to the submit."""
    WAITING = "waiting"
    RUNNING = "running"
    UNSEEN = "unseen"
    """The state changed between two observations."""
    OTHER = "other"
    """A state that no document defines."""


@dataclass(frozen=True, slots=True)
class Span:
    """One phase of a job and its time."""

    phase: Phase
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Ending:
    """The job had reached the final state `state` by the instant `by`."""

    state: str
    by: float


@dataclass(frozen=True, slots=True)
class CallbackMark:
    """A callback that arrived at `at`."""

    seq: int
    at: float
    state: str
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineJob:
    """One job of a timeline."""

    job_id: str
    label: str
    level: str
    accepted: Interval
    spans: tuple[Span, ...]
    ending: Ending | None
    callbacks: tuple[CallbackMark, ...]
    cancels: tuple[float, ...]
    start_window: Interval | None
    """The job's own StartTime on the clock of the run."""
    witness: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """The queue was certainly paused from `started` to `ended`; None when no end is in the transcript."""

    started: float
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A record in the evidence of a verdict."""

    seq: int
    started: float
    ended: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One scenario run as it is drawn."""

    name: str
    feature: str
    scenario: str
    started: float
    ended: float
    jobs: tuple[TimelineJob, ...]
    paused: tuple[Paused, ...]
    flags: tuple[Flag, ...]
    left_out: int = 0
    """Number of jobs of the scenario run that are not drawn, because there are too many."""

    def sentence(self) -> str:
        """Describes the picture in words."""
        ended: dict[str, int] = {}
        for job in self.jobs:
            state = job.ending.state if job.ending else "no end observed"
            ended[state] = ended.get(state, 0) + 1
        parts = [f"{len(self.jobs)} job(s): " + ", ".join(f"{n} {state}" for state, n in ended.items())]
        if len(self.paused) > MOST_PAUSES_LISTED:
            parts.append(paused_in_words(self))
        elif self.paused:
            spans = (
                f"{p.started:.2f} s to {'the end' if p.ended is None else f'{p.ended:.2f} s'}" for p in self.paused
            )
            parts.append("queue paused " + ", ".join(spans))
        callbacks = sum(len(job.callbacks) for job in self.jobs)
        if callbacks:
            parts.append(f"{callbacks} callback(s)")
        if self.flags:
            parts.append("evidence " + ", ".join(f"#{flag.seq}" for flag in self.flags))
        if self.left_out:
            parts.append(f"{self.left_out} more job(s) not drawn")
        return "; ".join(parts)


def paused_in_words(timeline: Timeline) -> str:
    """Describes the pauses: `queue paused 12 times, 3.2 s in all`."""
    seconds = sum((timeline.ended if p.ended is None else p.ended) - p.started for p in timeline.paused)
    times = "once" if len(timeline.paused) == 1 else f"{len(timeline.paused)} times"
    return f"queue paused {times}, {seconds_in_words(seconds)} in all"


class Timelines:
    """Computes the timelines of one run; reads each body once."""

    def __init__(self, view: RunView, log: JobLog) -> None:
        """`log` is the result of `read_log` for `view`."""
        self._view = view
        self._log = log
        stories: dict[str, list[JobStory]] = {}
        for story in log.stories.values():
            stories.setdefault(story.key.feature, []).append(story)
        self._clocks = {feature: _clock(mine) for feature, mine in stories.items()}

    def of(
        self,
        scenario_run: ScenarioRun,
        verdicts: Iterable[Verdict] = (),
        *,
        most_jobs: int = MOST_JOBS,
        closely: bool = False,
    ) -> Timeline | None:
        """Returns the timeline of a scenario run, with the evidence of `verdicts` marked; None without jobs.

        `closely` shows only the time of its jobs and evidence, not the whole scenario run.
        """
        verdicts = tuple(verdicts)
        flags = tuple(self._flags(scenario_run, verdicts))
        in_evidence = self._jobs_in_evidence(verdicts)
        jobs = [
            replace(
                _timeline_job(story, self._clocks.get(scenario_run.feature), scenario_run),
                witness=story.key.job_id in in_evidence,
            )
            for story in self._log.stories.values()
            if story.key.feature == scenario_run.feature and story.submitted.scenario == scenario_run.scenario
        ]
        if not jobs:
            return None
        kept = _nearest_to_evidence(jobs, most_jobs)
        started, ended = (
            scenario_run.started,
            max([scenario_run.ended, *(event.at for job in kept for event in job.callbacks)]),
        )
        if closely:
            started, ended = _window(kept, flags, started, ended)
        return Timeline(
            name=scenario_run.name,
            feature=scenario_run.feature,
            scenario=scenario_run.scenario,
            started=started,
            ended=ended,
            jobs=tuple(kept),
            paused=tuple(_paused(self._log, scenario_run.feature, started, ended)),
            flags=flags,
            left_out=len(jobs) - len(kept),
        )

    def _flags(self, scenario_run: ScenarioRun, verdicts: Sequence[Verdict]) -> Iterator[Flag]:
        given: set[int] = set()
        for verdict in verdicts:
            for record in self._view.witnesses(verdict):
                if place_of(record) != (scenario_run.feature, scenario_run.scenario) or record.seq in given:
                    continue
                given.add(record.seq)
                match record:
                    case Exchange():
                        yield Flag(seq=record.seq, started=record.started, ended=record.ended, what=record.step)
                    case CallbackReceived():
                        yield Flag(seq=record.seq, started=record.started, ended=record.ended, what="callback")
                    case DriverEvent():
                        yield Flag(seq=record.seq, started=record.at, ended=record.at, what=record.name)
                    case Calibration():
                        pass

    def _jobs_in_evidence(self, verdicts: Sequence[Verdict]) -> frozenset[str]:
        """Returns the jobs that the verdicts concern: named in their texts, else alone in an evidence record."""
        in_evidence: set[str] = set()
        for verdict in verdicts:
            shown = [self._log.shown_by.get(seq, ()) for seq in verdict.witness]
            words = f"{verdict.expected} {verdict.seen} {verdict.reason}"
            named = {job_id for ids in shown for job_id in ids if job_id and job_id in words}
            in_evidence |= named or {ids[0] for ids in shown if len(ids) == 1}
        return frozenset(in_evidence)


def _clock(stories: Iterable[JobStory]) -> TargetClock | None:
    return target_clock(
        (story.observations[0].job.creation_time, (story.submitted.started, story.submitted.ended))
        for story in stories
        if story.observations
    )


def _phase(state: str) -> Phase | None:
    """Returns the phase of a state; None for a final state."""
    try:
        known = JobState(state)
    except ValueError:
        return Phase.OTHER
    if known in FINAL_STATES:
        return None
    return Phase.WAITING if known in WAITING_STATES else Phase.RUNNING


def _timeline_job(story: JobStory, clock: TargetClock | None, scenario_run: ScenarioRun) -> TimelineJob:
    submit = story.submitted
    spans, ending = _spans(story)
    jobs = [observation.job for observation in story.observations]
    operations = [job.operation for job in jobs if job.operation is not None]
    user_data = next((o.user_data for o in operations if o.user_data), "")
    start_times = [job.start_time for job in jobs if job.start_time]
    return TimelineJob(
        job_id=story.key.job_id,
        label=_label(user_data, scenario_run.scenario),
        level=next((o.job_level for o in operations if o.job_level), ""),
        accepted=(submit.started, submit.ended),
        spans=tuple(spans),
        ending=ending,
        callbacks=tuple(CallbackMark(c.seq, c.started, c.state, c.callback.arrival.answered) for c in story.callbacks),
        cancels=tuple(cancel.exchange.started for cancel in story.cancels if cancel.ok),
        start_window=clock.window(start_times[-1]) if clock and start_times else None,
    )


def _label(user_data: str, scenario: str) -> str:
    """Returns the scenario's label of the job: UserData is `<run id> <scenario> <label>`."""
    words = one_line(user_data).split(" ")
    if len(words) > 2 and words[1] == scenario:
        words = words[2:]
    return " ".join(words)


def _evidence(story: JobStory) -> Iterator[tuple[float, float, str]]:
    """Yields (started, ended, state) of each observation and callback of the job, in order of time."""
    seen: list[Observation | CallbackObservation] = [*story.observations, *story.callbacks]
    for one in sorted(seen, key=lambda one: (one.ended, one.started)):
        if one.state:
            yield one.started, one.ended, one.state


def _spans(story: JobStory) -> tuple[list[Span], Ending | None]:
    """Turns observations into spans; the first final state ends the job."""
    submit = story.submitted
    spans = [Span(Phase.ACCEPTING, submit.started, submit.ended)]
    edge = submit.ended
    for started, ended, state in _evidence(story):
        phase = _phase(state)
        if phase is None:
            if ended > edge:
                spans.append(Span(Phase.UNSEEN, edge, ended))
            return spans, Ending(state, max(edge, ended))
        if ended <= edge:
            continue
        last = spans[-1]
        begun = max(started, edge)
        if last.phase is phase or (last.phase is Phase.ACCEPTING and phase is Phase.WAITING):
            begun = edge
        if begun > edge:
            spans.append(Span(Phase.UNSEEN, edge, begun))
        if spans[-1].phase is phase:
            spans[-1] = replace(spans[-1], ended=ended)
        else:
            spans.append(Span(phase, begun, ended))
        edge = ended
    return spans, None


def _nearest_to_evidence(jobs: list[TimelineJob], most: int) -> list[TimelineJob]:
    """Returns at most `most` jobs in order of acceptance: those in the evidence, then the nearest to them."""
    jobs.sort(key=lambda job: (job.accepted[1], job.accepted[0]))
    if len(jobs) <= most:
        return jobs
    in_evidence = [place for place, job in enumerate(jobs) if job.witness] or [0]

    def distance(place: int) -> tuple[int, int]:
        return min(abs(place - other) for other in in_evidence), place

    return [jobs[place] for place in sorted(sorted(range(len(jobs)), key=distance)[:most])]


def _window(jobs: Sequence[TimelineJob], flags: Sequence[Flag], earliest: float, latest: float) -> Interval:
    """Returns the time from the first to the last instant of jobs and flags, with a margin."""
    moments = [edge for job in jobs for span in job.spans for edge in (span.started, span.ended)]
    moments += [job.ending.by for job in jobs if job.ending] + [m.at for job in jobs for m in job.callbacks]
    moments += [edge for flag in flags for edge in (flag.started, flag.ended)]
    margin = 0.03 * (max(moments) - min(moments))
    return max(earliest, min(moments) - margin), min(latest, max(moments) + margin)


def _paused(log: JobLog, feature: str, started: float, ended: float) -> Iterator[Paused]:
    """Yields the spans within [started, ended] in which a queue of the feature was certainly paused."""
    for key, updates in log.state_updates.items():
        if key.feature != feature:
            continue
        for span in certain_pauses(state_settings(updates, QueueState.PAUSED), until=math.inf):
            if span.begin < ended and span.end > started:
                yield Paused(max(span.begin, started), None if span.end == math.inf else min(span.end, ended))
