"""All objects: uploads and outputs of jobs. Of two objects with the same key, the newer counts.

Must not know HTTP or XML.
"""

from ciq_mock.engine import Job
from ciq_mock.objects.multipart import MultipartUploads
from ciq_mock.objects.outputs import Outputs
from ciq_mock.objects.store import ObjectStore, StoredObject


class Library:
    """Stores, finds, lists and removes objects."""

    def __init__(self, store: ObjectStore, outputs: Outputs) -> None:
        self.uploads = store
        self.multipart = MultipartUploads()
        """Unfinished uploads; they end when the mock ends, with a journal too."""
        self._outputs = outputs

    def put(self, bucket: str, item: StoredObject) -> None:
        """Store an upload. Raises FullStoreError."""
        self.uploads.put(bucket, item)
        self._outputs.remove(bucket, item.key)

    def restore(self, bucket: str, item: StoredObject) -> None:
        """Store an upload that was accepted before, whatever the limits are now."""
        self.uploads.restore(bucket, item)
        self._outputs.remove(bucket, item.key)

    @property
    def most_outputs(self) -> int:
        """Maximum number of outputs."""
        return self._outputs.most

    def ended(self, job: Job) -> None:
        """Make the outputs of a successful job available."""
        self._outputs.note(job)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Return the object with that key, None when there is none."""
        upload, output = self.uploads.get(bucket, key), self._outputs.find(bucket, key)
        if upload is None or output is None:
            return upload or output
        return output if output.modified >= upload.modified else upload

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object with that key, if it exists."""
        self.uploads.remove(bucket, key)
        self._outputs.remove(bucket, key)

    def listed(self, bucket: str, *, prefix: str = "", after: str = "") -> list[StoredObject]:
        """Return the objects of a bucket whose keys begin with `prefix` and are greater than `after`, sorted by key."""
        found = {item.key: item for item in self.uploads.listed(bucket, prefix, after)}
        for item in self._outputs.listed(bucket, prefix, after):
            known = found.get(item.key)
            if known is None or item.modified >= known.modified:
                found[item.key] = item
        return [found[key] for key in sorted(found)]

    def clear(self) -> None:
        """Remove everything."""
        self.uploads.clear()
        self.multipart.clear()
        self._outputs.clear()
