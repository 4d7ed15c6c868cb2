"""The mock's object store: uploads, and outputs of ended jobs."""

from ciq_mock.objects.library import Library
from ciq_mock.objects.outputs import Outputs
from ciq_mock.objects.store import FullStoreError, ObjectStore, StoredObject

__all__ = ["FullStoreError", "Library", "ObjectStore", "Outputs", "StoredObject"]
