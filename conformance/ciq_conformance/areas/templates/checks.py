"""Checks of the scenarios `templates` and `binding` (TPL, BND)."""

from lxml import etree

from ciq_conformance.areas.binding import SPEC as BINDING
from ciq_conformance.areas.templates import SPEC
from ciq_conformance.areas.templates.labels import Label
from ciq_conformance.areas.templates.requests import KINDS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds, inconclusive, observed, untested
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
    """Returns the first exchange of a capability; stops as untested when it is rejected and not declared."""
    response = require_response(evidence, scenario, step)
    if response.refused and not evidence.declared.get(capability):
        raise EarlyFinding(
            untested(
                f"the target answered step {step} with {describe_response(response)}, and the profile does not "
                f"declare {capability}",
                witness=record_ids(response),
            )
        )
    return expect_success(evidence, scenario, step, expected)


def _template(response: ParsedExchange) -> etree._Element | None:
    return next(iter(raw.children(raw.response_root(response), "Template")), None)


def _created(evidence: Evidence) -> tuple[ParsedExchange, str]:
    """Returns the exchange that created the template, and its id; stops when there is none."""
    expected = "a template with an id"
    response = _first(evidence, SPEC, Label.CREATE, Capability.TEMPLATES, expected)
    template_id = raw.child_text(_template(response), "TemplateId")
    if not template_id:
        raise EarlyFinding(blocked("the target created no template; see TPL-001", witness=record_ids(response)))
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
def create_returns_the_template(evidence: Evidence, item: Item) -> Finding:
    """Checks the response to the creation of a template."""
    expected = "HTTP 200 and Response with RequestId and Template with TemplateId, and Tag and Name as requested"
    response = _first(evidence, SPEC, Label.CREATE, Capability.TEMPLATES, expected)
    template = _template(response)
    if template is None:
        return deviates(expected, "no Response with Template", witness=record_ids(response))
    faults = [] if raw.child_text(raw.response_root(response), "RequestId") else ["no RequestId"]
    returned = raw.texts(template)
    faults += [] if returned.get("TemplateId") else ["no TemplateId"]
    faults += [
        f"{name} {returned.get(name) or 'absent'} instead of {_sent(response, name)}"
        for name in ("Tag", "Name")
        if returned.get(name) != _sent(response, name)
    ]
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{returned['TemplateId']} with Name {returned['Name']}", witness=record_ids(response))


@check("TPL-002", SPEC)
@with_preconditions
def ids_filter_the_list(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list by id has the page elements and contains only the template."""
    created, template_id = _created(evidence)
    expected = f"HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize, and {template_id} alone"
    response = expect_success(evidence, SPEC, Label.BY_ID, expected)
    root = raw.response_root(response)
    if root is None:
        return deviates(expected, "the response is not a Response document", witness=record_ids(response))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    faults += [f"no number in {name}" for name in PAGE_NUMBERS if raw.number(raw.child_text(root, name)) is None]
    if list(_listed(response)) != [template_id]:
        faults.append(f"ids={template_id} lists {_ids(response)}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(created, response))
    return holds(f"{template_id} alone", witness=record_ids(created, response))


def _filtered(evidence: Evidence, found: Label, left_out: Label, expected: str) -> Finding:
    """Judges a filter: one value must list the template, the other must not."""
    created, template_id = _created(evidence)
    with_it, without = (expect_success(evidence, SPEC, step, expected) for step in (found, left_out))
    if template_id not in _listed(with_it):
        return deviates(expected, f"{found} lists {_ids(with_it)}", witness=record_ids(created, with_it))
    if template_id in _listed(without):
        return deviates(expected, f"{left_out} lists {template_id} too", witness=record_ids(created, without))
    return holds(f"listed by {found}, not by {left_out}", witness=record_ids(with_it, without))


@check("TPL-003", SPEC)
@with_preconditions
def name_prefix_filters_the_list(evidence: Evidence, item: Item) -> Finding:
    """Checks that the parameter name lists the templates whose names begin with it."""
    return _filtered(evidence, Label.BY_NAME, Label.BY_OTHER_NAME, "name lists the templates whose names begin with it")


@check("TPL-004", SPEC)
@with_preconditions
def tag_filters_the_list(evidence: Evidence, item: Item) -> Finding:
    """Checks that the parameter tag lists only templates of that tag."""
    return _filtered(evidence, Label.BY_TAG, Label.BY_OTHER_TAG, "tag lists the templates of that tag only")


@check("TPL-005", SPEC)
@with_preconditions
def update_replaces_name_and_parameters(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list after the update has the same id, the new name and the new parameters."""
    _, template_id = _created(evidence)
    expected = "the template under the same id, with the name and parameters of the update"
    update = expect_success(evidence, SPEC, Label.UPDATE, expected)
    after = expect_success(evidence, SPEC, Label.AFTER_UPDATE, expected)
    entry = _listed(after).get(template_id)
    if entry is None:
        return deviates(expected, f"{template_id} is no longer listed", witness=record_ids(update, after))
    name = raw.child_text(entry, "Name")
    if name != _sent(update, "Name"):
        return deviates(expected, f"Name {name} instead of {_sent(update, 'Name')}", witness=record_ids(update, after))
    element = KINDS[item.feature.feature].distinguishing
    shown = [_text(part) for part in entry.iter() if isinstance(part.tag, str) and raw.name_of(part) == element]
    sent = raw.root_of(update.exchange.request_body.data)
    wanted = [] if sent is None else [_text(part) for part in sent.iter(element)]
    if shown != wanted:
        seen = f"{element} {', '.join(shown) or 'absent'} instead of {', '.join(wanted)}"
        return deviates(expected, seen, witness=record_ids(update, after))
    return holds(f"Name {name}, {element} {shown[0]}", witness=record_ids(update, after))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


@check("TPL-006", SPEC)
@with_preconditions
def delete_removes_the_template(evidence: Evidence, item: Item) -> Finding:
    """Checks the response to DELETE, and that the next list does not contain the template."""
    _, template_id = _created(evidence)
    expected = "HTTP 200 and Response with RequestId and TemplateId, and the template no longer listed"
    response = expect_success(evidence, SPEC, Label.DELETE, expected)
    root = raw.response_root(response)
    if raw.child_text(root, "TemplateId") != template_id or not raw.child_text(root, "RequestId"):
        return deviates(expected, "no RequestId, or not the template's TemplateId", witness=record_ids(response))
    after = require_response(evidence, SPEC, Label.AFTER_DELETE)
    if not after.ok and not after.refused:
        reason = f"the target answered the list after the delete with {describe_response(after)}"
        return blocked(reason, witness=record_ids(after))
    if after.ok and template_id in _listed(after):
        return deviates(expected, f"{template_id} is still listed", witness=record_ids(response, after))
    return holds(f"not listed ({describe_response(after)})", witness=record_ids(response, after))


@check("TPL-007", SPEC)
@with_preconditions
def job_has_template_name(evidence: Evidence, item: Item) -> Finding:
    """Checks TemplateName of a job that uses the template: its name before or after the update."""
    created, template_id = _created(evidence)
    expected = "Operation of the job with TemplateId as requested and TemplateName of that template"
    submit = require_response(evidence, SPEC, Label.SUBMIT)
    if not submit.ok:
        reason = f"the target answered the submit of a job with the template with {describe_response(submit)}"
        return blocked(reason, witness=record_ids(submit))
    descriptions = [
        response for response in require_responses(evidence, SPEC, Label.DESCRIBE) if response.ok and response.jobs
    ]
    if not descriptions:
        return blocked("the target did not describe the job; see DES-001", witness=record_ids(submit))
    operation = descriptions[-1].jobs[0].operation
    if operation is None or operation.template_id != template_id:
        given = operation.template_id if operation is not None else None
        return deviates(expected, f"TemplateId {given or 'absent'}", witness=record_ids(submit, descriptions[-1]))
    names = {_sent(created, "Name"), *(_sent(response, "Name") for response in evidence.of(SPEC, Label.UPDATE))}
    if not operation.template_name:
        return deviates(expected, "no TemplateName", witness=record_ids(submit, descriptions[-1]))
    if operation.template_name not in names:
        seen = f"TemplateName {operation.template_name} instead of {' or '.join(sorted(names))}"
        return deviates(expected, seen, witness=record_ids(submit, descriptions[-1]))
    return holds(f"TemplateName {operation.template_name}", witness=record_ids(submit, descriptions[-1]))


@check("TPL-008", SPEC)
@with_preconditions
def update_of_deleted_template_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects the update of a deleted template."""
    _created(evidence)
    require_success(evidence, SPEC, Label.DELETE)
    return expect_rejections(
        require_responses(evidence, SPEC, Label.UPDATE_DELETED), "the target rejects an unknown template with 4xx"
    )


@check("TPL-009", SPEC)
@with_preconditions
def long_name_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects a name that is one character too long."""
    _created(evidence)
    return expect_rejections(
        require_responses(evidence, SPEC, Label.LONG_NAME)[:1], "the target rejects a name of 65 characters with 4xx"
    )


@check("BND-001", BINDING)
@with_preconditions
def binding_returns_the_bucket(evidence: Evidence, item: Item) -> Finding:
    """Checks the response to PUT on the root; the target may reject a bucket that is already bound."""
    expected = "HTTP 200 and Response with RequestId and CIBucket with BucketId and Region"
    response = require_response(evidence, BINDING, Label.BIND)
    code = (response.error.code or "").lower()
    if response.refused and ("already" in code or code == "1100"):
        return holds(f"rejected as already bound: {describe_response(response)}", witness=record_ids(response))
    response = _first(evidence, BINDING, Label.BIND, Capability.BINDING, expected)
    root = raw.response_root(response)
    buckets = raw.children(root, "CIBucket")
    if not raw.child_text(root, "RequestId") or len(buckets) != 1:
        return deviates(expected, "no RequestId, or not exactly one CIBucket", witness=record_ids(response))
    returned = raw.texts(buckets[0])
    if not returned.get("BucketId") or not returned.get("Region"):
        return deviates(expected, f"CIBucket has {', '.join(returned) or 'nothing'}", witness=record_ids(response))
    bucket = raw.bucket_in(evidence.records)
    if not bucket:
        return inconclusive("the run file does not contain the name of the bucket", witness=record_ids(response))
    if returned["BucketId"] != bucket:
        return observed(
            f"BucketId {returned['BucketId']} instead of {bucket}", witness=record_ids(response), expected=expected
        )
    return holds(f"{bucket} in {returned['Region']}", witness=record_ids(response))


without_check("TPL-010", SPEC)
without_check("BND-002", BINDING)
