"""Defines the run file: the records of one conformance run, one JSON object per line. Reads and writes it.

Must not know how a verdict is reached or shown.
Order: Header, then exchanges, callbacks, driver events and calibrations as they happen, verdicts, Footer.
A file without a Footer is a cut-off run. Times are seconds since the start of the run on one monotonic clock.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from enum import IntEnum, StrEnum
from typing import IO, Literal

import msgspec

SCHEMA_VERSION = 1
REPRODUCED = 4
"""Attempts whose connection broke, after which the target is taken to close it, not the network."""


class Level(StrEnum):
    """Level of a requirement: how binding it is."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    NOTE = "NOTE"


class Outcome(StrEnum):
    """Result of one requirement on one feature (and format)."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    NOT_IMPLEMENTED = "not-implemented"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"
    SUITE_ERROR = "suite-error"
    UNTESTED = "untested"


class ExitCode(IntEnum):
    """Exit codes of `ciq run` (table in docs/verdicts.md)."""

    CONFORMS = 0
    DEVIATES = 1
    USAGE = 2
    UNREACHABLE = 3
    SUITE_ERROR = 4
    NOTHING_PROVEN = 5


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """Base of all records; `kind` names the type in the file."""


class TargetInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The target as the operator named it; contains no secret."""

    url: str
    bucket: str
    region: str
    signed: bool = False
    embedded: bool = False


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One effective value of the profile, redacted, and its origin."""

    name: str
    value: str
    origin: str


class Header(Record, tag="header", frozen=True, kw_only=True):
    """First line of a run file."""

    schema_version: int
    kit_version: str
    requirement_set: str
    run_id: str
    started_at: str
    target: TargetInfo
    features: tuple[str, ...]
    selected: tuple[str, ...]
    settings: tuple[Setting, ...] = ()


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message body: text when it is UTF-8, else base64."""

    text: str = ""
    base64: str = ""

    def __post_init__(self) -> None:
        if self.base64:
            b64decode(self.base64, validate=True)  # a ValueError makes the line invalid

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """Returns raw bytes as a body."""
        try:
            return cls(text=data.decode("utf-8"))
        except UnicodeDecodeError:
            return cls(base64=b64encode(data).decode("ascii"))

    @property
    def data(self) -> bytes:
        """The raw bytes."""
        return b64decode(self.base64) if self.base64 else self.text.encode("utf-8")


HeaderField = tuple[str, str]


class Exchange(Record, tag="exchange", frozen=True, kw_only=True):
    """One request of the suite and its response; the interval is closed: [started, ended]."""

    seq: int
    scenario: str
    step: str
    feature: str = ""
    operation: str = ""
    """Kind in the operations table (`submit_job`), empty for a raw request."""
    started: float
    ended: float
    method: str
    url: str
    request_headers: tuple[HeaderField, ...] = ()
    request_body: Body = Body()
    status: int = 0
    """0 without a response; `error` then gives the reason."""
    response_headers: tuple[HeaderField, ...] = ()
    response_body: Body = Body()
    error: str = ""
    lost: int = 0
    """Attempts whose connection broke before the response was complete; the target may have processed them."""

    @property
    def is_lost(self) -> bool:
        """Whether the network may have lost the response, so that its absence says nothing about the target."""
        return not self.status and 0 < self.lost < REPRODUCED

    @property
    def is_ambiguous(self) -> bool:
        """Whether the target may have rejected the request because an earlier attempt had taken effect."""
        return self.status >= 400 and self.lost > 0 and self.method != "GET"


class CallbackReceived(Record, tag="arrival", frozen=True, kw_only=True):
    """One request that reached the callback receiver."""

    seq: int
    scenario: str = ""
    feature: str = ""
    channel: str = ""
    """Channel of the receiver's address: the label that the scenario gave it."""
    started: float
    ended: float
    method: str
    target: str
    """Path and query as received."""
    headers: tuple[HeaderField, ...] = ()
    body: Body = Body()
    answered: int = 200


class DriverEvent(Record, tag="mark", frozen=True, kw_only=True):
    """An event of the driver: a scenario begins or ends, a wait expires, a prerequisite fails.

    `crashed` is an error of the kit itself; `text` is the traceback, and the scenario's items become suite-error.
    """

    seq: int
    scenario: str
    feature: str = ""
    at: float
    name: Literal["begin", "end", "expired", "broken", "note", "unsupported", "interrupted", "crashed"]
    text: str = ""


class Calibration(Record, tag="calibration", frozen=True, kw_only=True):
    """What the probe measured on one feature, in seconds; every timeout derives from it."""

    seq: int
    feature: str
    job_path: str
    start_latency: float
    job_latency: float
    callback_latency: float | None
    workers: int
    """Most jobs observed running (or needed to explain the burst's time), at least 1."""
    clock_offset: float | None = None


class Verdict(Record, tag="verdict", frozen=True, kw_only=True):
    """The judge's verdict on one item, with its evidence."""

    requirement: str
    level: Level
    outcome: Outcome
    feature: str = ""
    format: str = ""
    scenario: str = ""
    title: str = ""
    clause: str = ""
    expected: str = ""
    seen: str = ""
    reason: str = ""
    """For every outcome but pass: the reason, and what to do next."""
    witness: tuple[int, ...] = ()
    """`seq` of the evidence records; the smallest set that shows the deviation comes first."""
    power: str = ""
    """For ordering checks: how many cases the evidence can distinguish."""
    baseline: bool = False
    """Whether the operator accepts this deviation, by a baseline or known-flaky entry."""
    accepted: str = ""
    """The entry in words: reason, expiry, link; or that it has expired."""
    flaky: bool = False
    """Whether the entry is one of the known-flaky file."""

    @property
    def item(self) -> str:
        """Identity inside a run: requirement, feature, format."""
        return "-".join(part for part in (self.requirement, self.feature, self.format) if part)


class StaleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline entry whose item did not deviate in the run."""

    item: str
    advice: str
    """What the run shows about it, and what the operator can do."""


class Footer(Record, tag="footer", frozen=True, kw_only=True):
    """Last line of a complete run."""

    ended_at: str
    duration: float
    exit_code: int
    counts: dict[str, int]
    restored: bool = True
    """False when the target could not be restored."""
    stale: tuple[StaleEntry, ...] = ()
    """Baseline entries whose items did not deviate; they alone make exit code 1, without any deviation."""


AnyRecord = Header | Exchange | CallbackReceived | DriverEvent | Calibration | Verdict | Footer

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(AnyRecord)
MAX_LINE = 16 * 1024 * 1024


class RunFileError(ValueError):
    """A run file cannot be read; the text gives line and reason."""


def write_record(stream: IO[bytes], record: AnyRecord) -> None:
    """Appends one record as a line."""
    stream.write(_ENCODER.encode(record) + b"\n")


def read_records(lines: Iterable[bytes]) -> Iterator[AnyRecord]:
    """Yields the records of a run file; raises RunFileError at the first line that is no record.

    An unfinished last line (the run was killed while writing) ends the stream without an error.
    """
    first = True
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            raise RunFileError(f"line {number} has {len(line)} bytes, more than the {MAX_LINE} allowed")
        try:
            record = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            if not line.endswith(b"\n"):
                return
            raise RunFileError(f"line {number} is not a record of a run file: {error}") from error
        if first and not isinstance(record, Header):
            raise RunFileError(f"line {number} is not a header: is this a run.ndjson written by ciq run?")
        first = False
        yield record
