"""`ServiceContext`: what every handler of the service works with: engine, resources, objects, time and settings.

Must not know XML or HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ciq_mock.engine import Engine
from ciq_mock.objects import Library
from ciq_mock.resources import BucketResources
from ciq_mock.service.job_documents import Results
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import MockSettings
from ciq_mock.workflow import Batches, Workflows


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """Engine, resources, objects, time and settings. Handlers call `wake` after each command to the engine."""

    engine: Engine
    workflows: Workflows
    batches: Batches
    resources: BucketResources
    library: Library
    results: Results
    settings: MockSettings
    now: Callable[[], float]
    wake: Callable[[], None]


def need_bucket(bucket: str) -> str:
    """Return the bucket; raise Refusal InvalidHost where the Host names a region only."""
    if not bucket:
        raise Refusal(ErrorCode.INVALID_HOST, "this call needs the host of a bucket")
    return bucket
