"""A library that tells the keeper of uploads and removals."""

from ciq_mock.objects import Library, ObjectStore, Outputs, StoredObject
from ciq_mock.store.facts import ObjectKept, ObjectRemoved
from ciq_mock.store.keeper import Keeper


class KeptLibrary(Library):
    """Uploads are kept; outputs follow from the jobs."""

    def __init__(self, store: ObjectStore, outputs: Outputs, *, keeper: Keeper) -> None:
        super().__init__(store, outputs)
        self._keeper = keeper

    def put(self, bucket: str, item: StoredObject) -> None:
        """Keep an upload. Raises FullStoreError, Refusal."""
        self._keeper.admit()
        super().put(bucket, item)
        self._keeper.note(ObjectKept(item.modified, bucket, item.key, item.data, item.headers, item.md5))

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object of that key, if there is one. Raises Refusal."""
        self._keeper.admit()
        super().remove(bucket, key)
        self._keeper.note(ObjectRemoved(self._keeper.now(), bucket, key))
