"""The contract of Cloud Infinite job queues. Imports no other package of the kit."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciq_schemas.codec import Decoded, Document, Note, Problem, Reading, read, read_callback, validate

__version__: str

__all__ = ["Decoded", "Document", "Note", "Problem", "Reading", "read", "read_callback", "validate"]


def __getattr__(name: str) -> object:
    # Computed on access: importlib.metadata would take half of the mock's import time.
    if name == "__version__":
        from importlib.metadata import version

        return version("ciq-kit")
    if name in __all__:
        from ciq_schemas import codec

        return getattr(codec, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
