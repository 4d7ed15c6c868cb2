"""Replays the jobs and ids that workflows and batch jobs created themselves.

During recovery workflows and batch jobs run again and get the recorded results: a submit returns its recorded job, and
a submit that was refused is refused again. `RecordedSubmits` reads the journal ahead to distinguish the two.
"""

from collections import defaultdict, deque
from collections.abc import Sequence

from ciq_mock.engine import Engine, Job, JobSpec, Origin, QueueFullError, Restoration
from ciq_mock.journal.records import IdIssued, JobAccepted, read
from ciq_mock.journal.sqlite_journal import Journal
from ciq_schemas.features import Feature

_Key = tuple[str, str, str, str]


class RecordedSubmits:
    """The recorded jobs and ids, for one recovery. Reads the journal at its first use."""

    def __init__(self, journal: Journal, restoration: Restoration, *, after: int = 0) -> None:
        """Read the commits with numbers greater than `after`."""
        self._journal = journal
        self._after = after
        self._restoration = restoration
        self._jobs: dict[_Key, deque[JobAccepted]] = defaultdict(deque)
        self._ids: deque[str] = deque()
        self._loaded = False
        self.restored: set[int] = set()
        """Numbers of jobs that were restored before their record was reached."""

    def submit(self, engine: Engine, bucket: str, feature: Feature, spec: JobSpec, queue_id: str | None) -> Job:
        """Return the job recorded for a submit. Raises EngineError when it was refused."""
        self._load()
        known = self._jobs.get(_key(spec.origin, spec.input_object))
        if not known:
            queue = engine.queue(bucket, feature, queue_id)
            raise QueueFullError(queue.id, queue.max_size, queue.max_size, 1)
        record = known.popleft()
        self.restored.add(record.number)
        return self._restoration.job_accepted(
            record.at, record.number, record.id, record.queue_id, record.spec, rule=record.rule
        )

    def next_id(self) -> str:
        """Return the next recorded id. Raises IndexError when there is none."""
        self._load()
        return self._ids.popleft()

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        for number, data in self._journal.commits():
            if number <= self._after:
                continue
            for record in read(data):
                if isinstance(record, JobAccepted) and record.origin is not None:
                    self._jobs[_key(record.origin, record.input_object)].append(record)
                elif isinstance(record, IdIssued):
                    self._ids.append(record.id)


class ReplayEngine(Engine):
    """An engine that returns recorded jobs to workflows and batch jobs during recovery."""

    recorded: RecordedSubmits | None = None

    def submit(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        specs: Sequence[JobSpec],
        *,
        queue_id: str | None = None,
        category: str | None = None,
    ) -> tuple[Job, ...]:
        """Accept jobs; during recovery return the recorded ones."""
        recorded = self.recorded
        if recorded is None:
            return super().submit(now, bucket, feature, specs, queue_id=queue_id, category=category)
        return tuple(recorded.submit(self, bucket, feature, spec, queue_id) for spec in specs)

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Cancel jobs; during recovery do nothing, because the journal holds the cancellations."""
        return super().cancel(now, bucket, job_ids) if self.recorded is None else ()


def _key(origin: Origin | None, source: str) -> _Key:
    return ("", "", "", source) if origin is None else (origin.run_id, origin.task, origin.batch_id, source)
