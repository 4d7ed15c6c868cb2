"""Refusals of the engine: typed, so that the edge can choose code and status without reading words."""

from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState


class EngineError(Exception):
    """A command the engine refuses; nothing has changed."""


class NotActivatedError(EngineError):
    """The bucket does not have the feature: nobody activated it, or it was deactivated."""

    def __init__(self, bucket: str, feature: Feature) -> None:
        super().__init__(f"bucket {bucket} has no {feature} service: activate it with POST first")
        self.bucket = bucket
        self.feature = feature


class UnknownQueueError(EngineError):
    """No such queue for this feature of this bucket."""

    def __init__(self, queue_id: str, bucket: str, feature: Feature) -> None:
        super().__init__(f"queue {queue_id} is none of the {feature} queues of bucket {bucket}")
        self.queue_id = queue_id


class TooManyBucketsError(EngineError):
    """No room for the feature of another bucket; deactivated ones whose jobs are still on record count."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} features of buckets are known here already: deactivate one that has no jobs")


class QueueFullError(EngineError):
    """The orders do not fit; none was accepted."""

    def __init__(self, queue_id: str, waiting: int, max_size: int, wanted: int) -> None:
        super().__init__(
            f"queue {queue_id} has {waiting} of {max_size} waiting jobs: {wanted} more do not fit, try later"
        )
        self.queue_id = queue_id
        self.max_size = max_size


class UnknownJobError(EngineError):
    """No job of this bucket has the id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id} in this bucket")
        self.job_id = job_id


class CancelRefusedError(EngineError):
    """The job is past waiting: only jobs not yet executed can be cancelled (436/76252)."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(f"job {job_id} is {state}: only a job that waits can be cancelled")
        self.job_id = job_id
        self.state = state


class BadCursorError(EngineError):
    """A list token that this engine did not give out for this filter."""

    def __init__(self) -> None:
        super().__init__("the token is not one this list gave out for the same tag, order and filters")
