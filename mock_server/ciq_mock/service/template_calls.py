"""Handlers that create, update, list and delete templates; and the TemplateName of a job.

Source: 1045/73037, 1045/73038, 436/77185, 436/75046; error codes 1045/33700 (1107, 1110, 1112).
"""

from collections.abc import Mapping

from ciq_mock.resources import Template, TemplateFilter, UnknownTemplateError
from ciq_mock.service import arguments, times
from ciq_mock.service.arguments import request_body
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.service.template_form import parts_of
from ciq_schemas.codec import Document, encode
from ciq_schemas.features import Feature, feature_of_tag

_OWN, _OFFICIAL = "Custom", "Official"
_ALL = "All"


def create(context: ServiceContext, call: Call) -> Answer:
    """Create a template. The feature of its tag must be active (1045/73037: “enable … in advance”)."""
    bucket = need_bucket(call.bucket)
    value = _body(context, call)
    tag = str(value["Tag"])
    parts = parts_of(tag, value)
    context.engine.queues(bucket, feature_of_tag(tag) or Feature.MEDIA)
    template = context.resources.templates.create(
        context.now(), bucket, tag=tag, name=str(value["Name"]), parts=parts, most=context.settings.limits.templates
    )
    return _answer(call, template)


def update(context: ServiceContext, call: Call) -> Answer:
    """Replace name and parameters of a template; the id stays."""
    bucket = need_bucket(call.bucket)
    context.resources.templates.get(bucket, call.key)
    value = _body(context, call)
    tag = str(value["Tag"])
    template = context.resources.templates.update(
        context.now(), bucket, call.key, tag=tag, name=str(value["Name"]), parts=parts_of(tag, value)
    )
    return _answer(call, template)


def list_templates(context: ServiceContext, call: Call) -> Answer:
    """List a page of templates, newest first, without unknown ids; the mock has no official templates."""
    bucket = need_bucket(call.bucket)
    page = arguments.number(call.query, "pageNumber", 1)
    size = arguments.number(call.query, "pageSize", 10)
    category = arguments.word(call.query, "category", (_OWN, _OFFICIAL), _OWN)
    tag = call.query.get("tag") or _ALL
    wanted = TemplateFilter(
        tag="" if tag == _ALL else tag,
        ids=arguments.words(call.query, "ids"),
        name_prefix=call.query.get("name") or "",
    )
    found = context.resources.templates.find(bucket, wanted) if category == _OWN else []
    return Answer(
        encode(
            Document.TEMPLATE_LIST,
            {
                "RequestId": call.request_id,
                "TotalCount": str(len(found)),
                "PageNumber": str(page),
                "PageSize": str(size),
                "TemplateList": [_shown(template) for template in found[(page - 1) * size : page * size]],
            },
        )
    )


def delete(context: ServiceContext, call: Call) -> Answer:
    """Delete a template; its jobs keep its name."""
    context.resources.templates.delete(need_bucket(call.bucket), call.key)
    return Answer(encode(Document.TEMPLATE_DELETED, {"RequestId": call.request_id, "TemplateId": call.key}))


def name_for_job(context: ServiceContext, bucket: str, template_id: str) -> str:
    """Return the TemplateName of a job (1045/73113).

    For an id that the bucket does not have, returns a made-up name, because the mock does not know the templates of the
    console and of the service; or raises Refusal TemplateNotFound if the settings say so.
    """
    try:
        return context.resources.templates.get(bucket, template_id).name
    except UnknownTemplateError as error:
        if context.settings.refuse_unknown_templates:
            raise Refusal(ErrorCode.TEMPLATE_NOT_FOUND, str(error)) from None
        return f"template-{template_id}"


def _body(context: ServiceContext, call: Call) -> Mapping[str, object]:
    return request_body(Document.TEMPLATE_REQUEST, call.body, context.settings.limits).value


def _answer(call: Call, template: Template) -> Answer:
    return Answer(encode(Document.TEMPLATE_ANSWER, {"RequestId": call.request_id, "Template": _shown(template)}))


def _shown(template: Template) -> dict[str, object]:
    return {
        "Tag": template.tag,
        "TemplateId": template.id,
        "Name": template.name,
        "BucketId": template.bucket,
        "Category": _OWN,
        **template.parts,
        "CreateTime": times.written(template.created),
        "UpdateTime": times.written(template.updated),
    }
