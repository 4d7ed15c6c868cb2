"""The log of the newest requests and their answers, bounded.

It holds no header values and no query values of a signature. It holds the beginning of a body, which may contain the
password of a callback address: every page shows it through `admin.views`.
"""

import re
from collections import deque
from collections.abc import Iterator

import msgspec

_SECRET_PARAMETER = re.compile(r"(?i)\b(q-[a-z-]+|sign|x-(?:ci|cos)-security-token|(?:master|backup)playkey)=[^&]*")
_LONGEST_TARGET = 500
KEPT_BODY = 16 * 1024
"""Bytes of a request body that the log keeps: more than any documented submit needs."""


class RequestEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request. `at` is the mock's clock (epoch seconds); `code` and `reason` are empty when it was accepted.

    `expected`: for a refused signature, the text that the client should have signed (436/7778); never the key.
    """

    at: float
    method: str
    target: str
    host: str
    status: int
    request_id: str
    code: str = ""
    reason: str = ""
    expected: str = ""
    body: bytes = b""
    """The first `KEPT_BODY` bytes of the body."""

    def __repr__(self) -> str:
        """Return the request without its body, which may hold what the client keeps secret."""
        outcome = f"{self.status} {self.code}".rstrip()
        reason = f": {self.reason}" if self.reason else ""
        return f"<RequestEntry {self.method} {self.target} at {self.host}: {outcome}{reason}>"


class RequestLog:
    """The newest `size` entries and a count of all."""

    def __init__(self, *, size: int = 1000) -> None:
        self._entries: deque[RequestEntry] = deque(maxlen=size)
        self.count = 0

    def __iter__(self) -> Iterator[RequestEntry]:
        """Yield the entries, oldest first."""
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: RequestEntry) -> None:
        """Add an answered request."""
        self._entries.append(entry)
        self.count += 1

    def clear(self) -> None:
        """Remove all entries and reset the count."""
        self._entries.clear()
        self.count = 0


def shown_target(raw_path: bytes, query: bytes) -> str:
    """Return path and query for the log: shortened, with signatures and tokens blanked."""
    target = raw_path.decode("ascii", "backslashreplace")
    if query:
        shown = _SECRET_PARAMETER.sub(r"\1=***", query.decode("ascii", "backslashreplace"))
        target = f"{target}?{shown}"
    return target[:_LONGEST_TARGET]
