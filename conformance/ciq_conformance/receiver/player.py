"""Sends planned steps, asks for their effects, and records both. Judges nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.redaction import HIDDEN
from ciq_conformance.receiver.counting import times_counted
from ciq_conformance.receiver.effects import EffectReader
from ciq_conformance.receiver.plans import Planned, Way
from ciq_conformance.receiver.steps import CALLBACK, SEEN, seen_step
from ciq_conformance.receiver.wire import (
    Answer,
    Delivery,
    head_of,
    send,
    send_in_turn,
    send_together,
    sent_body,
)
from ciq_conformance.scenario_spec import ScenarioSpec, channel_name
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Exchange

SILENT_STEPS = 2
"""Consecutive steps without any response after which a scenario stops."""
SILENT_LOOKS = 3
"""Consecutive questions about effects without an answer after which the run asks no more."""
_LOOK_AGAIN = 0.05
_LONGEST_LOOK = 0.4
_LONGEST_RECORDED = 64 * 1024


class ReceiverSilent(Exception):  # noqa: N818 - an observation, not an error of the suite
    """The receiver does not respond any more; the text names the step."""


@dataclass(kw_only=True)
class Player:
    """Sends the steps of all scenarios of one run."""

    recorder: RunRecorder
    stop: CancelToken
    within: float
    """Seconds for one response."""
    effects: EffectReader | None
    effect_within: float
    """Seconds in which the accepted callbacks of a scenario must have their effects."""
    sent: dict[tuple[ScenarioSpec, Feature], list[str]] = field(default_factory=dict)
    """Accepted jobs of each scenario, for the last look at the end of the run."""
    _failed_looks: int = field(default=0, init=False)
    """Consecutive questions about effects without an answer."""

    def play(self, spec: ScenarioSpec, feature: Feature, plan: Iterable[Planned]) -> list[str]:
        """Sends the steps and waits for their effects; returns the accepted jobs. Raises ReceiverSilent."""
        accepted: list[str] = []
        suspects: list[str] = []
        silent = 0
        for planned in plan:
            suspects += planned.suspects
            answers = self.send(spec, feature, planned)
            if any(200 <= answer.status < 300 for answer in answers):
                accepted += planned.jobs
            awaited = [a for d, a in zip(planned.deliveries, answers, strict=True) if d.cut < 0 and not d.leave]
            if awaited and not any(answer.status for answer in awaited):
                silent += 1
                if silent >= SILENT_STEPS:
                    raise ReceiverSilent(f"no response at step {planned.step} ({awaited[-1].error}) and the one before")
            elif awaited:
                silent = 0
        self.sent.setdefault((spec, feature), []).extend((*accepted, *suspects))
        self.await_effects(spec, feature, accepted)
        return accepted

    def send(self, spec: ScenarioSpec, feature: Feature, planned: Planned) -> list[Answer]:
        """Sends and records one step; raises Interrupted when the run is stopped."""
        if self.stop.requested():
            raise Interrupted
        started = self.recorder.now()
        match planned.way:
            case Way.IN_TURN:
                answers = [send(delivery, self.within) for delivery in planned.deliveries]
            case Way.KEPT:
                answers = send_in_turn(planned.deliveries, self.within)
            case Way.TOGETHER:
                answers = send_together(planned.deliveries, self.within)
        offset = started - min((answer.started for answer in answers if answer.started), default=0.0)
        for delivery, answer in zip(planned.deliveries, answers, strict=True):
            self.record(spec, feature, planned.step, delivery, answer, offset)
        return answers

    def record(
        self, spec: ScenarioSpec, feature: Feature, step: str, delivery: Delivery, answer: Answer, offset: float
    ) -> Exchange:
        """Records one delivery."""
        return self.recorder.exchange(
            scenario=spec.name,
            step=step,
            feature=feature,
            operation=CALLBACK,
            started=answer.started + offset,
            ended=answer.ended + offset,
            method=delivery.method,
            url=hidden_query(delivery.url),
            request_headers=head_of(delivery),
            request_body=_shortened(sent_body(delivery)),
            status=answer.status,
            response_headers=answer.headers,
            response_body=answer.body,
            error=answer.error,
        )

    def await_effects(self, spec: ScenarioSpec, feature: Feature, jobs: Sequence[str]) -> None:
        """Asks until each job was counted, at most `effect_within` seconds; records the last answer of each."""
        if self.effects is None:
            return
        end = self.recorder.now() + self.effect_within
        waiting = list(dict.fromkeys(jobs))
        pause = _LOOK_AGAIN
        while waiting:
            last = self.recorder.now() >= end
            waiting = [job for job in waiting if not self.look(spec, feature, job, keep_zero=last) and not last]
            if waiting:
                self.stop.pause(pause)
                pause = min(2 * pause, _LONGEST_LOOK)

    def look(self, spec: ScenarioSpec, feature: Feature, job_id: str, *, keep_zero: bool = True) -> bool:
        """Asks once for a job and returns whether waiting is over; without `keep_zero`, records no count of 0."""
        if self.effects is None:
            return True
        if self.stop.requested():
            raise Interrupted
        if self._failed_looks >= SILENT_LOOKS:
            return True
        started = self.recorder.now()
        answer = self.effects.ask(job_id)
        self._failed_looks = 0 if answer.status else self._failed_looks + 1
        times = times_counted(answer.status, answer.body)
        if times == 0 and not keep_zero:
            return False
        self.recorder.exchange(
            scenario=spec.name,
            step=seen_step(job_id),
            feature=feature,
            operation=SEEN,
            started=started,
            ended=self.recorder.now(),
            method=self.effects.method,
            url=hidden_query(self.effects.place(job_id)) if self.effects.url else self.effects.place(job_id),
            request_headers=(),
            request_body=b"",
            status=answer.status,
            response_headers=answer.headers,
            response_body=answer.body,
            error=answer.error,
        )
        return True

    def record_request(self, spec: ScenarioSpec, feature: Feature, label: str, target: str) -> None:
        """Records a request of the receiver to the service beside it."""
        now = self.recorder.now()
        self.recorder.arrival(
            scenario=spec.name,
            feature=feature,
            channel=channel_name(feature, spec, label),
            started=now,
            ended=now,
            method="GET",
            target=target,
            headers=(),
            body=b"",
            answered=200,
        )

    def look_at_all(self) -> None:
        """Asks once more for every accepted job: a repeated delivery may have had a late effect."""
        for (spec, feature), jobs in self.sent.items():
            for job in dict.fromkeys(jobs):
                self.look(spec, feature, job)


def _shortened(body: bytes) -> bytes:
    """Returns a body for the run file: of a huge one only its two ends, because a reader needs no more."""
    if len(body) <= _LONGEST_RECORDED:
        return body
    half = _LONGEST_RECORDED // 2
    return body[:half] + b"[... %d bytes ...]" % (len(body) - 2 * half) + body[-half:]


def hidden_query(url: str) -> str:
    """Returns an address without the values of its query: receivers put a secret there."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    names = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([(name, HIDDEN) for name, _ in names], safe="*")))
