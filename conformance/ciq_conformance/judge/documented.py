"""Decides from the contract's tables which paths of a callback body the documents name. Pure."""

from collections.abc import Sequence

from ciq_schemas.codec import Document
from ciq_schemas.codec.parts import UnknownPartError, part_type
from ciq_schemas.xsd_tables import OpenType


def is_named(names: Sequence[str]) -> bool:
    """Returns whether a document names exactly this element of a TaskFinish body."""
    return _type(names) is not None


def is_covered(names: Sequence[str]) -> bool:
    """Returns whether a document names the element, or the container of parameters or results around it."""
    return any(isinstance(_type(names[:end]), OpenType) for end in range(1, len(names))) or is_named(names)


def _type(names: Sequence[str]) -> object | None:
    try:
        return part_type(Document.TASK_CALLBACK, "/".join(names))
    except UnknownPartError:
        return None
