"""Faults of templates and of binding a bucket."""

import re

from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.workflows import named_only, not_done
from ciq_mock.variants.middleware import accepts_anyway, answers, drop, forgets, put, reads_call_as, with_body
from ciq_schemas.features import Feature
from ciq_schemas.operations import HttpOperation
from ciq_schemas.operations import OperationKind as Kind

_NAME = rb"<Name>[^<]*</Name>"


def _renames_only() -> Override:
    """An update takes the new name and leaves the parameters as they were made."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        made: list[bytes] = []

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            if operation.kind is Kind.UPDATE_TEMPLATE and made and (name := re.search(_NAME, call.body)):
                call = with_body(call, rb"<Request>.*</Request>", re.sub(_NAME, name[0], made[0])) or call
            answer = handle(operation, call)
            if operation.kind is Kind.CREATE_TEMPLATE:
                made[:] = [call.body]
            return answer

        return wrapped

    return Override(handle=override)


def _any_template() -> Override:
    """An update of a template that is gone is answered as the last good one was."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        good: list[Answer] = []

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                answer = handle(operation, call)
            except Refusal:
                if operation.kind is Kind.UPDATE_TEMPLATE and good:
                    return good[-1]
                raise
            if operation.kind is Kind.UPDATE_TEMPLATE:
                good[:] = [answer]
            return answer

        return wrapped

    return Override(handle=override)


FAULTS = (
    Fault("template-name-cut", "TPL-001", "The response to making a template shows eight characters of its name.", answers(put("Template/Name", lambda text: text[:8]), Kind.CREATE_TEMPLATE)),
    Fault("templates-uncounted", "TPL-002", "Lists of templates have no TotalCount.", answers(drop("TotalCount"), Kind.LIST_TEMPLATES)),
    Fault("template-name-ignored", "TPL-003", "name does not count in lists of templates.", reads_call_as(forgets("name"), Kind.LIST_TEMPLATES)),
    Fault("template-tag-ignored", "TPL-004", "tag does not count in lists of templates.", reads_call_as(forgets("tag"), Kind.LIST_TEMPLATES)),
    Fault("template-update-renames-only", "TPL-005", "An update of a template changes its name only.", _renames_only()),
    Fault("deleted-template-stays", "TPL-006", "A deleted template is listed as before.", not_done(Kind.DELETE_TEMPLATE, named_only("TemplateId"))),
    Fault("job-without-template-name", "TPL-007", "Described jobs do not tell the name of their template.", answers(drop("JobsDetail/Operation/TemplateName"), Kind.DESCRIBE_JOB)),
    Fault("picture-template-name-of-other", "TPL-007", "Described picture jobs tell the name of a template that is none.", answers(put("JobsDetail/Operation/TemplateName", "any"), Kind.DESCRIBE_JOB), Feature.PIC),
    Fault("gone-template-updated", "TPL-008", "An update of a deleted template is answered as if it were there.", _any_template()),
    Fault("long-template-name-taken", "TPL-009", "A template's name of 65 characters is cut and taken.", accepts_anyway(lambda call: with_body(call, rb"<Name>([^<]{64})[^<]*</Name>", rb"<Name>\1</Name>"), Kind.CREATE_TEMPLATE)),
    Fault("binding-without-region", "BND-001", "The response to binding a bucket has no Region.", answers(drop("CIBucket/Region"), Kind.BIND_BUCKET)),
)  # fmt: skip
