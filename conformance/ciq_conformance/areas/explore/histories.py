"""What the transcript of the scenario `explore` says of each random history: its jobs, its pauses, its rules. Pure.

Everything is read back from the exchanges and their labels, so that a stored run is judged as a live one.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ciq_conformance.areas.explore.labels import CHANNELS, SUBMITS, UPDATES, JobLabel, Label, Rule, label_of
from ciq_conformance.driver.scenario_context import channel_name
from ciq_conformance.judge.evidence import Evidence
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.pauses import PauseSpan

SCENARIO = Scenario.EXPLORE


@dataclass(frozen=True)
class Told:
    """One history as it went."""

    number: int
    exchanges: tuple[tuple[JobLabel, ParsedExchange], ...]
    timelines: tuple[JobTimeline, ...]
    callbacks: tuple[ParsedCallback, ...]
    """Callbacks about its jobs."""
    expired: frozenset[str]
    """Waits that ran out, by the word after the number."""
    receiver_failed: bool
    """The receiver had answered badly in this history or the one before: callbacks may come late."""

    @property
    def began(self) -> float:
        """When its first request was sent."""
        return self.exchanges[0][1].exchange.started

    @cached_property
    def pauses(self) -> tuple[PauseSpan, ...]:
        """When the queue was paused for certain: from the answer to a pause until the next resume is sent."""
        spans: list[PauseSpan] = []
        updates = [(label, response) for label, response in self.exchanges if label.step in UPDATES]
        busy_until = -math.inf
        for index, (label, response) in enumerate(updates):
            exchange = response.exchange
            if label.step in (Label.OPEN, Label.RESUME):
                busy_until = max(busy_until, exchange.ended)
            elif label.step is Label.PAUSE and response.ok and exchange.started >= busy_until:
                later = (r.exchange.started for word, r in updates[index + 1 :] if word.step is Label.RESUME)
                spans.append(PauseSpan(exchange.ended, next(later, self.last)))
        return tuple(spans)

    @cached_property
    def restarts(self) -> tuple[PauseSpan, ...]:
        """When the target was restarted: until the first request after it that it answered by more than 5xx."""
        answered: dict[str, float] = {}
        for label, response in self.exchanges:
            if label.step is Label.RESTART and (response.ok or response.refused):
                answered.setdefault(label.how, response.exchange.started)
        return tuple(PauseSpan(float(begin), end) for begin, end in answered.items())

    @property
    def last(self) -> float:
        """When its last answer came."""
        return max(response.exchange.ended for _, response in self.exchanges)

    def restarted(self, begin: float, end: float) -> bool:
        """Whether the target was restarted between two instants."""
        return any(begin <= span.end and span.begin <= end for span in self.restarts)

    def rules_since(self, instant: float) -> tuple[Rule, ...]:
        """The callback rules that may have been in force from an instant on."""
        moments: list[float] = []
        rules: list[Rule] = []
        for label, response in self.exchanges:
            if label.step in (Label.OPEN, Label.RULE) and label.how in list(Rule):
                moments.append(response.exchange.ended)
                rules.append(Rule(label.how))
        return tuple(rules[max(0, bisect_right(moments, instant) - 1) :])

    def cancels(self) -> dict[str, ParsedExchange]:
        """The last cancel of each job that was not refused."""
        return {
            label.how: response
            for label, response in self.exchanges
            if label.step is Label.CANCEL and not response.refused
        }

    def has_own_address(self, timeline: JobTimeline) -> bool:
        """The job was submitted with an address of its own."""
        label = label_of(timeline.step)
        return label is not None and label.how == "own"


def told_histories(evidence: Evidence) -> tuple[Told, ...]:
    """All histories of the feature, in the order in which they were played."""
    by_number: dict[int, list[tuple[JobLabel, ParsedExchange]]] = {}
    for response in evidence.of(SCENARIO):
        label = label_of(response.exchange.step)
        if label is not None:
            by_number.setdefault(label.history, []).append((label, response))
    callbacks = evidence.arrivals(*(channel_name(evidence.feature, SCENARIO, channel) for channel in CHANNELS))
    expired = [event.text for event in evidence.events(SCENARIO, "expired")]
    found: list[Told] = []
    failed_from: float = math.inf
    for number, exchanges in sorted(by_number.items()):
        found.append(_told(number, exchanges, callbacks, expired, failed_from))
        bad = [n.arrival.started for n in callbacks if n.arrival.answered != 200]
        began = found[-1].began
        failed_from = next((at for at in bad if at >= began), math.inf)
    return tuple(found)


def _told(
    number: int,
    exchanges: Sequence[tuple[JobLabel, ParsedExchange]],
    callbacks: Sequence[ParsedCallback],
    expired: Iterable[str],
    failed_before: float,
) -> Told:
    began = exchanges[0][1].exchange.started
    ended = max(response.exchange.ended for _, response in exchanges)
    submits = [response for label, response in exchanges if label.step in SUBMITS]
    looks = [response for label, response in exchanges if label.step not in SUBMITS and label.step not in UPDATES]
    ids = {job.job_id for response in submits for job in response.jobs if job.job_id}
    mine = [callback for callback in callbacks if ids.intersection(callback.job_ids)]
    prefix = f"{number} "
    return Told(
        number=number,
        exchanges=tuple(exchanges),
        timelines=build_timelines(submits, looks, mine),
        callbacks=tuple(mine),
        expired=frozenset(
            text.removeprefix(prefix).partition(":")[0].split()[0] for text in expired if text.startswith(prefix)
        ),
        receiver_failed=failed_before < began
        or any(n.arrival.answered != 200 and began <= n.arrival.started <= ended for n in callbacks),
    )
