"""Decodes one exchange or callback into values, with the tolerant reading and once. Pure."""

import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lxml import etree

from ciq_schemas import codec, xml_parser
from ciq_schemas.codec import Decoded, Document, Reading
from ciq_schemas.transcript.records import CallbackReceived, Exchange
from ciq_schemas.values import (
    BatchAnswer,
    ErrorAnswer,
    Job,
    JobAnswer,
    JobCallback,
    Queue,
    QueueList,
    Run,
    RunDetail,
    RunList,
    Workflow,
    WorkflowAnswer,
    WorkflowCallback,
    WorkflowDeleted,
    WorkflowList,
    WorkflowTriggered,
)

_GZIP = b"\x1f\x8b"
NO_API_ANSWER = "no API answer"
"""Words of a description of a response whose body no API of the service sends."""
_SHOWN_BYTES = 40
"""How much of a body that is no XML document a description quotes."""


@dataclass(frozen=True)
class ParsedExchange:
    """An exchange whose response is decoded on demand. Invalid content never raises: see `Decoded.problems`."""

    exchange: Exchange

    @property
    def ok(self) -> bool:
        """Whether the target accepted the request."""
        return 200 <= self.exchange.status < 300

    @property
    def refused(self) -> bool:
        """Whether the target returned a client error."""
        return 400 <= self.exchange.status < 500

    def read(self, document: Document) -> Decoded:
        """Decodes the body as `document` with the tolerant reading; a body that does not parse is a problem of it."""
        return codec.read(document, self.exchange.response_body.data, Reading.TOLERANT)

    @cached_property
    def queue_list(self) -> QueueList:
        """The body as a queue list; empty when it is none."""
        return codec.to_value(QueueList, self.read(Document.QUEUE_LIST))

    @cached_property
    def queue(self) -> Queue | None:
        """The queue in the response to an update, None without one."""
        return codec.queue_of_update(self.read(Document.QUEUE_UPDATE_ANSWER))

    @cached_property
    def job_answer(self) -> JobAnswer:
        """The body as a response about jobs; empty when it is none."""
        return codec.job_answer(self.exchange.response_body.data)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs in the response."""
        return self.job_answer.jobs

    @property
    def job_ids(self) -> list[str]:
        """Ids of the jobs in the response, in its order."""
        return [job.job_id for job in self.jobs if job.job_id]

    @cached_property
    def workflow(self) -> Workflow | None:
        """The workflow in the response to creating or updating one; None without one."""
        return codec.to_value(WorkflowAnswer, self.read(Document.WORKFLOW_ANSWER)).workflow

    @cached_property
    def workflow_list(self) -> WorkflowList:
        """The body as a workflow list; empty when it is none."""
        return codec.to_value(WorkflowList, self.read(Document.WORKFLOW_LIST))

    @cached_property
    def instance_id(self) -> str:
        """Id of the run in the response to a trigger; empty without one."""
        return (codec.to_value(WorkflowTriggered, self.read(Document.WORKFLOW_TRIGGERED)).instance_id or "").strip()

    @cached_property
    def deleted_id(self) -> str:
        """Id in the response to deleting a workflow; empty without one."""
        return (codec.to_value(WorkflowDeleted, self.read(Document.WORKFLOW_DELETED)).workflow_id or "").strip()

    @cached_property
    def run_list(self) -> RunList:
        """The body as a list of runs; empty when it is none."""
        return codec.to_value(RunList, self.read(Document.RUN_LIST))

    @cached_property
    def run(self) -> Run | None:
        """The run that the body describes, None without one."""
        return next(iter(codec.to_value(RunDetail, self.read(Document.RUN_DETAIL)).runs), None)

    @cached_property
    def batch_answer(self) -> BatchAnswer:
        """The body as a response about batch jobs; empty when it is none."""
        return codec.to_value(BatchAnswer, self.read(Document.BATCH_ANSWER))

    @cached_property
    def error(self) -> ErrorAnswer:
        """The body as an error document; empty when it is none."""
        return codec.to_value(ErrorAnswer, self.read(Document.ERROR))


def describe_response(response: ParsedExchange) -> str:
    """Describes a response: `HTTP 400 InvalidArgument`, `no response (timed out)`; quotes a body that is no XML."""
    exchange = response.exchange
    if not exchange.status:
        return f"no response ({exchange.error})" if exchange.error else "no response"
    body = exchange.response_body.data
    if body.strip() and not _is_api_document(body):
        kind = next((value for name, value in exchange.response_headers if name.lower() == "content-type"), "")
        start = " ".join(body[:_SHOWN_BYTES].decode("utf-8", "replace").split())
        return f"HTTP {exchange.status}, {NO_API_ANSWER}: {kind or 'no Content-Type'}, begins {start!r}"
    return f"HTTP {exchange.status} {response.error.code or ''}".rstrip()


@lru_cache(maxsize=512)
def _is_api_document(body: bytes) -> bool:
    """Returns whether a body is well-formed XML and no web page: a proxy or another server may answer instead."""
    try:
        root = xml_parser.parse(body)
    except xml_parser.RefusedDocument:
        return False
    return etree.QName(root).localname.lower() != "html"


def _decompressed(data: bytes) -> bytes:
    """Returns gzip data decompressed, up to the limit of a document; other data, and broken gzip, as it is."""
    if not data.startswith(_GZIP):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, xml_parser.MAX_BYTES)
    except zlib.error:
        return data


@dataclass(frozen=True)
class ParsedCallback:
    """A callback whose body is decoded on demand; the first byte decides between XML and JSON."""

    arrival: CallbackReceived

    @cached_property
    def body(self) -> bytes:
        """The body, decompressed when it is gzip: a compressed callback still names its job."""
        return _decompressed(self.arrival.body.data)

    @property
    def compressed(self) -> bool:
        """Whether the body arrived gzip-compressed."""
        return self.arrival.body.data.startswith(_GZIP)

    @property
    def compression_declared(self) -> bool:
        """Whether Content-Encoding says gzip."""
        values = (value.lower() for name, value in self.arrival.headers if name.lower() == "content-encoding")
        return any("gzip" in value for value in values)

    @cached_property
    def decoded(self) -> Decoded:
        """The body as a callback, with the tolerant reading."""
        return codec.read_callback(self.body)

    @cached_property
    def callback(self) -> JobCallback:
        """The body as a value; empty when it is none."""
        return codec.to_value(JobCallback, self.decoded)

    @cached_property
    def run(self) -> Run | None:
        """The run in a callback of a workflow, None in any other body."""
        if self.decoded.document is not Document.WORKFLOW_CALLBACK:
            return None
        return codec.to_value(WorkflowCallback, self.decoded).run

    @property
    def is_json(self) -> bool:
        """Whether the body looks like JSON."""
        return codec.looks_like_json(self.body)

    @cached_property
    def job_ids(self) -> tuple[str, ...]:
        """Ids of the jobs in the callback."""
        return tuple(job.job_id for job in self.callback.jobs if job.job_id)

    def names(self, job_id: str) -> bool:
        """Returns whether the callback names a job; a body without a readable id may still contain the id's bytes."""
        if self.job_ids:
            return job_id in self.job_ids
        return job_id.encode() in self.body
