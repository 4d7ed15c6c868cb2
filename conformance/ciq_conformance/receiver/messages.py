"""Makes the bodies of callbacks from the contract: reported jobs and workflow runs in every documented form. Pure.

The codec writes every body by the tables of the XSD; a test reads each one with the strict reading.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from ciq_conformance.driver.requests import JobRequest, operation_xml
from ciq_schemas import codec, times
from ciq_schemas.codec import Document, Fragment
from ciq_schemas.codec.documents import Canonical
from ciq_schemas.codec.writing import escape
from ciq_schemas.features import FEATURES, Feature, FeatureSpec
from ciq_schemas.requirement import Format

TASK_FINISH, WORKFLOW_FINISH = "TaskFinish", "WorkflowFinish"
CONTENT_TYPES: Mapping[Format, str] = {Format.XML: "application/xml", Format.JSON: "application/json"}
"""That of XML is documented (1545/65203); no page names the one of JSON."""
_ZONE = timezone(timedelta(hours=8))
"""Every sample of the documents has this zone."""
_OPERATION_END = b"</Operation>"
OBJECTS: Mapping[Feature, str] = {
    Feature.MEDIA: "in/clip.mp4",
    Feature.SPEECH: "in/talk.mp3",
    Feature.DOC: "in/page.docx",
    Feature.AI: "in/text.txt",
    Feature.PIC: "in/photo.jpg",
    Feature.FILE: "in/data.bin",
}
_WITHOUT_START = frozenset({Feature.DOC})
"""The document pages have no StartTime (1545/65203)."""
_WITHOUT_BUCKET = frozenset({Feature.DOC, Feature.AI})
"""Input of documents and translation has no BucketId and Region (1545/65203, 1045/50307)."""

Results = Callable[[str, str, str, bytes], bytes]
"""Returns the result containers of a successful job: arguments are JobId, Tag, Input.Object and the Operation."""


def no_results(_job_id: str, _tag: str, _source: str, _operation: bytes) -> bytes:
    """Returns no result container."""
    return b""


@dataclass(frozen=True, slots=True)
class ReportedJob:
    """A job as a callback reports it."""

    job_id: str
    feature: Feature
    detail: Canonical
    """Content of `JobsDetail`."""

    def changed(self, **elements: object) -> "ReportedJob":
        """Returns the job with other elements in JobsDetail; None omits one."""
        return replace(self, detail={**self.detail, **elements})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMaker:
    """Makes jobs that no service has run: the default source of reported jobs."""

    run_id: str
    now: Callable[[], datetime]
    bucket: str
    region: str
    results: Results = no_results

    def job(self, feature: Feature, label: str, *, failed: bool = False, user_data: str | None = None) -> ReportedJob:
        """Returns the ended job of a label; the same label gives the same id."""
        spec = FEATURES[feature]
        job_id = self.identifier(spec.id_letter, f"{feature}/{label}")
        tag = spec.tags[0]
        operation = self._operation(spec, tag, label if user_data is None else user_data)
        source = OBJECTS[feature]
        if not failed:
            found = self.results(job_id, tag, source, operation)
            operation = operation.removesuffix(_OPERATION_END) + found + _OPERATION_END
        ended = self.now()
        place = {} if feature in _WITHOUT_BUCKET else {"BucketId": self.bucket, "Region": self.region}
        detail: dict[str, object] = {
            "Code": "ResourceNotFound" if failed else "Success",
            "Message": "The input does not exist." if failed else "",
            "JobId": job_id,
            "Tag": tag,
            "State": "Failed" if failed else "Success",
            "CreationTime": written(ended - timedelta(seconds=4)),
            "StartTime": None if feature in _WITHOUT_START else written(ended - timedelta(seconds=2)),
            "EndTime": written(ended),
            "QueueId": self.identifier("p", str(feature)),
            "Input": {"Object": source, **place},
            "Operation": Fragment(operation),
        }
        return ReportedJob(job_id, feature, detail)

    def identifier(self, letter: str, label: str) -> str:
        """Returns an id in the form of the samples: a letter and 32 hexadecimal digits."""
        return letter + sha256(f"{self.run_id}/{label}".encode()).hexdigest()[:32]

    def _operation(self, spec: FeatureSpec, tag: str, user_data: str) -> bytes:
        request = JobRequest(
            feature=spec.feature,
            tag=tag,
            input_object=OBJECTS[spec.feature],
            bucket=self.bucket,
            region=self.region,
            output_prefix=f"ciq/{self.run_id}",
            user_data=user_data,
            level=0 if spec.has_job_level else None,
        )
        return operation_xml(request).encode()


def written(moment: datetime) -> str:
    """Returns a moment in the form of the samples, `2026-01-05T09:00:00+0800`."""
    return times.written(moment.astimezone(_ZONE))


def task_callback(
    jobs: Sequence[ReportedJob],
    form: Format,
    *,
    event_name: str | None = TASK_FINISH,
    as_object: bool = False,
    wrapper: bool = False,
    numbers: bool = False,
    non_existent: str | None = None,
    declaration: bool = True,
) -> bytes:
    """Returns a callback about ended jobs. `event_name` None gives the older form of the seed pages."""
    document = Document.TASK_CALLBACK if event_name else Document.LEGACY_CALLBACK
    value: dict[str, object] = {"JobsDetail": [job.detail for job in jobs]}
    if event_name:
        value["EventName"] = event_name
    if non_existent is not None:
        value["NonExistJobIds"] = [non_existent]
    if form is Format.XML:
        return codec.encode(document, value, declaration=declaration)
    return codec.encode_callback_json(
        value, document=document, jobs="object" if as_object else "array", wrapper=wrapper, numbers=numbers
    )


def reordered(job: ReportedJob) -> bytes:
    """Returns an XML callback whose elements are in alphabetical order, as in the samples."""
    value = codec.read(Document.TASK_CALLBACK, task_callback([job], Format.XML), codec.Reading.STRICT).value
    return f"<Response>{_alphabetical(value)}</Response>".encode()


def _alphabetical(value: Mapping[str, object]) -> str:
    return "".join(_elements(name, value[name]) for name in sorted(value))


def _elements(name: str, item: object) -> str:
    if isinstance(item, Mapping):
        return f"<{name}>{_alphabetical(item)}</{name}>"
    if isinstance(item, list | tuple):
        return "".join(_elements(name, one) for one in item)
    return f"<{name}>{escape(str(item))}</{name}>"


def with_unknown(body: bytes, form: Format) -> bytes:
    """Returns a callback with unknown elements beside JobsDetail and inside it."""
    if form is Format.XML:
        added = b"<AddedLater><Inner>1</Inner></AddedLater>"
        return body.replace(b"</JobsDetail>", added + b"</JobsDetail>", 1).replace(
            b"</Response>", added + b"</Response>", 1
        )
    added = b'"AddedLater":{"Inner":["1",null]},'
    return body.replace(b'"JobId":', added + b'"JobId":', 1).replace(b"{", b"{" + added, 1)


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """A workflow run as a callback reports it."""

    run_id: str
    execution: Canonical


def workflow_run(maker: JobMaker, label: str, *, failed: bool = False) -> ReportedRun:
    """Returns a run with one task (436/48042, 436/80040)."""
    run_id = maker.identifier("i", f"run/{label}")
    moment = written(maker.now()).replace("T", " ")
    state = "Failed" if failed else "Success"
    task = {
        "Type": "Snapshot",
        "CreateTime": moment,
        "EndTime": moment,
        "State": state,
        "JobId": maker.identifier("j", f"run-job/{label}"),
        "Name": "Snapshot_1700000000001",
        "TemplateId": maker.identifier("t", "template"),
        "TemplateName": "template",
    }
    execution = {
        "RunId": run_id,
        "BucketId": maker.bucket,
        "Object": "in/clip.mp4",
        "CosHeaders": [{"Key": "Content-Type", "Value": "video/mp4"}],
        "WorkflowId": maker.identifier("w", "workflow"),
        "WorkflowName": "workflow",
        "CreateTime": moment,
        "State": state,
        "Tasks": [task],
    }
    return ReportedRun(run_id, execution)


def workflow_callback(
    run: ReportedRun, form: Format, *, event_name: str | None = WORKFLOW_FINISH, root: bool = True
) -> bytes:
    """Returns a callback about a run; `root` False omits Response, as in 1045/50341."""
    value: dict[str, object] = {"WorkflowExecution": run.execution}
    if event_name:
        value["EventName"] = event_name
    if form is Format.JSON:
        return codec.encode_callback_json(value, document=Document.WORKFLOW_CALLBACK)
    body = codec.encode(Document.WORKFLOW_CALLBACK, value)
    return body if root else body.partition(b"<Response>")[2].removesuffix(b"</Response>")


def of_workflow(job: ReportedJob, run: ReportedRun) -> ReportedJob:
    """Returns the job as one that a workflow started: with CosHeaders in Input and the Workflow container."""
    source = job.detail["Input"]
    inner = dict(source) if isinstance(source, Mapping) else {}
    return job.changed(
        Input={**inner, "CosHeaders": [{"Key": "Content-Type", "Value": "video/mp4"}]},
        Workflow={
            "Name": "Snapshot_1700000000001",
            "RunId": run.run_id,
            "WorkflowId": run.execution["WorkflowId"],
            "WorkflowName": run.execution["WorkflowName"],
        },
    )
