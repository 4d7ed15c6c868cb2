"""Check over all scenarios: a describe of several ids returns all of them (DES-016).

Only the pages of media and files document how many ids a describe accepts. A target that returns jobs for several ids
has read them, on any feature; a target that reads `a,b` as one unknown id returns no job. Pure.
"""

from ciq_conformance.areas.concurrency import SPEC
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive, untested
from ciq_conformance.judge.job_facts import non_exist_ids, requested_ids
from ciq_conformance.judge.preconditions import not_judged, record_ids
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import exchanges_of, has_own_job_rules
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

MOST_IDS = 10
"""Maximum number of ids in a request (1045/73113); DES-012 reports what happens above it."""
KNOWN_EVERYWHERE = 1.2
"""Seconds after which every replica of the target knows a job that another replica has described."""


@check("DES-016", SPEC)
def describe_returns_every_id(evidence: Evidence, item: Item) -> Finding:
    """Describes of two to ten ids return each job that an earlier describe returned."""
    describes = [response for response in exchanges_of(evidence, OperationKind.DESCRIBE_JOB) if _is_judged(response)]
    several = [response for response in describes if len(_ids(response)) > 1]
    if not several:
        return not_judged(evidence, SPEC, "the suite sent no describe of several ids")
    if not any(response.jobs for response in several) and not item.feature.multi_documented:
        reason = "the target does not read several ids in one describe; the pages of the feature have one id"
        return untested(reason, witness=record_ids(several[0]))
    known: dict[str, ParsedExchange] = {}
    wrong, judged, most = Deviations(), 0, 0
    for response in (response for response in describes if response.ok):
        ids = _ids(response)
        if len(ids) > 1 and response.jobs:
            due = [job_id for job_id in ids if _is_due(known.get(job_id), response)]
            judged, most = judged + bool(due), max(most, len(ids) if due else 0)
            returned = {*_described_ids(response), *non_exist_ids(response)}
            for job_id in (job_id for job_id in due if job_id not in returned):
                text = f"job {job_id}, described before, is missing: {len(returned)} of {len(ids)} ids returned"
                wrong.add(known[job_id].exchange.seq, text)
                wrong.add(response.exchange.seq, text)
        for job_id in _described_ids(response):
            known.setdefault(job_id, response)
    if not judged:
        return inconclusive("no describe of several ids requested a job that an earlier describe had returned")
    power = f"{judged} describes of up to {most} ids"
    expected = "every requested id in JobsDetail or in NonExistJobIds"
    return wrong.finding(expected, holds(power, power=power))


def _is_judged(response: ParsedExchange) -> bool:
    return not has_own_job_rules(response.exchange.scenario) and len(_ids(response)) <= MOST_IDS


def _ids(response: ParsedExchange) -> list[str]:
    return list(dict.fromkeys(requested_ids(response)))


def _described_ids(response: ParsedExchange) -> list[str]:
    return [raw.text(job.job_id) for job in response.jobs]


def _is_due(before: ParsedExchange | None, response: ParsedExchange) -> bool:
    return before is not None and response.exchange.started - before.exchange.ended >= KNOWN_EVERYWHERE
