"""Computes when a queue was certainly paused, and which waiting jobs started in that time. Pure.

Several clients may update a queue at once. An update takes effect at some instant of its closed interval, from sending
the request to receiving the answer; so the queue is certainly paused where every update that may have been the last
one to take effect asked for Paused.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ciq_schemas.lifecycle import ENDED_BY_RUNNING, WAITING_STATES, JobState, QueueState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import requested_update

STARTED = frozenset({JobState.RUNNING}) | ENDED_BY_RUNNING


@dataclass(frozen=True, slots=True)
class PauseSpan:
    """From one instant to another, in seconds of the run."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSetting:
    """One update of a queue: it took effect once between `sent` and `answered`, or never when it was refused."""

    sent: float
    answered: float
    """Infinite when no answer told what became of it."""
    paused: bool

    @classmethod
    def of(cls, response: ParsedExchange, *, paused: bool) -> "StateSetting":
        """The setting that an update may have made; one refused with 4xx made none and is not to be asked for."""
        exchange = response.exchange
        return cls(sent=exchange.started, answered=exchange.ended if response.ok else math.inf, paused=paused)


@dataclass(frozen=True, slots=True)
class Leak:
    """A job that left its place in a paused queue, and the records that show it."""

    track: JobTimeline
    text: str
    witness: tuple[int, ...]


def settings_of(responses: Iterable[ParsedExchange], pauses: Collection[str]) -> tuple[StateSetting, ...]:
    """Updates of a queue that took effect, or may have; `pauses` are the steps of those that ask for Paused."""
    return tuple(
        StateSetting.of(response, paused=response.exchange.step in pauses)
        for response in responses
        if not response.refused
    )


def state_settings(updates: Iterable[ParsedExchange], state: QueueState) -> tuple[StateSetting, ...]:
    """Updates of a queue that took effect, or may have, by the State in their requests.

    An update to another state than `state` counts as one to the opposite, so that no span is certain after it.
    """
    sure = state is QueueState.PAUSED
    return tuple(
        StateSetting.of(response, paused=(requested_update(response).state == state) is sure)
        for response in updates
        if not response.refused
    )


def certain_pauses(settings: Iterable[StateSetting], *, until: float) -> tuple[PauseSpan, ...]:
    """The spans, in order, in which the queue was paused for certain; nothing is certain before the first answer."""
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
    """The spans, in order, in which the queue was not paused for certain."""
    return certain_pauses((replace(setting, paused=not setting.paused) for setting in settings), until=until)


def _surely_paused(settings: Sequence[StateSetting], begin: float, end: float) -> bool:
    """No instant is inside the span, so an update lies before it, after it, or goes on all through it."""
    done = [s for s in settings if s.answered <= begin]
    if not done:
        return False
    newest = max(s.sent for s in done)
    # What was answered before `newest` was sent has been overwritten by it.
    return all(s.paused for s in settings if s.answered >= newest and s.sent < end)


def held_observation(track: JobTimeline, span: PauseSpan, settled: float) -> StateObservation | None:
    """The first look inside the span that certainly shows a job nobody had taken.

    A job submitted before the pause may be with a worker and still show itself waiting, and the last worker may hear
    of the pause a moment after it was answered; `settled` seconds later neither is so any more.
    """
    from_when = span.begin + settled
    waited = (s for s in track.sightings if s.state in WAITING_STATES and s.received <= span.end)
    return next((s for s in waited if s.sent >= from_when), None)


def leaks(tracks: Iterable[JobTimeline], span: PauseSpan, settled: float) -> Iterator[Leak]:
    """Jobs that started inside the span although they had waited in it, or were submitted in it once it held."""
    for track in tracks:
        if track.asked_at >= span.begin + settled and track.not_after.at < span.end:
            text = f"job {track.job_id} was submitted to the paused queue and had started before it was resumed"
            yield Leak(track, text, (track.submit_seq, track.not_after.seq))
            continue
        held = held_observation(track, span, settled)
        if held is None:
            continue
        later = (s for s in track.sightings if s.sent > held.received and s.received < span.end and s.state in STARTED)
        left = next(later, None)
        if left is not None:
            text = f"job {track.job_id} went from {held.state} to {left.state} in the paused queue"
            yield Leak(track, text, (held.seq, left.seq))


def last_requested(settings: Sequence[StateSetting]) -> frozenset[bool]:
    """What the last update to take effect may have asked for: True for Paused; empty without any update.

    Asked when all answers that will ever come have come.
    """
    newest = max((s.sent for s in settings if s.answered < math.inf), default=-math.inf)
    return frozenset(s.paused for s in settings if s.answered >= newest)
