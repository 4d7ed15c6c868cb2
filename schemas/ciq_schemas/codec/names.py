"""Checks names of elements and characters of text against XML. Must not know documents."""

import re
from functools import lru_cache

from lxml import etree

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(maxsize=1024)
def is_element_name(name: str) -> bool:
    """Returns whether an element without namespace can have that name."""
    if name.startswith("{") or ":" in name:
        return False
    try:
        etree.QName(name)
    except ValueError:
        return False
    return True


def writable(text: str) -> str:
    """Returns the text with U+FFFD for each character that XML cannot contain."""
    return _NOT_IN_XML.sub("\ufffd", text)
