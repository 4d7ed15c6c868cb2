"""Check over all scenarios: a describe of several ids leaves out none of them (DES-016).

How many ids are taken is documented for media and files only. Whoever answers several with jobs has read them, on
any feature; who takes `a,b` for one unknown id answers none. Pure.
"""

from ciq_conformance.areas.concurrency import SPEC
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, cannot_tell, holds
from ciq_conformance.judge.preconditions import not_judged, record_ids
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import exchanges_of, has_own_job_rules
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

MOST = 10
"""Ids in a request by 1045/73113; what happens above is a note, DES-012."""
KNOWN_EVERYWHERE = 1.2
"""Seconds after which a replica that is read knows a job that another has described."""


@check("DES-016", SPEC)
def none_is_passed_over(evidence: Evidence, item: Item) -> Finding:
    """Ids in describes of two to ten, of jobs that were described a while before."""
    describes = [response for response in exchanges_of(evidence, OperationKind.DESCRIBE_JOB) if _counts(response)]
    several = [response for response in describes if len(_ids(response)) > 1]
    if not several:
        return not_judged(evidence, SPEC, "no describe of several ids was made")
    if not any(response.jobs for response in several) and not item.feature.multi_documented:
        reason = "several ids in one describe are not read as several; pages of the feature show one"
        return absent(reason, witness=record_ids(several[0]))
    known: dict[str, ParsedExchange] = {}
    wrong, judged, most = Deviations(), 0, 0
    for response in (response for response in describes if response.ok):
        ids = _ids(response)
        if len(ids) > 1 and response.jobs:
            due = [job_id for job_id in ids if _is_old(known.get(job_id), response)]
            judged, most = judged + bool(due), max(most, len(ids) if due else 0)
            told = {*_shown(response), *_unknown(response)}
            for job_id in (job_id for job_id in due if job_id not in told):
                text = f"job {job_id}, described before, is passed over: {len(told)} of {len(ids)} ids told of"
                wrong.add(known[job_id].exchange.seq, text)
                wrong.add(response.exchange.seq, text)
        for job_id in _shown(response):
            known.setdefault(job_id, response)
    if not judged:
        return cannot_tell("no describe of several ids asked for a job that had been described a while before")
    power = f"{judged} describes of up to {most} ids"
    expected = "every id asked for in JobsDetail or in NonExistJobIds"
    return wrong.finding(expected, holds(power, power=power))


def _counts(response: ParsedExchange) -> bool:
    return not has_own_job_rules(response.exchange.scenario) and len(_ids(response)) <= MOST


def _ids(response: ParsedExchange) -> list[str]:
    return list(dict.fromkeys(part for part in raw.requested_job_id(response.exchange).split(",") if part))


def _shown(response: ParsedExchange) -> list[str]:
    return [raw.text(job.job_id) for job in response.jobs]


def _unknown(response: ParsedExchange) -> list[str]:
    return [value.strip() for value in response.job_answer.non_exist_ids]


def _is_old(before: ParsedExchange | None, response: ParsedExchange) -> bool:
    return before is not None and response.exchange.started - before.exchange.ended >= KNOWN_EVERYWHERE
