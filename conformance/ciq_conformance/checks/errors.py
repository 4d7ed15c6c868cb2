"""Checks of the scenario `errors` (ERR, SUB-016)."""

from ciq_conformance.checks.leftovers import by_label, leftovers
from ciq_conformance.checks.premise import asked, made, premised, refusals, said, seq
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, Kind, absent, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps import activation, multi, queues, update
from ciq_conformance.steps.errors import (
    BAD,
    BAD_CALLBACKS,
    BAD_SUBMITS,
    DOCUMENTED_OPERATIONS,
    EMPTY,
    EXPANDED,
    MALFORMED,
    MISSING_PARTS,
    Step,
)
from ciq_schemas.requirement import Capability, Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

HERE = Scenario.ERRORS
INVALID_CONTENT = frozenset({"InvalidContent", "1011"})
_REFUSING = (
    Scenario.QUEUES,
    Scenario.UPDATE,
    Scenario.ACTIVATION,
    Scenario.MULTI,
    Scenario.DESCRIBE,
    Scenario.LIST,
    Scenario.CANCEL,
)
"""Scenarios that ask for what a service refuses, or may refuse."""
MISSING_CONTENT = frozenset({"MissingContent", "1016"})


@check("ERR-001")
@premised
def documented_form(evidence: Evidence, item: Item) -> Finding:
    """Bodies of all refusals of documented operations, those of other scenarios too."""
    replies = [reply for reply in made(evidence, HERE, *DOCUMENTED_OPERATIONS) if reply.refused]
    for scenario in _REFUSING:
        replies += [reply for reply in evidence.of(scenario) if reply.refused and reply.exchange.operation]
    if not replies:
        return cannot_tell("no bad request was refused, so no error was seen; see ERR-002 and ERR-004")
    wrong = Collected()
    for reply in replies:
        for fault in _form_faults(reply):
            wrong.add(reply.exchange.seq, f"{reply.exchange.scenario} {reply.exchange.step}: {fault}")
    expected = "Error with Code, Message and RequestId, Content-Type application/xml"
    return wrong.finding(expected, holds(f"{len(replies)} refusals", witness=seq(*replies[:3])))


def _form_faults(reply: ParsedExchange) -> list[str]:
    kind = raw.media_type(reply)
    faults = [] if kind == "application/xml" else [f"Content-Type {kind or 'missing'}"]
    root = raw.root_of(reply.exchange.response_body.data)
    if root is None or raw.name_of(root) != "Error":
        body = reply.exchange.response_body.data
        what = "no body" if not body else "a body that is no Error document"
        return [*faults, what]
    faults += [f"no {name}" for name in ("Code", "RequestId") if not raw.child_text(root, name)]
    return faults if raw.child_text(root, "Message") is not None else [*faults, "no Message"]


@check("ERR-019")
@premised
def errors_have_a_trace(evidence: Evidence, item: Item) -> Finding:
    """TraceId in the bodies of all refusals of documented operations that are in the error form."""
    wrong, right = Collected(), []
    for reply in (r for r in made(evidence, HERE, *DOCUMENTED_OPERATIONS) if r.refused):
        root = raw.root_of(reply.exchange.response_body.data)
        if root is None or raw.name_of(root) != "Error":
            continue
        if raw.child_text(root, "TraceId"):
            right.append(reply)
        else:
            wrong.add(reply.exchange.seq, f"{reply.exchange.step}: no TraceId")
    if not right and not wrong.items:
        return cannot_tell("no error in the documented form was seen; see ERR-001")
    return wrong.finding("Error with TraceId", holds(f"{len(right)} errors", witness=seq(*right[:3])))


@check("ERR-002")
@premised
def malformed_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit and an update whose bodies are not well-formed."""
    return refusals(made(evidence, HERE, *MALFORMED), "a body that is not well-formed answers 4xx")


@check("ERR-003")
@premised
def malformed_is_invalid_content(evidence: Evidence, item: Item) -> Finding:
    """Its code."""
    replies = made(evidence, HERE, *MALFORMED)
    return refusals(replies, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)


@check("ERR-004")
@premised
def empty_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit and an update without body."""
    return refusals(made(evidence, HERE, *EMPTY), "a submit or update without body answers 4xx")


@check("ERR-005")
@premised
def empty_is_missing_content(evidence: Evidence, item: Item) -> Finding:
    """Its code."""
    replies = made(evidence, HERE, *EMPTY)
    return refusals(replies, "HTTP 400 MissingContent", status=400, codes=MISSING_CONTENT)


@check("ERR-006")
@premised
def missing_parts_are_refused(evidence: Evidence, item: Item) -> Finding:
    """Submits without Tag, Input, Operation, Input.Object or Output.Bucket."""
    replies = made(evidence, HERE, *MISSING_PARTS)
    return refusals(replies, "submits without a part that every page requires answer 400", status=400)


@check("ERR-007")
@premised
def unknown_tag_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a tag in no document."""
    return refusals(made(evidence, HERE, Step.UNKNOWN_TAG), "a tag in no document answers 4xx")


@check("ERR-008")
@premised
def unknown_queue_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit to a queue that does not exist."""
    return refusals(made(evidence, HERE, Step.UNKNOWN_QUEUE), "a QueueId that does not exist answers 4xx")


_BAD_ELSEWHERE = (
    (Scenario.QUEUES, (*queues.OUT_OF_RANGE, queues.Step.ELEVEN_IDS)),
    (Scenario.UPDATE, update.BAD),
    (Scenario.MULTI, (multi.Step.SEVEN, multi.Step.HALF_BAD)),
    (Scenario.ACTIVATION, activation.OUT_OF_RANGE),
)


@check("ERR-009")
@premised
def never_a_5xx(evidence: Evidence, item: Item) -> Finding:
    """Answers to all deliberately bad requests, those of other scenarios too. 501 is a way to refuse a method."""
    replies = list(made(evidence, HERE, *BAD))
    for scenario, steps in _BAD_ELSEWHERE:
        replies += evidence.of(scenario, *steps)
    wrong = Collected()
    for reply in replies:
        status = reply.exchange.status
        if not status or (status >= 500 and not (status == 501 and not reply.exchange.operation)):
            wrong.add(reply.exchange.seq, f"{reply.exchange.scenario} {reply.exchange.step}: {said(reply)}")
    return wrong.finding("an answer below 500", holds(f"{len(replies)} bad requests", witness=seq(*replies[:3])))


@check("ERR-010")
@premised
def entities_stay_closed(evidence: Evidence, item: Item) -> Finding:
    """A submit with a document type that declares an entity, and every answer about the job it may have made."""
    reply = asked(evidence, HERE, Step.ENTITY)
    if reply.refused:
        return holds(f"refused: {said(reply)}", witness=seq(reply))
    for shown in (reply, *evidence.of(HERE, Step.DESCRIBE_MADE, Step.LIST_AFTER, Step.WATCH)):
        if EXPANDED.encode() in shown.exchange.response_body.data:
            seen = f"the entity's text stands in the answer to {shown.exchange.step}"
            return deviates("refused, or read without expanding the entity", seen, witness=seq(reply, shown))
    if reply.ok:
        return holds("accepted, the entity was not expanded", witness=seq(reply))
    return deviates("refused with 4xx, or read without expanding the entity", said(reply), witness=seq(reply))


def _signature(evidence: Evidence, step: Step, expected: str) -> Finding:
    if evidence.one(HERE, step) is None and evidence.obstacle(HERE) is None:
        if evidence.declared.get(Capability.SIGNATURE) is False:
            return absent("the profile declares that the target does not check signatures")
        return absent("the profile names no keys, so no signature could be sent")
    reply = asked(evidence, HERE, step)
    if reply.exchange.status in (401, 403):
        return holds(said(reply), witness=seq(reply))
    return deviates(expected, said(reply), witness=seq(reply))


@check("ERR-011")
@premised
def unsigned_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list and a submit without Authorization."""
    expected = "401 or 403 without Authorization"
    finding = _signature(evidence, Step.UNSIGNED, expected)
    submit = evidence.one(HERE, Step.UNSIGNED_SUBMIT)
    if finding.kind is Kind.HOLDS and submit is not None and submit.exchange.status not in (401, 403):
        return deviates(expected, f"a submit without it: {said(submit)}", witness=seq(submit))
    return finding


@check("ERR-012")
@premised
def wrong_signature_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list with a signature that is not right."""
    return _signature(evidence, Step.WRONG_SIGNATURE, "401 or 403 for a wrong signature")


@check("ERR-013")
@premised
def expired_signature_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list with a signature of yesterday."""
    return _signature(evidence, Step.EXPIRED_SIGNATURE, "401 or 403 for an expired signature")


@check("ERR-014")
@premised
def refused_makes_no_job(evidence: Evidence, item: Item) -> Finding:
    """What refused submits say among the listed jobs; the good job sent after them shows that the list is whole."""
    refused = by_label(made(evidence, HERE, *BAD_SUBMITS, Step.UNSIGNED_SUBMIT))
    if not refused:
        return cannot_tell("no bad submit was refused")
    return leftovers(evidence, HERE, refused, Step.CONTROL, Step.LIST_AFTER)


@check("ERR-020")
@premised
def callback_words_are_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a CallBackFormat in no document, and one to a message queue that it does not name."""
    return refusals(made(evidence, HERE, *BAD_CALLBACKS), "CallBackFormat YAML, and TDMQ without a queue, answer 4xx")


@check("ERR-021")
@premised
def other_digest_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit whose Content-MD5 is that of another body."""
    replies = made(evidence, HERE, Step.OTHER_DIGEST)
    return refusals(replies, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)


@check("ERR-022")
@premised
def foreign_tag_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a tag of media on the path that only documents have."""
    return refusals(made(evidence, HERE, Step.FOREIGN_TAG), "a tag of another feature answers 4xx")


_LIMITS = (
    ("ERR-015", Step.LONG_USER_DATA, "UserData of 1025 characters"),
    ("ERR-016", Step.LONG_WATERMARK, "a digital watermark of 65 characters"),
    ("ERR-017", Step.FOUR_WATERMARKS, "four watermarks"),
    ("ERR-018", Step.NO_SOURCE, "an archive without UrlList, Prefix or Key"),
)


def _beyond(requirement: str, step: Step, what: str) -> None:
    @check(requirement)
    @premised
    def limit(evidence: Evidence, item: Item) -> Finding:
        """A submit one beyond a documented limit."""
        return refusals(made(evidence, HERE, step), f"{what} answers 4xx")


for _requirement, _step, _what in _LIMITS:
    _beyond(_requirement, _step, _what)


@check("SUB-016")
@premised
def level_out_of_range(evidence: Evidence, item: Item) -> Finding:
    """What JobLevel 7 is answered."""
    reply = asked(evidence, HERE, Step.BAD_LEVEL)
    if reply.ok and reply.jobs and reply.jobs[0].operation is not None:
        return observed(f"{said(reply)}, JobLevel {reply.jobs[0].operation.job_level or 'none'}", witness=seq(reply))
    return observed(said(reply), witness=seq(reply))
