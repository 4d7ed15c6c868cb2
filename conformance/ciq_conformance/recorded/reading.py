"""Opens recorded material and reads it with bounded memory: files, folders, the standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from ciq_conformance.recorded.format_guess import guess
from ciq_conformance.recorded.har import HttpArchive
from ciq_conformance.recorded.recording import Message, RecordedFormat, Recording, UnreadableFileError
from ciq_schemas.transcript.records import (
    AnyRecord,
    Body,
    CallbackReceived,
    Exchange,
    RunFileError,
    read_records,
)
from ciq_schemas.xml_parser import MAX_BYTES

STDIN = "-"
MAX_FILE = 64 * 1024 * 1024
"""Bytes of a HAR or run file, which is read as a whole. NDJSON is read line by line and may be larger."""
_HEAD = 64 * 1024
_SUFFIXES = frozenset({".xml", ".json", ".ndjson", ".jsonl", ".har"})
_RECORD = msgspec.json.Decoder(Exchange | CallbackReceived)


class _HeadStream:
    """A stream whose beginning is read ahead."""

    def __init__(self, stream: IO[bytes]) -> None:
        head = stream.read(_HEAD)
        if len(head) == _HEAD and b"\n" not in head.rstrip(b"\r\n"):
            head += stream.readline(MAX_BYTES) + stream.read(_HEAD)
        self.head = head
        self._start = BytesIO(head)
        self._stream = stream

    def read(self, limit: int) -> bytes:
        """Returns up to `limit` bytes."""
        part = self._start.read(limit)
        return part + self._stream.read(limit - len(part)) if len(part) < limit else part

    def readline(self, limit: int) -> bytes:
        """Returns a line of up to `limit` bytes."""
        part = self._start.readline(limit)
        if part.endswith(b"\n") or len(part) == limit:
            return part
        return part + self._stream.readline(limit - len(part))


def files_in(path: Path) -> tuple[tuple[Path, ...], int]:
    """Returns the files below a folder that may be recorded material, in order, and the number of the others."""
    found = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    wanted = tuple(file for file in found if file.suffix.lower() in _SUFFIXES)
    return wanted, len(found) - len(wanted)


@contextmanager
def open_recording(name: str, wanted: RecordedFormat | None = None) -> Iterator[Recording]:
    """Yields the recording in a file, or in the standard input for `-`; raises UnreadableFileError."""
    try:
        if name == STDIN:
            yield _recording("standard input", _HeadStream(sys.stdin.buffer), wanted)
            return
        with Path(name).open("rb") as stream:
            yield _recording(name, _HeadStream(stream), wanted)
    except OSError as error:
        raise UnreadableFileError(f"cannot read it: {error.strerror or error}") from error


def _recording(name: str, stream: _HeadStream, wanted: RecordedFormat | None) -> Recording:
    found = None if wanted is not None else guess(stream.head)
    form = wanted if wanted is not None else found.format if found is not None else RecordedFormat.CALLBACK
    recording = Recording(name=name, format=form, guessed=found.why if found is not None else "")
    match form:
        case RecordedFormat.CALLBACK:
            recording.messages = iter((Message("", _callback(1, _whole(stream, MAX_BYTES, "a callback"))),))
        case RecordedFormat.ANSWER:
            recording.messages = iter((Message("", _answer(1, _whole(stream, MAX_BYTES, "an answer"))),))
        case RecordedFormat.NDJSON:
            recording.messages = _lines(stream, recording)
            recording.has_times = False
        case RecordedFormat.HAR:
            archive = HttpArchive.of(_whole(stream, MAX_FILE, "an HTTP archive"))
            recording.messages = _entries(archive, recording)
            recording.has_times = True
        case RecordedFormat.RUN:
            recording.run = _records(_whole(stream, MAX_FILE, "a run file"))
            recording.has_times = True
    return recording


def _whole(stream: _HeadStream, limit: int, what: str) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise UnreadableFileError(
            f"more than {limit // (1024 * 1024)} MiB, the most that ciq check reads as {what}; "
            "write many messages as NDJSON, one a line"
        )
    return data


def _entries(archive: HttpArchive, recording: Recording) -> Iterator[Message]:
    yield from archive.messages()
    recording.remarks.extend(archive.remarks())


def _records(data: bytes) -> tuple[AnyRecord, ...]:
    try:
        records = tuple(read_records(data.splitlines(keepends=True)))
    except RunFileError as error:
        raise UnreadableFileError(str(error)) from error
    if not records:
        raise UnreadableFileError("the run file is empty")
    return records


def _lines(stream: _HeadStream, recording: Recording) -> Iterator[Message]:
    number = 0
    while line := stream.readline(MAX_BYTES + 1):
        number += 1
        if len(line) > MAX_BYTES:
            raise UnreadableFileError(f"line {number} has more than {MAX_BYTES // (1024 * 1024)} MiB")
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        message = _line(number, line)
        if isinstance(message.record, Exchange) or message.record.headers:
            recording.has_times = True
        yield message


def _line(number: int, line: bytes) -> Message:
    place = f"line {number}"
    body = line.strip(b"\xef\xbb\xbf \t\r\n")
    if body.startswith(b'"'):
        try:
            text = msgspec.json.decode(body, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableFileError(f"{place} is no JSON string: {error}") from error
        return Message(place, _callback(number, text.encode("utf-8", "surrogatepass")))
    if b'"kind"' in body[:200]:
        try:
            record = _RECORD.decode(body)
            return Message(place, msgspec.structs.replace(record, seq=number))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # then it is a callback with a member of this name
    return Message(place, _callback(number, body))


def _callback(seq: int, data: bytes) -> CallbackReceived:
    return CallbackReceived(seq=seq, started=0.0, ended=0.0, method="POST", target="", body=Body.of(data), answered=0)


def _answer(seq: int, data: bytes) -> Exchange:
    return Exchange(
        seq=seq, scenario="", step="", started=0.0, ended=0.0, method="", url="", status=0, response_body=Body.of(data)
    )
