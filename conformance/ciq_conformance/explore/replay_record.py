"""Records what a replay observes as an `ObservedHistory`. Standard library only: each script contains this module."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote
from xml.etree import ElementTree

from ciq_conformance.areas.explore.observed_history import (
    ENDED,
    AcceptedJob,
    Callback,
    Cancel,
    Conditions,
    HistoryJob,
    JobQuery,
    ObservedHistory,
    Proof,
    QueueUpdate,
    QueueView,
    RestartListing,
    StateObservation,
)
from ciq_conformance.explore.replay_wire import Arrival, children, own_text, text_of


@dataclass(frozen=True)
class Answer:
    """One answer of the target: status, document, when the request was sent and when the answer was received."""

    status: int
    root: ElementTree.Element
    sent: float
    received: float

    @property
    def ok(self) -> bool:
        """The target accepted the request."""
        return self.status // 100 == 2

    @property
    def refused(self) -> bool:
        """The target answered with a client error."""
        return self.status // 100 == 4


@dataclass(frozen=True)
class Submitted:
    """One job as it was submitted."""

    job_id: str
    level: int | None
    own: bool
    sent: float
    answered: float


@dataclass
class Recorder:
    """Everything that one run of a history observed so far."""

    jobs: list[Submitted] = field(default_factory=list)
    observations: dict[str, list[StateObservation]] = field(default_factory=dict)
    updates: list[QueueUpdate] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    queries: list[tuple[str, float]] = field(default_factory=list)
    """The last part of the path, and when it was sent, of each request whose answer shows known jobs."""
    listings: list[RestartListing] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    last: float = 0.0

    def updated(self, kind: str, rule: str, answer: Answer) -> None:
        """Record an update of the queue."""
        self._received(answer)
        queue = next((view_of(element) for element in children(answer.root, "Queue")), None)
        self.updates.append(
            QueueUpdate(
                kind=kind,
                rule=rule if kind in ("open", "rule") else "",
                sent=answer.sent,
                answered=answer.received,
                ok=answer.ok,
                queue=queue,
            )
        )

    def submitted(self, levels: list[int | None], own: bool, answer: Answer) -> list[str]:
        """Record a submit; return the ids of the accepted jobs."""
        self._received(answer)
        ids = list(self._see(answer))
        if answer.ok and len(ids) == len(levels):
            for job_id, level in zip(ids, levels, strict=True):
                self.jobs.append(Submitted(job_id, level, own, answer.sent, answer.received))
        return ids

    def looked(self, ids: str, answer: Answer) -> None:
        """Record a request that describes jobs; `ids` is the last part of its path."""
        self._received(answer)
        # The answer to a single unknown id may be a 404.
        if answer.ok or (answer.status == 404 and "," not in ids):
            self.queries.append((unquote(ids), answer.sent))
        list(self._see(answer))

    def cancelled(self, job_id: str, answer: Answer) -> None:
        """Record a cancel."""
        self._received(answer)
        self.cancels.append(
            Cancel(job_id=job_id, sent=answer.sent, answered=answer.received, ok=answer.ok, refused=answer.refused)
        )
        if answer.ok:
            self.queries.append((job_id, answer.sent))
        list(self._see(answer))

    def listed(self, restart: float, answer: Answer) -> None:
        """Record a list of queues after a restart."""
        self._received(answer)
        queues = tuple(view_of(element) for element in children(answer.root, "QueueList")) if answer.ok else ()
        self.listings.append(
            RestartListing(restart=restart, sent=answer.sent, ok=answer.ok, refused=answer.refused, queues=queues)
        )

    def state(self, job_id: str) -> str:
        """State in the last answer that contained the job."""
        seen = self.observations.get(job_id)
        return seen[-1].state if seen else ""

    def last_seen(self, job_id: str) -> float:
        """When the last request was sent whose answer contained the job."""
        seen = self.observations.get(job_id)
        return seen[-1].sent if seen else 0.0

    def open_jobs(self) -> list[str]:
        """Jobs without an observed final state."""
        return [job_id for job_id in self.ids() if self.state(job_id) not in ENDED]

    def ids(self) -> list[str]:
        """All accepted jobs, in the order of submission."""
        return list(dict.fromkeys(job.job_id for job in self.jobs))

    def history(self, arrivals: Iterable[Arrival], conditions: Conditions) -> ObservedHistory:
        """What was observed, for the rules."""
        known = self.ids()
        about = [(one, jobs) for one in arrivals if (jobs := [job for job in known if job in one.body])]
        answers = [one.answered_with for one, _ in about]
        return ObservedHistory(
            jobs=tuple(self._job(job, [one for one, jobs in about if job.job_id in jobs]) for job in self.jobs),
            updates=tuple(sorted(self.updates, key=lambda update: update.sent)),
            cancels=tuple(self.cancels),
            queries=tuple(
                JobQuery(job_ids=frozenset(job for job in known if job in path), sent=sent)
                for path, sent in self.queries
            ),
            listings=tuple(self.listings),
            callbacks=tuple(
                Callback(channel=one.channel, arrived=one.at, answered=one.answered, job_ids=tuple(jobs))
                for one, jobs in about
            ),
            accepted=tuple(AcceptedJob(job_id=job.job_id, answered=job.answered) for job in self.jobs),
            expired=frozenset(self.expired),
            receiver_failed=any(status != 200 for status in answers),
            last=self.last,
            conditions=conditions,
        )

    def _job(self, job: Submitted, callbacks: list[Arrival]) -> HistoryJob:
        seen = self.observations.get(job.job_id, [])
        return HistoryJob(
            job_id=job.job_id,
            level=job.level,
            own_address=job.own,
            sent=job.sent,
            answered=job.answered,
            observations=tuple(sorted(seen, key=lambda s: (s.sent, s.received))),
            start_callbacks=tuple(Proof(one.at, 0) for one in callbacks if not _reports_cancel(one.body, job.job_id)),
        )

    def _received(self, answer: Answer) -> None:
        self.last = max(self.last, answer.received)

    def _see(self, answer: Answer) -> Iterator[str]:
        """Record the state of each job in an answer; yield the ids."""
        for detail in children(answer.root, "JobsDetail") if answer.ok else []:
            job_id, state = text_of(detail, "JobId"), own_text(detail, "State")
            if job_id and state:
                observation = StateObservation(
                    state=state,
                    sent=answer.sent,
                    received=answer.received,
                    start_stamp=stamp_of(own_text(detail, "StartTime")),
                )
                self.observations.setdefault(job_id, []).append(observation)
            if job_id:
                yield job_id


def view_of(element: ElementTree.Element) -> QueueView:
    """A queue in an answer."""
    rule = next(iter(children(element, "NotifyConfig")), None)
    state = "" if rule is None else own_text(rule, "State")
    return QueueView(
        queue_id=text_of(element, "QueueId"),
        state=own_text(element, "State"),
        rule=None if rule is None else (state, own_text(rule, "Url") if state == "On" else None),
    )


def stamp_of(text: str) -> float | None:
    """A time with its zone in seconds; None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def _reports_cancel(body: str, job_id: str) -> bool:
    """Whether a callback reports a cancelled job; True for a body that is not XML."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - a callback of the operator's own target
    except ElementTree.ParseError:
        return True
    details = [detail for detail in children(root, "JobsDetail") if text_of(detail, "JobId") == job_id]
    return not details or any(own_text(detail, "State") == "Cancel" for detail in details)
