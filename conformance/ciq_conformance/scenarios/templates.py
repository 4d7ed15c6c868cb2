"""Scenario `templates`: make one, find it, change it, let a job name it, delete it."""

from ciq_conformance.driver.stage import Stage, Unsupported, describe_reply
from ciq_conformance.driver.template_orders import KINDS, NAME_LENGTH, TemplateKind, names, template_body
from ciq_conformance.steps.templates import Step
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange


def play(stage: Stage) -> None:
    """Play the scenario; the template is gone at its end, whatever happens."""
    kind = KINDS[stage.spec.feature]
    name, later = names(stage.run_id)
    template_id = _make(stage, kind, name)
    try:
        _find(stage, kind, template_id, name)
        stage.calls.other(
            Step.UPDATE, OperationKind.UPDATE_TEMPLATE, key=template_id, body=template_body(kind, later, second=True)
        )
        _list(stage, Step.AFTER_UPDATE, ids=template_id)
        _use(stage, kind, template_id)
    finally:
        stage.calls.other(Step.DELETE, OperationKind.DELETE_TEMPLATE, key=template_id, insist=True)
    _list(stage, Step.AFTER_DELETE, ids=template_id)
    stage.calls.other(
        Step.UPDATE_DELETED, OperationKind.UPDATE_TEMPLATE, key=template_id, body=template_body(kind, name)
    )


def made_id(reply: ParsedExchange) -> str:
    """The id in the answer to making a template, empty when there is none."""
    template = next(iter(raw.children(raw.response(reply), "Template")), None)
    return raw.child_text(template, "TemplateId") or ""


def _make(stage: Stage, kind: TemplateKind, name: str) -> str:
    reply = stage.calls.other(Step.CREATE, OperationKind.CREATE_TEMPLATE, body=template_body(kind, name))
    template_id = made_id(reply)
    if not template_id:
        raise Unsupported(f"making a template answered {describe_reply(reply)} and gave no id")
    too_long = name.ljust(NAME_LENGTH + 1, "x")
    long_one = stage.calls.other(Step.LONG_NAME, OperationKind.CREATE_TEMPLATE, body=template_body(kind, too_long))
    if made_id(long_one):
        stage.calls.other(Step.LONG_NAME, OperationKind.DELETE_TEMPLATE, key=made_id(long_one), insist=True)
    return template_id


def _find(stage: Stage, kind: TemplateKind, template_id: str, name: str) -> None:
    other_tag = next(other.tag for feature, other in KINDS.items() if feature is not stage.spec.feature)
    _list(stage, Step.BY_ID, ids=template_id)
    _list(stage, Step.BY_NAME, name=name[:-1])
    _list(stage, Step.BY_OTHER_NAME, name=name[1:])
    _list(stage, Step.BY_TAG, tag=kind.tag, name=name)
    _list(stage, Step.BY_OTHER_TAG, tag=other_tag, name=name)


def _list(stage: Stage, step: Step, **params: str) -> None:
    stage.calls.other(step, OperationKind.LIST_TEMPLATES, params={"category": "Custom", "pageSize": "10", **params})


def _use(stage: Stage, kind: TemplateKind, template_id: str) -> None:
    """One job by the template; where the profile's input is of another kind, the job may fail, which is no matter."""
    container = f"<TemplateId>{template_id}</TemplateId>"
    reply = stage.submit(Step.SUBMIT, stage.order("template", tag=kind.tag, container=container))
    ids = reply.job_ids
    if ids:
        stage.watch_ended(Step.DESCRIBE, ids)
