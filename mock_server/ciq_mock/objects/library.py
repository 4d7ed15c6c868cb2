"""All objects there are: uploads and outputs of jobs under one roof. Of two with the same key the newer counts.

Must not know HTTP or XML.
"""

from ciq_mock.engine import Job
from ciq_mock.objects.outputs import Outputs
from ciq_mock.objects.store import ObjectStore, StoredObject


class Library:
    """Finds, lists, takes and removes objects."""

    def __init__(self, store: ObjectStore, outputs: Outputs) -> None:
        self.uploads = store
        self._outputs = outputs

    def put(self, bucket: str, item: StoredObject) -> None:
        """Keep an upload. Raises FullStoreError."""
        self.uploads.put(bucket, item)
        self._outputs.remove(bucket, item.key)

    def ended(self, job: Job) -> None:
        """A job has ended well: what it wrote can be fetched."""
        self._outputs.note(job)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The object of that key, None when there is none."""
        upload, output = self.uploads.get(bucket, key), self._outputs.find(bucket, key)
        if upload is None or output is None:
            return upload or output
        return output if output.modified >= upload.modified else upload

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object of that key, if there is one."""
        self.uploads.remove(bucket, key)
        self._outputs.remove(bucket, key)

    def listed(self, bucket: str, *, prefix: str = "", after: str = "") -> list[StoredObject]:
        """The objects of a bucket whose keys begin with `prefix` and come behind `after`, by key."""
        found = {item.key: item for item in self.uploads.listed(bucket, prefix, after)}
        for item in self._outputs.listed(bucket, prefix, after):
            known = found.get(item.key)
            if known is None or item.modified >= known.modified:
                found[item.key] = item
        return [found[key] for key in sorted(found)]

    def clear(self) -> None:
        """Forget everything."""
        self.uploads.clear()
        self._outputs.clear()
