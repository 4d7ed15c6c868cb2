"""Defines the HTTP operations of the service as a table: those of each feature, from the feature table, and the others.

Contains methods, paths, operationIds and hosts. Must not know bodies, responses or how a request is routed.
The mock's router and the suite's fuzzing read the table; the OpenAPI document is generated from it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ciq_schemas.features import FEATURES, SHARED_JOB_PATH, Feature, FeatureSpec


class OperationKind(StrEnum):
    """What an operation does."""

    ACTIVATE = "activate"
    LIST_BUCKETS = "list_buckets"
    DEACTIVATE = "deactivate"
    LIST_QUEUES = "list_queues"
    UPDATE_QUEUE = "update_queue"
    SUBMIT_JOB = "submit_job"
    DESCRIBE_JOB = "describe_job"
    LIST_JOBS = "list_jobs"
    CANCEL_JOB = "cancel_job"
    BIND_BUCKET = "bind_bucket"
    """With the parameter `unbind` it removes the binding (1045/33703)."""
    LIST_BOUND = "list_bound"
    CREATE_TEMPLATE = "create_template"
    UPDATE_TEMPLATE = "update_template"
    LIST_TEMPLATES = "list_templates"
    DELETE_TEMPLATE = "delete_template"
    CREATE_PLAY_KEY = "create_play_key"
    GET_PLAY_KEY = "get_play_key"
    UPDATE_PLAY_KEY = "update_play_key"
    GENERATE_MEDIA_INFO = "generate_media_info"
    GENERATE_SNAPSHOT = "generate_snapshot"
    OPEN_IMAGE_SEARCH = "open_image_search"
    CREATE_VOCABULARY = "create_vocabulary"
    UPDATE_VOCABULARY = "update_vocabulary"
    GET_VOCABULARY = "get_vocabulary"
    LIST_VOCABULARIES = "list_vocabularies"
    DELETE_VOCABULARY = "delete_vocabulary"
    CREATE_WORKFLOW = "create_workflow"
    LIST_WORKFLOWS = "list_workflows"
    UPDATE_WORKFLOW = "update_workflow"
    """With the parameter `active` or `paused` it changes the state and needs no body (460/76861)."""
    DELETE_WORKFLOW = "delete_workflow"
    TRIGGER_WORKFLOW = "trigger_workflow"
    LIST_RUNS = "list_runs"
    DESCRIBE_RUN = "describe_run"
    CREATE_BATCH = "create_batch"
    LIST_BATCHES = "list_batches"
    DESCRIBE_BATCH = "describe_batch"
    CANCEL_BATCH = "cancel_batch"

    __hash__ = str.__hash__  # hashes the text, as `==` compares it; Enum's own hash is slow for keys on hot paths


_ID_TAIL = {
    OperationKind.ACTIVATE: "bucket.activate",
    OperationKind.LIST_BUCKETS: "bucket.list",
    OperationKind.DEACTIVATE: "bucket.deactivate",
    OperationKind.LIST_QUEUES: "queue.list",
    OperationKind.UPDATE_QUEUE: "queue.update",
    OperationKind.SUBMIT_JOB: "job.submit",
    OperationKind.DESCRIBE_JOB: "job.describe",
    OperationKind.LIST_JOBS: "job.list",
    OperationKind.CANCEL_JOB: "job.cancel",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOperation:
    """One method on one path template."""

    kind: OperationKind
    method: str
    path: str
    """Template with at most one `{parameter}`, at its end."""
    operation_id: str
    """`media.queue.list`, `template.create`."""
    documented: bool
    """False without a page: cancelling on some path families, operations that only the SDKs use."""
    source: str
    """Pages that document it."""
    on_region: bool = False
    """The suite sends the request to the host of the region, not of a bucket (436/75237)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOperation(HttpOperation):
    """An operation on activation, queues or jobs of a feature."""

    feature: Feature
    """The feature that the path belongs to; media for the shared job path, which was its own first."""
    served: tuple[Feature, ...]
    """Features whose jobs or queues the path serves; several on the shared job path."""


_JOB_KINDS = (
    (OperationKind.SUBMIT_JOB, "POST", ""),
    (OperationKind.LIST_JOBS, "GET", ""),
    (OperationKind.DESCRIBE_JOB, "GET", "/{jobIds}"),
    (OperationKind.CANCEL_JOB, "PUT", "/{jobIds}"),
)
_PARAMETER = re.compile(r"\{[A-Za-z]+\}")


_OTHERS = (
    (OperationKind.BIND_BUCKET, "PUT", "/", "bucket.bind", "1045/33701, 1045/33703"),
    (OperationKind.LIST_BOUND, "GET", "/cibuckets", "bucket.list", ""),
    (OperationKind.CREATE_TEMPLATE, "POST", "/template", "template.create", "1045/73037, 1045/73064, 460/84734"),
    (OperationKind.LIST_TEMPLATES, "GET", "/template", "template.list", "436/77185"),
    (OperationKind.UPDATE_TEMPLATE, "PUT", "/template/{templateId}", "template.update", "1045/73038"),
    (OperationKind.DELETE_TEMPLATE, "DELETE", "/template/{templateId}", "template.delete", "436/75046"),
    (OperationKind.CREATE_PLAY_KEY, "POST", "/playKey", "play_key.create", ""),
    (OperationKind.GET_PLAY_KEY, "GET", "/playKey", "play_key.get", "1045/72947"),
    (OperationKind.UPDATE_PLAY_KEY, "PUT", "/playKey", "play_key.update", "1045/72946"),
    (OperationKind.OPEN_IMAGE_SEARCH, "POST", "/ImageSearchBucket", "image_search.open", "1045/43516"),
    (OperationKind.CREATE_VOCABULARY, "POST", "/asrhotvocabtable", "vocabulary.create", ""),
    (OperationKind.UPDATE_VOCABULARY, "PUT", "/asrhotvocabtable", "vocabulary.update", ""),
    (OperationKind.LIST_VOCABULARIES, "GET", "/asrhotvocabtable", "vocabulary.list", ""),
    (OperationKind.GET_VOCABULARY, "GET", "/asrhotvocabtable/{tableId}", "vocabulary.get", ""),
    (OperationKind.DELETE_VOCABULARY, "DELETE", "/asrhotvocabtable/{tableId}", "vocabulary.delete", ""),
    (OperationKind.CREATE_WORKFLOW, "POST", "/workflow", "workflow.create", "1045/43733, 436/48037"),
    (OperationKind.LIST_WORKFLOWS, "GET", "/workflow", "workflow.list", "1045/50339, 436/48039"),
    (OperationKind.UPDATE_WORKFLOW, "PUT", "/workflow/{workflowId}", "workflow.update", "436/48040, 460/76861"),
    (OperationKind.DELETE_WORKFLOW, "DELETE", "/workflow/{workflowId}", "workflow.delete", "1045/43734"),
    (OperationKind.TRIGGER_WORKFLOW, "POST", "/triggerworkflow", "workflow.trigger", "1045/50340, 436/48041"),
    (OperationKind.LIST_RUNS, "GET", "/workflowexecution", "workflow.list_runs", "1045/51276, 436/50855"),
    (OperationKind.DESCRIBE_RUN, "GET", "/workflowexecution/{runId}", "workflow.describe_run", "436/50854"),
    (OperationKind.CREATE_BATCH, "POST", "/inventorytriggerjob", "batch.create", "1045/47029, 436/76888"),
    (OperationKind.LIST_BATCHES, "GET", "/inventorytriggerjob", "batch.list", "1045/47031, 460/76894"),
    (OperationKind.DESCRIBE_BATCH, "GET", "/inventorytriggerjob/{jobId}", "batch.describe", "1045/47030, 436/76890"),
    (OperationKind.CANCEL_BATCH, "PUT", "/inventorytriggerjob/{jobId}", "batch.cancel", "460/76892"),
)
"""Operations beside queues and jobs; those without a page are known from the official SDKs."""


_AT_ONCE = (
    (OperationKind.GENERATE_MEDIA_INFO, "POST", "/mediainfo", "media_info.generate", "436/46877"),
    (OperationKind.GENERATE_SNAPSHOT, "POST", "/snapshot", "snapshot.generate", "1045/48855"),
)
"""Operations without a queue, which the mock offers beside the contract: the suite sends none of them to a target."""


@cache
def operations_at_once() -> tuple[HttpOperation, ...]:
    """Returns the operations that answer at once from the content of an object; they are not part of the contract."""
    return tuple(
        HttpOperation(kind=kind, method=method, path=path, operation_id=operation_id, documented=True, source=source)
        for kind, method, path, operation_id, source in _AT_ONCE
    )


@cache
def operations() -> tuple[HttpOperation, ...]:
    """Returns all operations: feature by feature in the order of the feature table, then the others."""
    return (
        *feature_operations(),
        *(
            HttpOperation(
                kind=kind,
                method=method,
                path=path,
                operation_id=operation_id,
                documented=bool(source),
                source=source,
                on_region=kind is OperationKind.LIST_BOUND,
            )
            for kind, method, path, operation_id, source in _OTHERS
        ),
    )


@cache
def feature_operations() -> tuple[FeatureOperation, ...]:
    """Returns the operations of the features, in the order of the feature table."""
    return tuple(operation for spec in FEATURES.values() for operation in _of_feature(spec))


@cache
def operation_of(method: str, path: str) -> HttpOperation | None:
    """Returns the operation of a method on a concrete path (decoded, without query); None for an unknown one."""
    for operation in operations():
        if operation.method == method and _matcher(operation.path).fullmatch(path):
            return operation
    return None


def service_path(method: str, path: str) -> str:
    """Returns a path without the prefix under which a gateway serves the service; an unknown path as it is."""
    if operation_of(method, path) is not None:
        return path
    at = path.find("/", 1)
    while at > 0:
        found = operation_of(method, path[at:])
        if found is not None and found.path != "/":
            return path[at:]
        at = path.find("/", at + 1)
    return path


def _of_feature(spec: FeatureSpec) -> tuple[FeatureOperation, ...]:
    shared = spec.job_path == SHARED_JOB_PATH
    served = tuple(other.feature for other in FEATURES.values() if other.on_shared_path) if shared else (spec.feature,)
    rows = [
        (OperationKind.ACTIVATE, "POST", spec.bucket_path),
        (OperationKind.LIST_BUCKETS, "GET", spec.bucket_path),
        (OperationKind.DEACTIVATE, "DELETE", spec.bucket_path),
        (OperationKind.LIST_QUEUES, "GET", spec.queue_path),
        (OperationKind.UPDATE_QUEUE, "PUT", f"{spec.queue_path}/{{queueId}}"),
        *((kind, method, spec.job_path + tail) for kind, method, tail in _JOB_KINDS),
    ]
    job_kinds = {kind for kind, _, _ in _JOB_KINDS}
    return tuple(
        FeatureOperation(
            kind=kind,
            method=method,
            path=path,
            operation_id=f"{spec.feature}.{_ID_TAIL[kind]}",
            # 436/76252 and 436/49201 document cancelling on /jobs only, for picture jobs too.
            documented=shared or kind is not OperationKind.CANCEL_JOB,
            source="; ".join(
                FEATURES[feature].source for feature in (served if kind in job_kinds else (spec.feature,))
            ),
            on_region=kind is OperationKind.LIST_BUCKETS,
            feature=spec.feature,
            served=served if kind in job_kinds else (spec.feature,),
        )
        for kind, method, path in rows
    )


@cache
def _matcher(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in _PARAMETER.split(path)))
