"""Histories told by hand: what a target answers, step by step, one second after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from transcripts import CREATED, LATER, LATEST, Transcript, job_xml, operation_xml, queue_xml, response, submit_xml

from ciq_conformance.steps.explore import OWN, Label, Rule, Step
from ciq_schemas.requirement import Scenario

A, B, C = (f"j{number:032x}" for number in (10, 11, 12))
_STAMPS = {"Running": (LATER, "-"), "Success": (LATER, LATEST), "Failed": (LATER, LATEST)}


def shown(job: str, state: str) -> str:
    """A job in a state."""
    started, ended = _STAMPS.get(state, ("-", "-"))
    return job_xml(job, state, created=CREATED, started=started, ended=ended)


@dataclass(frozen=True)
class Story:
    """A transcript that grows; every method returns a longer one."""

    told: Transcript = field(default_factory=lambda: Transcript(Scenario.EXPLORE))
    number: int = 1

    @property
    def last(self) -> int:
        """Number of the last record."""
        return len(self.told.records)

    def _label(self, step: Step, how: str = "") -> str:
        return str(Label(self.number, step, how))

    def put(self, step: Step, how: str = "") -> Story:
        """An update of the queue: OPEN, PAUSE, RESUME, RULE."""
        told = self.told.say(self._label(step, how), response(), method="PUT", operation="update_queue")
        return replace(self, told=told)

    def submit(self, job: str, level: int = 0, state: str = "Submitted", *, own: bool = False) -> Story:
        """One job."""
        told = self.told.say(
            self._label(Step.SUBMIT, OWN if own else ""),
            response(shown(job, state)),
            request=submit_xml(operation_xml(level=str(level))),
            method="POST",
            operation="submit_job",
        )
        return replace(self, told=told)

    def look(self, step: Step = Step.LOOK, **states: str) -> Story:
        """A look at jobs by letter."""
        jobs = (shown({"a": A, "b": B, "c": C}[letter], state) for letter, state in states.items())
        return replace(self, told=self.told.say(self._label(step), response(*jobs), operation="describe_job"))

    def queue(self, state: str = "Active", **more: str) -> Story:
        """A look at the queue."""
        told = self.told.say(self._label(Step.QUEUE), response(queue_xml(state=state, **more)))
        return replace(self, told=told)

    def cancel(self, job: str, status: int = 200) -> Story:
        """A cancel."""
        told = self.told.say(self._label(Step.CANCEL, job), status=status, method="PUT", operation="cancel_job")
        return replace(self, told=told)

    def hear(self, job: str, channel: str = Rule.FIRST, state: str = "Success") -> Story:
        """A callback arrives."""
        body = f"<Response><EventName>TaskFinish</EventName>{shown(job, state)}</Response>"
        return replace(self, told=self.told.hear(channel, body))

    def expired(self, what: str) -> Story:
        """A wait of the player ran out."""
        return replace(self, told=self.told.mark("expired", f"{self.number} {what}: waited 5.0 s"))

    def restarted(self) -> Story:
        """The target was restarted."""
        at = self.last + 1
        return replace(self, told=self.told.mark("note", f"{self.number} {Step.RESTART}: from {at}.1 to {at}.9"))
