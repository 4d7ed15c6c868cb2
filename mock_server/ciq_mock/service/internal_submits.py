"""Builds the job specs of tasks of workflows and of batch jobs, which no client submits.

It writes each as a submit request and reads that like any other, so the same rules apply to these jobs. Must not know
when a task begins.
"""

from collections.abc import Mapping
from dataclasses import replace
from posixpath import splitext

import msgspec

from ciq_mock.engine import EngineError, Failure, Job, JobSpec, Origin
from ciq_mock.results import written_by
from ciq_mock.service.arguments import invalid
from ciq_mock.service.call import NO_QUERY, Call
from ciq_mock.service.context import ServiceContext
from ciq_mock.service.error_mapping import refusal_of
from ciq_mock.service.refusal import Refusal
from ciq_mock.service.submit import WRITING, job_specs_of
from ciq_mock.service.submit_form import read_submit
from ciq_mock.settings import UnknownInput
from ciq_mock.workflow import BatchJob, BatchPlan, Node, Run
from ciq_schemas.codec import Document, EncodeError, encode
from ciq_schemas.features import FEATURES, feature_of_tag
from ciq_schemas.xsd_tables import ContainerType

STEERING = frozenset({"StreamPackConfig", "VideoStream", "StreamPack", "SCF"})
"""Types of nodes that run no job of a queue (1045/43733 and the Go SDK's samples); they succeed immediately."""
_ANY_KEY = "any"


def check_node(context: ServiceContext, bucket: str, region: str, node: Node) -> None:
    """Refuse a node whose job no submit would accept: its type or its parameters are wrong."""
    if node.type in STEERING:
        return
    context = _with_any_input(context)
    _spec(context, bucket, region, f"Nodes.{node.name}", node.type, _ANY_KEY, node.operation, {}, None)


def check_batch(context: ServiceContext, bucket: str, region: str, plan: BatchPlan) -> None:
    """Refuse a batch job whose jobs no submit would accept."""
    _of_batch(_with_any_input(context), bucket, region, plan, _ANY_KEY, None)


def of_node(context: ServiceContext, run: Run, node: Node, source: str) -> JobSpec | Failure:
    """Return the job of a node on a source, or the failure when it is refused."""
    origin = Origin(
        workflow_id=run.workflow.id,
        workflow_name=run.plan.name,
        run_id=run.id,
        task=node.name,
        batch_id=run.batch_id,
        rule=run.plan.rule,
    )
    operation = _with_run(node.operation, run)
    bucket, region = run.workflow.bucket, run.workflow.region
    try:
        return _spec(context, bucket, region, f"Nodes.{node.name}", node.type, source, operation, {}, origin)
    except Refusal as refusal:
        return Failure(refusal.code, refusal.message)


def of_batch(context: ServiceContext, batch: BatchJob, key: str) -> JobSpec | Failure:
    """Return the job of a batch job on an object, or the failure when it is refused."""
    try:
        return _of_batch(context, batch.bucket, batch.region, batch.plan, key, Origin(batch_id=batch.id))
    except Refusal as refusal:
        return Failure(refusal.code, refusal.message)


def output_of(job: Job) -> str:
    """Return the key of the first file that a job has written; "" when it wrote none."""
    return next((output.key for output in written_by(job)), "")


def failure_of(error: EngineError) -> Failure:
    """Return why the engine refused a job, with code and message of the service."""
    refusal = refusal_of(error)
    return Failure(refusal.code, refusal.message)


def _of_batch(
    context: ServiceContext, bucket: str, region: str, plan: BatchPlan, key: str, origin: Origin | None
) -> JobSpec:
    given = plan.operation
    parameters = given.get("JobParam")
    operation = dict(parameters) if isinstance(parameters, Mapping) else {}
    operation |= {name: given[name] for name in ("Output", "FreeTranscode", "UserData", "JobLevel") if name in given}
    batch_id = _ANY_KEY if origin is None else origin.batch_id
    operation = _filled(operation, {"${InventoryTriggerJobId}": batch_id, **_marks_of(key)})
    callback = {name: item for name, item in given.items() if name.startswith("CallBack")}
    return _spec(context, bucket, region, "Operation", str(given["Tag"]), key, operation, callback, origin)


def _spec(
    context: ServiceContext,
    bucket: str,
    region: str,
    place: str,
    tag: str,
    key: str,
    operation: Mapping[str, object],
    callback: Mapping[str, object],
    origin: Origin | None,
) -> JobSpec:
    """Write a submit request and read it as the spec of a job. Raises Refusal."""
    feature = feature_of_tag(tag)
    if feature is None:
        raise invalid(f"{place}: {tag[:60]!r} is not the tag of a job")
    known = Document.JOB_SUBMIT_REQUEST.table.content.by_name["Operation"].type
    request = {"Tag": tag, "Input": {"Object": key}, "Operation": [_known(operation, known)], **callback}
    try:
        form = read_submit(encode(Document.JOB_SUBMIT_REQUEST, request), context.settings.limits)
        if tag in WRITING and not form.operations[0].has_output:
            raise invalid(f"Output is required for {tag}")
        call = Call(bucket, region, "", NO_QUERY, b"", "")
        (spec,) = job_specs_of(context, FEATURES[feature], call, form, [tag])
    except EncodeError as error:
        raise invalid(f"{place}: {error}") from None
    except Refusal as refusal:
        raise Refusal(refusal.error, f"{place}: {refusal.message}", wire=refusal.code) from None
    return msgspec.structs.replace(spec, origin=origin)


def _with_any_input(context: ServiceContext) -> ServiceContext:
    """Return a context that accepts every input: a definition names no object yet."""
    objects = replace(context.settings.objects, unknown_input=UnknownInput.ACCEPT)
    return replace(context, settings=replace(context.settings, objects=objects))


def _known(content: Mapping[str, object], kind: object) -> dict[str, object]:
    """Return the elements that a submit request may have; the others control the workflow only."""
    if not isinstance(kind, ContainerType):
        return dict(content)
    return {
        name: _known(item, row.type) if isinstance(item, Mapping) else item
        for name, item in content.items()
        if (row := kind.by_name.get(name)) is not None and item != ""
    }


def _with_run(content: Mapping[str, object], run: Run) -> dict[str, object]:
    """Return the parameters with the wildcards of the run and its object replaced (1045/43733)."""
    return _filled(content, {"${RunId}": run.id, **_marks_of(run.object)})


def _marks_of(key: str) -> dict[str, str]:
    """Return the wildcards of an input object with their values."""
    folder, _, name = key.rpartition("/")
    stem, ending = splitext(name)
    return {
        "${InputPath}": folder,
        "${InputNameAndExt}": name,
        "${InputName}": stem,
        "${InputExt}": ending.removeprefix("."),
    }


def _filled(content: Mapping[str, object], marks: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters with each wildcard replaced by its value."""

    def filled(item: object) -> object:
        if isinstance(item, Mapping):
            return {key: filled(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [filled(inner) for inner in item]
        text = str(item)
        for mark, value in marks.items() if "${" in text else ():
            text = text.replace(mark, value)
        return text

    return {key: filled(item) for key, item in content.items()}
