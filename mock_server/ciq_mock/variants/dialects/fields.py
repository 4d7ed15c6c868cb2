"""Dialects of content: which elements queues, jobs and errors have, and the words in them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from lxml import etree

from ciq_mock.overrides import Override
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members, bodies, job_members
from ciq_mock.variants.edits import Edit, Tree, drop, put
from ciq_schemas.features import FEATURES, Feature

_UNSET = "-"
_UNSET_TIMES = ("StartTime", "EndTime")
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\+08:?00", re.ASCII)
_TIMES = frozenset({"CreationTime", "StartTime", "EndTime", "CreateTime", "UpdateTime"})
_OF_WORKFLOWS = ("MediaWorkflow", "MediaWorkflowList", "WorkflowExecution", "WorkflowExecutionList")
_OK = "Success"

Texts = dict[str, str | None]
"""Texts of the elements directly in JobsDetail, by name; None removes the element."""


def _edits(*edits: Edit) -> Override:
    """Edits every XML document."""

    def xml(root: Tree, _: Random) -> None:
        for edit in edits:
            edit(root)

    return bodies(xml=xml)


# --- texts of jobs ------------------------------------------------------------------------------------------


def _jobs(change: Callable[[Texts], None]) -> Override:
    """Changes the texts of JobsDetail in every XML and JSON document."""

    def xml(root: Tree, _: Random) -> None:
        for job in root.iter("JobsDetail"):
            _change_element(job, change)

    def json(body: Members, _: Random) -> Members:
        for job in job_members(body):
            _change_members(job, change)
        return body

    return bodies(xml=xml, json=json)


def _change_element(job: Tree, change: Callable[[Texts], None]) -> None:
    leaves = [child for child in job if not len(child)]
    texts: Texts = {str(leaf.tag): leaf.text or "" for leaf in leaves}
    change(texts)
    for leaf in leaves:
        text = texts.get(str(leaf.tag))
        if text is None:
            job.remove(leaf)
        else:
            leaf.text = text or None


def _change_members(job: Members, change: Callable[[Texts], None]) -> None:
    texts: Texts = {name: text for name, text in job.items() if isinstance(text, str)}
    names = tuple(texts)
    # An element that is empty in XML is absent in JSON.
    texts.setdefault("Message", "")
    change(texts)
    for name in names:
        if not texts.get(name):
            del job[name]
    job.update({name: text for name, text in texts.items() if text})


def _unset(replacement: str | None) -> Callable[[Texts], None]:
    def change(texts: Texts) -> None:
        for name in _UNSET_TIMES:
            if texts.get(name) == _UNSET:
                texts[name] = replacement

    return change


def _message(text: str) -> Callable[[Texts], None]:
    def change(texts: Texts) -> None:
        if texts.get("Code", _OK) == _OK and not texts.get("Message"):
            texts["Message"] = text

    return change


def _code_of_failures_only(texts: Texts) -> None:
    if texts.get("Code") == _OK:
        texts["Code"] = texts["Message"] = None


def _without_progress(texts: Texts) -> None:
    texts["Progress"] = None


def _without_speech_start(texts: Texts) -> None:
    if (texts.get("JobId") or "").startswith(FEATURES[Feature.SPEECH].id_letter):
        texts["StartTime"] = None


# --- times --------------------------------------------------------------------------------------------------


def _times(change: Callable[[str], str], *, of: Callable[[Tree | Members], bool] = lambda _document: True) -> Override:
    """Changes the times in some documents, XML and JSON."""

    def xml(root: Tree, _: Random) -> None:
        if of(root):
            for element in root.iter(*_TIMES):
                element.text = _changed_time(element.text, change)

    def json(body: Members, _: Random) -> Members:
        if of(body):
            _change_member_times(body, change)
        return body

    return bodies(xml=xml, json=json)


def _changed_time(text: str | None, change: Callable[[str], str]) -> str | None:
    return change(text) if text and _WRITTEN.fullmatch(text) else text


def _change_member_times(item: object, change: Callable[[str], str]) -> None:
    if isinstance(item, list):
        for one in item:
            _change_member_times(one, change)
    elif isinstance(item, dict):
        for name, inner in item.items():
            if name in _TIMES and isinstance(inner, str):
                item[name] = _changed_time(inner, change)
            else:
                _change_member_times(inner, change)


def _is_workflow_document(document: Tree | Members) -> bool:
    if isinstance(document, dict):
        return "WorkflowExecution" in document
    return document.tag == "Response" and any(document.find(name) is not None for name in _OF_WORKFLOWS)


def _in_utc(text: str) -> str:
    """Returns the same moment at +0000, in the same form."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    zone = "+00:00" if text[-3] == ":" else "+0000"
    return f"{moment:%Y-%m-%d}{text[10]}{moment:%H:%M:%S}{zone}"


def _with_colon(text: str) -> str:
    return f"{text[:10]}T{text[11:]}" if text[-3] == ":" else f"{text[:10]}T{text[11:-2]}:{text[-2:]}"


# --- other elements -----------------------------------------------------------------------------------------


def _nest_unknown_queues(root: Tree) -> None:
    unknown = root.findall("NonExistPIDs")
    ids = [element.text for element in unknown if element.text]
    if not ids:
        return
    for element in unknown:
        root.remove(element)
    container = etree.SubElement(root, "NonExistPIDs")
    for queue_id in ids:
        etree.SubElement(container, "QueueID").text = queue_id


def _repeat_unknown_jobs(root: Tree) -> None:
    for element in root.findall("NonExistJobIds"):
        ids = (element.text or "").split(",")
        element.text = ids[0]
        for job_id in reversed(ids[1:]):
            another = etree.Element("NonExistJobIds")
            another.text = job_id
            element.addnext(another)


def _error_without(name: str) -> Edit:
    remove = drop(name)

    def edit(root: Tree) -> None:
        if root.tag == "Error":
            remove(root)

    return edit


def _doc_category(text: str) -> str:
    return "DocProcess" if text == "DocProcessing" else text


DIALECTS = (
    Dialect(
        name="unset-times-empty",
        description="The element of a time that is not known yet is empty.",
        source="older samples of speech and media (1045/73386 family) against `-` in 1045/73113",
        override=_jobs(_unset("")),
    ),
    Dialect(
        name="unset-times-absent",
        description="The element of a time that is not known yet is omitted.",
        source="samples of documents (1045/47932) have no such element",
        override=_jobs(_unset(None)),
    ),
    Dialect(
        name="speech-without-start",
        description="Speech jobs have no StartTime.",
        source="older speech pages have none, and neither do the types of the Go SDK",
        override=_jobs(_without_speech_start),
    ),
    Dialect(
        name="message-upper-success",
        description="Message of a successful job is SUCCESS.",
        source="samples of 1045/73381 and 1045/73376",
        override=_jobs(_message("SUCCESS")),
    ),
    Dialect(
        name="message-lower-success",
        description="Message of a successful job is success.",
        source="samples of job pages spell it in three ways or leave it empty",
        override=_jobs(_message("success")),
    ),
    Dialect(
        name="code-of-failures-only",
        description="Only failed jobs have Code and Message.",
        source="“returned only when State is Failed” (1045/73113), against its own sample",
        override=_jobs(_code_of_failures_only),
    ),
    Dialect(
        name="no-progress",
        description="Describe shows no Progress.",
        source="in samples of newer describe pages only (1045/73113)",
        override=_jobs(_without_progress),
    ),
    Dialect(
        name="times-in-utc",
        description="Times have the zone +0000.",
        source="samples show +0800; no page promises that the zone is always the same",
        override=_times(_in_utc),
    ),
    Dialect(
        name="workflow-times-with-colon",
        description="All times in workflow documents have a colon in the zone and a T.",
        source="pages show runs in this form (1045/50339, 436/50855), workflows and their callback in two other forms",
        override=_times(_with_colon, of=_is_workflow_document),
    ),
    Dialect(
        name="unknown-queues-in-container",
        description="Unknown queues are QueueID elements in one NonExistPIDs.",
        source="1045/47935, 1045/49552, 1045/43672 against 1045/73366",
        override=_edits(_nest_unknown_queues),
    ),
    Dialect(
        name="unknown-jobs-repeated",
        description="Each unknown job has its own NonExistJobIds.",
        source="1045/73113 gives the type String and does not specify how several are written",
        override=_edits(_repeat_unknown_jobs),
    ),
    Dialect(
        name="error-without-resource",
        description="Errors have no Resource.",
        source="1045/43611, 436/46214 against 436/7730",
        override=_edits(_error_without("Resource")),
    ),
    Dialect(
        name="doc-category-docprocess",
        description="The category of document queues is DocProcess.",
        source="templates of 1045/47935 and 436/54055 against their samples",
        override=_edits(put("QueueList/Category", _doc_category), put("Queue/Category", _doc_category)),
    ),
    Dialect(
        name="queue-without-bucket",
        description="Queues have no BucketId.",
        source="samples contain BucketId (1045/47935), the tables of the queue pages do not",
        override=_edits(drop("QueueList/BucketId"), drop("Queue/BucketId")),
    ),
)
