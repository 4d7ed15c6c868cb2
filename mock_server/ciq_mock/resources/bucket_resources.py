"""`BucketResources`: all resources of one mock."""

from dataclasses import dataclass

from ciq_mock.ids import IdSource
from ciq_mock.resources.bindings import Bindings
from ciq_mock.resources.picture_libraries import PictureLibraries
from ciq_mock.resources.play_keys import PlayKeyRegister
from ciq_mock.resources.templates import Templates
from ciq_mock.resources.vocabularies import Vocabularies


@dataclass(frozen=True, slots=True)
class BucketResources:
    """The resources of all buckets, one field per kind."""

    templates: Templates
    vocabularies: Vocabularies
    play_keys: PlayKeyRegister
    picture_libraries: PictureLibraries
    bindings: Bindings

    @classmethod
    def empty(cls, ids: IdSource) -> "BucketResources":
        """Return resources without entries."""
        return cls(Templates(ids), Vocabularies(ids), PlayKeyRegister(), PictureLibraries(), Bindings())

    def clear(self) -> None:
        """Remove all entries."""
        self.templates.clear()
        self.vocabularies.clear()
        self.play_keys.clear()
        self.picture_libraries.clear()
        self.bindings.clear()
