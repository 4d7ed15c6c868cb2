"""Dialects of single calls: what describe, list and submit accept and return where the documents are open."""

from copy import deepcopy
from itertools import groupby

import msgspec
from lxml import etree

from ciq_mock.engine.errors import EngineError
from ciq_mock.service.call import Answer
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.edits import Tree, drop, to_bytes
from ciq_mock.variants.middleware import CallNext, Request, answers, middleware
from ciq_mock.variants.mixins import changed_settings
from ciq_schemas.features import Feature
from ciq_schemas.operations import OperationKind
from ciq_schemas.xml_parser import RefusedDocument, parse

_ONE_ID = frozenset({Feature.SPEECH, Feature.DOC})


def _empty_end_token(root: Tree) -> None:
    if root.find("NextToken") is None:
        etree.SubElement(root, "NextToken")


def _reverse_equal_times(root: Tree) -> None:
    """Reverses the jobs of each second on a page, in Asc and in Desc."""
    jobs = root.findall("JobsDetail")
    for _time, same in groupby(jobs, key=lambda job: job.findtext("CreationTime")):
        together = list(same)
        places = [root.index(job) for job in together]
        for place, job in zip(places, [deepcopy(job) for job in reversed(together)], strict=True):
            root[place] = job


def _one_id_a_describe(request: Request, call_next: CallNext) -> Answer:
    """Reads a list of ids as one id, which does not exist."""
    several = request.kind is OperationKind.DESCRIBE_JOB and "," in request.call.key
    if not several or request.feature not in _ONE_ID:
        return call_next(request)
    root = etree.Element("Response")
    etree.SubElement(root, "NonExistJobIds").text = request.call.key
    return Answer(to_bytes(root))


def _merge_rule(request: Request, call_next: CallNext) -> Answer:
    """Keeps the parts of the callback rule that an update omits."""
    feature, bucket, call = request.feature, request.call.bucket, request.call
    if request.kind is not OperationKind.UPDATE_QUEUE or feature is None:
        return call_next(request)
    try:
        root = parse(call.body)
        stored = request.mock.engine.queue(bucket, feature, call.key).notify
    except (RefusedDocument, EngineError):
        return call_next(request)
    rule = root.find("NotifyConfig")
    if rule is None:
        return call_next(request)
    for name, text in (("Url", stored.url), ("Event", stored.event), ("Type", stored.type)):
        if text and not rule.findtext(name):
            drop(name)(rule)
            etree.SubElement(rule, name).text = text
    return call_next(request.with_call(msgspec.structs.replace(call, body=to_bytes(root))))


DIALECTS = (
    Dialect(
        name="rule-merged",
        description="An update of a queue keeps Url, Event and Type of the callback rule where it omits them.",
        source="1045/72940 and the other update pages do not say whether an update replaces NotifyConfig",
        override=middleware(_merge_rule),
    ),
    Dialect(
        name="empty-end-token",
        description="The last page of a list has an empty NextToken.",
        source="pages of job lists (1045/73114) do not specify how a list ends",
        override=answers(_empty_end_token, OperationKind.LIST_JOBS),
    ),
    Dialect(
        name="equal-times-turned",
        description="On a page of a list, jobs created in the same second are in reverse order.",
        source="orderByTime (436/49393, 1045/73114) orders by time; no page mentions equal times",
        override=answers(_reverse_equal_times, OperationKind.LIST_JOBS),
    ),
    Dialect(
        name="one-id-a-describe",
        description="Describe of speech and document jobs reads several ids as one, which does not exist.",
        source="1045/73113 and 460/83092 accept several; pages of speech and documents show one (1045/47933)",
        override=middleware(_one_id_a_describe),
    ),
    Dialect(
        name="level-not-defaulted",
        description="A job submitted without JobLevel shows none.",
        source="samples show 0 for a job without level (436/76608); no table specifies it",
        override=changed_settings(show_default_level=False),
    ),
)
