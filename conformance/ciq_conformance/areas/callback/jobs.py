"""The jobs and callbacks of the scenario `callback` by requested format, for the checks DEL and SHP.

A finding says why a format cannot be judged: untested where no document promises the format, blocked otherwise.
"""

from dataclasses import dataclass

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback.labels import LOOKS, RULES, SUBMITS
from ciq_conformance.areas.failure import SPEC as FAILURE
from ciq_conformance.areas.failure import labels
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, inconclusive, untested
from ciq_conformance.judge.observed_jobs import no_job, observed_jobs
from ciq_schemas.features import FEATURES
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, describe_response
from ciq_schemas.values import Job


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback for one job of the scenario."""

    job: ObservedJob
    callback: ParsedCallback

    @property
    def seq(self) -> int:
        """Record number of the callback."""
        return self.callback.arrival.seq

    @property
    def reported(self) -> Job:
        """The job as the callback reports it."""
        return self.job.reported_in(self.callback)


def has_format(callback: ParsedCallback, form: Format) -> bool:
    """Whether the first character of the body fits the format."""
    return callback.is_json == (form is Format.JSON)


def jobs_of(evidence: Evidence, form: Format) -> tuple[ObservedJob, ...] | Finding:
    """Returns the accepted jobs that request `form`; a finding where the format cannot be judged."""
    jobs = observed_jobs(evidence, SPEC, SUBMITS[form], LOOKS)
    if form is Format.JSON and not FEATURES[evidence.feature].job_callback_documented:
        rule = evidence.one(SPEC, RULES[form])
        if rule is not None and not rule.ok:
            return untested(
                f"no document offers JSON callbacks for {evidence.feature}; the target answered ResultFormat "
                f"JSON with {describe_response(rule)}",
                witness=(rule.exchange.seq,),
            )
        if rule is not None and not any(has_format(callback, form) for job in jobs for callback in job.callbacks):
            return untested(
                f"no document offers JSON callbacks for {evidence.feature}; the suite set a rule with ResultFormat "
                "JSON, and no JSON callback arrived",
                witness=(rule.exchange.seq,),
            )
    return jobs or no_job(evidence, SPEC, SUBMITS[form])


def deliveries_of(evidence: Evidence, form: Format) -> tuple[Delivery, ...] | Finding:
    """Returns the callbacks in `form` for jobs that request it, also failed jobs; a finding where there is none."""
    jobs = jobs_of(evidence, form)
    if isinstance(jobs, Finding):
        return jobs
    all_deliveries = tuple(
        Delivery(job, callback)
        for job in (*jobs, *failing_jobs(evidence, form))
        for callback in job.unambiguous_callbacks
    )
    in_format = tuple(delivery for delivery in all_deliveries if has_format(delivery.callback, form))
    if in_format:
        return in_format
    if all_deliveries:
        return blocked(
            f"no {form.upper()} body to judge: {len(all_deliveries)} callback(s) arrived in the other format, although "
            "the queue's rule and the job request this one; RUL-004, RUL-008 and RUL-010 judge that",
            witness=(all_deliveries[0].seq,),
        )
    if any(job.callbacks for job in jobs):
        return inconclusive(
            "all callbacks arrived after the scenario set the next rule, for jobs that had not ended by then; raise "
            "timeout_factor in the profile"
        )
    return blocked("no callback arrived, so there is no body to judge; DEL-001 judges that")


def failing_jobs(evidence: Evidence, form: Format) -> tuple[ObservedJob, ...]:
    """Returns the jobs of the scenario `failure` that request `form`; the same rules apply to their callbacks."""
    return observed_jobs(evidence, FAILURE, labels.CALLBACK_FORMATS[form], labels.LOOKS)


def readable_deliveries_of(evidence: Evidence, form: Format) -> tuple[Delivery, ...] | Finding:
    """Returns the same as `deliveries_of`, without callbacks whose job the suite cannot read."""
    deliveries = deliveries_of(evidence, form)
    if isinstance(deliveries, Finding):
        return deliveries
    readable = tuple(delivery for delivery in deliveries if delivery.reported != Job())
    if readable:
        return readable
    return blocked("no body has a readable JobsDetail; SHP-001 and SHP-002 judge that", witness=(deliveries[0].seq,))
