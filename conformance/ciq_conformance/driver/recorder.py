"""Writes the transcript: numbered records in memory and, line by line, in the run file.

Knows order, numbering and the run file's limits. Must not interpret the records.
Every method is thread-safe. A record is numbered and written when it is complete.
"""

import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Literal, get_args

import msgspec

from ciq_schemas.transcript.records import (
    MAX_LINE,
    AnyRecord,
    Body,
    Calibration,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Footer,
    Header,
    HeaderField,
    Verdict,
    write_record,
)

EventName = Literal["begin", "end", "expired", "broken", "note", "unsupported", "interrupted", "crashed"]
EVENT_NAMES: tuple[EventName, ...] = get_args(EventName)
Listener = Callable[[AnyRecord], None]

LONGEST_IN_BUFFER = 0.25
"""Seconds between two flushes while records arrive; a killed process may lose the last ones."""
MAX_RECORDS = 2_000_000
"""More records than any correct run makes, so that an endless loop cannot fill memory and disk."""
_ESCAPED = 6
"""Most bytes that JSON needs for one byte of text (a control character as a \\u escape)."""


class RecorderFullError(RuntimeError):
    """The run made more records than the kit stores: a loop does not end."""


class RunFileWriteError(OSError):
    """The run file cannot be written: the disk is full or the directory was removed."""

    def __str__(self) -> str:
        return str(self.strerror)


def narrow(body: Body) -> Body:
    """Returns the same bytes, as base64 when the JSON line of the text could exceed `MAX_LINE`."""
    if len(body.text) * _ESCAPED < MAX_LINE // 2:
        return body
    encoded = len(msgspec.json.encode(body.text))
    return body if encoded < MAX_LINE // 2 else Body(base64=b64encode(body.data).decode("ascii"))


@dataclass(kw_only=True)
class RunRecorder:
    """Stores every record of a run. `stream` is the run file, or None to store them in memory only."""

    now: Callable[[], float]
    stream: IO[bytes] | None = None
    listeners: list[Listener] = field(default_factory=list)
    """Called with each record, in order, under the recorder's lock: they must be quick and must not record."""
    stream_trouble: str = ""
    """Why the run file could not be written to its end; empty when it could."""
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _records: list[AnyRecord] = field(default_factory=list, repr=False)
    _seq: int = 0
    _flushed: float = 0.0

    @property
    def records(self) -> tuple[AnyRecord, ...]:
        """Everything recorded so far, in order."""
        with self._lock:
            return tuple(self._records)

    def header(self, header: Header) -> None:
        """The first record."""
        with self._lock:
            self._keep(header)

    def exchange(
        self,
        *,
        scenario: str,
        step: str,
        feature: str,
        operation: str,
        started: float,
        ended: float,
        method: str,
        url: str,
        request_headers: tuple[HeaderField, ...],
        request_body: bytes,
        status: int = 0,
        response_headers: tuple[HeaderField, ...] = (),
        response_body: bytes = b"",
        error: str = "",
        lost: int = 0,
    ) -> Exchange:
        """Records one request and its response (status 0 and `error` when none was received)."""
        with self._lock:
            record = Exchange(
                seq=self._next(),
                scenario=scenario,
                step=step,
                feature=feature,
                operation=operation,
                started=started,
                ended=ended,
                method=method,
                url=url,
                request_headers=request_headers,
                request_body=narrow(Body.of(request_body)),
                status=status,
                response_headers=response_headers,
                response_body=narrow(Body.of(response_body)),
                error=error,
                lost=lost,
            )
            self._keep(record)
            return record

    def arrival(
        self,
        *,
        scenario: str,
        feature: str,
        channel: str,
        started: float,
        ended: float,
        method: str,
        target: str,
        headers: tuple[HeaderField, ...],
        body: bytes,
        answered: int,
    ) -> CallbackReceived:
        """Records one request to the receiver."""
        with self._lock:
            record = CallbackReceived(
                seq=self._next(),
                scenario=scenario,
                feature=feature,
                channel=channel,
                started=started,
                ended=ended,
                method=method,
                target=target,
                headers=headers,
                body=narrow(Body.of(body)),
                answered=answered,
            )
            self._keep(record)
            return record

    def record_event(self, scenario: str, feature: str, name: str, text: str = "") -> None:
        """Records an event of the driver; raises ValueError for an unknown event name."""
        known = next((one for one in EVENT_NAMES if one == name), None)
        if known is None:
            raise ValueError(f"no event is called {name!r}")
        with self._lock:
            self._keep(
                DriverEvent(
                    seq=self._next(),
                    scenario=scenario,
                    feature=feature,
                    at=self.now(),
                    name=known,
                    text=text,
                )
            )

    def calibration(self, calibration: Calibration) -> Calibration:
        """Records what the probe measured; returns it with its record number."""
        with self._lock:
            numbered = msgspec.structs.replace(calibration, seq=self._next())
            self._keep(numbered)
            return numbered

    def conclude(self, record: Verdict | Footer) -> None:
        """Records a verdict or the footer; they follow the transcript."""
        with self._lock:
            self._keep(record)

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _keep(self, record: AnyRecord) -> None:
        if len(self._records) >= MAX_RECORDS:
            raise RecorderFullError(f"the run made more than {MAX_RECORDS} records; was a wait without pause?")
        self._records.append(record)
        if self.stream is not None:
            try:
                write_record(self.stream, record)
                self._flush(self.stream, record)
            except OSError as error:
                self.stream = None  # later records stay in memory; one error is enough
                self.stream_trouble = f"cannot write the run file: {error.strerror}; it ends at record {self._seq}"
                raise RunFileWriteError(error.errno, self.stream_trouble) from error
        for listener in self.listeners:
            listener(record)

    def _flush(self, stream: IO[bytes], record: AnyRecord) -> None:
        """Flushes frequent records only from time to time: one system call per record would delay all threads."""
        moment = self.now()
        if not isinstance(record, (Exchange, CallbackReceived, Verdict)) or moment - self._flushed >= LONGEST_IN_BUFFER:
            stream.flush()
            self._flushed = moment
