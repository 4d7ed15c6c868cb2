"""Builds transcripts of histories step by step; each record is one second after the previous one."""

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
    """Returns a callback rule."""
    if not on:
        return "<Url/><Event/><Type/><State>Off</State>"
    return f"<Url>{url}</Url><Event>TaskFinish</Event><Type>Url</Type><State>On</State>"


def job_in_state(job: str, state: str) -> str:
    """Returns a job in a state."""
    started, ended = _STAMPS.get(state, ("-", "-"))
    return job_xml(job, state, created=CREATED, started=started, ended=ended)


@dataclass(frozen=True)
class HistoryTranscript:
    """A transcript of one history; every method returns a longer copy."""

    transcript: Transcript = field(default_factory=lambda: Transcript("explore"))
    number: int = 1

    @property
    def last(self) -> int:
        """Returns the number of the last record."""
        return len(self.transcript.records)

    def _label(self, step: Label, detail: str = "") -> str:
        return str(JobLabel(self.number, step, detail))

    def update(self, step: Label, detail: str = "") -> HistoryTranscript:
        """Adds an update of the queue: OPEN, PAUSE, RESUME or RULE."""
        state = "Paused" if step is Label.PAUSE else "Active"
        answer = response_xml(queue_xml(container="Queue", state=state, rule=rule_xml(URL, on=detail != Rule.OFF)))
        transcript = self.transcript.exchange(self._label(step, detail), answer, method="PUT", operation="update_queue")
        return replace(self, transcript=transcript)

    def submit(self, job: str, level: int = 0, state: str = "Submitted", *, own: bool = False) -> HistoryTranscript:
        """Adds an accepted job."""
        transcript = self.transcript.exchange(
            self._label(Label.SUBMIT, OWN if own else ""),
            response_xml(job_in_state(job, state)),
            request=submit_xml(operation_xml(level=str(level))),
            method="POST",
            operation="submit_job",
        )
        return replace(self, transcript=transcript)

    def describe(self, step: Label = Label.LOOK, **states: str) -> HistoryTranscript:
        """Adds a describe of jobs, which are named by letter."""
        jobs = (job_in_state({"a": A, "b": B, "c": C}[letter], state) for letter, state in states.items())
        return replace(
            self, transcript=self.transcript.exchange(self._label(step), response_xml(*jobs), operation="describe_job")
        )

    def cancel(self, job: str, status: int = 200) -> HistoryTranscript:
        """Adds a cancel."""
        transcript = self.transcript.exchange(
            self._label(Label.CANCEL, job), status=status, method="PUT", operation="cancel_job"
        )
        return replace(self, transcript=transcript)

    def callback(self, job: str, channel: str = Rule.FIRST, state: str = "Success") -> HistoryTranscript:
        """Adds a received callback."""
        body = f"<Response><EventName>TaskFinish</EventName>{job_in_state(job, state)}</Response>"
        return replace(self, transcript=self.transcript.callback(channel, body))

    def expired(self, what: str) -> HistoryTranscript:
        """Adds an expired wait of the player."""
        return replace(self, transcript=self.transcript.event("expired", f"{self.number} {what}: waited 5.0 s"))

    def describe_ids(self, *jobs: str, status: int = 200, **states: str) -> HistoryTranscript:
        """Adds a describe that requests jobs by id; the response may contain other jobs."""
        answer = self.describe(**states).transcript.records[-1]
        assert isinstance(answer, Exchange)
        requested = msgspec.structs.replace(answer, url=f"http://target/jobs/{','.join(jobs)}", status=status)
        return replace(self, transcript=replace(self.transcript, records=(*self.transcript.records, requested)))

    def restart(
        self, state: str = "Active", *, queue: str = QUEUE, on: bool = True, url: str = URL, at: float | None = None
    ) -> HistoryTranscript:
        """Adds a restart of the target (a new one, or again the one at `at`) and a list of the queue."""
        listed = response_xml(queue_xml(queue, state=state, rule=rule_xml(url, on=on)))
        label = self._label(Label.RESTART, f"{at or self.last + 0.5:.4f}")
        return replace(self, transcript=self.transcript.exchange(label, listed, operation="list_queues"))
