"""Makes the callbacks of the scenario about forgeries. Pure except for the jobs, which the service beside runs."""

from collections.abc import Iterator

from ciq_conformance.receiver.plans import Planned, Planner
from ciq_conformance.receiver.service_jobs import ServiceJobs
from ciq_conformance.receiver.steps import Forged
from ciq_schemas.features import Feature


def forged(planner: Planner, jobs: ServiceJobs, feature: Feature) -> Iterator[Planned]:
    """Yields a genuine callback, one of a job that no service knows, and one of a job that has not ended."""
    genuine = jobs.job(feature, Forged.GENUINE)
    yield Planned(step=Forged.GENUINE, deliveries=(planner.report(genuine),), jobs=(genuine.job_id,))
    unknown = planner.maker.job(feature, Forged.UNKNOWN_JOB)
    yield Planned(step=Forged.UNKNOWN_JOB, deliveries=(planner.report(unknown),), suspects=(unknown.job_id,))
    waiting = jobs.submitted(feature, Forged.OTHER_STATE, jobs.service.lasting)
    claimed = jobs.detail(feature, waiting).changed(
        State="Success",
        Code="Success",
        Message="",
        StartTime=genuine.detail.get("StartTime"),
        EndTime=genuine.detail.get("EndTime"),
    )
    yield Planned(step=Forged.OTHER_STATE, deliveries=(planner.report(claimed),), suspects=(waiting,))
