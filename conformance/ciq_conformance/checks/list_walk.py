"""Walks along the pages of a list, as the scenario `list` made them; shared by its checks."""

from functools import wraps

from ciq_conformance.checks.job_facts import ids_of, zones_apart
from ciq_conformance.checks.premise import Stop, accepted, made, premised, said, seq
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, deviates
from ciq_conformance.judge.registry import Check, Item
from ciq_conformance.steps.list_jobs import SUBMITS, Step
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job

HERE = Scenario.LIST


def windowed(check: Check) -> Check:
    """A check whose lists name a window: it was built from times that the target told, which must be those it has."""

    @wraps(check)
    def judged(evidence: Evidence, item: Item) -> Finding:
        finding = premised(check)(evidence, item)
        if finding.kind is Kind.DEVIATES and (apart := zones_apart(evidence.of(HERE, *SUBMITS))):
            return blocked(f"{apart}, so the window may name other jobs; see LST-001", witness=finding.witness)
        return finding

    return judged


def own_jobs(evidence: Evidence) -> list[str]:
    """Ids of the scenario's own jobs; stops when none was accepted."""
    ids = ids_of(made(evidence, HERE, *SUBMITS))
    if not ids:
        raise Stop(blocked("no job of the scenario was accepted; see SUB-001"))
    return ids


def token(reply: ParsedExchange) -> str:
    """NextToken of a page, empty on the last one."""
    return raw.text(reply.job_answer.next_token)


def walk_of(evidence: Evidence, step: Step, expected: str) -> list[ParsedExchange]:
    """The last walk along the pages of a step: from the last exchange without a token from before."""
    accepted(evidence, HERE, step, expected)
    walk: list[ParsedExchange] = []
    for reply in made(evidence, HERE, step):
        if not raw.query_value(reply.exchange, "nextToken"):
            walk = []
        walk.append(reply)
    for reply in walk:
        if not reply.ok:
            raise Stop(deviates(expected, f"a page is answered {said(reply)}", witness=seq(reply)))
    return walk


def walk_if_answered(evidence: Evidence, step: Step) -> list[ParsedExchange]:
    """The last walk of a step that another requirement is about; empty when it was not made or not answered."""
    try:
        return walk_of(evidence, step, "")
    except Stop:
        return []


def is_whole(walk: list[ParsedExchange]) -> bool:
    """The walk came to the last page."""
    return not token(walk[-1])


def jobs_along(walk: list[ParsedExchange]) -> list[tuple[ParsedExchange, Job]]:
    """All jobs of a walk with their pages, in order."""
    return [(reply, job) for reply in walk for job in reply.jobs]


def ids_along(walk: list[ParsedExchange]) -> list[str]:
    """Their ids."""
    return [raw.text(job.job_id) for _, job in jobs_along(walk)]


def missing_from(own: list[str], walk: list[ParsedExchange]) -> list[str]:
    """Own jobs that stand on none of the pages."""
    there = set(ids_along(walk))
    return [job_id for job_id in own if job_id not in there]
