"""One-time deviations that a test requests: the next job fails or takes longer, the next request is refused.

Each applies once, in the order of the requests, and then the mock behaves as before. Those of callbacks are in
`delivery/callback_orders.py`. Must not know HTTP pages.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from ciq_mock.engine import Failure, JobSpec
from ciq_mock.service.refusal import ErrorCode, Refusal

T = TypeVar("T")
MOST = 1000
"""Requests of one kind that may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """What differs for one job."""

    failure: Failure | None = None
    delay: float = 0.0
    """Seconds that the job runs longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """The answer to one request."""

    status: int
    code: str
    message: str
    operation: str = ""
    """Only a request of this kind (`submit_job`); empty: any request."""


class TooManyInterventionsError(ValueError):
    """More interventions wait than a test can need."""


class Interventions:
    """The deviations that wait for their job or request."""

    def __init__(self) -> None:
        self._jobs: deque[JobChange] = deque()
        self._requests: deque[RefusedRequest] = deque()

    def clear(self) -> None:
        """Forget all."""
        self._jobs.clear()
        self._requests.clear()

    def change_next_job(self, change: JobChange, count: int = 1) -> None:
        """Apply `change` to the next `count` jobs that the mock accepts."""
        self._jobs.extend(_repeated(change, count, len(self._jobs)))

    def refuse_next_request(self, refused: RefusedRequest, count: int = 1) -> None:
        """Refuse the next `count` requests of the kind."""
        self._requests.extend(_repeated(refused, count, len(self._requests)))

    def changed(self, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
        """Return the jobs of a submit with their changes; call `used` when the submit was accepted."""
        if not self._jobs:
            return specs
        changes = [*list(self._jobs)[: len(specs)], *[JobChange()] * len(specs)]
        return [
            msgspec.structs.replace(spec, failure=change.failure or spec.failure, duration=spec.duration + change.delay)
            for spec, change in zip(specs, changes, strict=False)
        ]

    def used(self, count: int) -> None:
        """Remove the changes of the next `count` jobs."""
        for _ in range(min(count, len(self._jobs))):
            self._jobs.popleft()

    def check_request(self, operation: str) -> None:
        """Raise Refusal when the request is to be refused."""
        for refused in self._requests:
            if refused.operation in ("", operation):
                self._requests.remove(refused)
                refusal = Refusal(ErrorCode.INTERNAL_ERROR, refused.message, wire=refused.code)
                refusal.status = refused.status
                raise refusal


def _repeated(item: T, count: int, waiting: int) -> list[T]:
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    if count + waiting > MOST:
        raise TooManyInterventionsError(f"at most {MOST} may wait, {waiting} do already")
    return [item] * count
