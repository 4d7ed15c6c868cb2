"""Compares canonical mappings; needs no tables."""

from collections.abc import Mapping, Sequence


def without_empty(value: object) -> object:
    """Returns a copy without empty texts, containers and lists, and with lists of one item unwrapped.

    JSON omits what XML writes as an empty element, and a generic conversion from XML to JSON writes a repeated element
    that occurs once without an array. In this form the two are equal (JSON samples of 436/85073).
    """
    if isinstance(value, Mapping):
        kept = {str(name): without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", {}, [])}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = [item for item in map(without_empty, value) if item not in ("", {}, [])]
        return items[0] if len(items) == 1 else items
    return value


def same_content(one: object, other: object) -> bool:
    """Returns whether two canonical mappings are equal except for empty values and arrays of one."""
    return without_empty(one) == without_empty(other)
