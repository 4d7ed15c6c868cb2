"""Checks of the scenarios `templates` and `binding` (TPL, BND)."""

from lxml import etree

from ciq_conformance.areas.binding import SPEC as BINDING
from ciq_conformance.areas.templates import SPEC
from ciq_conformance.areas.templates.labels import Label
from ciq_conformance.areas.templates.requests import KINDS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.preconditions import (
    EarlyFinding,
    expect_rejections,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check, without_check
from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

PAGE_NUMBERS = ("TotalCount", "PageNumber", "PageSize")


def _first(
    evidence: Evidence, scenario: ScenarioName, step: Label, capability: Capability, expected: str
) -> ParsedExchange:
    """The exchange that shows whether the target has templates, or binding, at all: undeclared, it need not."""
    response = require_response(evidence, scenario, step)
    if response.refused and not evidence.declared.get(capability):
        raise EarlyFinding(
            absent(
                f"{step} was answered {describe_response(response)}; the profile does not promise it",
                witness=record_ids(response),
            )
        )
    return expect_success(evidence, scenario, step, expected)


def _template(response: ParsedExchange) -> etree._Element | None:
    return next(iter(raw.children(raw.response_root(response), "Template")), None)


def _created(evidence: Evidence) -> tuple[ParsedExchange, str]:
    """The exchange that made the template, and its id; stops where none was made."""
    expected = "a template with an id"
    response = _first(evidence, SPEC, Label.CREATE, Capability.TEMPLATES, expected)
    template_id = raw.child_text(_template(response), "TemplateId")
    if not template_id:
        raise EarlyFinding(blocked("no template was made, so none can be looked for", witness=record_ids(response)))
    return response, template_id


def _sent(response: ParsedExchange, name: str) -> str:
    root = raw.root_of(response.exchange.request_body.data)
    return raw.child_text(root, name) or ""


def _listed(response: ParsedExchange) -> dict[str, etree._Element]:
    entries = raw.children(raw.response_root(response), "TemplateList")
    return {raw.child_text(entry, "TemplateId") or "": entry for entry in entries}


def _ids(response: ParsedExchange) -> str:
    return ", ".join(list(_listed(response))[:3]) or "none"


@check("TPL-001", SPEC)
@with_preconditions
def create_answers_with_template(evidence: Evidence, item: Item) -> Finding:
    """The answer to making a template."""
    expected = "HTTP 200 and Response with RequestId and Template holding TemplateId, and Tag and Name as asked for"
    response = _first(evidence, SPEC, Label.CREATE, Capability.TEMPLATES, expected)
    template = _template(response)
    if template is None:
        return deviates(expected, "the answer has no Response with Template", witness=record_ids(response))
    faults = [] if raw.child_text(raw.response_root(response), "RequestId") else ["no RequestId"]
    told = raw.texts(template)
    faults += [] if told.get("TemplateId") else ["no TemplateId"]
    faults += [
        f"{name} {told.get(name) or 'absent'} instead of {_sent(response, name)}"
        for name in ("Tag", "Name")
        if told.get(name) != _sent(response, name)
    ]
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{told['TemplateId']} named {told['Name']}", witness=record_ids(response))


@check("TPL-002", SPEC)
@with_preconditions
def listed_by_id(evidence: Evidence, item: Item) -> Finding:
    """The list by id: its shape, and the template alone in it."""
    created, template_id = _created(evidence)
    expected = f"HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize, and {template_id} alone"
    response = expect_success(evidence, SPEC, Label.BY_ID, expected)
    root = raw.response_root(response)
    if root is None:
        return deviates(expected, "the answer is no Response document", witness=record_ids(response))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    faults += [f"no number in {name}" for name in PAGE_NUMBERS if raw.number(raw.child_text(root, name)) is None]
    if list(_listed(response)) != [template_id]:
        faults.append(f"ids={template_id} lists {_ids(response)}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(created, response))
    return holds(f"{template_id} alone", witness=record_ids(created, response))


def _filtered(evidence: Evidence, found: Label, left_out: Label, expected: str) -> Finding:
    """One filter lists the template, its counterpart does not."""
    created, template_id = _created(evidence)
    with_it, without = (expect_success(evidence, SPEC, step, expected) for step in (found, left_out))
    if template_id not in _listed(with_it):
        return deviates(expected, f"{found} lists {_ids(with_it)}", witness=record_ids(created, with_it))
    if template_id in _listed(without):
        return deviates(expected, f"{left_out} lists it too", witness=record_ids(created, without))
    return holds(f"listed by {found}, not by {left_out}", witness=record_ids(with_it, without))


@check("TPL-003", SPEC)
@with_preconditions
def listed_by_beginning_of_name(evidence: Evidence, item: Item) -> Finding:
    """The filter on names looks at their beginning."""
    return _filtered(evidence, Label.BY_NAME, Label.BY_OTHER_NAME, "name lists the templates whose names begin with it")


@check("TPL-004", SPEC)
@with_preconditions
def listed_by_tag(evidence: Evidence, item: Item) -> Finding:
    """The filter on tags."""
    return _filtered(evidence, Label.BY_TAG, Label.BY_OTHER_TAG, "tag lists the templates of that tag only")


@check("TPL-005", SPEC)
@with_preconditions
def update_replaces(evidence: Evidence, item: Item) -> Finding:
    """The list after the update: the same id, the new name, the new parameters."""
    _, template_id = _created(evidence)
    expected = "the template under the same id, with the name and parameters of the update"
    update = expect_success(evidence, SPEC, Label.UPDATE, expected)
    after = expect_success(evidence, SPEC, Label.AFTER_UPDATE, expected)
    entry = _listed(after).get(template_id)
    if entry is None:
        return deviates(expected, f"{template_id} is not listed any more", witness=record_ids(update, after))
    name = raw.child_text(entry, "Name")
    if name != _sent(update, "Name"):
        return deviates(expected, f"Name {name} instead of {_sent(update, 'Name')}", witness=record_ids(update, after))
    told = KINDS[item.feature.feature].distinguishing
    shown = [_text(part) for part in entry.iter() if isinstance(part.tag, str) and raw.name_of(part) == told]
    sent = raw.root_of(update.exchange.request_body.data)
    wanted = [] if sent is None else [_text(part) for part in sent.iter(told)]
    if shown != wanted:
        seen = f"{told} {', '.join(shown) or 'absent'} instead of {', '.join(wanted)}"
        return deviates(expected, seen, witness=record_ids(update, after))
    return holds(f"Name {name}, {told} {shown[0]}", witness=record_ids(update, after))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


@check("TPL-006", SPEC)
@with_preconditions
def delete_removes(evidence: Evidence, item: Item) -> Finding:
    """The answer to DELETE, and the list after it."""
    _, template_id = _created(evidence)
    expected = "HTTP 200 and Response with RequestId and TemplateId, and the template listed no more"
    response = expect_success(evidence, SPEC, Label.DELETE, expected)
    root = raw.response_root(response)
    if raw.child_text(root, "TemplateId") != template_id or not raw.child_text(root, "RequestId"):
        return deviates(
            expected, "the answer lacks RequestId or the template's TemplateId", witness=record_ids(response)
        )
    after = require_response(evidence, SPEC, Label.AFTER_DELETE)
    if not after.ok and not after.refused:
        return blocked(f"the list after it was answered {describe_response(after)}", witness=record_ids(after))
    if after.ok and template_id in _listed(after):
        return deviates(expected, "it is still listed", witness=record_ids(response, after))
    return holds(f"the list was answered {describe_response(after)}, without it", witness=record_ids(response, after))


@check("TPL-007", SPEC)
@with_preconditions
def job_tells_name(evidence: Evidence, item: Item) -> Finding:
    """TemplateName of the job that named the template; the name before or after the update, whichever is known."""
    created, template_id = _created(evidence)
    expected = "Operation of the job with TemplateId as given and TemplateName of that template"
    submit = require_response(evidence, SPEC, Label.SUBMIT)
    if not submit.ok:
        return blocked(f"a job by the template was answered {describe_response(submit)}", witness=record_ids(submit))
    looks = [
        response for response in require_responses(evidence, SPEC, Label.DESCRIBE) if response.ok and response.jobs
    ]
    if not looks:
        return blocked("the job was not described", witness=record_ids(submit))
    operation = looks[-1].jobs[0].operation
    if operation is None or operation.template_id != template_id:
        given = operation.template_id if operation is not None else None
        return deviates(expected, f"TemplateId {given or 'absent'}", witness=record_ids(submit, looks[-1]))
    names = {_sent(created, "Name"), *(_sent(response, "Name") for response in evidence.of(SPEC, Label.UPDATE))}
    if not operation.template_name:
        return deviates(expected, "no TemplateName", witness=record_ids(submit, looks[-1]))
    if operation.template_name not in names:
        seen = f"TemplateName {operation.template_name} instead of {' or '.join(sorted(names))}"
        return deviates(expected, seen, witness=record_ids(submit, looks[-1]))
    return holds(f"TemplateName {operation.template_name}", witness=record_ids(submit, looks[-1]))


@check("TPL-008", SPEC)
@with_preconditions
def unknown_template_is_refused(evidence: Evidence, item: Item) -> Finding:
    """Updating a template that was deleted."""
    _created(evidence)
    require_success(evidence, SPEC, Label.DELETE)
    return expect_rejections(
        require_responses(evidence, SPEC, Label.UPDATE_DELETED), "an unknown template is refused with 4xx"
    )


@check("TPL-009", SPEC)
@with_preconditions
def long_name_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A name one character too long."""
    _created(evidence)
    return expect_rejections(
        require_responses(evidence, SPEC, Label.LONG_NAME)[:1], "a name of 65 characters is refused with 4xx"
    )


@check("BND-001", BINDING)
@with_preconditions
def binding_answers_with_bucket(evidence: Evidence, item: Item) -> Finding:
    """The answer to PUT on the root; a bucket that is bound already may be refused as such."""
    here = BINDING
    expected = "HTTP 200 and Response with RequestId and CIBucket holding BucketId and Region"
    response = require_response(evidence, here, Label.BIND)
    code = (response.error.code or "").lower()
    if response.refused and ("already" in code or code == "1100"):
        return holds(f"refused as bound already: {describe_response(response)}", witness=record_ids(response))
    response = _first(evidence, here, Label.BIND, Capability.BINDING, expected)
    root = raw.response_root(response)
    buckets = raw.children(root, "CIBucket")
    if not raw.child_text(root, "RequestId") or len(buckets) != 1:
        return deviates(expected, "the answer lacks RequestId or the one CIBucket", witness=record_ids(response))
    told = raw.texts(buckets[0])
    if not told.get("BucketId") or not told.get("Region"):
        return deviates(expected, f"CIBucket has {', '.join(told) or 'nothing'}", witness=record_ids(response))
    bucket = raw.bucket_in(evidence.records)
    if not bucket:
        return cannot_tell("the run does not say which bucket it speaks to", witness=record_ids(response))
    if told["BucketId"] != bucket:
        return observed(
            f"BucketId {told['BucketId']} instead of {bucket}", witness=record_ids(response), expected=expected
        )
    return holds(f"{bucket} in {told['Region']}", witness=record_ids(response))


without_check("TPL-010", SPEC)
without_check("BND-002", BINDING)
