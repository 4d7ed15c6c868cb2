"""Checks of the scenario `errors` (ERR, ONE-013, SUB-016); those of signatures are in `checks_signatures`."""

from ciq_conformance.areas.errors import SPEC
from ciq_conformance.areas.errors.jobs_of_rejected_submits import no_rejected_submit_made_a_job, rejected_by_label
from ciq_conformance.areas.errors.labels import (
    BAD,
    BAD_CALLBACKS,
    BAD_SUBMITS,
    DOCUMENTED_OPERATIONS,
    EMPTY,
    EXPANDED,
    MALFORMED,
    MISSING_PARTS,
    Label,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check, scenarios_of_checks
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

INVALID_CONTENT = frozenset({"InvalidContent", "1011"})
MISSING_CONTENT = frozenset({"MissingContent", "1016"})


@check("ERR-001", SPEC)
@with_preconditions
def errors_have_the_documented_form(evidence: Evidence, item: Item) -> Finding:
    """Each rejection of a documented operation, in this and other scenarios, has an Error body."""
    responses = [response for response in require_responses(evidence, SPEC, *DOCUMENTED_OPERATIONS) if response.refused]
    for scenario in (spec for spec in scenarios_of_checks() if spec.rejects):
        responses += [
            response for response in evidence.of(scenario) if response.refused and response.exchange.operation
        ]
    if not responses:
        return inconclusive("the target rejected no bad request, so no error was observed; see ERR-002 and ERR-004")
    wrong = Deviations()
    for response in responses:
        for fault in _form_faults(response):
            wrong.add(response.exchange.seq, f"{response.exchange.scenario} {response.exchange.step}: {fault}")
    expected = "Error with Code, Message and RequestId, Content-Type application/xml"
    return wrong.finding(expected, holds(f"{len(responses)} rejections", witness=record_ids(*responses[:3])))


def _form_faults(response: ParsedExchange) -> list[str]:
    kind = raw.media_type(response)
    faults = [] if kind == "application/xml" else [f"Content-Type {kind or 'missing'}"]
    root = raw.root_of(response.exchange.response_body.data)
    if root is None or raw.name_of(root) != "Error":
        body = response.exchange.response_body.data
        what = "no body" if not body else "a body that is not an Error document"
        return [*faults, what]
    faults += [f"no {name}" for name in ("Code", "RequestId") if not raw.child_text(root, name)]
    return faults if raw.child_text(root, "Message") is not None else [*faults, "no Message"]


@check("ERR-019", SPEC)
@with_preconditions
def errors_have_a_trace_id(evidence: Evidence, item: Item) -> Finding:
    """Each Error document of a documented operation has a TraceId."""
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
        return inconclusive("no error in the documented form was observed; see ERR-001")
    return wrong.finding("Error with TraceId", holds(f"{len(right)} errors", witness=record_ids(*right[:3])))


@check("ERR-002", SPEC)
@with_preconditions
def malformed_bodies_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit and an update whose bodies are not well-formed."""
    return expect_rejections(require_responses(evidence, SPEC, *MALFORMED), "4xx for a body that is not well-formed")


@check("ERR-003", SPEC)
@with_preconditions
def malformed_bodies_give_invalid_content(evidence: Evidence, item: Item) -> Finding:
    """The status and the error code for a body that is not well-formed."""
    responses = require_responses(evidence, SPEC, *MALFORMED)
    return expect_rejections(responses, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)


@check("ERR-004", SPEC)
@with_preconditions
def empty_bodies_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit and an update without body."""
    return expect_rejections(require_responses(evidence, SPEC, *EMPTY), "4xx for a submit or an update without body")


@check("ERR-005", SPEC)
@with_preconditions
def empty_bodies_give_missing_content(evidence: Evidence, item: Item) -> Finding:
    """The status and the error code for a request without body."""
    responses = require_responses(evidence, SPEC, *EMPTY)
    return expect_rejections(responses, "HTTP 400 MissingContent", status=400, codes=MISSING_CONTENT)


@check("ERR-006", SPEC)
@with_preconditions
def missing_parts_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects submits without Tag, Input, Operation, Input.Object or Output.Bucket."""
    responses = require_responses(evidence, SPEC, *MISSING_PARTS)
    return expect_rejections(responses, "400 for a submit without a part that every page requires", status=400)


@check("ERR-023", SPEC)
@with_preconditions
def wrong_root_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit whose root element is not Request."""
    responses = require_responses(evidence, SPEC, Label.WRONG_ROOT)
    return expect_rejections(responses, "4xx for a submit whose root element is Order instead of Request")


@check("ERR-007", SPEC)
@with_preconditions
def unknown_tag_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit with a tag that no document has."""
    return expect_rejections(require_responses(evidence, SPEC, Label.UNKNOWN_TAG), "4xx for a tag that no document has")


@check("ERR-008", SPEC)
@with_preconditions
def unknown_queue_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit to a queue that does not exist."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.UNKNOWN_QUEUE), "4xx for a QueueId that does not exist"
    )


@check("ERR-009", SPEC)
@with_preconditions
def bad_requests_get_no_5xx(evidence: Evidence, item: Item) -> Finding:
    """No deliberately bad request of this or another scenario gets a 5xx; 501 may reject an unknown method."""
    responses = list(require_responses(evidence, SPEC, *BAD))
    for scenario in (spec for spec in scenarios_of_checks() if spec.bad_steps and spec != SPEC):
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
        "a status below 500", holds(f"{len(responses)} bad requests", witness=record_ids(*responses[:3]))
    )


@check("ERR-010", SPEC)
@with_preconditions
def entities_are_not_expanded(evidence: Evidence, item: Item) -> Finding:
    """No answer about a submit that declares an XML entity contains the text of the entity."""
    response = require_response(evidence, SPEC, Label.ENTITY)
    if response.refused:
        return holds(f"rejected: {describe_response(response)}", witness=record_ids(response))
    for answer in (response, *evidence.of(SPEC, Label.DESCRIBE_MADE, Label.LIST_AFTER, Label.WATCH)):
        if EXPANDED.encode() in answer.exchange.response_body.data:
            seen = f"the answer to {answer.exchange.step} contains the text of the entity"
            return deviates("4xx, or the entity is not expanded", seen, witness=record_ids(response, answer))
    if response.ok:
        return holds("accepted, and the entity was not expanded", witness=record_ids(response))
    return deviates(
        "4xx, or the entity is not expanded",
        describe_response(response),
        witness=record_ids(response),
    )


@check("ERR-014", SPEC)
@with_preconditions
def rejected_submits_make_no_job(evidence: Evidence, item: Item) -> Finding:
    """The list contains no job of a rejected submit. A valid job sent after them proves that the list is complete."""
    rejected = rejected_by_label(require_responses(evidence, SPEC, *BAD_SUBMITS, Label.UNSIGNED_SUBMIT))
    if not rejected:
        return inconclusive("the target rejected no bad submit")
    return no_rejected_submit_made_a_job(evidence, SPEC, rejected, Label.CONTROL, Label.LIST_AFTER)


@check("ERR-020", SPEC)
@with_preconditions
def bad_callback_settings_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects an undocumented CallBackFormat, and a CallBackType TDMQ without a message queue."""
    return expect_rejections(
        require_responses(evidence, SPEC, *BAD_CALLBACKS),
        "4xx for CallBackFormat YAML, and for TDMQ without a queue",
    )


@check("ERR-021", SPEC)
@with_preconditions
def wrong_digest_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit whose Content-MD5 belongs to another body."""
    responses = require_responses(evidence, SPEC, Label.OTHER_DIGEST)
    rejected = expect_rejections(responses, "4xx for a body that does not match its Content-MD5")
    documented = expect_rejections(responses, "HTTP 400 InvalidContent", status=400, codes=INVALID_CONTENT)
    if rejected.kind is Kind.HOLDS and documented.kind is Kind.DEVIATES:
        return observed(documented.seen, expected=documented.expected, witness=documented.witness)
    return rejected


@check("ERR-022", SPEC)
@with_preconditions
def tag_of_another_feature_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a media tag on a path that only the `doc` feature has."""
    return expect_rejections(require_responses(evidence, SPEC, Label.FOREIGN_TAG), "4xx for a tag of another feature")


@check("ONE-013", SPEC)
@with_preconditions
def post_on_the_queue_path_creates_no_queue(evidence: Evidence, item: Item) -> Finding:
    """The queue lists after a POST on the queue path contain no queue that the list before it does not contain."""
    before = require_success(evidence, SPEC, Label.QUEUES_BEFORE)
    post = require_response(evidence, SPEC, Label.CREATE_QUEUE)
    lists = [response for response in evidence.of(SPEC, Label.QUEUES_AFTER) if response.ok]
    if not lists:
        return blocked("the target answered no queue list after the POST; see QUE-001", witness=record_ids(post))
    known = {raw.text(queue.queue_id) for queue in before.queue_list.queues}
    if not known:
        return blocked("the list before the POST contains no queue; see ONE-001", witness=record_ids(before))
    wrong = Deviations()
    for response in lists:
        for queue in response.queue_list.queues:
            if raw.text(queue.queue_id) not in known:
                seen = f"after POST ({describe_response(post)}) the list contains {queue.queue_id} ({queue.name}) too"
                wrong.add(response.exchange.seq, seen)
    shown = {raw.text(queue.queue_id) for response in lists for queue in response.queue_list.queues}
    if not wrong.items and not known <= shown:
        return inconclusive("the lists after the POST lack the known queue", witness=record_ids(post, *lists))
    seen = f"{describe_response(post)}, and the list contains the same {len(known)} queue(s)"
    return wrong.finding("a POST on the queue path creates no queue", holds(seen, witness=record_ids(post, *lists)))


_LIMITS = (
    ("ERR-015", Label.LONG_USER_DATA, "UserData of 1025 characters"),
    ("ERR-016", Label.LONG_WATERMARK, "a digital watermark of 65 characters"),
    ("ERR-017", Label.FOUR_WATERMARKS, "four watermarks"),
    ("ERR-018", Label.NO_SOURCE, "an archive without UrlList, Prefix or Key"),
)


def _register_limit(requirement: str, step: Label, what: str) -> None:
    @check(requirement, SPEC)
    @with_preconditions
    def excess_is_rejected(evidence: Evidence, item: Item) -> Finding:
        """The target rejects a submit that exceeds a documented limit by one."""
        return expect_rejections(require_responses(evidence, SPEC, step), f"4xx for {what}")


for _requirement, _step, _what in _LIMITS:
    _register_limit(_requirement, _step, _what)


@check("SUB-016", SPEC)
@with_preconditions
def response_to_job_level_7(evidence: Evidence, item: Item) -> Finding:
    """Reports how the target answers JobLevel 7."""
    response = require_response(evidence, SPEC, Label.BAD_LEVEL)
    if response.ok and response.jobs and response.jobs[0].operation is not None:
        return observed(
            f"{describe_response(response)}, JobLevel {response.jobs[0].operation.job_level or 'none'}",
            witness=record_ids(response),
        )
    return observed(describe_response(response), witness=record_ids(response))
