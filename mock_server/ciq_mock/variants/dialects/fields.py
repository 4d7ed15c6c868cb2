"""Dialects of content: which elements queues, jobs and errors have, and the words in them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random

from lxml import etree

from ciq_mock.overrides import Override
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members, bodies, details
from ciq_schemas.features import FEATURES, Feature

_UNSET = "-"
_TIMES = ("StartTime", "EndTime")
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\+08:?00", re.ASCII)
_STAMPS = frozenset({"CreationTime", "StartTime", "EndTime", "CreateTime", "UpdateTime"})
_RUNS = "self::Response[MediaWorkflow or MediaWorkflowList or WorkflowExecution or WorkflowExecutionList]"
_OK = "Success"

Fields = Callable[[dict[str, str | None]], None]
"""Changes the texts that stand directly in JobsDetail; None takes the element out."""


def _jobs(change: Fields) -> Override:
    """Returns an override that changes JobsDetail in every XML and JSON document."""

    def xml(root: etree._Element, _: Random) -> None:
        for job in root.iter("JobsDetail"):
            leaves = [child for child in job if not len(child)]
            texts: dict[str, str | None] = {str(leaf.tag): leaf.text or "" for leaf in leaves}
            change(texts)
            for leaf in leaves:
                text = texts.get(str(leaf.tag))
                if text is None:
                    job.remove(leaf)
                else:
                    leaf.text = text or None

    def json(body: Members, _: Random) -> Members:
        for job in details(body):
            texts: dict[str, str | None] = {name: text for name, text in job.items() if isinstance(text, str)}
            names = tuple(texts)
            # What is empty in XML is absent in JSON.
            texts.setdefault("Message", "")
            change(texts)
            for name in names:
                if not texts.get(name):
                    del job[name]
            job.update({name: text for name, text in texts.items() if text})
        return body

    return bodies(xml=xml, json=json)


def _unset(replacement: str | None) -> Fields:
    def change(texts: dict[str, str | None]) -> None:
        for name in _TIMES:
            if texts.get(name) == _UNSET:
                texts[name] = replacement

    return change


def _message(text: str) -> Fields:
    def change(texts: dict[str, str | None]) -> None:
        if texts.get("Code", _OK) == _OK and not texts.get("Message"):
            texts["Message"] = text

    return change


def _only_failures_speak(texts: dict[str, str | None]) -> None:
    if texts.get("Code") == _OK:
        texts["Code"] = texts["Message"] = None


def _drop_progress(texts: dict[str, str | None]) -> None:
    texts["Progress"] = None


def _drop_start(texts: dict[str, str | None]) -> None:
    if (texts.get("JobId") or "").startswith(FEATURES[Feature.SPEECH].id_letter):
        texts["StartTime"] = None


def _in_utc(text: str) -> str:
    """The same moment at +0000, in the form it had."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    zone = "+00:00" if text[-3] == ":" else "+0000"
    return f"{moment:%Y-%m-%d}{text[10]}{moment:%H:%M:%S}{zone}"


def _stamps(change: Callable[[str], str], *, where: str = "self::*") -> Override:
    def xml(root: etree._Element, _: Random) -> None:
        if not root.xpath(where):
            return
        for element in root.iter(*_STAMPS):
            if element.text and _WRITTEN.fullmatch(element.text):
                element.text = change(element.text)

    def members(item: object) -> None:
        if isinstance(item, list):
            for one in item:
                members(one)
        elif isinstance(item, dict):
            for name, inner in item.items():
                if name in _STAMPS and isinstance(inner, str) and _WRITTEN.fullmatch(inner):
                    item[name] = change(inner)
                else:
                    members(inner)

    def json(body: Members, _: Random) -> Members:
        if where == "self::*" or "WorkflowExecution" in body:
            members(body)
        return body

    return bodies(xml=xml, json=json)


def _with_colon(text: str) -> str:
    return f"{text[:10]}T{text[11:]}" if text[-3] == ":" else f"{text[:10]}T{text[11:-2]}:{text[-2:]}"


def _nested_unknown_queues(root: etree._Element, _: Random) -> None:
    unknown = root.findall("NonExistPIDs")
    ids = [element.text for element in unknown if element.text]
    if not ids:
        return
    for element in unknown:
        root.remove(element)
    container = etree.SubElement(root, "NonExistPIDs")
    for queue_id in ids:
        etree.SubElement(container, "QueueID").text = queue_id


def _repeated_unknown_jobs(root: etree._Element, _: Random) -> None:
    for element in root.findall("NonExistJobIds"):
        ids = (element.text or "").split(",")
        element.text = ids[0]
        for job_id in reversed(ids[1:]):
            another = etree.Element("NonExistJobIds")
            another.text = job_id
            element.addnext(another)


def _drop(place: str) -> Callable[[etree._Element, Random], None]:
    def change(root: etree._Element, _: Random) -> None:
        for element in root.findall(place):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)

    return change


def _error_without(name: str) -> Callable[[etree._Element, Random], None]:
    def change(root: etree._Element, chance: Random) -> None:
        if root.tag == "Error":
            _drop(name)(root, chance)

    return change


def _reword(words: Mapping[str, str]) -> Callable[[etree._Element, Random], None]:
    def change(root: etree._Element, _: Random) -> None:
        for element in (*root.findall("QueueList/Category"), *root.findall("Queue/Category")):
            element.text = words.get(element.text or "", element.text)

    return change


def _queue_without_bucket(root: etree._Element, chance: Random) -> None:
    for place in ("QueueList/BucketId", "Queue/BucketId"):
        _drop(place)(root, chance)


DIALECTS = (
    Dialect(
        name="unset-times-empty",
        sentence="A time that has not come yet is an empty element.",
        source="older samples of speech and media (1045/73386 family) against `-` in 1045/73113",
        override=_jobs(_unset("")),
    ),
    Dialect(
        name="unset-times-absent",
        sentence="A time that has not come yet is left out.",
        source="samples of documents (1045/47932) have no such element",
        override=_jobs(_unset(None)),
    ),
    Dialect(
        name="speech-without-start",
        sentence="Speech jobs have no StartTime.",
        source="older speech pages have none; nor have the types of the Go SDK",
        override=_jobs(_drop_start),
    ),
    Dialect(
        name="message-upper-success",
        sentence="Message of what is well says SUCCESS.",
        source="samples of 1045/73381 and 1045/73376",
        override=_jobs(_message("SUCCESS")),
    ),
    Dialect(
        name="message-lower-success",
        sentence="Message of what is well says success.",
        source="samples of job pages spell it in three ways, and leave it empty",
        override=_jobs(_message("success")),
    ),
    Dialect(
        name="code-of-failures-only",
        sentence="Jobs have Code and Message only when they failed.",
        source="“returned only when State is Failed” (1045/73113), against its own sample",
        override=_jobs(_only_failures_speak),
    ),
    Dialect(
        name="no-progress",
        sentence="Describe shows no Progress.",
        source="in samples of newer describe pages only (1045/73113)",
        override=_jobs(_drop_progress),
    ),
    Dialect(
        name="times-in-utc",
        sentence="Times are written at +0000.",
        source="samples show +0800; no page says that the zone is always the same",
        override=_stamps(_in_utc),
    ),
    Dialect(
        name="workflow-times-with-colon",
        sentence="All times in documents of workflows have a colon in the zone and a T.",
        source="runs are shown so (1045/50339, 436/50855), workflows and their callback in two other forms",
        override=_stamps(_with_colon, where=_RUNS),
    ),
    Dialect(
        name="unknown-queues-in-container",
        sentence="Queues that do not exist stand as QueueID in one NonExistPIDs.",
        source="1045/47935, 1045/49552, 1045/43672 against 1045/73366",
        override=bodies(xml=_nested_unknown_queues),
    ),
    Dialect(
        name="unknown-jobs-repeated",
        sentence="Each job that does not exist has a NonExistJobIds of its own.",
        source="1045/73113 says String and does not say how several are put",
        override=bodies(xml=_repeated_unknown_jobs),
    ),
    Dialect(
        name="error-without-resource",
        sentence="Errors have no Resource.",
        source="1045/43611, 436/46214 against 436/7730",
        override=bodies(xml=_error_without("Resource")),
    ),
    Dialect(
        name="error-without-trace-id",
        sentence="Errors have no TraceId.",
        source="1045/43611 describes it, and no page says that it always comes",
        override=bodies(xml=_error_without("TraceId")),
    ),
    Dialect(
        name="doc-category-docprocess",
        sentence="The category of document queues is DocProcess.",
        source="templates of 1045/47935 and 436/54055 against their samples",
        override=bodies(xml=_reword({"DocProcessing": "DocProcess"})),
    ),
    Dialect(
        name="queue-without-bucket",
        sentence="Queues do not say their bucket.",
        source="BucketId is in samples (1045/47935), not in the tables of the queue pages",
        override=bodies(xml=_queue_without_bucket),
    ),
)
