"""One malformed request as it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzRequest:
    """A malformed request; `target` is path and query in printable ASCII without spaces."""

    label: str
    """Kind and defect: `schema media.queue.list`, `hostile entity bomb`."""
    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
