"""The timeline of one scenario on one feature: a lane of phases per job, in seconds of the run. Pure; draws nothing.

A phase reaches from its first to its last observation. The stretch between two phases is `UNSEEN`: the state changed
there between two observations.
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

MOST_LANES = 40
MOST_PAUSES_LISTED = 3
"""More pauses than these are shown by number and length."""


class Phase(StrEnum):
    """State of a job in one stretch of a lane."""

    ACCEPTING = "accepting"
    """The submit is under way."""
    WAITING = "waiting"
    RUNNING = "running"
    UNSEEN = "unseen"
    """The state changed between two observations."""
    OTHER = "other"
    """A state that is in no document."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a lane."""

    phase: Phase
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Ending:
    """The job had reached `state` at the latest at `by`."""

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
class Lane:
    """One job."""

    job_id: str
    label: str
    level: str
    accepted: Interval
    spans: tuple[Span, ...]
    ending: Ending | None
    callbacks: tuple[CallbackMark, ...]
    cancels: tuple[float, ...]
    start_window: Interval | None
    """Where the job's own StartTime lies on the clock of the run."""
    witness: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """The queue was certainly paused from `started` to `ended`; an edge of None is outside the transcript."""

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
    """The picture of one scenario run before it is drawn."""

    name: str
    feature: str
    scenario: str
    started: float
    ended: float
    lanes: tuple[Lane, ...]
    paused: tuple[Paused, ...]
    flags: tuple[Flag, ...]
    left_out: int = 0
    """Jobs of the scenario run without a lane, because there were too many."""

    def sentence(self) -> str:
        """The picture in words."""
        ended: dict[str, int] = {}
        for lane in self.lanes:
            state = lane.ending.state if lane.ending else "no end observed"
            ended[state] = ended.get(state, 0) + 1
        parts = [f"{len(self.lanes)} job(s): " + ", ".join(f"{n} {state}" for state, n in ended.items())]
        if len(self.paused) > MOST_PAUSES_LISTED:
            parts.append(paused_in_words(self))
        elif self.paused:
            spans = (
                f"{p.started:.2f} s to {'the end' if p.ended is None else f'{p.ended:.2f} s'}" for p in self.paused
            )
            parts.append("queue paused " + ", ".join(spans))
        told = sum(len(lane.callbacks) for lane in self.lanes)
        if told:
            parts.append(f"{told} callback(s)")
        if self.flags:
            parts.append("witness " + ", ".join(f"#{flag.seq}" for flag in self.flags))
        if self.left_out:
            parts.append(f"{self.left_out} more job(s) not drawn")
        return "; ".join(parts)


def paused_in_words(timeline: Timeline) -> str:
    """`queue paused 12 times, 3.2 s in all`."""
    seconds = sum((timeline.ended if p.ended is None else p.ended) - p.started for p in timeline.paused)
    times = "once" if len(timeline.paused) == 1 else f"{len(timeline.paused)} times"
    return f"queue paused {times}, {seconds_in_words(seconds)} in all"


class Timelines:
    """Timelines of one run: bodies are read once, pictures are made on demand."""

    def __init__(self, view: RunView, log: JobLog) -> None:
        """`log` is the run's own, from `read_log`."""
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
        most_lanes: int = MOST_LANES,
        closely: bool = False,
    ) -> Timeline | None:
        """The timeline of a scenario run, with the witnesses of `verdicts` marked; None without jobs.

        `closely` shows the time of its lanes and witnesses only, not the whole scenario run.
        """
        verdicts = tuple(verdicts)
        flags = tuple(self._flags(scenario_run, verdicts))
        accused = self._accused(verdicts)
        lanes = [
            replace(
                _lane(story, self._clocks.get(scenario_run.feature), scenario_run), witness=story.key.job_id in accused
            )
            for story in self._log.stories.values()
            if story.key.feature == scenario_run.feature and story.submitted.scenario == scenario_run.scenario
        ]
        if not lanes:
            return None
        kept = _most_telling(lanes, most_lanes)
        started, ended = (
            scenario_run.started,
            max([scenario_run.ended, *(event.at for lane in kept for event in lane.callbacks)]),
        )
        if closely:
            started, ended = _window(kept, flags, started, ended)
        return Timeline(
            name=scenario_run.name,
            feature=scenario_run.feature,
            scenario=scenario_run.scenario,
            started=started,
            ended=ended,
            lanes=tuple(kept),
            paused=tuple(_paused(self._log, scenario_run.feature, started, ended)),
            flags=flags,
            left_out=len(lanes) - len(kept),
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

    def _accused(self, verdicts: Sequence[Verdict]) -> frozenset[str]:
        """Jobs that the verdicts are about: named in their texts, else the only jobs in their witnesses."""
        accused: set[str] = set()
        for verdict in verdicts:
            shown = [self._log.shown_by.get(seq, ()) for seq in verdict.witness]
            words = f"{verdict.expected} {verdict.seen} {verdict.reason}"
            named = {job_id for ids in shown for job_id in ids if job_id and job_id in words}
            accused |= named or {ids[0] for ids in shown if len(ids) == 1}
        return frozenset(accused)


def _clock(stories: Iterable[JobStory]) -> TargetClock | None:
    return target_clock(
        (story.observations[0].job.creation_time, (story.submitted.started, story.submitted.ended))
        for story in stories
        if story.observations
    )


def _phase(state: str) -> Phase | None:
    """The phase a state shows; None for a final state."""
    try:
        known = JobState(state)
    except ValueError:
        return Phase.OTHER
    if known in FINAL_STATES:
        return None
    return Phase.WAITING if known in WAITING_STATES else Phase.RUNNING


def _lane(story: JobStory, clock: TargetClock | None, scenario_run: ScenarioRun) -> Lane:
    submit = story.submitted
    spans, ending = _spans(story)
    jobs = [observation.job for observation in story.observations]
    operations = [job.operation for job in jobs if job.operation is not None]
    user_data = next((o.user_data for o in operations if o.user_data), "")
    start_times = [job.start_time for job in jobs if job.start_time]
    return Lane(
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
    """What the scenario called the job: UserData reads `<run id> <scenario> <label>`."""
    words = one_line(user_data).split(" ")
    if len(words) > 2 and words[1] == scenario:
        words = words[2:]
    return " ".join(words)


def _evidence(story: JobStory) -> Iterator[tuple[float, float, str]]:
    """(started, ended, state) of all that shows the job's state, callbacks included, in order of time."""
    seen: list[Observation | CallbackObservation] = [*story.observations, *story.callbacks]
    for one in sorted(seen, key=lambda one: (one.ended, one.started)):
        if one.state:
            yield one.started, one.ended, one.state


def _spans(story: JobStory) -> tuple[list[Span], Ending | None]:
    """Turn observations into stretches; the first final state closes the lane."""
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


def _most_telling(lanes: list[Lane], most: int) -> list[Lane]:
    """At most `most` lanes in order of acceptance: the witnesses, then those accepted nearest to one of them."""
    lanes.sort(key=lambda lane: (lane.accepted[1], lane.accepted[0]))
    if len(lanes) <= most:
        return lanes
    accused = [place for place, lane in enumerate(lanes) if lane.witness] or [0]

    def distance(place: int) -> tuple[int, int]:
        return min(abs(place - other) for other in accused), place

    return [lanes[place] for place in sorted(sorted(range(len(lanes)), key=distance)[:most])]


def _window(lanes: Sequence[Lane], flags: Sequence[Flag], earliest: float, latest: float) -> Interval:
    """From the first to the last thing that lanes and flags show, with some air around it."""
    moments = [edge for lane in lanes for span in lane.spans for edge in (span.started, span.ended)]
    moments += [lane.ending.by for lane in lanes if lane.ending] + [m.at for lane in lanes for m in lane.callbacks]
    moments += [edge for flag in flags for edge in (flag.started, flag.ended)]
    air = 0.03 * (max(moments) - min(moments))
    return max(earliest, min(moments) - air), min(latest, max(moments) + air)


def _paused(log: JobLog, feature: str, started: float, ended: float) -> Iterator[Paused]:
    """Spans within [started, ended] in which a queue of the feature was certainly paused."""
    for key, updates in log.state_updates.items():
        if key.feature != feature:
            continue
        for span in certain_pauses(state_settings(updates, QueueState.PAUSED), until=math.inf):
            if span.begin < ended and span.end > started:
                yield Paused(max(span.begin, started), None if span.end == math.inf else min(span.end, ended))
