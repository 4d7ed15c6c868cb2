"""Checks of the scenario `failure`: which lists contain the failed jobs, and how (LST-020, LST-022)."""

from ciq_conformance.areas.failure import SPEC
from ciq_conformance.areas.failure.checks import failed_jobs
from ciq_conformance.areas.failure.labels import Label
from ciq_conformance.areas.list_jobs.checks import differences
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, deviates, holds, inconclusive
from ciq_conformance.judge.preconditions import not_judged, record_ids
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.jobs import Observation
from ciq_schemas.transcript.parsed import describe_response

MOST = 100
"""Jobs on a page. When a page is full, failed jobs may be on the next page."""


@check("LST-020", SPEC)
def list_of_failed_jobs_agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """The last list with states=Failed contains the failed jobs with the values that describe shows.

    The scenario repeats the list until it contains these jobs or the time is over.
    """
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    ended: dict[str, Observation] = {
        job.job_id: job.ended for job in jobs if job.ended is not None and job.ended.job.state == JobState.FAILED
    }
    lists = evidence.of(SPEC, Label.LISTED)
    if not lists or not ended:
        return not_judged(evidence, SPEC, "the suite sent no list of failed jobs; see LIF-003")
    last = lists[-1]
    expected = "the list of failed jobs contains every failed job, with the values of describe"
    if not last.ok:
        return deviates(
            expected, f"a list with states=Failed is answered {describe_response(last)}", witness=record_ids(last)
        )
    listed = {raw.text(job.job_id): job for job in last.jobs}
    wrong = Deviations()
    for job_id, observation in ended.items():
        if job_id in listed:
            for difference in differences(listed[job_id], observation.job):
                for record in (observation.response, last):
                    wrong.add(record.exchange.seq, f"{job_id}: {difference}")
        elif len(listed) < MOST and not raw.text(last.job_answer.next_token):
            wrong.add(last.exchange.seq, f"a list with states=Failed does not contain {job_id}, which is Failed")
    judged = [job_id for job_id in ended if job_id in listed]
    if not judged and not wrong.items:
        return inconclusive("more jobs have failed than fit on a page, and the page contains no job of this scenario")
    return wrong.finding(expected, holds(f"{len(judged)} failed jobs", witness=record_ids(last)))


@check("LST-022", SPEC)
def lists_of_all_states_contain_failed_jobs(evidence: Evidence, item: Item) -> Finding:
    """The last list with states=All, and the last list without states, contain the failed jobs."""
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    failed = [job.job_id for job in jobs if job.ended is not None and job.ended.job.state == JobState.FAILED]
    lists = [found[-1] for step in (Label.LISTED_ALL, Label.LISTED_PLAIN) if (found := evidence.of(SPEC, step))]
    if not lists or not failed:
        return not_judged(evidence, SPEC, "the suite sent no list of all states; see LIF-003")
    expected = "a list with states=All, and one without states, contains the failed jobs too"
    wrong, whole = Deviations(), []
    for response in lists:
        states = raw.query_value(response.exchange, "states")
        name = f"a list with states={states}" if states else "a list without states"
        if not response.ok:
            return deviates(expected, f"{name} is answered {describe_response(response)}", witness=record_ids(response))
        listed = {raw.text(job.job_id) for job in response.jobs}
        missing = [job_id for job_id in failed if job_id not in listed]
        if missing and (len(listed) >= MOST or raw.text(response.job_answer.next_token)):
            continue
        whole.append(response)
        for job_id in missing:
            wrong.add(response.exchange.seq, f"{name} does not contain {job_id}, which is Failed")
    if not whole:
        return inconclusive("the window has more jobs than fit on a page, so a failed job may be on the next page")
    return wrong.finding(expected, holds(f"{len(failed)} failed jobs", witness=record_ids(*whole)))
