"""Builds transcripts from plain XML text and changes single responses in them.

A test builds the conforming transcript of a scenario once, changes one response and runs a check on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding
from ciq_conformance.judge.registry import Item, check_of
from ciq_conformance.registry import load_checks
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Format, load_registry
from ciq_schemas.transcript.records import (
    SCHEMA_VERSION,
    AnyRecord,
    Body,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Header,
    TargetInfo,
)

BUCKET = "examplebucket-1250000000"
REGION = "ap-chongqing"
QUEUE = "p00000000000000000000000000000001"
STRANGER = "pffffffffffffffffffffffffffffffff"
CREATED = "2026-01-02T03:04:05+0800"
LATER = "2026-01-02T03:04:06+0800"
LATEST = "2026-01-02T03:04:07+0800"


def element(name: str, content: str | None) -> str:
    """Returns one element; None leaves it out."""
    return "" if content is None else f"<{name}>{content}</{name}>"


def response_xml(*parts: str, request_id: str | None = "REQ") -> str:
    """Returns a Response document; `REQ` becomes the id in the header of the exchange."""
    return f"<Response>{element('RequestId', request_id)}{''.join(parts)}</Response>"


def refusal(code: str, message: str = "refused") -> str:
    """Returns a document in the error form."""
    return (
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>REQ</RequestId><TraceId>T</TraceId></Error>"
    )


def queue_xml(
    queue_id: str = QUEUE,
    *,
    container: str = "QueueList",
    name: str = "queue-1",
    state: str = "Active",
    rule: str = "<Url/><Event/><Type/><State>Off</State>",
    created: str = CREATED,
    updated: str = CREATED,
    category: str = "Transcoding",
) -> str:
    """Returns a queue in the form of the samples."""
    return (
        f"<{container}><QueueId>{queue_id}</QueueId><Name>{name}</Name><State>{state}</State>"
        f"<NotifyConfig>{rule}</NotifyConfig><MaxSize>10000</MaxSize><MaxConcurrent>10</MaxConcurrent>"
        f"<CreateTime>{created}</CreateTime><UpdateTime>{updated}</UpdateTime>"
        f"<BucketId>{BUCKET}</BucketId><Category>{category}</Category></{container}>"
    )


def paged(*entries: str, total: int | None = None, number: int = 1, size: int = 10) -> str:
    """Returns a paged list."""
    count = len(entries) if total is None else total
    numbers = f"<TotalCount>{count}</TotalCount><PageNumber>{number}</PageNumber><PageSize>{size}</PageSize>"
    return response_xml(numbers, *entries)


def job_xml(
    job_id: str,
    state: str = "Submitted",
    *,
    tag: str = "Snapshot",
    source: str = "in.mp4",
    output: str = "out.jpg",
    user_data: str | None = None,
    level: str | None = None,
    created: str = CREATED,
    started: str = "-",
    ended: str = "-",
    queue_id: str = QUEUE,
    code: str = "Success",
) -> str:
    """Returns a JobsDetail in the form of the samples."""
    return (
        f"<JobsDetail><Code>{code}</Code><Message/><JobId>{job_id}</JobId><Tag>{tag}</Tag><State>{state}</State>"
        f"<CreationTime>{created}</CreationTime><StartTime>{started}</StartTime><EndTime>{ended}</EndTime>"
        f"<QueueId>{queue_id}</QueueId><Input><Object>{source}</Object></Input>"
        f"<Operation><Output><Region>{REGION}</Region><Bucket>{BUCKET}</Bucket><Object>{output}</Object></Output>"
        f"{element('UserData', user_data)}{element('JobLevel', level)}</Operation></JobsDetail>"
    )


def submit_xml(
    *operations: str, tag: str | None = "Snapshot", source: str = "in.mp4", queue_id: str | None = QUEUE
) -> str:
    """Returns a submit request around Operation elements."""
    return (
        f"<Request>{element('Tag', tag)}<Input><Object>{source}</Object></Input>"
        f"{''.join(operations)}{element('QueueId', queue_id)}</Request>"
    )


def operation_xml(
    *, tag: str | None = None, output: str = "out.jpg", user_data: str | None = None, level: str | None = None
) -> str:
    """Returns an Operation of a submit request."""
    return (
        f"<Operation>{element('Tag', tag)}<Output><Region>{REGION}</Region><Bucket>{BUCKET}</Bucket>"
        f"<Object>{output}</Object></Output>{element('UserData', user_data)}{element('JobLevel', level)}</Operation>"
    )


def _body(text: str, seq: int) -> Body:
    return Body.of(text.replace("<RequestId>REQ<", f"<RequestId>REQ-{seq}<").encode())


@dataclass(frozen=True)
class Transcript:
    """The records of one scenario on one feature. Every method returns a changed copy."""

    scenario: str
    feature: Feature = Feature.MEDIA
    records: tuple[AnyRecord, ...] = ()
    declared: Mapping[str, bool | None] = field(default_factory=dict)

    def exchange(
        self,
        step: str,
        body: str = "",
        *,
        status: int = 200,
        request: str = "",
        method: str = "GET",
        target: str = "/queue",
        operation: str = "list_queues",
        headers: Mapping[str, str] | None = None,
    ) -> Transcript:
        """Adds an exchange, one second after the previous record."""
        seq = len(self.records) + 1
        given = {
            "Content-Type": "application/xml",
            "x-ci-request-id": f"REQ-{seq}",
            "Date": format_datetime(datetime(2026, 1, 1, 19, 4, seq % 60, tzinfo=UTC), usegmt=True),
        }
        exchange = Exchange(
            seq=seq,
            scenario=self.scenario,
            step=step,
            feature=self.feature,
            operation=operation,
            started=float(seq),
            ended=seq + 0.1,
            method=method,
            url=f"http://target{target}",
            request_body=Body.of(request.encode()),
            status=status,
            response_headers=tuple((given | dict(headers or {})).items()),
            response_body=_body(body, seq),
        )
        return self._with((*self.records, exchange))

    def callback(self, channel: str, body: str) -> Transcript:
        """Adds a callback received on a channel of the scenario."""
        seq = len(self.records) + 1
        received = CallbackReceived(
            seq=seq,
            scenario=self.scenario,
            feature=self.feature,
            channel=f"{self.feature}.{self.scenario}.{channel}",
            started=float(seq),
            ended=seq + 0.1,
            method="POST",
            target="/",
            body=Body.of(body.encode()),
        )
        return self._with((*self.records, received))

    def event(self, name: str, text: str = "") -> Transcript:
        """Adds an event of the driver."""
        seq = len(self.records) + 1
        driver_event = {
            "seq": seq,
            "scenario": self.scenario,
            "feature": self.feature,
            "at": seq,
            "name": name,
            "text": text,
        }
        return self._with((*self.records, msgspec.convert({"kind": "mark", **driver_event}, DriverEvent)))

    def edited(self, step: str, old: str, new: str) -> Transcript:
        """Replaces text in all responses of a step; fails when the text does not occur."""

        def edit(exchange: Exchange) -> Exchange:
            text = exchange.response_body.text
            return msgspec.structs.replace(exchange, response_body=Body.of(text.replace(old, new).encode()))

        changed = self._changed(step, edit)
        if changed.records == self.records:
            raise AssertionError(f"{old!r} occurs in no response of the step {step}")
        return changed

    def edited_everywhere(self, old: str, new: str) -> Transcript:
        """Replaces text in the responses of all steps."""
        steps = {record.step for record in self.records if isinstance(record, Exchange)}
        edited_steps = [s for s in sorted(steps) if any(old in e.response_body.text for e in self._of(s))]
        if not edited_steps:
            raise AssertionError(f"{old!r} occurs in no response")
        changed = self
        for step in edited_steps:
            changed = changed.edited(step, old, new)
        return changed

    def answered(self, step: str, status: int, body: str = "", error: str = "") -> Transcript:
        """Replaces the responses of a step; status 0 means that no response was received."""
        return self._changed(
            step,
            lambda exchange: msgspec.structs.replace(
                exchange, status=status, response_body=_body(body, exchange.seq), error=error
            ),
        )

    def status(self, step: str, status: int) -> Transcript:
        """Replaces the status of the responses of a step."""
        return self._changed(step, lambda exchange: msgspec.structs.replace(exchange, status=status))

    def with_duration(self, step: str, seconds: float) -> Transcript:
        """Sets how many seconds the exchanges of a step take."""
        return self._changed(step, lambda e: msgspec.structs.replace(e, ended=e.started + seconds))

    def header(self, step: str, name: str, value: str | None) -> Transcript:
        """Replaces a header in the responses of a step; None removes it."""

        def change(exchange: Exchange) -> Exchange:
            kept = tuple(f for f in exchange.response_headers if f[0].lower() != name.lower())
            return msgspec.structs.replace(exchange, response_headers=kept if value is None else (*kept, (name, value)))

        return self._changed(step, change)

    def without(self, *steps: str) -> Transcript:
        """Removes the exchanges of the steps."""
        kept = tuple(r for r in self.records if not (isinstance(r, Exchange) and r.step in steps))
        return self._with(kept)

    def has(self, step: str) -> bool:
        """Returns whether the transcript has the step."""
        return bool(self._of(step))

    def _of(self, step: str) -> list[Exchange]:
        return [record for record in self.records if isinstance(record, Exchange) and record.step == step]

    def _changed(self, step: str, change: Callable[[Exchange], Exchange]) -> Transcript:
        if not self._of(step):
            raise AssertionError(f"the transcript has no step {step}")
        return self._with(tuple(change(r) if isinstance(r, Exchange) and r.step == step else r for r in self.records))

    def _with(self, records: Iterable[AnyRecord]) -> Transcript:
        return Transcript(self.scenario, self.feature, tuple(records), self.declared)

    def evidence(self) -> Evidence:
        """Returns the evidence that the judge reads."""
        header = Header(
            schema_version=SCHEMA_VERSION,
            kit_version="test",
            requirement_set="test",
            run_id="run",
            started_at="2026-01-02T03:04:05Z",
            target=TargetInfo(url="http://target", bucket=BUCKET, region=REGION),
            features=(self.feature,),
            selected=(),
        )
        return Evidence(feature=self.feature, records=(header, *self.records), declared=dict(self.declared))


Change = Callable[[Transcript], Transcript]


def judged(requirement_id: str, transcript: Transcript, format: Format | None = None) -> Finding:  # noqa: A002
    """Runs the check of a requirement on a transcript."""
    load_checks()
    check = check_of(requirement_id)
    assert check is not None, f"{requirement_id} has no check"
    requirement = load_registry().by_id[requirement_id]
    item = Item(requirement=requirement, feature=FEATURES[transcript.feature], format=format)
    return check(transcript.evidence(), item)
