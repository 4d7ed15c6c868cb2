"""One call of the service's API as the rooms behind HTTP see it, and the answer they give.

Must not know sockets, header names or routes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Query:
    """Decoded parameters by lower-case name; oldest pages capitalise the names, newer ones do not (1045/43693)."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Return the value of `name` (any case), None when absent or empty: SDKs send unset ones empty."""
        return self.values.get(name.lower()) or None

    def has(self, name: str) -> bool:
        """Tell whether `name` (lower case) stands in the query at all, as in `?cancel` or `?cancel=`."""
        return name in self.values


NO_QUERY = Query({})


class Call(msgspec.Struct, frozen=True):
    """A call: where it is aimed and what it brings. `bucket` is empty at a region's own host."""

    bucket: str
    region: str
    key: str
    """The last part of the path: a queue id or job ids; empty on a collection."""
    query: Query
    body: bytes
    request_id: str


class Answer(msgspec.Struct, frozen=True):
    """An answer; an empty body has no Content-Type."""

    body: bytes
    status: int = 200


NOTHING = Answer(b"")
"""200 without a body, as cancel answers (436/76252)."""
