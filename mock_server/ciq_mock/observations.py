"""`Observations`: what a mock has seen, as a tuple with filters and assertions that name the nearest miss.

    ciq_mock.submitted.one(tag="Snapshot", user_data="case-17")
    ciq_mock.deliveries.where(status=500).assert_count(2)

A criterion is a value, a compiled pattern that is searched in the text, or a function that gets the attribute.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T", covariant=True)

_SHOWN = 120
_LISTED = 3


class Observations(tuple[T, ...], Generic[T]):
    """Jobs, requests or delivery attempts, oldest first. The assertions raise AssertionError."""

    __slots__ = ()

    def where(self, **wanted: Any) -> "Observations[T]":
        """Return those that meet all criteria, such as `where(tag="Snapshot", state="Success")`."""
        return Observations(one for one in self if not _misses(one, wanted))

    def one(self, **wanted: Any) -> T:
        """Return the only one that meets the criteria; fails when there is none or there are several."""
        found = self.where(**wanted)
        if len(found) != 1:
            raise AssertionError(self._message("exactly one", found, wanted))
        return found[0]

    def assert_some(self, **wanted: Any) -> "Observations[T]":
        """Return those that meet the criteria; fails when there is none."""
        found = self.where(**wanted)
        if not found:
            raise AssertionError(self._message("at least one", found, wanted))
        return found

    def assert_none(self, **wanted: Any) -> None:
        """Fail when one meets the criteria."""
        found = self.where(**wanted)
        if found:
            raise AssertionError(self._message("none", found, wanted))

    def assert_count(self, count: int, **wanted: Any) -> "Observations[T]":
        """Return those that meet the criteria; fails when there are more or fewer than `count`."""
        found = self.where(**wanted)
        if len(found) != count:
            raise AssertionError(self._message(str(count), found, wanted))
        return found

    def _message(self, expected: str, found: Sequence[object], wanted: dict[str, Any]) -> str:
        criteria = ", ".join(f"{name}={_text(value)}" for name, value in wanted.items()) or "no criteria"
        lines = [f"expected {expected} with {criteria}, found {len(found)} of {len(self)}"]
        if found:
            lines += [f"  found: {_text(one)}" for one in found[:_LISTED]]
        elif self:
            misses = [(one, _misses(one, wanted)) for one in self]
            nearest = min(misses, key=lambda pair: len(pair[1]))
            lines.append(f"  nearest: {_text(nearest[0])}")
            lines += [f"    {miss}" for miss in nearest[1]]
        return "\n".join(lines)


def _misses(one: object, wanted: dict[str, Any]) -> list[str]:
    """Return a text for each criterion that is not met; raises AttributeError for an unknown attribute."""
    found = []
    for name, criterion in wanted.items():
        value = getattr(one, name)
        if not _fits(value, criterion):
            expected = "a value that the function accepts" if callable(criterion) else _text(criterion)
            found.append(f"{name} is {_text(value)}, expected {expected}")
    return found


def _fits(value: Any, criterion: Any) -> bool:
    if isinstance(criterion, re.Pattern):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return criterion.search(text) is not None
    if isinstance(criterion, Callable):  # type: ignore[arg-type]
        return bool(criterion(value))
    return bool(value == criterion)


def _text(value: object) -> str:
    text = f"re.compile({value.pattern!r})" if isinstance(value, re.Pattern) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
