"""The outputs of ended jobs: small objects that are made at the first read.

An ended job costs one entry in a list; the first read after it computes its names and bytes. Only the newest outputs
are available. Must not know HTTP.
"""

from collections import deque
from collections.abc import Iterator

from ciq_mock.engine import Job
from ciq_mock.objects.store import StoredObject, stored
from ciq_mock.results import Written, content_written, written_by


class Outputs:
    """Outputs by bucket and key: the `most` newest, of the `most` jobs that ended last since the last read."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._ended: deque[Job] = deque(maxlen=most)
        self._made: dict[tuple[str, str], tuple[Job, Written]] = {}
        """The newest output is last."""

    def note(self, job: Job) -> None:
        """Note a successful job."""
        self._ended.append(job)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Return the output with that key, None when no job has written it."""
        self._compute()
        made = self._made.get((bucket, key))
        return None if made is None else _object(*made)

    def listed(self, bucket: str, prefix: str, after: str) -> Iterator[StoredObject]:
        """Yield the outputs in a bucket whose keys begin with `prefix` and are greater than `after`, unsorted."""
        self._compute()
        for (name, key), made in self._made.items():
            if name == bucket and key > after and key.startswith(prefix):
                yield _object(*made)

    def remove(self, bucket: str, key: str) -> None:
        """Remove an output."""
        self._compute()
        self._made.pop((bucket, key), None)

    def clear(self) -> None:
        """Remove everything."""
        self._ended.clear()
        self._made.clear()

    def _compute(self) -> None:
        while self._ended:
            job = self._ended.popleft()
            for output in written_by(job):
                location = (output.bucket, output.key)
                self._made.pop(location, None)
                self._made[location] = (job, output)
            while len(self._made) > self.most:
                del self._made[next(iter(self._made))]


def _object(job: Job, output: Written) -> StoredObject:
    at = job.created if job.ended is None else job.ended
    return stored(output.key, content_written(job, output), modified=at)
