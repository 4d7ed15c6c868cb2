"""Compares callbacks with answers to DescribeJob, and both with submit requests, message by message.

Keeps a few texts of each job, so that the memory of a long recording stays bounded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ciq_conformance.judge.callback_body import ENDED_TIMES, REQUESTED_FIELDS, compared_fields, equal_values
from ciq_conformance.judge.job_facts import first_difference, user_data_of
from ciq_conformance.recorded.answer_rules import document_of
from ciq_conformance.recorded.tally import Case
from ciq_schemas.codec import Document
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.requests import requested_jobs

MOST_JOBS = 100_000
"""Jobs of one recording that are compared; later ones are left out, which a remark says."""


@dataclass(slots=True)
class _JobFacts:
    described: Mapping[str, str] | None = None
    """Fields of the last answer that shows the job ended."""
    reported: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Place and fields of its callbacks."""
    sent: str | None = None
    """UserData of the submit request."""
    accepted: tuple[str, float] | None = None
    """Place and time of the first callback that the receiver accepted."""


@dataclass(slots=True)
class Agreement:
    """What a recording shows of each job."""

    _jobs: dict[str, _JobFacts] = field(default_factory=dict)
    left_out: int = 0

    def add_answer(self, response: ParsedExchange, *, timed: bool) -> Iterator[Case]:
        """Records the jobs of an answer; yields a job that is not ended although its callback was accepted."""
        exchange = response.exchange
        if exchange.status >= 400 or document_of(response) is not Document.JOB_ANSWER:
            return
        if exchange.operation == OperationKind.SUBMIT_JOB:
            self._submitted(response)
        if exchange.operation not in ("", OperationKind.DESCRIBE_JOB):
            return
        for job in response.jobs:
            facts = self._of(job.job_id)
            if facts is None:
                continue
            ended = (job.state or "").strip() in FINAL_STATES
            if ended:
                facts.described = compared_fields(job)
            if timed and facts.accepted is not None and exchange.started > facts.accepted[1]:
                text = f"describe shows {job.state} for job {job.job_id} after its callback ({facts.accepted[0]})"
                yield Case("DEL-003", "" if ended else text)

    def add_callback(self, place: str, callback: ParsedCallback, *, timed: bool) -> Iterator[Case]:
        """Records the jobs of a callback; yields one that repeats a callback that the receiver had accepted."""
        arrival = callback.arrival
        for job in callback.callback.jobs:
            facts = self._of(job.job_id)
            if facts is None:
                continue
            if len(facts.reported) < 3:
                facts.reported.append((place, compared_fields(job)))
            received = user_data_of(job) or ""
            if facts.sent is not None and facts.sent.strip():
                sent = facts.sent.strip()
                text = f"UserData of job {job.job_id}: {first_difference(received, sent)}"
                yield Case("SHP-012", "" if received == sent else text)
            if not timed:
                continue
            if facts.accepted is not None and arrival.started > facts.accepted[1]:
                yield Case("DEL-004", f"job {job.job_id} is reported again after {facts.accepted[0]} was answered 2xx")
            elif facts.accepted is None and 200 <= arrival.answered < 300:
                facts.accepted = (place, arrival.ended)
                yield Case("DEL-004")

    def cases(self) -> Iterator[tuple[str, Case]]:
        """Yields place and case of each callback whose job an answer describes as ended."""
        for facts in self._jobs.values():
            if facts.described is None:
                continue
            for place, reported in facts.reported:
                differences = list(_differences(reported, facts.described))
                yield from ((place, Case("SHP-005", text)) for text in differences)
                if not differences:
                    yield place, Case("SHP-005")

    def _submitted(self, response: ParsedExchange) -> None:
        requested = requested_jobs(response)
        if len(requested) == len(response.jobs) == 1:
            facts = self._of(response.jobs[0].job_id)
            if facts is not None:
                facts.sent = requested[0].user_data

    def _of(self, job_id: str | None) -> _JobFacts | None:
        name = (job_id or "").strip()
        if not name:
            return None
        found = self._jobs.get(name)
        if found is None:
            if len(self._jobs) >= MOST_JOBS:
                self.left_out += 1
                return None
            found = self._jobs[name] = _JobFacts()
        return found


def _differences(reported: Mapping[str, str], described: Mapping[str, str]) -> Iterator[str]:
    """Yields fields that differ. A field that a sample may lack counts only where both sides have it."""
    for name, value in described.items():
        if name in reported:
            if not equal_values(name, reported[name], value):
                job_id = described.get("JobId", "")
                yield f"{name} of job {job_id} is {reported[name]!r} in the callback and {value!r} in describe"
        elif name not in ENDED_TIMES and name not in REQUESTED_FIELDS:
            yield f"{name} is missing in the callback, describe has {value!r}"
