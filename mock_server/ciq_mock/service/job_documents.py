"""Writes jobs as documents: the echo of a request, JobsDetail of answers, bodies of callbacks.

The echo is made once, at submit, as XML fragments that later answers repeat unchanged, unknown elements included.
Results follow it once the job has succeeded. Answers and callbacks, XML and JSON, are written from the same value.
Source: 1045/73113 (JobsDetail), 436/85083 (many operations), 1045/73386 and others (callbacks).
"""

from collections.abc import Callable, Iterable

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat
from ciq_mock.engine import Job, Origin
from ciq_mock.results import IN_REQUEST, finished, result_of, with_results
from ciq_mock.service import times
from ciq_mock.service.call import Call
from ciq_mock.service.submit_form import RequestedOperation, Texts
from ciq_schemas.codec import Document, Fragment, encode_callback_json, encode_part
from ciq_schemas.codec.writing import escape
from ciq_schemas.features import Feature, FeatureSpec
from ciq_schemas.lifecycle import FINAL_STATES, JobState

_INPUT = "JobsDetail/Input"
_OPERATION_BEGIN = b"<Operation>"
_OPERATION_END = b"</Operation>"
_TEMPLATE_END = b"</TemplateId>"
_WATERMARK_END = b"</DigitalWatermark>"
_WATERMARK_STATES = {JobState.SUCCESS: b"Success", JobState.FAILED: b"Failed"}
"""State that the echo of DigitalWatermark shows (436/85083 family); Running before the end."""
_END = b"</JobsDetail>"
_DEFAULT_LEVEL = b"<JobLevel>0</JobLevel>"
_RESPONSE = b'<?xml version="1.0" encoding="utf-8"?>\n<Response>'
_EVENT_NAME = f"<EventName>{TASK_FINISH}</EventName>".encode()
_SUCCESS = "Success"
_WITHOUT_START = frozenset({Feature.DOC})
"""The document pages have no StartTime (1045/47932, 1545/65203)."""
_WITH_QUEUE_TYPE = frozenset({"PicProcess", "VocalScore"})
"""Tags whose callbacks name the category of the queue (436/98022; for PicProcess the job types of the Java SDK)."""
_WITHOUT_BUCKET = frozenset({Feature.DOC, Feature.AI})
"""The echoed Input of documents and translation has only the elements of the request (1545/65203, 1045/50307)."""

Results = Callable[[Job], bytes]
"""Returns the result containers of a job that has succeeded."""


def results_by_name(job: Job) -> bytes:
    """Return results that depend on the request only, not on uploads."""
    return result_of(finished(job))


def echoed_input(spec: FeatureSpec, call: Call, given: Texts | None) -> bytes:
    """Return the Input element of later answers; empty when the request has none."""
    if given is None:
        return b""
    with_bucket = spec.feature not in _WITHOUT_BUCKET and "Object" in given
    if with_bucket and len(given) == 1:
        return (
            f"<Input><BucketId>{call.bucket}</BucketId><Object>{escape(str(given['Object']))}</Object>"
            f"<Region>{call.region}</Region></Input>"
        ).encode()
    echo = dict(given)
    if with_bucket:
        echo |= {"BucketId": call.bucket, "Region": call.region}
    return encode_part(Document.JOB_ANSWER, _INPUT, echo).data


def echoed_operation(
    spec: FeatureSpec,
    requested: RequestedOperation,
    *,
    tag: str,
    template_name: str = "",
    show_default_level: bool = True,
) -> bytes:
    """Return the Operation element of later answers: the element of the request, plus what the service adds.

    `tag` is for one of several operations, whose tag is in Operation; empty otherwise. `template_name` is the name of
    the template with its TemplateId.
    """
    xml = requested.xml
    if not xml.endswith(_OPERATION_END):  # an empty element
        xml = _OPERATION_BEGIN + _OPERATION_END
    if tag and not requested.tag:
        xml = b"".join((_OPERATION_BEGIN, f"<Tag>{escape(tag)}</Tag>".encode(), xml[len(_OPERATION_BEGIN) :]))
    if template_name:
        name = f"<TemplateName>{escape(template_name)}</TemplateName>".encode()
        xml = xml.replace(_TEMPLATE_END, _TEMPLATE_END + name, 1)
    if requested.level is None and spec.has_job_level and show_default_level:
        # JobLevel is the last element of a request's Operation, so the default precedes the end tag.
        xml = b"".join((xml[: -len(_OPERATION_END)], _DEFAULT_LEVEL, _OPERATION_END))
    return xml


def submitted(jobs: Iterable[Job]) -> bytes:
    """Return the answer to a submit: one JobsDetail per job, in the order of the operations."""
    return _response([job_detail(job) for job in jobs])


def described(jobs: Iterable[Job], unknown: Iterable[str], now: float, *, results: Results = results_by_name) -> bytes:
    """Return the answer to a describe; unknown ids are one comma-separated text (String on the pages)."""
    parts = [job_detail(job, now=now, results=results) for job in jobs]
    missing = ",".join(unknown)
    if missing:
        parts.append(encode_part(Document.JOB_ANSWER, "NonExistJobIds", missing).data)
    return _response(parts)


def listed(jobs: Iterable[Job], next_token: str | None, now: float, *, results: Results = results_by_name) -> bytes:
    """Return a page of a list; the last page has no NextToken."""
    parts = [job_detail(job, now=now, results=results) for job in jobs]
    if next_token:
        parts.append(encode_part(Document.JOB_ANSWER, "NextToken", next_token).data)
    return _response(parts)


def callback_body(job: Job, form: BodyFormat, *, results: Results = results_by_name) -> bytes:
    """Return the TaskFinish message of an ended job (436/49074, 1545/65203; JSON as in the samples of 436/85073)."""
    if form is BodyFormat.XML:
        return _response([_EVENT_NAME, job_detail(job, results=results)])
    return encode_callback_json({"EventName": TASK_FINISH, "JobsDetail": [detail_value(job, results=results)]})


def detail_value(job: Job, *, now: float | None = None, results: Results = results_by_name) -> dict[str, object]:
    """Return JobsDetail of a job as a value; with `now` it has Progress, as in answers to describe and list."""
    state = job.state
    failed = job.failure if state is JobState.FAILED else None
    detail: dict[str, object] = {
        "Code": _SUCCESS if failed is None else failed.code,
        "Message": "" if failed is None else failed.message,
        "JobId": job.id,
    }
    if not job.one_of_many:
        detail["Tag"] = job.tag
    detail["State"] = state.value
    if now is not None:
        detail["Progress"] = str(job.progress(now))
    detail["CreationTime"] = times.written(job.created)
    if job.feature not in _WITHOUT_START:
        detail["StartTime"] = times.written(job.started)
    detail["EndTime"] = times.written(job.ended)
    detail["QueueId"] = job.queue.id
    if job.tag in _WITH_QUEUE_TYPE and state in FINAL_STATES:
        detail["QueueType"] = job.queue.category
    if job.input:
        detail["Input"] = Fragment(job.input)
    detail["Operation"] = Fragment(_operation(job, state, results))
    if job.origin is not None and job.origin.run_id:
        detail["Workflow"] = _workflow(job.origin)
    return detail


def job_detail(job: Job, *, now: float | None = None, results: Results = results_by_name) -> bytes:
    """Return JobsDetail of a job as XML, the same bytes as the codec writes for `detail_value`, but faster.

    Every answer and callback uses it. Only the texts of a failure need escaping, so the codec writes failed jobs. A
    test checks that both give the same bytes.
    """
    state = job.state
    if state is JobState.FAILED:
        return encode_part(Document.JOB_ANSWER, "JobsDetail", detail_value(job, now=now, results=results)).data
    tag = "" if job.one_of_many else f"<Tag>{job.tag}</Tag>"
    progress = "" if now is None else f"<Progress>{job.progress(now)}</Progress>"
    queue_type = ""
    if job.tag in _WITH_QUEUE_TYPE and state in FINAL_STATES:
        queue_type = f"<QueueType>{job.queue.category}</QueueType>"
    start = "" if job.feature in _WITHOUT_START else f"<StartTime>{times.written(job.started)}</StartTime>"
    head = (
        f"<JobsDetail><Code>{_SUCCESS}</Code><Message/><JobId>{job.id}</JobId>{tag}<State>{state.value}</State>"
        f"{progress}<CreationTime>{times.written(job.created)}</CreationTime>{start}"
        f"<EndTime>{times.written(job.ended)}</EndTime><QueueId>{job.queue.id}</QueueId>{queue_type}"
    )
    end = _END if job.origin is None or not job.origin.run_id else _workflow_xml(job.origin) + _END
    return b"".join((head.encode(), job.input, _operation(job, state, results), end))


def _workflow(origin: Origin) -> dict[str, object]:
    """Return the Workflow element of a job: the run that started it (436/85073 and the other callback pages)."""
    return {
        "Name": origin.task,
        "RunId": origin.run_id,
        "WorkflowId": origin.workflow_id,
        "WorkflowName": origin.workflow_name,
    }


def _workflow_xml(origin: Origin) -> bytes:
    return encode_part(Document.JOB_ANSWER, "JobsDetail/Workflow", _workflow(origin)).data


_MEDIA_INFO, _EMPTY_MEDIA_INFO = b"<MediaInfo>", b"<MediaInfo/>"


def _operation(job: Job, state: JobState, results: Results) -> bytes:
    """Return the echo, followed by the results of a job that has succeeded."""
    echo = job.operation
    if _WATERMARK_END in echo:
        shown = _WATERMARK_STATES.get(state, b"Running")
        echo = echo.replace(_WATERMARK_END, b"<State>%b</State>%b" % (shown, _WATERMARK_END), 1)
    if state is not JobState.SUCCESS:
        return echo
    if job.tag in IN_REQUEST:
        echo = with_results(echo, finished(job))
    containers = results(job)
    if not containers or not echo.endswith(_OPERATION_END):
        return echo
    if _EMPTY_MEDIA_INFO in echo and _MEDIA_INFO in containers:
        echo = echo.replace(_EMPTY_MEDIA_INFO, b"")  # the result takes the place of the request's empty element
    return b"".join((echo[: -len(_OPERATION_END)], containers, _OPERATION_END))


def _response(parts: list[bytes]) -> bytes:
    return b"".join((_RESPONSE, *parts, b"</Response>"))
