"""Checks of the scenario `errors` (ERR, SUB-016)."""

from ciq_conformance.areas.errors import SPEC
from ciq_conformance.areas.errors.jobs_of_rejected_submits import by_label, leftovers
from ciq_conformance.areas.errors.labels import (
    BAD,
    BAD_CALLBACKS,
    BAD_SUBMITS,
    DOCUMENTED_OPERATIONS,
    EMPTY,
    EXPANDED,
    MALFORMED,
    MISSING_PARTS,
    SIGNATURES,
    Label,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, absent, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    record_ids,
    require_response,
    require_responses,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check, scenarios_of_checks, shows
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

INVALID_CONTENT = frozenset({"InvalidContent", "1011"})
MISSING_CONTENT = frozenset({"MissingContent", "1016"})


@check("ERR-001", SPEC)
@with_preconditions
def documented_form(evidence: Evidence, item: Item) -> Finding:
    """Bodies of all refusals of documented operations, those of other scenarios too."""
    responses = [response for response in require_responses(evidence, SPEC, *DOCUMENTED_OPERATIONS) if response.refused]
    for scenario in (spec for spec in scenarios_of_checks() if spec.rejects):
        responses += [
            response for response in evidence.of(scenario) if response.refused and response.exchange.operation
        ]
    if not responses:
        return cannot_tell("no bad request was refused, so no error was seen; see ERR-002 and ERR-004")
    wrong = Deviations()
    for response in responses:
        for fault in _form_faults(response):
            wrong.add(response.exchange.seq, f"{response.exchange.scenario} {response.exchange.step}: {fault}")
    expected = "Error with Code, Message and RequestId, Content-Type application/xml"
    return wrong.finding(expected, holds(f"{len(responses)} refusals", witness=record_ids(*responses[:3])))


def _form_faults(response: ParsedExchange) -> list[str]:
    kind = raw.media_type(response)
    faults = [] if kind == "application/xml" else [f"Content-Type {kind or 'missing'}"]
    root = raw.root_of(response.exchange.response_body.data)
    if root is None or raw.name_of(root) != "Error":
        body = response.exchange.response_body.data
        what = "no body" if not body else "a body that is no Error document"
        return [*faults, what]
    faults += [f"no {name}" for name in ("Code", "RequestId") if not raw.child_text(root, name)]
    return faults if raw.child_text(root, "Message") is not None else [*faults, "no Message"]


@check("ERR-019", SPEC)
@with_preconditions
def errors_have_a_trace(evidence: Evidence, item: Item) -> Finding:
    """TraceId in the bodies of all refusals of documented operations that are in the error form."""
    wrong, right = Deviations(), []
    for response in (r for r in require_responses(evidence, SPEC, *DOCUMENTED_OPERATIONS) if r.refused):
        root = raw.root_of(response.exchange.response_body.data)
        if root is None or raw.name_of(root) != "Error":
            continue
        if raw.child_text(root, "TraceId"):
            right.append(response)
        else:
            wrong.add(response.exchange.seq, f"{response.exchange.step}: no TraceId")
    if not right and not wrong.items:
        return cannot_tell("no error in the documented form was seen; see ERR-001")
    return wrong.finding("Error with TraceId", holds(f"{len(right)} errors", witness=record_ids(*right[:3])))


@check("ERR-002", SPEC)
@with_preconditions
def malformed_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit and an update whose bodies are not well-formed."""
    return expect_rejections(
        require_responses(evidence, SPEC, *MALFORMED), "a body that is not well-formed answers 4xx"
    )


@check("ERR-003", SPEC)
@with_preconditions
def malformed_is_invalid_content(evidence: Evidence, item: Item) -> Finding:
    """Its code."""
    responses = require_responses(evidence, SPEC, *MALFORMED)
    return expect_rejections(responses, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)


@check("ERR-004", SPEC)
@with_preconditions
def empty_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit and an update without body."""
    return expect_rejections(require_responses(evidence, SPEC, *EMPTY), "a submit or update without body answers 4xx")


@check("ERR-005", SPEC)
@with_preconditions
def empty_is_missing_content(evidence: Evidence, item: Item) -> Finding:
    """Its code."""
    responses = require_responses(evidence, SPEC, *EMPTY)
    return expect_rejections(responses, "HTTP 400 MissingContent", status=400, codes=MISSING_CONTENT)


@check("ERR-006", SPEC)
@with_preconditions
def missing_parts_are_refused(evidence: Evidence, item: Item) -> Finding:
    """Submits without Tag, Input, Operation, Input.Object or Output.Bucket."""
    responses = require_responses(evidence, SPEC, *MISSING_PARTS)
    return expect_rejections(responses, "submits without a part that every page requires answer 400", status=400)


@check("ERR-007", SPEC)
@with_preconditions
def unknown_tag_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a tag in no document."""
    return expect_rejections(require_responses(evidence, SPEC, Label.UNKNOWN_TAG), "a tag in no document answers 4xx")


@check("ERR-008", SPEC)
@with_preconditions
def unknown_queue_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit to a queue that does not exist."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.UNKNOWN_QUEUE), "a QueueId that does not exist answers 4xx"
    )


@check("ERR-009", SPEC)
@with_preconditions
def never_a_5xx(evidence: Evidence, item: Item) -> Finding:
    """Answers to all deliberately bad requests, those of other scenarios too. 501 is a way to refuse a method."""
    responses = list(require_responses(evidence, SPEC, *BAD))
    for scenario in (spec for spec in scenarios_of_checks() if spec.bad_steps):
        responses += evidence.of(scenario, *scenario.bad_steps)
    wrong = Deviations()
    for response in responses:
        status = response.exchange.status
        if not status or (status >= 500 and not (status == 501 and not response.exchange.operation)):
            wrong.add(
                response.exchange.seq,
                f"{response.exchange.scenario} {response.exchange.step}: {describe_response(response)}",
            )
    return wrong.finding(
        "an answer below 500", holds(f"{len(responses)} bad requests", witness=record_ids(*responses[:3]))
    )


@check("ERR-010", SPEC)
@with_preconditions
def entities_stay_closed(evidence: Evidence, item: Item) -> Finding:
    """A submit with a document type that declares an entity, and every answer about the job it may have made."""
    response = require_response(evidence, SPEC, Label.ENTITY)
    if response.refused:
        return holds(f"refused: {describe_response(response)}", witness=record_ids(response))
    for shown in (response, *evidence.of(SPEC, Label.DESCRIBE_MADE, Label.LIST_AFTER, Label.WATCH)):
        if EXPANDED.encode() in shown.exchange.response_body.data:
            seen = f"the entity's text stands in the answer to {shown.exchange.step}"
            return deviates("refused, or read without expanding the entity", seen, witness=record_ids(response, shown))
    if response.ok:
        return holds("accepted, the entity was not expanded", witness=record_ids(response))
    return deviates(
        "refused with 4xx, or read without expanding the entity",
        describe_response(response),
        witness=record_ids(response),
    )


def _signature(evidence: Evidence, step: Label, expected: str) -> Finding:
    if evidence.one(SPEC, step) is None and evidence.blocking_event(SPEC) is None:
        if evidence.declared.get(Capability.SIGNATURE) is False:
            return absent("the profile declares that the target does not check signatures")
        return absent("the profile names no keys, so no signature could be sent")
    response = require_response(evidence, SPEC, step)
    if response.exchange.status in (401, 403):
        return holds(describe_response(response), witness=record_ids(response))
    return deviates(expected, describe_response(response), witness=record_ids(response))


@check("ERR-011", SPEC)
@with_preconditions
def unsigned_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list and a submit without Authorization."""
    expected = "401 or 403 without Authorization"
    finding = _signature(evidence, Label.UNSIGNED, expected)
    submit = evidence.one(SPEC, Label.UNSIGNED_SUBMIT)
    if finding.kind is Kind.HOLDS and submit is not None and submit.exchange.status not in (401, 403):
        return deviates(expected, f"a submit without it: {describe_response(submit)}", witness=record_ids(submit))
    return finding


@check("ERR-012", SPEC)
@with_preconditions
def wrong_signature_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list with a signature that is not right."""
    return _signature(evidence, Label.WRONG_SIGNATURE, "401 or 403 for a wrong signature")


@check("ERR-013", SPEC)
@with_preconditions
def expired_signature_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A queue list with a signature of yesterday."""
    return _signature(evidence, Label.EXPIRED_SIGNATURE, "401 or 403 for an expired signature")


@check("ERR-014", SPEC)
@with_preconditions
def refused_makes_no_job(evidence: Evidence, item: Item) -> Finding:
    """What refused submits say among the listed jobs; the good job sent after them shows that the list is whole."""
    refused = by_label(require_responses(evidence, SPEC, *BAD_SUBMITS, Label.UNSIGNED_SUBMIT))
    if not refused:
        return cannot_tell("no bad submit was refused")
    return leftovers(evidence, SPEC, refused, Label.CONTROL, Label.LIST_AFTER)


@check("ERR-020", SPEC)
@with_preconditions
def callback_words_are_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a CallBackFormat in no document, and one to a message queue that it does not name."""
    return expect_rejections(
        require_responses(evidence, SPEC, *BAD_CALLBACKS),
        "CallBackFormat YAML, and TDMQ without a queue, answer 4xx",
    )


@check("ERR-021", SPEC)
@with_preconditions
def other_digest_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit whose Content-MD5 is that of another body."""
    responses = require_responses(evidence, SPEC, Label.OTHER_DIGEST)
    return expect_rejections(responses, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)


@check("ERR-022", SPEC)
@with_preconditions
def foreign_tag_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A submit with a tag of media on the path that only documents have."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.FOREIGN_TAG), "a tag of another feature answers 4xx"
    )


_LIMITS = (
    ("ERR-015", Label.LONG_USER_DATA, "UserData of 1025 characters"),
    ("ERR-016", Label.LONG_WATERMARK, "a digital watermark of 65 characters"),
    ("ERR-017", Label.FOUR_WATERMARKS, "four watermarks"),
    ("ERR-018", Label.NO_SOURCE, "an archive without UrlList, Prefix or Key"),
)


def _beyond(requirement: str, step: Label, what: str) -> None:
    @check(requirement, SPEC)
    @with_preconditions
    def limit(evidence: Evidence, item: Item) -> Finding:
        """A submit one beyond a documented limit."""
        return expect_rejections(require_responses(evidence, SPEC, step), f"{what} answers 4xx")


for _requirement, _step, _what in _LIMITS:
    _beyond(_requirement, _step, _what)


@check("SUB-016", SPEC)
@with_preconditions
def level_out_of_range(evidence: Evidence, item: Item) -> Finding:
    """What JobLevel 7 is answered."""
    response = require_response(evidence, SPEC, Label.BAD_LEVEL)
    if response.ok and response.jobs and response.jobs[0].operation is not None:
        return observed(
            f"{describe_response(response)}, JobLevel {response.jobs[0].operation.job_level or 'none'}",
            witness=record_ids(response),
        )
    return observed(describe_response(response), witness=record_ids(response))


@shows(Capability.SIGNATURE)
def checks_signatures(evidence: Evidence) -> bool:
    """The target rejected a request with no signature or a wrong one, so it verifies signatures."""
    return any(response.exchange.status in (401, 403) for response in evidence.of(SPEC, *SIGNATURES))
