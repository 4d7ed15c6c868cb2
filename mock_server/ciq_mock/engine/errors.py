"""Errors of the engine; their types let the service choose code and status."""

from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState


class EngineError(Exception):
    """The engine refuses a command; nothing has changed."""


class NotActivatedError(EngineError):
    """The bucket does not have the feature: it was never activated, or was deactivated."""

    def __init__(self, bucket: str, feature: Feature) -> None:
        super().__init__(f"bucket {bucket} has no {feature} service: activate it with POST first")
        self.bucket = bucket
        self.feature = feature


class UnknownQueueError(EngineError):
    """This feature of this bucket has no such queue."""

    def __init__(self, queue_id: str, bucket: str, feature: Feature) -> None:
        super().__init__(f"bucket {bucket} has no {feature} queue {queue_id}")
        self.queue_id = queue_id


class TooManyBucketsError(EngineError):
    """The limit of activations is reached; deactivated ones with jobs on record count."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the mock has {most} activations, its maximum: deactivate one that has no jobs")


class QueueFullError(EngineError):
    """The queue has no space for all jobs of a submit; none was accepted."""

    def __init__(self, queue_id: str, waiting: int, max_size: int, wanted: int) -> None:
        super().__init__(
            f"queue {queue_id} has {waiting} of {max_size} waiting jobs: no space for {wanted} more, try later"
        )
        self.queue_id = queue_id
        self.max_size = max_size


class UnknownJobError(EngineError):
    """No job of this bucket has the id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"this bucket has no job {job_id}")
        self.job_id = job_id


class CancelRefusedError(EngineError):
    """The job is running or has ended: only jobs not yet executed can be cancelled (436/76252)."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(f"job {job_id} is {state}: only a waiting job can be cancelled")
        self.job_id = job_id
        self.state = state


class BadCursorError(EngineError):
    """This engine did not issue the list token for this filter."""

    def __init__(self) -> None:
        super().__init__("nextToken does not come from a list with the same tag, order and filters")
