"""Histories told by hand: what a target answers, step by step, one second after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
from transcripts import (
    CREATED,
    LATER,
    LATEST,
    QUEUE,
    Transcript,
    job_xml,
    operation_xml,
    queue_xml,
    response_xml,
    submit_xml,
)

from ciq_conformance.areas.explore.labels import OWN, JobLabel, Label, Rule
from ciq_schemas.transcript.records import Exchange

URL = "http://receiver/first"
A, B, C = (f"j{number:032x}" for number in (10, 11, 12))
_STAMPS = {"Running": (LATER, "-"), "Success": (LATER, LATEST), "Failed": (LATER, LATEST)}


def rule_xml(url: str, *, on: bool) -> str:
    """A callback rule."""
    if not on:
        return "<Url/><Event/><Type/><State>Off</State>"
    return f"<Url>{url}</Url><Event>TaskFinish</Event><Type>Url</Type><State>On</State>"


def shown(job: str, state: str) -> str:
    """A job in a state."""
    started, ended = _STAMPS.get(state, ("-", "-"))
    return job_xml(job, state, created=CREATED, started=started, ended=ended)


@dataclass(frozen=True)
class Story:
    """A transcript that grows; every method returns a longer one."""

    transcript: Transcript = field(default_factory=lambda: Transcript("explore"))
    number: int = 1

    @property
    def last(self) -> int:
        """Number of the last record."""
        return len(self.transcript.records)

    def _label(self, step: Label, how: str = "") -> str:
        return str(JobLabel(self.number, step, how))

    def put(self, step: Label, how: str = "") -> Story:
        """An update of the queue: OPEN, PAUSE, RESUME, RULE."""
        state = "Paused" if step is Label.PAUSE else "Active"
        answer = response_xml(queue_xml(container="Queue", state=state, rule=rule_xml(URL, on=how != Rule.OFF)))
        longer = self.transcript.say(self._label(step, how), answer, method="PUT", operation="update_queue")
        return replace(self, transcript=longer)

    def submit(self, job: str, level: int = 0, state: str = "Submitted", *, own: bool = False) -> Story:
        """One job."""
        longer = self.transcript.say(
            self._label(Label.SUBMIT, OWN if own else ""),
            response_xml(shown(job, state)),
            request=submit_xml(operation_xml(level=str(level))),
            method="POST",
            operation="submit_job",
        )
        return replace(self, transcript=longer)

    def look(self, step: Label = Label.LOOK, **states: str) -> Story:
        """A look at jobs by letter."""
        jobs = (shown({"a": A, "b": B, "c": C}[letter], state) for letter, state in states.items())
        return replace(
            self, transcript=self.transcript.say(self._label(step), response_xml(*jobs), operation="describe_job")
        )

    def cancel(self, job: str, status: int = 200) -> Story:
        """A cancel."""
        longer = self.transcript.say(
            self._label(Label.CANCEL, job), status=status, method="PUT", operation="cancel_job"
        )
        return replace(self, transcript=longer)

    def hear(self, job: str, channel: str = Rule.FIRST, state: str = "Success") -> Story:
        """A callback arrives."""
        body = f"<Response><EventName>TaskFinish</EventName>{shown(job, state)}</Response>"
        return replace(self, transcript=self.transcript.hear(channel, body))

    def expired(self, what: str) -> Story:
        """A wait of the player ran out."""
        return replace(self, transcript=self.transcript.mark("expired", f"{self.number} {what}: waited 5.0 s"))

    def look_at(self, *jobs: str, status: int = 200, **states: str) -> Story:
        """A look that asks for jobs by their ids, whatever the answer tells of."""
        answer = self.look(**states).transcript.records[-1]
        assert isinstance(answer, Exchange)
        asked = msgspec.structs.replace(answer, url=f"http://target/jobs/{','.join(jobs)}", status=status)
        return replace(self, transcript=replace(self.transcript, records=(*self.transcript.records, asked)))

    def restart(
        self, state: str = "Active", *, queue: str = QUEUE, on: bool = True, url: str = URL, at: float | None = None
    ) -> Story:
        """The target is restarted (again, or at the instant of an earlier one), and the queue looked at."""
        listed = response_xml(queue_xml(queue, state=state, rule=rule_xml(url, on=on)))
        label = self._label(Label.RESTART, f"{at or self.last + 0.5:.4f}")
        return replace(self, transcript=self.transcript.say(label, listed, operation="list_queues"))
