"""A call of the service's API and its answer, as the handlers use them.

Must not know sockets, header names or routes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Query:
    """Decoded parameters by lower-case name; the oldest pages capitalise the names, newer ones do not (1045/43693)."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Return the value of `name` (any case); None when absent or empty: SDKs send an unset parameter empty."""
        return self.values.get(name.lower()) or None

    def has(self, name: str) -> bool:
        """Return whether the query contains `name` (lower case), as in `?cancel` or `?cancel=`."""
        return name in self.values


NO_QUERY = Query({})


class Call(msgspec.Struct, frozen=True):
    """A call: its target, parameters and body. `bucket` is empty at the host of a region."""

    bucket: str
    region: str
    key: str
    """The last part of the path: a queue id or job ids; empty for a collection."""
    query: Query
    body: bytes
    request_id: str


class Answer(msgspec.Struct, frozen=True):
    """An answer; an empty body has no Content-Type."""

    body: bytes
    status: int = 200
    json: bool = False
    """True when the body is JSON; otherwise it is XML."""


NOTHING = Answer(b"")
"""200 without a body, the answer of cancel (436/76252)."""
