"""The further resources of buckets: templates, tables of hot words, play keys, image libraries, bindings.

They are in memory and bounded. Must not know XML, HTTP or how jobs run; time and ids are arguments.
"""

from ciq_mock.resources.bucket_resources import (
    Binding,
    Bindings,
    BucketResources,
    PictureLibraries,
    PlayKeyRegister,
    PlayKeys,
)
from ciq_mock.resources.errors import (
    CapacityFixedError,
    NameTakenError,
    ResourceError,
    TooManyError,
    UnknownTableError,
    UnknownTemplateError,
)
from ciq_mock.resources.templates import Template, TemplateFilter, Templates
from ciq_mock.resources.vocabularies import Vocabularies, Vocabulary

__all__ = [
    "Binding",
    "Bindings",
    "BucketResources",
    "CapacityFixedError",
    "NameTakenError",
    "PictureLibraries",
    "PlayKeyRegister",
    "PlayKeys",
    "ResourceError",
    "Template",
    "TemplateFilter",
    "Templates",
    "TooManyError",
    "UnknownTableError",
    "UnknownTemplateError",
    "Vocabularies",
    "Vocabulary",
]
