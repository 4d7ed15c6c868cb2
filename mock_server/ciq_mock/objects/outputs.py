"""What ended jobs have written: small objects that are made when somebody asks for them.

An ended job costs one entry in a list; its names and bytes are worked out at the first question after it.
Of many outputs the newest are remembered. Must not know HTTP.
"""

from collections import deque
from collections.abc import Iterator

from ciq_mock.engine import Job
from ciq_mock.objects.store import StoredObject, stored
from ciq_mock.results import Written, content_written, written_by


class Outputs:
    """Outputs by bucket and key: the `most` newest, of the `most` jobs that ended last since the last question."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._ended: deque[Job] = deque(maxlen=most)
        self._made: dict[tuple[str, str], tuple[Job, Written]] = {}
        """What was written last stands at the end."""

    def note(self, job: Job) -> None:
        """A job has ended well."""
        self._ended.append(job)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The output of that name, None when no job has written it."""
        self._work_out()
        made = self._made.get((bucket, key))
        return None if made is None else _object(*made)

    def listed(self, bucket: str, prefix: str, after: str) -> Iterator[StoredObject]:
        """The outputs in a bucket whose keys begin with `prefix` and come behind `after`, in no order."""
        self._work_out()
        for (name, key), made in self._made.items():
            if name == bucket and key > after and key.startswith(prefix):
                yield _object(*made)

    def remove(self, bucket: str, key: str) -> None:
        """Forget an output."""
        self._work_out()
        self._made.pop((bucket, key), None)

    def clear(self) -> None:
        """Forget everything."""
        self._ended.clear()
        self._made.clear()

    def _work_out(self) -> None:
        while self._ended:
            job = self._ended.popleft()
            for output in written_by(job):
                place = (output.bucket, output.key)
                self._made.pop(place, None)
                self._made[place] = (job, output)
            while len(self._made) > self._most:
                del self._made[next(iter(self._made))]


def _object(job: Job, output: Written) -> StoredObject:
    at = job.created if job.ended is None else job.ended
    return stored(output.key, content_written(job, output), modified=at)
