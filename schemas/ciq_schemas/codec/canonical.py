"""Questions about canonical mappings that need no tables."""

from collections.abc import Mapping, Sequence


def without_empty(value: object) -> object:
    """A copy without empty texts, containers and lists, and with lists of one unwrapped.

    What XML writes as an empty element JSON leaves out, and a generic turn from XML to JSON shows a repeated
    element that comes once without an array: this is the form in which the two are alike (JSON samples of 436/85073).
    """
    if isinstance(value, Mapping):
        kept = {str(name): without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", {}, [])}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = [item for item in map(without_empty, value) if item not in ("", {}, [])]
        return items[0] if len(items) == 1 else items
    return value


def same_content(one: object, other: object) -> bool:
    """Tell whether two canonical mappings say the same, empties and arrays of one aside."""
    return without_empty(one) == without_empty(other)
