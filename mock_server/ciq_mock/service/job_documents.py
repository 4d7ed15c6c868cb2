"""Jobs as documents: what is echoed of a request, JobsDetail of answers, bodies of callbacks.

The echo is made once, at submit, as XML fragments that later answers take over as they are; results are put behind
it when the job has succeeded. Answers and callbacks, XML and JSON, all come from the same value.
Source: 1045/73113 (JobsDetail), 436/85083 (many operations), 1045/73386 and others (callbacks).
"""

from collections.abc import Iterable, Mapping

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat
from ciq_mock.engine import Job
from ciq_mock.service import times
from ciq_mock.service.call import Call
from ciq_mock.service.results import result_of
from ciq_schemas.codec import (
    Document,
    Fragment,
    decode_part,
    encode,
    encode_callback_json,
    encode_part,
)
from ciq_schemas.features import Feature, FeatureSpec
from ciq_schemas.lifecycle import JobState

_INPUT = "JobsDetail/Input"
_OPERATION = "JobsDetail/Operation"
_OPERATION_END = b"</Operation>"
_DEFAULT_LEVEL = b"<JobLevel>0</JobLevel>"
_WITHOUT_BUCKET = frozenset({Feature.DOC, Feature.AI})
"""Input of documents and of translation is echoed with what was given only (1545/65203, 1045/50307)."""


def echoed_input(spec: FeatureSpec, call: Call, given: object) -> bytes:
    """Return the Input element of later answers; empty when the request has none."""
    if not isinstance(given, dict):
        return b""
    echo = dict(given)
    if spec.feature not in _WITHOUT_BUCKET and "Object" in echo:
        echo |= {"BucketId": call.bucket, "Region": call.region}
    return encode_part(Document.JOB_ANSWER, _INPUT, echo).data


def echoed_operation(
    spec: FeatureSpec, operation: Mapping[str, object], fragment: Fragment, *, tag: str
) -> bytes:
    """Return the Operation element of later answers: as given, and what the service adds to it.

    `tag` is that of one operation of many, which stands in Operation then; empty otherwise.
    """
    added: dict[str, object] = {}
    if tag and not operation.get("Tag"):
        added["Tag"] = tag
    if operation.get("TemplateId"):
        added["TemplateName"] = f"template-{operation['TemplateId']}"
    wants_level = spec.has_job_level and "JobLevel" not in operation
    if not added and fragment.data.endswith(_OPERATION_END):
        if not wants_level:
            return fragment.data
        # JobLevel is the last element of a request's Operation, so the default goes right before the end tag.
        return b"".join((fragment.data[: -len(_OPERATION_END)], _DEFAULT_LEVEL, _OPERATION_END))
    if wants_level:
        added["JobLevel"] = "0"
    return encode_part(Document.JOB_ANSWER, _OPERATION, {**operation, **added}).data


def submitted(jobs: Iterable[Job]) -> bytes:
    """The answer to a submit: one JobsDetail a job, in order of the operations."""
    return encode(Document.JOB_ANSWER, {"JobsDetail": [_detail(job) for job in jobs]})


def described(jobs: Iterable[Job], unknown: Iterable[str], now: float) -> bytes:
    """The answer to a describe; ids that do not exist come in one text with commas (the pages say String)."""
    answer: dict[str, object] = {"JobsDetail": [_detail(job, now=now) for job in jobs]}
    missing = ",".join(unknown)
    if missing:
        answer["NonExistJobIds"] = [missing]
    return encode(Document.JOB_ANSWER, answer)


def listed(jobs: Iterable[Job], next_token: str | None, now: float) -> bytes:
    """A page of a list; the last has no NextToken."""
    return encode(
        Document.JOB_ANSWER,
        {"JobsDetail": [_detail(job, now=now) for job in jobs], "NextToken": next_token},
    )


def callback_body(job: Job, form: BodyFormat) -> bytes:
    """The TaskFinish message of an ended job (callbacks.md 4 and 5)."""
    value = {"EventName": TASK_FINISH, "JobsDetail": [_detail(job)]}
    return encode(Document.TASK_CALLBACK, value) if form is BodyFormat.XML else encode_callback_json(value)


def _detail(job: Job, *, now: float | None = None) -> dict[str, object]:
    """JobsDetail of a job; with `now` it has Progress, as describe and list answers do."""
    state = job.state
    failed = job.failure if state is JobState.FAILED else None
    detail: dict[str, object] = {
        "Code": "Success" if failed is None else failed.code,
        "Message": "" if failed is None else failed.message,
        "JobId": job.id,
    }
    if not job.one_of_many:
        detail["Tag"] = job.tag
    detail["State"] = state.value
    if now is not None:
        detail["Progress"] = str(job.progress(now))
    detail["CreationTime"] = times.written(job.created)
    if job.feature is not Feature.DOC:  # the document pages have no StartTime (jobs.md 1.6)
        detail["StartTime"] = times.written(job.started)
    detail["EndTime"] = times.written(job.ended)
    detail["QueueId"] = job.queue.id
    if job.input:
        detail["Input"] = Fragment(job.input)
    detail["Operation"] = Fragment(job.operation if state is not JobState.SUCCESS else _with_result(job))
    return detail


def _with_result(job: Job) -> bytes:
    """Operation with its results, which stand behind everything else."""
    operation = decode_part(Document.JOB_ANSWER, _OPERATION, Fragment(job.operation))
    if not isinstance(operation, dict):
        return job.operation
    results = result_of(job.feature, job.tag, job.id, operation)
    if not results:
        return job.operation
    parts = [
        encode_part(Document.JOB_ANSWER, f"{_OPERATION}/{name}", content).data
        for name, content in results.items()
    ]
    return b"".join((job.operation.removesuffix(_OPERATION_END), *parts, _OPERATION_END))
