"""Faults of templates and of binding a bucket."""

import re

from ciq_mock.service.call import Answer
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.edits import drop, put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.workflows import answers_key_as
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    accepts_anyway,
    answers,
    forgets,
    ignores_call,
    middleware_per_mock,
    reads_call_as,
    with_body,
)
from ciq_schemas.features import Feature
from ciq_schemas.operations import OperationKind as Kind

_NAME = rb"<Name>[^<]*</Name>"


class _RenamesOnly:
    """Updates the name of a template and keeps the parameters of the last creation."""

    def __init__(self) -> None:
        self._created = b""

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        call = request.call
        if request.kind is Kind.UPDATE_TEMPLATE and self._created and (name := re.search(_NAME, call.body)):
            call = with_body(call, rb"<Request>.*</Request>", re.sub(_NAME, name[0], self._created)) or call
        answer = call_next(request.with_call(call))
        if request.kind is Kind.CREATE_TEMPLATE:
            self._created = call.body
        return answer


class _UpdatesDeleted:
    """Answers a rejected update of a template as the last accepted one."""

    def __init__(self) -> None:
        self._accepted: Answer | None = None

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        if request.kind is not Kind.UPDATE_TEMPLATE:
            return call_next(request)
        try:
            self._accepted = call_next(request)
        except Refusal:
            if self._accepted is None:
                raise
        return self._accepted


FAULTS = (
    Fault("template-name-cut", "TPL-001", "The response to creating a template shows eight characters of its name.", answers(put("Template/Name", lambda text: text[:8]), Kind.CREATE_TEMPLATE)),
    Fault("templates-uncounted", "TPL-002", "Lists of templates have no TotalCount.", answers(drop("TotalCount"), Kind.LIST_TEMPLATES)),
    Fault("template-name-ignored", "TPL-003", "name is ignored in lists of templates.", reads_call_as(forgets("name"), Kind.LIST_TEMPLATES)),
    Fault("template-tag-ignored", "TPL-004", "tag is ignored in lists of templates.", reads_call_as(forgets("tag"), Kind.LIST_TEMPLATES)),
    Fault("template-update-renames-only", "TPL-005", "An update of a template changes only its name.", middleware_per_mock(_RenamesOnly)),
    Fault("deleted-template-stays", "TPL-006", "A deleted template is still listed.", ignores_call(Kind.DELETE_TEMPLATE, answers_key_as("TemplateId"))),
    Fault("job-without-template-name", "TPL-007", "Described jobs have no TemplateName.", answers(drop("JobsDetail/Operation/TemplateName"), Kind.DESCRIBE_JOB)),
    Fault("picture-template-name-of-other", "TPL-007", "Described picture jobs have the name of no template.", answers(put("JobsDetail/Operation/TemplateName", "any"), Kind.DESCRIBE_JOB), Feature.PIC),
    Fault("gone-template-updated", "TPL-008", "An update of a deleted template is accepted.", middleware_per_mock(_UpdatesDeleted)),
    Fault("long-template-name-taken", "TPL-009", "A template name of 65 characters is truncated and accepted.", accepts_anyway(lambda call: with_body(call, rb"<Name>([^<]{64})[^<]*</Name>", rb"<Name>\1</Name>"), Kind.CREATE_TEMPLATE)),
    Fault("binding-without-region", "BND-001", "The response to binding a bucket has no Region.", answers(drop("CIBucket/Region"), Kind.BIND_BUCKET)),
)  # fmt: skip
