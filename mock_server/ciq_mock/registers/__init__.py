"""What buckets hold beside queues and jobs: templates, tables of hot words, play keys, libraries of pictures, bindings.

Kept in memory and bounded. Must not know XML, HTTP or how jobs run; time and ids come in as arguments.
"""

from ciq_mock.registers.bindings import Binding, Bindings
from ciq_mock.registers.errors import (
    CapacityFixedError,
    NameTakenError,
    RegisterError,
    TooManyError,
    UnknownTableError,
    UnknownTemplateError,
)
from ciq_mock.registers.picture_libraries import PictureLibraries
from ciq_mock.registers.play_keys import PlayKeyRegister, PlayKeys
from ciq_mock.registers.registers import Registers
from ciq_mock.registers.templates import Template, TemplateFilter, Templates
from ciq_mock.registers.vocabularies import Vocabularies, Vocabulary

__all__ = [
    "Binding",
    "Bindings",
    "CapacityFixedError",
    "NameTakenError",
    "PictureLibraries",
    "PlayKeyRegister",
    "PlayKeys",
    "RegisterError",
    "Registers",
    "Template",
    "TemplateFilter",
    "Templates",
    "TooManyError",
    "UnknownTableError",
    "UnknownTemplateError",
    "Vocabularies",
    "Vocabulary",
]
