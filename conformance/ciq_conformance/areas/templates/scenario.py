"""Scenario `templates`: creates a template, lists it, updates it, submits a job that uses it, and deletes it."""

from ciq_conformance.areas.templates.labels import Label
from ciq_conformance.areas.templates.requests import KINDS, NAME_LENGTH, TemplateKind, names, template_body
from ciq_conformance.driver.scenario_context import NotOffered, ScenarioContext
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario; always deletes the template at its end."""
    kind = KINDS[ctx.spec.feature]
    name, later = names(ctx.run_id)
    template_id = _create(ctx, kind, name)
    try:
        _list_by_filters(ctx, kind, template_id, name)
        ctx.calls.other(
            Label.UPDATE, OperationKind.UPDATE_TEMPLATE, key=template_id, body=template_body(kind, later, second=True)
        )
        _list(ctx, Label.AFTER_UPDATE, ids=template_id)
        _use(ctx, kind, template_id)
    finally:
        ctx.calls.other(Label.DELETE, OperationKind.DELETE_TEMPLATE, key=template_id, insist=True)
    _list(ctx, Label.AFTER_DELETE, ids=template_id)
    ctx.calls.other(
        Label.UPDATE_DELETED, OperationKind.UPDATE_TEMPLATE, key=template_id, body=template_body(kind, name)
    )


def created_id(response: ParsedExchange) -> str:
    """Returns the id in the response to the creation of a template; empty when there is none."""
    template = next(iter(raw.children(raw.response_root(response), "Template")), None)
    return raw.child_text(template, "TemplateId") or ""


def _create(ctx: ScenarioContext, kind: TemplateKind, name: str) -> str:
    response = ctx.calls.other(Label.CREATE, OperationKind.CREATE_TEMPLATE, body=template_body(kind, name))
    template_id = created_id(response)
    if not template_id:
        answer = describe_response(response)
        raise NotOffered(f"the target answered the creation of a template with {answer}, without an id")
    too_long = name.ljust(NAME_LENGTH + 1, "x")
    long_one = ctx.calls.other(Label.LONG_NAME, OperationKind.CREATE_TEMPLATE, body=template_body(kind, too_long))
    if created_id(long_one):
        ctx.calls.other(Label.LONG_NAME, OperationKind.DELETE_TEMPLATE, key=created_id(long_one), insist=True)
    return template_id


def _list_by_filters(ctx: ScenarioContext, kind: TemplateKind, template_id: str, name: str) -> None:
    other_tag = next(other.tag for feature, other in KINDS.items() if feature is not ctx.spec.feature)
    _list(ctx, Label.BY_ID, ids=template_id)
    _list(ctx, Label.BY_NAME, name=name[:-1])
    _list(ctx, Label.BY_OTHER_NAME, name=name[1:])
    _list(ctx, Label.BY_TAG, tag=kind.tag, name=name)
    _list(ctx, Label.BY_OTHER_TAG, tag=other_tag, name=name)


def _list(ctx: ScenarioContext, step: Label, **params: str) -> None:
    ctx.calls.other(step, OperationKind.LIST_TEMPLATES, params={"category": "Custom", "pageSize": "10", **params})


def _use(ctx: ScenarioContext, kind: TemplateKind, template_id: str) -> None:
    """Submits a job that uses the template. The job may fail when the profile's input has another kind."""
    container = f"<TemplateId>{template_id}</TemplateId>"
    response = ctx.submit(Label.SUBMIT, ctx.job_request("template", tag=kind.tag, container=container))
    ids = response.job_ids
    if ids:
        ctx.watch_ended(Label.DESCRIBE, ids)
