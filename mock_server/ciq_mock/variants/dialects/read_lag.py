"""A dialect of several workers: each runs its jobs in time and publishes what became of them a moment later.

What has begun and ended when is the truth; only describe learns of it late, of each job after a delay of its own. The
states of a job never go back, and a callback leaves when the end is published.
"""

from copy import deepcopy
from dataclasses import replace
from zlib import crc32

from lxml import etree

from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.settings import MockSettings
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_schemas.operations import HttpOperation, OperationKind
from ciq_schemas.xml_parser import parse

LONGEST = 0.15
"""Seconds between what happens and what is shown."""
_JOB = "JobsDetail"
_SHOWS = (OperationKind.SUBMIT_JOB, OperationKind.DESCRIBE_JOB)


def lag_of(job_id: str) -> float:
    """Seconds by which the worker of this job is late."""
    return LONGEST * (crc32(job_id.encode()) % 100) / 100


def _late(mock: RunningMock, plain: Handle) -> Handle:
    shown: dict[str, etree._Element] = {}

    def handle(operation: HttpOperation, call: Call) -> Answer:
        answer = plain(operation, call)
        if operation.kind not in _SHOWS:
            return answer
        root = parse(answer.body)
        for job in root.findall(_JOB):
            job_id = job.findtext("JobId") or ""
            earlier = shown.get(job_id)
            if earlier is not None and _unpublished(mock, call.bucket, job_id):
                root.replace(job, deepcopy(earlier))
            else:
                shown[job_id] = deepcopy(job)
        return Answer(etree.tostring(root, encoding="utf-8", xml_declaration=True), answer.status)

    return handle


def _unpublished(mock: RunningMock, bucket: str, job_id: str) -> bool:
    """Something has happened to the job that its worker has not told yet."""
    now = mock.clock.now()
    job = mock.engine.job(now, bucket, job_id)
    happened = [] if job is None else [moment for moment in (job.started, job.ended) if moment is not None]
    return any(now - moment < lag_of(job_id) for moment in happened)


def _callbacks_with_it(settings: MockSettings) -> MockSettings:
    return replace(settings, delivery=replace(settings.delivery, delay=max(LONGEST, settings.delivery.delay)))


DIALECTS = (
    Dialect(
        name="late-states",
        sentence="Workers publish what became of a job up to 0.15 s late, each with a delay of its own.",
        source="no page says that a state shows in the moment it comes about; TaskFinish follows the end (436/49074)",
        override=Override(settings=_callbacks_with_it, handle=_late),
    ),
)
