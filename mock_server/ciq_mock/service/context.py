"""`ServiceContext`: the components that every handler of the service uses.

Must not know XML or HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ciq_mock.engine import Engine
from ciq_mock.interventions import Interventions
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
    interventions: Interventions
    settings: MockSettings
    now: Callable[[], float]
    wake: Callable[[], None]


def need_bucket(bucket: str) -> str:
    """Return the bucket; raise Refusal InvalidHost when Host names only a region."""
    if not bucket:
        raise Refusal(ErrorCode.INVALID_HOST, "this call needs a Host with a bucket: BUCKET.ci.REGION.myqcloud.com")
    return bucket
