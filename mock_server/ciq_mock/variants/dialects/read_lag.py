"""A dialect of several workers: each one publishes the states of its jobs a moment late.

Jobs start and end on time; submit and describe show it after a delay that differs from job to job. The states of a job
never go back, and its callback is sent when the end is published.
"""

from copy import deepcopy
from dataclasses import replace
from zlib import crc32

from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer
from ciq_mock.settings import MockSettings
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.edits import Tree, to_bytes
from ciq_mock.variants.middleware import CallNext, Request, middleware_per_mock
from ciq_schemas.operations import OperationKind
from ciq_schemas.xml_parser import parse

LONGEST = 0.15
"""Longest delay in seconds between an event and its publication."""
_JOB = "JobsDetail"
_DELAYED = (OperationKind.SUBMIT_JOB, OperationKind.DESCRIBE_JOB)


def lag_of(job_id: str) -> float:
    """Returns the delay, in seconds, of the worker of a job."""
    return LONGEST * (crc32(job_id.encode()) % 100) / 100


class _LateStates:
    """Shows each job as last published."""

    def __init__(self) -> None:
        self._published: dict[str, Tree] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        if request.kind not in _DELAYED:
            return answer
        root = parse(answer.body)
        for job in root.findall(_JOB):
            job_id = job.findtext("JobId") or ""
            earlier = self._published.get(job_id)
            if earlier is not None and _has_unpublished(request.mock, request.call.bucket, job_id):
                root.replace(job, deepcopy(earlier))
            else:
                self._published[job_id] = deepcopy(job)
        return Answer(to_bytes(root), answer.status)


def _has_unpublished(mock: RunningMock, bucket: str, job_id: str) -> bool:
    """Tests whether the job started or ended less than its delay ago."""
    now = mock.clock.now()
    job = mock.engine.job(now, bucket, job_id)
    moments = [] if job is None else [moment for moment in (job.started, job.ended) if moment is not None]
    return any(now - moment < lag_of(job_id) for moment in moments)


def _callbacks_after_publication(settings: MockSettings) -> MockSettings:
    return replace(settings, delivery=replace(settings.delivery, delay=max(LONGEST, settings.delivery.delay)))


DIALECTS = (
    Dialect(
        name="late-states",
        description="Workers publish the states of a job up to 0.15 s late, with a delay that differs from job to job.",
        source="no page specifies when a state becomes visible; TaskFinish follows the end (436/49074)",
        override=replace(middleware_per_mock(_LateStates), settings=_callbacks_after_publication),
    ),
)
