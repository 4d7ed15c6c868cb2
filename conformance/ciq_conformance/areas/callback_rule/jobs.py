"""The jobs of the scenario `rule` by their steps, and the addresses of their callbacks; used by its checks."""

from collections.abc import Callable
from functools import wraps

from ciq_conformance.areas.callback_rule import SPEC
from ciq_conformance.areas.callback_rule.labels import LOOKS, Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Check, Item
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.transcript.jobs import ObservedJob

JobCheck = Callable[[Evidence, ObservedJob], Finding]
"""A check of one observed job."""


def job_of(evidence: Evidence, step: Label) -> ObservedJob | Finding:
    """Returns the job of a submit step; a finding where there is none."""
    jobs = observed_jobs(evidence, SPEC, (step,), LOOKS)
    return jobs[0] if jobs else no_job(evidence, SPEC, (step,))


def address_of(evidence: Evidence, channel: Channel) -> str:
    """Returns the channel name of a callback address of the scenario."""
    return channel_name(evidence.feature, SPEC, channel)


def arrives_at(evidence: Evidence, job: ObservedJob, channel: Channel, expected: str) -> Finding:
    """Judges whether the callback of the job arrived at the address of `channel`."""
    at_address = job.on(address_of(evidence, channel))
    if at_address:
        return holds(
            f"the callback of job {job.job_id} arrived there",
            witness=(at_address[0].arrival.seq, job.submit.exchange.seq),
        )
    if job.unambiguous_callbacks:
        arrival = job.unambiguous_callbacks[0].arrival
        return deviates(
            expected,
            f"the callback of job {job.job_id} arrived at {arrival.channel or arrival.target} only",
            witness=(arrival.seq, job.submit.exchange.seq),
        )
    return missing_callback(evidence, SPEC, job, expected)


def judge_job(step: Label) -> Callable[[JobCheck], Check]:
    """Turns a check of the job of a submit step into a check of the evidence.

    Where the scenario has no such job, the result is the finding that says why.
    """

    def wrap(check: JobCheck) -> Check:
        @wraps(check)
        def judge(evidence: Evidence, _item: Item) -> Finding:
            job = job_of(evidence, step)
            return job if isinstance(job, Finding) else check(evidence, job)

        return judge

    return wrap
