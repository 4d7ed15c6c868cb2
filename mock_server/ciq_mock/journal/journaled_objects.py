"""A library that records uploads and removals in the journal."""

from ciq_mock.journal.group_commit import GroupCommit
from ciq_mock.journal.records import ObjectRemoved, ObjectStored
from ciq_mock.objects import Library, ObjectStore, Outputs, StoredObject


class JournaledLibrary(Library):
    """Records uploads and removals; outputs need no record, because they depend on the jobs."""

    def __init__(self, store: ObjectStore, outputs: Outputs, *, group_commit: GroupCommit) -> None:
        super().__init__(store, outputs)
        self._group_commit = group_commit

    def put(self, bucket: str, item: StoredObject) -> None:
        """Store an upload. Raises FullStoreError, Refusal."""
        self._group_commit.admit()
        super().put(bucket, item)
        self._group_commit.note(ObjectStored(item.modified, bucket, item.key, item.data, item.headers, item.md5))

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object with that key, if it exists. Raises Refusal."""
        self._group_commit.admit()
        super().remove(bucket, key)
        self._group_commit.note(ObjectRemoved(self._group_commit.now(), bucket, key))
