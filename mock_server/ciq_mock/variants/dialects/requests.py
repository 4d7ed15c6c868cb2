"""Dialects of single calls: what describe, list and submit take and answer where the pages leave it open."""

from copy import deepcopy
from dataclasses import replace
from itertools import groupby

from lxml import etree

from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_schemas.features import Feature
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind
from ciq_schemas.xml_parser import parse

_ONE_ID = frozenset({Feature.SPEECH, Feature.DOC})


def _empty_end_token(_: object, plain: Handle) -> Handle:
    def handle(operation: HttpOperation, call: Call) -> Answer:
        answer = plain(operation, call)
        if operation.kind is not OperationKind.LIST_JOBS:
            return answer
        root = parse(answer.body)
        if root.find("NextToken") is None:
            etree.SubElement(root, "NextToken")
        return Answer(etree.tostring(root, encoding="utf-8", xml_declaration=True))

    return handle


def _equal_times_turned(_: object, plain: Handle) -> Handle:
    """Jobs of one second change places on a page, in Asc as in Desc."""

    def handle(operation: HttpOperation, call: Call) -> Answer:
        answer = plain(operation, call)
        if operation.kind is not OperationKind.LIST_JOBS:
            return answer
        root = parse(answer.body)
        jobs = root.findall("JobsDetail")
        for _time, same in groupby(jobs, key=lambda job: job.findtext("CreationTime")):
            together = list(same)
            places = [root.index(job) for job in together]
            for place, job in zip(places, [deepcopy(job) for job in reversed(together)], strict=True):
                root[place] = job
        return Answer(etree.tostring(root, encoding="utf-8", xml_declaration=True))

    return handle


def _one_id_a_describe(_: object, plain: Handle) -> Handle:
    """Text with commas is then the id of one job, which is not known."""

    def handle(operation: HttpOperation, call: Call) -> Answer:
        several = operation.kind is OperationKind.DESCRIBE_JOB and "," in call.key
        if not (several and isinstance(operation, FeatureOperation) and operation.feature in _ONE_ID):
            return plain(operation, call)
        root = etree.Element("Response")
        etree.SubElement(root, "NonExistJobIds").text = call.key
        return Answer(etree.tostring(root, encoding="utf-8", xml_declaration=True))

    return handle


DIALECTS = (
    Dialect(
        name="empty-end-token",
        sentence="The last page of a list has an empty NextToken.",
        source="pages of job lists (1045/73114) do not say how a list ends",
        override=Override(handle=_empty_end_token),
    ),
    Dialect(
        name="equal-times-turned",
        sentence="On a page of a list, jobs created in the same second stand in reverse order.",
        source="orderByTime (436/49393, 1045/73114) orders by time; no page says anything of equal times",
        override=Override(handle=_equal_times_turned),
    ),
    Dialect(
        name="one-id-a-describe",
        sentence="Describe of speech and document jobs takes one id; several are one id that does not exist.",
        source="1045/73113 and 460/83092 take several; pages of speech and documents show one (1045/47933)",
        override=Override(handle=_one_id_a_describe),
    ),
    Dialect(
        name="level-not-defaulted",
        sentence="A job whose submit gave no JobLevel echoes none.",
        source="samples echo 0 unasked (436/76608); no table says so",
        override=Override(settings=lambda settings: replace(settings, show_default_level=False)),
    ),
)
