"""Computes when a queue was certainly paused, and which waiting jobs started in that time. Pure.

Several clients may update a queue at once. An update takes effect at some instant of its closed interval, from sending
the request to receiving the answer; so the queue is certainly paused where every update that may have been the last
one to take effect requests Paused.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ciq_schemas.lifecycle import ENDED_BY_RUNNING, WAITING_STATES, JobState, QueueState
from ciq_schemas.transcript.jobs import Bound, JobTimeline, StateObservation
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import requested_update

STARTED = frozenset({JobState.RUNNING}) | ENDED_BY_RUNNING


@dataclass(frozen=True, slots=True)
class PauseSpan:
    """A span of time, in seconds of the run."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSetting:
    """One update of a queue: it took effect once between `sent` and `answered`, or never when it was rejected."""

    sent: float
    answered: float
    """Infinite when no response shows whether the update was accepted."""
    paused: bool

    @classmethod
    def of(cls, response: ParsedExchange, *, paused: bool) -> "StateSetting":
        """Builds the setting that an update may have made. An update rejected with 4xx made none: do not pass it."""
        exchange = response.exchange
        return cls(sent=exchange.started, answered=exchange.ended if response.ok else math.inf, paused=paused)


@dataclass(frozen=True, slots=True)
class Leak:
    """A job that left the paused queue, and the records that show it."""

    timeline: JobTimeline
    span: PauseSpan
    text: str
    witness: tuple[int, ...]


def settings_of(responses: Iterable[ParsedExchange], pauses: Collection[str]) -> tuple[StateSetting, ...]:
    """Returns the updates that took effect, or may have; `pauses` are the steps of those that request Paused."""
    return tuple(
        StateSetting.of(response, paused=response.exchange.step in pauses)
        for response in responses
        if not response.refused
    )


def state_settings(updates: Iterable[ParsedExchange], state: QueueState) -> tuple[StateSetting, ...]:
    """Returns the updates that took effect, or may have, by the State in their requests.

    An update to another state than `state` counts as an update to the opposite, so that no span after it is certain.
    """
    sure = state is QueueState.PAUSED
    return tuple(
        StateSetting.of(response, paused=(requested_update(response).state == state) is sure)
        for response in updates
        if not response.refused
    )


def certain_pauses(settings: Iterable[StateSetting], *, until: float) -> tuple[PauseSpan, ...]:
    """Returns the spans in which the queue was certainly paused; nothing is certain before the first response."""
    known = tuple(settings)
    instants = sorted({t for s in known for t in (s.sent, s.answered) if t < until})
    spans: list[PauseSpan] = []
    for begin, end in zip(instants, [*instants[1:], until], strict=False):
        if end <= begin or not _surely_paused(known, begin, end):
            continue
        if spans and spans[-1].end == begin:
            spans[-1] = PauseSpan(spans[-1].begin, end)
        else:
            spans.append(PauseSpan(begin, end))
    return tuple(spans)


def certain_activity(settings: Iterable[StateSetting], *, until: float) -> tuple[PauseSpan, ...]:
    """Returns the spans in which the queue was certainly not paused, in order."""
    return certain_pauses((replace(setting, paused=not setting.paused) for setting in settings), until=until)


def _surely_paused(settings: Sequence[StateSetting], begin: float, end: float) -> bool:
    """Whether the queue was paused all through a span in which no update begins or ends."""
    done = [s for s in settings if s.answered <= begin]
    if not done:
        return False
    newest = max(s.sent for s in done)
    # The newest update has overwritten every update that was answered before it was sent.
    return all(s.paused for s in settings if s.answered >= newest and s.sent < end)


def held_observation(timeline: JobTimeline, span: PauseSpan, settled: float) -> StateObservation | None:
    """Returns the first observation in the span of a job that no worker had taken for certain.

    A worker may already have a job that the target still reports as waiting, and the pause may reach the last worker a
    moment after its response. `settled` seconds after the response neither is possible.
    """
    from_when = span.begin + settled
    waited = (s for s in timeline.observations if s.state in WAITING_STATES and s.received <= span.end)
    return next((s for s in waited if s.sent >= from_when), None)


def leaks(timelines: Iterable[JobTimeline], span: PauseSpan, settled: float) -> Iterator[Leak]:
    """Jobs that started inside the span although they had waited in it, or were submitted in it once it held."""
    for timeline in timelines:
        if timeline.submitted_at >= span.begin + settled and timeline.not_after.at < span.end:
            text = f"job {timeline.job_id} was submitted to the paused queue and had started before it was resumed"
            yield Leak(timeline, span, text, (timeline.submit_seq, timeline.not_after.seq))
            continue
        held = held_observation(timeline, span, settled)
        if held is None:
            continue
        later = (
            s for s in timeline.observations if s.sent > held.received and s.received < span.end and s.state in STARTED
        )
        left = next(later, None)
        if left is not None:
            text = f"job {timeline.job_id} went from {held.state} to {left.state} in the paused queue"
            yield Leak(timeline, span, text, (held.seq, left.seq))


def starts_in(timelines: Iterable[JobTimeline], span: PauseSpan) -> Iterator[Leak]:
    """Jobs that were seen waiting in the span, or submitted in it, and started in it.

    One of them alone is no proof: a worker may have held the job before the pause. The number of them is.
    """
    for timeline in timelines:
        waits = (s for s in timeline.observations if s.state in WAITING_STATES and s.sent >= span.begin)
        waited = next(waits, None)
        known, seq = (
            (timeline.accepted_by, timeline.submit_seq) if timeline.submitted_at >= span.begin else (math.inf, 0)
        )
        if waited is not None and waited.received < known:
            known, seq = waited.received, waited.seq
        starts = [Bound(s.received, s.seq) for s in timeline.observations if s.sent >= known and s.state in STARTED]
        starts += [arrival for arrival in timeline.callback_arrivals if arrival.at >= known]
        first = min(starts, key=lambda bound: bound.at, default=None)
        if first is not None and first.at < span.end:
            text = f"job {timeline.job_id} waited in the paused queue and had started before it was resumed"
            yield Leak(timeline, span, text, (seq, first.seq))


def last_requested(settings: Sequence[StateSetting]) -> frozenset[bool]:
    """Returns what the last update to take effect may have requested: True for Paused; empty without any update.

    Call it after the last response was received.
    """
    newest = max((s.sent for s in settings if s.answered < math.inf), default=-math.inf)
    return frozenset(s.paused for s in settings if s.answered >= newest)
