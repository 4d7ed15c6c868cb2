"""Checks of the scenarios `templates` and `binding` (TPL, BND)."""

from lxml import etree

from ciq_conformance.checks.premise import Stop, accepted, asked, granted, made, premised, refusals, said, seq
from ciq_conformance.driver.template_orders import KINDS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.templates import Step
from ciq_schemas.requirement import Capability, Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

HERE = Scenario.TEMPLATES
PAGE_NUMBERS = ("TotalCount", "PageNumber", "PageSize")


def _first(evidence: Evidence, scenario: Scenario, step: Step, capability: Capability, expected: str) -> ParsedExchange:
    """The exchange that shows whether the target has templates, or binding, at all: undeclared, it need not."""
    reply = asked(evidence, scenario, step)
    if reply.refused and not evidence.declared.get(capability):
        raise Stop(absent(f"{step} was answered {said(reply)}; the profile does not promise it", witness=seq(reply)))
    return accepted(evidence, scenario, step, expected)


def _template(reply: ParsedExchange) -> etree._Element | None:
    return next(iter(raw.children(raw.response(reply), "Template")), None)


def _created(evidence: Evidence) -> tuple[ParsedExchange, str]:
    """The exchange that made the template, and its id; stops where none was made."""
    expected = "a template with an id"
    reply = _first(evidence, HERE, Step.CREATE, Capability.TEMPLATES, expected)
    template_id = raw.child_text(_template(reply), "TemplateId")
    if not template_id:
        raise Stop(blocked("no template was made, so none can be looked for", witness=seq(reply)))
    return reply, template_id


def _sent(reply: ParsedExchange, name: str) -> str:
    root = raw.root_of(reply.exchange.request_body.data)
    return raw.child_text(root, name) or ""


def _listed(reply: ParsedExchange) -> dict[str, etree._Element]:
    entries = raw.children(raw.response(reply), "TemplateList")
    return {raw.child_text(entry, "TemplateId") or "": entry for entry in entries}


def _ids(reply: ParsedExchange) -> str:
    return ", ".join(list(_listed(reply))[:3]) or "none"


@check("TPL-001")
@premised
def create_answers_with_template(evidence: Evidence, item: Item) -> Finding:
    """The answer to making a template."""
    expected = "HTTP 200 and Response with RequestId and Template holding TemplateId, and Tag and Name as asked for"
    reply = _first(evidence, HERE, Step.CREATE, Capability.TEMPLATES, expected)
    template = _template(reply)
    if template is None:
        return deviates(expected, "the answer has no Response with Template", witness=seq(reply))
    faults = [] if raw.child_text(raw.response(reply), "RequestId") else ["no RequestId"]
    told = raw.texts(template)
    faults += [] if told.get("TemplateId") else ["no TemplateId"]
    faults += [
        f"{name} {told.get(name) or 'absent'} instead of {_sent(reply, name)}"
        for name in ("Tag", "Name")
        if told.get(name) != _sent(reply, name)
    ]
    if faults:
        return deviates(expected, "; ".join(faults), witness=seq(reply))
    return holds(f"{told['TemplateId']} named {told['Name']}", witness=seq(reply))


@check("TPL-002")
@premised
def listed_by_id(evidence: Evidence, item: Item) -> Finding:
    """The list by id: its shape, and the template alone in it."""
    created, template_id = _created(evidence)
    expected = f"HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize, and {template_id} alone"
    reply = accepted(evidence, HERE, Step.BY_ID, expected)
    root = raw.response(reply)
    if root is None:
        return deviates(expected, "the answer is no Response document", witness=seq(reply))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    faults += [f"no number in {name}" for name in PAGE_NUMBERS if raw.number(raw.child_text(root, name)) is None]
    if list(_listed(reply)) != [template_id]:
        faults.append(f"ids={template_id} lists {_ids(reply)}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=seq(created, reply))
    return holds(f"{template_id} alone", witness=seq(created, reply))


def _filtered(evidence: Evidence, found: Step, left_out: Step, expected: str) -> Finding:
    """One filter lists the template, its counterpart does not."""
    created, template_id = _created(evidence)
    with_it, without = (accepted(evidence, HERE, step, expected) for step in (found, left_out))
    if template_id not in _listed(with_it):
        return deviates(expected, f"{found} lists {_ids(with_it)}", witness=seq(created, with_it))
    if template_id in _listed(without):
        return deviates(expected, f"{left_out} lists it too", witness=seq(created, without))
    return holds(f"listed by {found}, not by {left_out}", witness=seq(with_it, without))


@check("TPL-003")
@premised
def listed_by_beginning_of_name(evidence: Evidence, item: Item) -> Finding:
    """The filter on names looks at their beginning."""
    return _filtered(evidence, Step.BY_NAME, Step.BY_OTHER_NAME, "name lists the templates whose names begin with it")


@check("TPL-004")
@premised
def listed_by_tag(evidence: Evidence, item: Item) -> Finding:
    """The filter on tags."""
    return _filtered(evidence, Step.BY_TAG, Step.BY_OTHER_TAG, "tag lists the templates of that tag only")


@check("TPL-005")
@premised
def update_replaces(evidence: Evidence, item: Item) -> Finding:
    """The list after the update: the same id, the new name, the new parameters."""
    _, template_id = _created(evidence)
    expected = "the template under the same id, with the name and parameters of the update"
    update = accepted(evidence, HERE, Step.UPDATE, expected)
    after = accepted(evidence, HERE, Step.AFTER_UPDATE, expected)
    entry = _listed(after).get(template_id)
    if entry is None:
        return deviates(expected, f"{template_id} is not listed any more", witness=seq(update, after))
    name = raw.child_text(entry, "Name")
    if name != _sent(update, "Name"):
        return deviates(expected, f"Name {name} instead of {_sent(update, 'Name')}", witness=seq(update, after))
    told = KINDS[item.feature.feature].told
    shown = [_text(part) for part in entry.iter() if isinstance(part.tag, str) and raw.name_of(part) == told]
    sent = raw.root_of(update.exchange.request_body.data)
    wanted = [] if sent is None else [_text(part) for part in sent.iter(told)]
    if shown != wanted:
        seen = f"{told} {', '.join(shown) or 'absent'} instead of {', '.join(wanted)}"
        return deviates(expected, seen, witness=seq(update, after))
    return holds(f"Name {name}, {told} {shown[0]}", witness=seq(update, after))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


@check("TPL-006")
@premised
def delete_removes(evidence: Evidence, item: Item) -> Finding:
    """The answer to DELETE, and the list after it."""
    _, template_id = _created(evidence)
    expected = "HTTP 200 and Response with RequestId and TemplateId, and the template listed no more"
    reply = accepted(evidence, HERE, Step.DELETE, expected)
    root = raw.response(reply)
    if raw.child_text(root, "TemplateId") != template_id or not raw.child_text(root, "RequestId"):
        return deviates(expected, "the answer lacks RequestId or the template's TemplateId", witness=seq(reply))
    after = asked(evidence, HERE, Step.AFTER_DELETE)
    if not after.ok and not after.refused:
        return blocked(f"the list after it was answered {said(after)}", witness=seq(after))
    if after.ok and template_id in _listed(after):
        return deviates(expected, "it is still listed", witness=seq(reply, after))
    return holds(f"the list was answered {said(after)}, without it", witness=seq(reply, after))


@check("TPL-007")
@premised
def job_tells_name(evidence: Evidence, item: Item) -> Finding:
    """TemplateName of the job that named the template; the name before or after the update, whichever is known."""
    created, template_id = _created(evidence)
    expected = "Operation of the job with TemplateId as given and TemplateName of that template"
    submit = asked(evidence, HERE, Step.SUBMIT)
    if not submit.ok:
        return blocked(f"a job by the template was answered {said(submit)}", witness=seq(submit))
    looks = [reply for reply in made(evidence, HERE, Step.DESCRIBE) if reply.ok and reply.jobs]
    if not looks:
        return blocked("the job was not described", witness=seq(submit))
    operation = looks[-1].jobs[0].operation
    if operation is None or operation.template_id != template_id:
        given = operation.template_id if operation is not None else None
        return deviates(expected, f"TemplateId {given or 'absent'}", witness=seq(submit, looks[-1]))
    names = {_sent(created, "Name"), *(_sent(reply, "Name") for reply in evidence.of(HERE, Step.UPDATE))}
    if not operation.template_name:
        return deviates(expected, "no TemplateName", witness=seq(submit, looks[-1]))
    if operation.template_name not in names:
        seen = f"TemplateName {operation.template_name} instead of {' or '.join(sorted(names))}"
        return deviates(expected, seen, witness=seq(submit, looks[-1]))
    return holds(f"TemplateName {operation.template_name}", witness=seq(submit, looks[-1]))


@check("TPL-008")
@premised
def unknown_template_is_refused(evidence: Evidence, item: Item) -> Finding:
    """Updating a template that was deleted."""
    _created(evidence)
    granted(evidence, HERE, Step.DELETE)
    return refusals(made(evidence, HERE, Step.UPDATE_DELETED), "an unknown template is refused with 4xx")


@check("TPL-009")
@premised
def long_name_is_refused(evidence: Evidence, item: Item) -> Finding:
    """A name one character too long."""
    _created(evidence)
    return refusals(made(evidence, HERE, Step.LONG_NAME)[:1], "a name of 65 characters is refused with 4xx")


@check("BND-001")
@premised
def binding_answers_with_bucket(evidence: Evidence, item: Item) -> Finding:
    """The answer to PUT on the root; a bucket that is bound already may be refused as such."""
    here = Scenario.BINDING
    expected = "HTTP 200 and Response with RequestId and CIBucket holding BucketId and Region"
    reply = asked(evidence, here, Step.BIND)
    code = (reply.error.code or "").lower()
    if reply.refused and ("already" in code or code == "1100"):
        return holds(f"refused as bound already: {said(reply)}", witness=seq(reply))
    reply = _first(evidence, here, Step.BIND, Capability.BINDING, expected)
    root = raw.response(reply)
    buckets = raw.children(root, "CIBucket")
    if not raw.child_text(root, "RequestId") or len(buckets) != 1:
        return deviates(expected, "the answer lacks RequestId or the one CIBucket", witness=seq(reply))
    told = raw.texts(buckets[0])
    if not told.get("BucketId") or not told.get("Region"):
        return deviates(expected, f"CIBucket has {', '.join(told) or 'nothing'}", witness=seq(reply))
    bucket = raw.bucket_in(evidence.records)
    if not bucket:
        return cannot_tell("the run does not say which bucket it speaks to", witness=seq(reply))
    if told["BucketId"] != bucket:
        return observed(f"BucketId {told['BucketId']} instead of {bucket}", witness=seq(reply), expected=expected)
    return holds(f"{bucket} in {told['Region']}", witness=seq(reply))
