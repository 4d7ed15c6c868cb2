"""Pages of records in order of creation; a cursor names the last record of a page. Pure."""

from binascii import crc32
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from ciq_mock.engine import BadCursorError, TimeOrder

_LENGTH = 24


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...


R = TypeVar("R", bound=_Numbered)
_NUMBER = attrgetter("number")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page; `next_token` is None on the last."""

    records: tuple[R, ...]
    next_token: str | None


def page(
    records: Sequence[R],
    admits: Callable[[R], bool],
    *,
    query: str,
    order: TimeOrder,
    size: int,
    token: str | None,
) -> Page[R]:
    """Return up to `size` records after the cursor; raise BadCursorError on a cursor of another `query`.

    `records` are sorted by number. `query` is a text that is different for different filters.
    """
    fingerprint = crc32(f"{query} {order}".encode())
    low, high = 0, len(records)
    if token:
        number = _number_in(token, fingerprint)
        if order is TimeOrder.ASC:
            low = bisect_right(records, number, key=_NUMBER)
        else:
            high = bisect_left(records, number, key=_NUMBER)
    found: list[R] = []
    for index in range(low, high) if order is TimeOrder.ASC else range(high - 1, low - 1, -1):
        if not admits(records[index]):
            continue
        if len(found) == size:
            return Page(tuple(found), f"{found[-1].number:016x}{fingerprint:08x}")
        found.append(records[index])
    return Page(tuple(found), None)


def _number_in(token: str, fingerprint: int) -> int:
    if len(token) != _LENGTH or not token.isascii() or not token.isalnum():
        raise BadCursorError
    try:
        number, given = int(token[:16], 16), int(token[16:], 16)
    except ValueError:
        raise BadCursorError from None
    if given != fingerprint:
        raise BadCursorError
    return number
