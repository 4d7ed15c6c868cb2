"""The jobs of the callback scenario, by the form in which they were to be told, for the checks DEL and SHP.

Where a form cannot be judged, says why: a form the documents do not promise is absent, one they do is blocked.
"""

from dataclasses import dataclass

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback.labels import LOOKS, RULES, SUBMITS
from ciq_conformance.areas.failure import SPEC as FAILURE
from ciq_conformance.areas.failure import labels
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, cannot_tell
from ciq_conformance.judge.observed_jobs import no_job, observed_jobs
from ciq_schemas.features import FEATURES
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, describe_response
from ciq_schemas.values import Job


@dataclass(frozen=True, slots=True)
class Telling:
    """One callback about one job of the scenario."""

    job: ObservedJob
    callback: ParsedCallback

    @property
    def seq(self) -> int:
        """Number of the arrival."""
        return self.callback.arrival.seq

    @property
    def told(self) -> Job:
        """The job as the callback tells it."""
        return self.job.reported_in(self.callback)


def is_form(callback: ParsedCallback, form: Format) -> bool:
    """The body looks like the form, by its first character."""
    return callback.is_json == (form is Format.JSON)


def jobs_of(evidence: Evidence, form: Format) -> tuple[ObservedJob, ...] | Finding:
    """Accepted jobs that were to be told in `form`; a finding where the form cannot be judged."""
    jobs = observed_jobs(evidence, SPEC, SUBMITS[form], LOOKS)
    if form is Format.JSON and not FEATURES[evidence.feature].job_callback_documented:
        rule = evidence.one(SPEC, RULES[form])
        if rule is not None and not rule.ok:
            return absent(
                f"no document offers JSON callbacks for {evidence.feature}; ResultFormat JSON was answered with "
                f"{describe_response(rule)}",
                witness=(rule.exchange.seq,),
            )
        if rule is not None and not any(is_form(callback, form) for job in jobs for callback in job.callbacks):
            return absent(
                f"no document offers JSON callbacks for {evidence.feature}; a rule with ResultFormat JSON was tried "
                "and no JSON came",
                witness=(rule.exchange.seq,),
            )
    return jobs or no_job(evidence, SPEC, SUBMITS[form])


def tellings_of(evidence: Evidence, form: Format) -> tuple[Telling, ...] | Finding:
    """Callbacks that came in `form` for jobs that were to be told so, failed ones too; a finding where none came."""
    jobs = jobs_of(evidence, form)
    if isinstance(jobs, Finding):
        return jobs
    every = tuple(
        Telling(job, callback)
        for job in (*jobs, *failing_jobs(evidence, form))
        for callback in job.unambiguous_callbacks
    )
    fitting = tuple(telling for telling in every if is_form(telling.callback, form))
    if fitting:
        return fitting
    if every:
        return blocked(
            f"no {form.upper()} body to look at: {len(every)} callback(s) came in the other form, though the "
            "queue's rule and the job asked for this one; RUL-004, RUL-008 and RUL-010 judge that",
            witness=(every[0].seq,),
        )
    if any(job.callbacks for job in jobs):
        return cannot_tell(
            "all callbacks came after the next rule was set, of jobs that had not ended; raise timeout_factor in the "
            "profile"
        )
    return blocked("no callback came, so there is no body to look at; DEL-001 judges that")


def failing_jobs(evidence: Evidence, form: Format) -> tuple[ObservedJob, ...]:
    """Jobs of the failure scenario, where it was played, to be told in `form`: for their bodies the same holds."""
    return observed_jobs(evidence, FAILURE, labels.TOLD_IN[form], labels.LOOKS)


def readable_of(evidence: Evidence, form: Format) -> tuple[Telling, ...] | Finding:
    """As `tellings_of`, of bodies that could be read as far as the job."""
    tellings = tellings_of(evidence, form)
    if isinstance(tellings, Finding):
        return tellings
    readable = tuple(telling for telling in tellings if telling.told != Job())
    if readable:
        return readable
    return blocked(
        "no body could be read as far as JobsDetail; SHP-001 and SHP-002 judge that", witness=(tellings[0].seq,)
    )
