"""Checks of the scenario `list`: the elements of a listed job (LST-021)."""

from ciq_conformance.areas.list_jobs import SPEC
from ciq_conformance.areas.list_jobs.labels import Label
from ciq_conformance.areas.list_jobs.pages import jobs_along, own_jobs, walk_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds
from ciq_conformance.judge.job_facts import tag_of
from ciq_conformance.judge.preconditions import record_ids, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.values import Job


@check("LST-021", SPEC)
@with_preconditions
def listed_jobs_have_the_elements_of_jobs_detail(evidence: Evidence, item: Item) -> Finding:
    """Own jobs in the list of the window have the elements that the pages show in JobsDetail of a submit."""
    own = frozenset(own_jobs(evidence))
    walk = walk_of(evidence, Label.WINDOW, "the target answers the list of the window")
    wrong, judged = Deviations(), 0
    for response, job in jobs_along(walk):
        if raw.text(job.job_id) not in own:
            continue
        judged += 1
        if missing := _missing(job):
            wrong.add(response.exchange.seq, f"{job.job_id}: no {', '.join(missing)}")
    if not judged:
        return blocked("the list of the window contains no own job; see LST-001", witness=record_ids(*walk[:3]))
    expected = "State, CreationTime, QueueId, Tag, Input and Operation of each listed job"
    return wrong.finding(expected, holds(f"{judged} jobs", witness=record_ids(*walk[:3])))


def _missing(job: Job) -> list[str]:
    """Names of the elements that a job lacks. A target may return Code only for failed jobs: DES-011 judges it."""
    shown = {
        "State": bool(raw.text(job.state)),
        "CreationTime": bool(raw.text(job.creation_time)),
        "QueueId": bool(raw.text(job.queue_id)),
        "Tag": bool(tag_of(job)),
        "Input": job.input is not None,
        "Operation": job.operation is not None,
    }
    return [name for name, is_shown in shown.items() if not is_shown]
