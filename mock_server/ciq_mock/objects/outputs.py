"""What ended jobs have written: small objects that are made when somebody asks for them.

An ended job costs one entry in a list; its names and bytes are worked out at the first question after it.
Of many jobs the newest are remembered. Must not know HTTP.
"""

from collections import deque
from collections.abc import Iterator

import msgspec

from ciq_mock.engine import Job
from ciq_mock.objects.store import StoredObject, stored
from ciq_mock.service.results import written_by


class _Made(msgspec.Struct, frozen=True, gc=False):
    key: str
    data: bytes
    at: float


class Outputs:
    """Outputs by bucket and key."""

    def __init__(self, *, most_jobs: int) -> None:
        self._most = most_jobs
        self._ended: deque[Job] = deque(maxlen=most_jobs)
        self._made: dict[tuple[str, str], _Made] = {}

    def note(self, job: Job) -> None:
        """A job has ended well."""
        self._ended.append(job)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The output of that name, None when no job has written it."""
        self._work_out()
        made = self._made.get((bucket, key))
        return None if made is None else stored(made.key, made.data, modified=made.at)

    def of_bucket(self, bucket: str) -> Iterator[StoredObject]:
        """The outputs in a bucket, in no order."""
        self._work_out()
        return (
            stored(made.key, made.data, modified=made.at) for (name, _), made in self._made.items() if name == bucket
        )

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
                self._made.pop(place, None)  # the newest stand at the end
                self._made[place] = _Made(output.key, output.data, job.ended or job.created)
        while len(self._made) > self._most:
            del self._made[next(iter(self._made))]
