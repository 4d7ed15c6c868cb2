"""The HTTP operations of the service as a table, made from the feature table.

Knows methods, paths, operationIds and who is meant. Must not know bodies, answers or how a request is routed.
The mock's router and the suite's fuzzing read it; the OpenAPI document is written from it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ciq_schemas.features import FEATURES, SHARED_JOB_PATH, Feature, FeatureSpec


class OperationKind(StrEnum):
    """What a call does."""

    ACTIVATE = "activate"
    LIST_BUCKETS = "list_buckets"
    DEACTIVATE = "deactivate"
    LIST_QUEUES = "list_queues"
    UPDATE_QUEUE = "update_queue"
    SUBMIT_JOB = "submit_job"
    DESCRIBE_JOB = "describe_job"
    LIST_JOBS = "list_jobs"
    CANCEL_JOB = "cancel_job"


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
    """Template with `{queueId}` or `{jobIds}`."""
    feature: Feature
    """Whose path it is; for the shared job path media, which had it first."""
    served: tuple[Feature, ...]
    """Features whose jobs or queues the path leads to; several on the shared job path."""
    documented: bool
    """False for cancelling on a path family where no page shows it."""

    @property
    def operation_id(self) -> str:
        """`media.queue.list`, `speech.job.submit`."""
        return f"{self.feature}.{_ID_TAIL[self.kind]}"

    @property
    def on_region(self) -> bool:
        """The call goes to the host of the region, not of a bucket (436/75237)."""
        return self.kind is OperationKind.LIST_BUCKETS


_JOB_KINDS = (
    (OperationKind.SUBMIT_JOB, "POST", ""),
    (OperationKind.LIST_JOBS, "GET", ""),
    (OperationKind.DESCRIBE_JOB, "GET", "/{jobIds}"),
    (OperationKind.CANCEL_JOB, "PUT", "/{jobIds}"),
)
_PARAMETER = re.compile(r"\{[A-Za-z]+\}")


@cache
def operations() -> tuple[HttpOperation, ...]:
    """All operations, feature by feature in the order of the feature table."""
    return tuple(operation for spec in FEATURES.values() for operation in _of_feature(spec))


@cache
def operation_of(method: str, path: str) -> HttpOperation | None:
    """The operation that a method on a concrete path (decoded, without query) is, None for an unknown one."""
    for operation in operations():
        if operation.method == method and _matcher(operation.path).fullmatch(path):
            return operation
    return None


def _of_feature(spec: FeatureSpec) -> tuple[HttpOperation, ...]:
    own = (spec.feature,)
    rows = [
        (OperationKind.ACTIVATE, "POST", spec.bucket_path),
        (OperationKind.LIST_BUCKETS, "GET", spec.bucket_path),
        (OperationKind.DEACTIVATE, "DELETE", spec.bucket_path),
        (OperationKind.LIST_QUEUES, "GET", spec.queue_path),
        (OperationKind.UPDATE_QUEUE, "PUT", f"{spec.queue_path}/{{queueId}}"),
    ]
    shared = spec.job_path == SHARED_JOB_PATH
    served = tuple(other.feature for other in FEATURES.values() if other.on_shared_path) if shared else own
    return (
        *(
            HttpOperation(kind=kind, method=method, path=path, feature=spec.feature, served=own, documented=True)
            for kind, method, path in rows
        ),
        *(
            HttpOperation(
                kind=kind,
                method=method,
                path=spec.job_path + tail,
                feature=spec.feature,
                served=served,
                # 436/76252 and 436/49201 show cancelling on /jobs only, for picture jobs too.
                documented=shared or kind is not OperationKind.CANCEL_JOB,
            )
            for kind, method, tail in _JOB_KINDS
        ),
    )


@cache
def _matcher(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in _PARAMETER.split(path)))
