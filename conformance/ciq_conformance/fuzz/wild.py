"""One request of the fuzzing, as it goes on the wire. A value."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Wild:
    """A request; `target` is path and query, printable ASCII without blanks."""

    label: str
    """Kind and what is odd about it: `schema media.queue.list`, `hostile entity bomb`."""
    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
