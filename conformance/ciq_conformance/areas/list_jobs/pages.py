"""Reads walks from a transcript: a walk is the pages of one list, linked by NextToken."""

from functools import wraps

from ciq_conformance.areas.list_jobs import SPEC
from ciq_conformance.areas.list_jobs.labels import SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, deviates
from ciq_conformance.judge.job_facts import ids_of, zones_apart
from ciq_conformance.judge.preconditions import (
    EarlyFinding,
    expect_success,
    record_ids,
    require_responses,
    with_preconditions,
)
from ciq_conformance.judge.registry import Check, Item
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Job


def windowed(check: Check) -> Check:
    """Blocks a check of lists with a time window when the target reports creation times that contradict each other.

    The window was built from these times, so it may contain other jobs.
    """

    @wraps(check)
    def judged(evidence: Evidence, item: Item) -> Finding:
        finding = with_preconditions(check)(evidence, item)
        if finding.kind is Kind.DEVIATES and (apart := zones_apart(evidence.of(SPEC, *SUBMITS))):
            return blocked(f"{apart}, so the window may contain other jobs; see LST-001", witness=finding.witness)
        return finding

    return judged


def filtered(check: Check) -> Check:
    """As `windowed`; also blocks a check whose evidence a target spoils that ignores the time window (LST-009)."""
    inner = windowed(check)

    @wraps(check)
    def judged(evidence: Evidence, item: Item) -> Finding:
        finding = inner(evidence, item)
        if finding.kind not in (Kind.DEVIATES, Kind.INCONCLUSIVE):
            return finding
        own = ids_of(evidence.of(SPEC, *SUBMITS))
        for response in evidence.of(SPEC, Label.BEFORE_THE_RUN, Label.AFTER_THE_RUN):
            unexpected = [job_id for job_id in ids_along([response]) if job_id in own]
            if response.ok and unexpected:
                seen = f"the list {response.exchange.step} contains {len(unexpected)} own jobs"
                return blocked(f"{seen}: the target ignores a time bound; see LST-009", witness=record_ids(response))
        return finding

    return judged


def own_jobs(evidence: Evidence) -> list[str]:
    """Ids of the own jobs of the scenario; stops the check when the target accepted none."""
    ids = ids_of(require_responses(evidence, SPEC, *SUBMITS))
    if not ids:
        raise EarlyFinding(blocked("the target accepted no job of the scenario; see SUB-001"))
    return ids


def token(response: ParsedExchange) -> str:
    """NextToken of a page, empty on the last one."""
    return raw.text(response.job_answer.next_token)


def walk_of(evidence: Evidence, step: Label, expected: str) -> list[ParsedExchange]:
    """The last walk of a label: it begins with the last request without nextToken."""
    expect_success(evidence, SPEC, step, expected)
    walk: list[ParsedExchange] = []
    for response in require_responses(evidence, SPEC, step):
        if not raw.query_value(response.exchange, "nextToken"):
            walk = []
        walk.append(response)
    for response in walk:
        if not response.ok:
            raise EarlyFinding(
                deviates(
                    expected, f"the answer to a page is {describe_response(response)}", witness=record_ids(response)
                )
            )
    return walk


def walk_if_answered(evidence: Evidence, step: Label) -> list[ParsedExchange]:
    """The last walk of a label that another requirement judges; empty when it was not sent or not answered."""
    try:
        return walk_of(evidence, step, "")
    except EarlyFinding:
        return []


def is_whole(walk: list[ParsedExchange]) -> bool:
    """Whether the walk contains the last page."""
    return not token(walk[-1])


def jobs_along(walk: list[ParsedExchange]) -> list[tuple[ParsedExchange, Job]]:
    """All jobs of a walk with their pages, in order."""
    return [(response, job) for response in walk for job in response.jobs]


def ids_along(walk: list[ParsedExchange]) -> list[str]:
    """The ids of all jobs of a walk, in order."""
    return [raw.text(job.job_id) for _, job in jobs_along(walk)]


def missing_from(own: list[str], walk: list[ParsedExchange]) -> list[str]:
    """Own jobs that no page contains."""
    listed = set(ids_along(walk))
    return [job_id for job_id in own if job_id not in listed]
