"""The jobs of the rule scenario by their steps, and where they were told; shared by its checks."""

from ciq_conformance.areas.callback_rule import SPEC
from ciq_conformance.areas.callback_rule.labels import LOOKS, Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.transcript.jobs import ObservedJob


def job_of(evidence: Evidence, step: Label) -> ObservedJob | Finding:
    """The job of a submit step; a finding where there is none."""
    jobs = observed_jobs(evidence, SPEC, (step,), LOOKS)
    return jobs[0] if jobs else no_job(evidence, SPEC, (step,))


def address_of(evidence: Evidence, channel: Channel) -> str:
    """Name under which arrivals at an address of the scenario are kept."""
    return channel_name(evidence.feature, SPEC, channel)


def arrives_at(evidence: Evidence, job: ObservedJob, channel: Channel, expected: str) -> Finding:
    """Whether the job was told at the address of `channel`."""
    right = job.on(address_of(evidence, channel))
    if right:
        return holds(f"job {job.job_id} was told there", witness=(right[0].arrival.seq, job.submit.exchange.seq))
    if job.unambiguous_callbacks:
        arrival = job.unambiguous_callbacks[0].arrival
        return deviates(
            expected,
            f"job {job.job_id} was told at {arrival.channel or arrival.target} only",
            witness=(arrival.seq, job.submit.exchange.seq),
        )
    return missing_callback(evidence, SPEC, job, expected)
