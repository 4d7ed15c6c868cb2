"""Selects from a run file what a stand-alone script needs to show one deviation again. Pure.

Signatures, tokens and other redacted values never enter a case: the script signs with keys of its environment.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from ciq_conformance.explore.replay_wire import text_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_conformance.repro.relevance import changing_names, relevant_names
from ciq_conformance.repro.request_replay import levels_of
from ciq_conformance.repro.response_shape import callback_shape, id_texts, parsed, relations, shape_of
from ciq_schemas.features import Feature
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import (
    AnyRecord,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Header,
    Outcome,
    RunFileError,
    Verdict,
)
from ciq_schemas.transcript.requests import requested_update

ORDER_RULE, PAUSE_RULE = "EXP-001", "EXP-002"
_RULES: Mapping[str, str] = {
    **dict.fromkeys(("PRI-001", "PRI-002", "PRI-003", "PRI-004", "PRI-005", "PRI-007", "CON-002"), ORDER_RULE),
    **dict.fromkeys(("PAU-001", "PAU-008", "CON-003"), PAUSE_RULE),
}
"""Requirements whose deviation is a matter of order in time: the rules of the judge decide, not equal responses."""
_MEMBERSHIP = frozenset(f"LST-{n:03d}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 18, 19))
"""Requirements on which jobs a list contains, not on the elements of a listed job."""
_PAGES = frozenset({"LST-008"})
"""Those of them that are on further pages too."""
_PRESENCE = frozenset({"DES-017"})
"""Requirements on whether a response contains any job, whichever it is."""
_BY_SUITE: Mapping[str, str] = {
    "LST-008": "a further page exists only where the target has more jobs than the page",
    "BAT-007": "the target itself submits the jobs of a batch, so no request of the script names them",
    "WFL-016": "the target itself creates the runs and their jobs, so no request of the script names them",
    "WFL-017": "the target itself creates the runs and their jobs, so no request of the script names them",
    "LST-018": "which jobs a page contains depends on the jobs that the target already has",
}
"""Requirements whose deviation single requests do not show, with the reason."""
_CREATES = frozenset(
    {
        OperationKind.CREATE_TEMPLATE,
        OperationKind.CREATE_WORKFLOW,
        OperationKind.TRIGGER_WORKFLOW,
        OperationKind.CREATE_BATCH,
        OperationKind.CREATE_VOCABULARY,
    }
)
_DESCRIBES = frozenset({OperationKind.DESCRIBE_JOB, OperationKind.DESCRIBE_BATCH, OperationKind.DESCRIBE_RUN})
_BY_OWN_SCRIPT = "explore"
_PROBE = "probe"
"""Its first responses depend on how the run found the target."""
_DEVIATIONS = (Outcome.FAIL, Outcome.WARN)
_NOT_SENT = frozenset({"authorization", "content-length", "connection", "accept-encoding", "user-agent", "accept"})
_SECRET = ("security-token", "cookie")
_HIDDEN = "***"
_BASE = re.compile(r"(https?://[^<>\s\"']+?)/cb/")
_TRIES = 4
_MOST_CALLBACK_JOBS = 5


class MissingCaseError(ValueError):
    """The run has no such deviation, or its evidence contains no request."""


def case_of(records: Sequence[AnyRecord], requirement: str, feature: str = "") -> dict[str, object]:
    """Returns the case of a deviation as plain values; raises MissingCaseError when the run cannot provide one."""
    header = records[0] if records else None
    if not isinstance(header, Header):
        raise RunFileError("the run has no header")
    prefix = urlsplit(header.target.url).path.rstrip("/")
    verdict = _verdict(records, requirement, feature)
    exchanges = sorted((r for r in records if isinstance(r, Exchange)), key=lambda e: e.started)
    by_seq = {e.seq: e for e in exchanges}
    evidence = [by_seq[seq] for seq in verdict.witness if seq in by_seq]
    callbacks = [r for r in records if isinstance(r, CallbackReceived) and r.feature in ("", verdict.feature)]
    shown = [c for c in callbacks if c.seq in verdict.witness]
    if not evidence and not shown:
        raise MissingCaseError(
            f"{verdict.item} has no request as evidence; its reason: {verdict.reason or verdict.seen}"
        )
    chosen = _requests(records, exchanges, verdict, evidence, shown)
    jobs = list(dict.fromkeys(job for e in chosen for job in _submitted(e)))
    names = {header.run_id: "run", **{job: f"job {number}" for number, job in enumerate(jobs)}}
    created = dict.fromkeys(text for e in chosen if e.operation in _CREATES for text in id_texts(e.response_body.data))
    names |= {text: f"resource {number}" for number, text in enumerate(created) if text not in names}
    named = _named_jobs(evidence, shown, [*jobs, *created])
    spec = scenario_of(verdict.requirement)
    about_callbacks = spec is not None and spec.about_callbacks
    rule = _RULES.get(verdict.requirement, "")
    facts = Evidence(feature=Feature(verdict.feature), records=records)
    calibration = facts.calibration
    last = max((e.ended for e in chosen), default=0.0)
    compared = [] if rule else [e for e in evidence if e in chosen]
    bodies = [e.response_body.data for e in compared] + ([] if rule else [c.body.data for c in shown])
    changing = changing_names(bodies)
    relevant = relevant_names(records, verdict, changing)
    return {
        "requirement": verdict.requirement,
        "feature": verdict.feature,
        "title": verdict.title,
        "expected": verdict.expected,
        "seen": verdict.seen or verdict.reason,
        "witness": list(verdict.witness[:6]),
        "rule": rule,
        "tries": _TRIES,
        "run_id": header.run_id,
        "started_at": datetime.fromisoformat(header.started_at).timestamp(),
        "callback_base": _callback_base(exchanges),
        "start_latency": calibration.start_latency if calibration else 0.1,
        "workers": max(1, calibration.workers if calibration else 1),
        "allowance": worker_allowance(facts).jobs if rule == PAUSE_RULE else 0,
        "names": names,
        "membership": verdict.requirement in _MEMBERSHIP,
        "head": verdict.requirement.startswith("HDR-"),
        "pages": verdict.requirement in _PAGES,
        "by_suite": _BY_SUITE.get(verdict.requirement, ""),
        "presence": verdict.requirement in _PRESENCE,
        "ignored": sorted(changing - relevant),
        "relevant": sorted(relevant),
        "relations": list(relations(bodies, relevant)),
        "about_callbacks": about_callbacks and not rule,
        "callback_jobs": named,
        "callback_counts": _callback_counts(callbacks, named) if about_callbacks else [],
        "callback_shapes": [] if rule else [list(_callback_shape(c, names, changing - relevant)) for c in shown],
        "callback_wait": max(1.0, 10.0 * (calibration.callback_latency or 0.0) if calibration else 1.0),
        "answers": _answers(callbacks, last),
        "shapes": {e.seq: list(_shape(e, names, changing - relevant)) for e in compared},
        "optional": [e.seq for e in compared if e.scenario == _PROBE],
        "prologue": [_plain(e, prefix) for e in _of_probe(exchanges, {e.feature for e in chosen})],
        "epilogue": [_plain(e, prefix) for e in _restorations(exchanges, verdict.feature)],
        "requests": [_plain(e, prefix) for e in chosen],
    }


def _verdict(records: Sequence[AnyRecord], requirement: str, feature: str) -> Verdict:
    mine = [r for r in records if isinstance(r, Verdict) and r.requirement == requirement.upper()]
    mine = [verdict for verdict in mine if not feature or verdict.feature == feature]
    deviating = [verdict for verdict in mine if verdict.outcome in _DEVIATIONS]
    if not deviating:
        found = ", ".join(f"{v.item}: {v.outcome}" for v in mine) or "the run did not judge it"
        raise MissingCaseError(f"{requirement.upper()} shows no deviation in this run ({found})")
    verdict = deviating[0]
    if verdict.scenario.startswith("receiver-"):
        raise MissingCaseError(
            f"{verdict.item} is about a callback receiver: `ciq receiver URL --only {verdict.requirement}` "
            "sends its callbacks again"
        )
    if verdict.scenario == _BY_OWN_SCRIPT:
        raise MissingCaseError(
            f"{verdict.item}: `ciq run` has written explore-{verdict.item}.py beside the run file; run it"
        )
    return verdict


def _requests(
    records: Sequence[AnyRecord],
    exchanges: Sequence[Exchange],
    verdict: Verdict,
    evidence: Sequence[Exchange],
    shown: Sequence[CallbackReceived],
) -> list[Exchange]:
    """Returns the requests of the scenario until the end of the evidence, and those of other features beside them."""
    names = {e.scenario for e in evidence} or {verdict.scenario}
    features = {e.feature for e in evidence} | {verdict.feature}
    spans = _spans(records, verdict.feature, names)
    until = max((*(e.ended for e in evidence), *(c.ended for c in shown)))
    chosen = [
        e
        for e in exchanges
        if e.scenario in names
        and e.feature in features
        and e.started <= until
        and any(begin <= e.started <= end for begin, end in spans)
        and _HIDDEN not in e.url
    ]
    return chosen or list(evidence)


def _spans(records: Iterable[AnyRecord], feature: str, names: set[str]) -> list[tuple[float, float]]:
    begun: dict[str, float] = {}
    spans = []
    for record in records:
        if isinstance(record, DriverEvent) and record.feature == feature and record.scenario in names:
            if record.name == "begin":
                begun[record.scenario] = record.at
            elif record.name == "end" and record.scenario in begun:
                spans.append((begun.pop(record.scenario), record.at))
    spans += [(begin, float("inf")) for begin in begun.values()]
    return spans or [(0.0, float("inf"))]


def _submitted(exchange: Exchange) -> list[str]:
    if exchange.operation != OperationKind.SUBMIT_JOB:
        return []
    return [job.job_id for job in ParsedExchange(exchange).jobs if job.job_id]


def _named_jobs(evidence: Iterable[Exchange], shown: Iterable[CallbackReceived], jobs: Sequence[str]) -> list[str]:
    texts = [e.url + e.response_body.text for e in evidence] + [c.body.text for c in shown]
    return [job for job in jobs if any(job in text for text in texts)][:_MOST_CALLBACK_JOBS]


def _channel(callback: CallbackReceived) -> str:
    return callback.target.partition("?")[0].strip("/").rpartition("/")[2]


def _callback_counts(callbacks: Iterable[CallbackReceived], jobs: Sequence[str]) -> list[list[object]]:
    counts = Counter((job, _channel(c)) for c in callbacks for job in jobs if job in c.body.text)
    return [[job, channel, count] for (job, channel), count in sorted(counts.items())]


def _answers(callbacks: Iterable[CallbackReceived], until: float) -> dict[str, list[int]]:
    """Returns the statuses with which the receiver answered, for each channel with another one than 200."""
    found: dict[str, list[int]] = {}
    for callback in callbacks:
        if callback.started <= until:
            found.setdefault(_channel(callback), []).append(callback.answered)
    return {channel: answers for channel, answers in found.items() if set(answers) != {200}}


def _callback_base(exchanges: Iterable[Exchange]) -> str:
    for exchange in exchanges:
        found = _BASE.search(exchange.request_body.text)
        if found:
            return found[1]
    return ""


def _of_probe(exchanges: Iterable[Exchange], features: set[str]) -> list[Exchange]:
    kinds = (OperationKind.LIST_QUEUES, OperationKind.ACTIVATE, OperationKind.UPDATE_QUEUE)
    return [e for e in exchanges if e.scenario == _PROBE and e.feature in features and e.operation in kinds]


def _restorations(exchanges: Iterable[Exchange], feature: str) -> list[Exchange]:
    """Returns the last update that set the queue as the run had found it."""
    found = [
        e
        for e in exchanges
        if e.feature == feature and e.operation == OperationKind.UPDATE_QUEUE and e.step.startswith("restore")
    ]
    return found[-1:]


def _shape(exchange: Exchange, names: Mapping[str, str], ignored: frozenset[str]) -> tuple[str, ...]:
    return shape_of(
        exchange.status,
        exchange.response_headers,
        exchange.response_body.data,
        names,
        ignored=ignored,
        listing=exchange.operation not in _DESCRIBES,
    )


def _plain(exchange: Exchange, prefix: str) -> dict[str, object]:
    """Returns a request as plain values, without redacted headers and without the path prefix of the target."""
    place = urlsplit(exchange.url)
    path = place.path.removeprefix(prefix) or "/"
    data = exchange.request_body.data
    digest = base64.b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324 - the documented digest
    headers = [
        [name, "{md5}" if name.lower() == "content-md5" and value == digest else value]
        for name, value in exchange.request_headers
        if name.lower() not in _NOT_SENT and _HIDDEN not in value and not any(s in name.lower() for s in _SECRET)
    ]
    update = exchange.operation == OperationKind.UPDATE_QUEUE
    return {
        "seq": exchange.seq,
        "operation": exchange.operation,
        "listing": exchange.operation not in _DESCRIBES,
        "started": round(exchange.started, 4),
        "ended": round(exchange.ended, 4),
        "method": exchange.method,
        "target": path + (f"?{place.query}" if place.query else ""),
        "headers": headers,
        "signed": any(name.lower() == "authorization" for name, _ in exchange.request_headers),
        "body": base64.b64encode(data).decode(),
        "page": "" if (root := parsed(exchange.response_body.data)) is None else text_of(root, "NextToken"),
        "ids": id_texts(exchange.response_body.data),
        "levels": levels_of(data) if exchange.operation == OperationKind.SUBMIT_JOB else [],
        "state": (requested_update(ParsedExchange(exchange)).state or "") if update else "",
    }


def _callback_shape(callback: CallbackReceived, names: Mapping[str, str], ignored: frozenset[str]) -> tuple[str, ...]:
    form = next((value for name, value in callback.headers if name.lower() == "content-type"), "")
    return callback_shape(callback.method, form, callback.body.data, names, ignored)
