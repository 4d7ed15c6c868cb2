"""Defines recorded material: the formats, the messages of one file, and what the file cannot show. No behaviour."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ciq_schemas.transcript.records import AnyRecord, CallbackReceived, Exchange


class RecordedFormat(StrEnum):
    """The formats that `ciq check` reads; the values are those of `--format`."""

    CALLBACK = "callback"
    """One callback body, XML or JSON."""
    ANSWER = "answer"
    """One response body of the service, XML."""
    NDJSON = "ndjson"
    """One message per line: a callback as a JSON object, a body as a JSON string, or a record of a run file."""
    HAR = "har"
    """HTTP archive, as browsers and proxies export it."""
    RUN = "run"
    """A run file of `ciq run`."""


class UnreadableFileError(ValueError):
    """A file cannot be read as recorded material; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """One recorded message. An answer without its request is an exchange without a method."""

    place: str
    """Where it is in the file: `line 3`, `entry 12`; empty when the file is the message."""
    record: Exchange | CallbackReceived


@dataclass(slots=True)
class Recording:
    """The content of one file. Iterate `messages` once; `remarks` is complete after that."""

    name: str
    format: RecordedFormat
    guessed: str
    """Why this format; empty when the user named it."""
    messages: Iterable[Message] = ()
    has_times: bool = False
    run: tuple[AnyRecord, ...] = ()
    """The records of a run file."""
    remarks: list[str] = field(default_factory=list)
    """What was left out, and why."""
