"""Dialects of single calls: what describe, list and submit accept and return where the documents are open."""

from copy import deepcopy
from itertools import groupby

from lxml import etree

from ciq_mock.service.call import Answer
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.edits import Tree, to_bytes
from ciq_mock.variants.middleware import CallNext, Request, answers, middleware
from ciq_mock.variants.mixins import changed_settings
from ciq_schemas.features import Feature
from ciq_schemas.operations import OperationKind

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


DIALECTS = (
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
