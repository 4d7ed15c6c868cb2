"""Finds the elements of the evidence on which a deviation depends, by judging the run without each of them. Pure.

Elements that change from run to run, such as times and the state of a job, matter only for some requirements.
"""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import msgspec

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import items_by_name
from ciq_conformance.judge.verdict import declared_capabilities, events_of, judge_item
from ciq_conformance.repro.response_shape import local, parsed
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import AnyRecord, Body, CallbackReceived, Exchange, Header, Outcome, Verdict


def changing_names(bodies: Iterable[bytes]) -> frozenset[str]:
    """Names of the elements in these documents whose text or presence depends on the moment of the response."""
    found: set[str] = set()
    for body in bodies:
        root = parsed(body)
        names = {local(element.tag) for element in root.iter()} if root is not None else set()
        found |= {name for name in names if name in _OF_THE_MOMENT or name.endswith(_ENDINGS)}
    return frozenset(found)


_OF_THE_MOMENT = frozenset({"State", "Progress", "Code", "Message", "TotalCount", "NextToken", "RequestId"})
_ENDINGS = ("Time", "Result", "MediaInfo")


def relevant_names(records: Sequence[AnyRecord], verdict: Verdict, names: Iterable[str]) -> frozenset[str]:
    """Those of the names whose elements, when they are removed from the evidence, change the finding of the check."""
    header = records[0]
    candidates = frozenset(names)
    if not isinstance(header, Header) or not candidates:
        return candidates
    (item,) = items_by_name(load_registry(), (verdict.item,))
    declared = declared_capabilities(header)
    whole = _finding(records, item, declared)
    return frozenset(
        name
        for name in candidates
        if _finding([_without(record, name, verdict.witness) for record in records], item, declared) != whole
    )


def _finding(records: Sequence[AnyRecord], item: Item, declared: dict[str, bool | None]) -> tuple[Outcome, str]:
    evidence = Evidence(feature=Feature(item.feature.feature), records=records, declared=declared)
    verdict = judge_item(item, evidence, events_of(evidence))
    return verdict.outcome, verdict.seen


def _without(record: AnyRecord, name: str, witness: Sequence[int]) -> AnyRecord:
    """A record of the evidence without the elements of a name; another record unchanged."""
    if not isinstance(record, Exchange | CallbackReceived) or record.seq not in witness:
        return record
    body = record.response_body if isinstance(record, Exchange) else record.body
    root = parsed(body.data)
    if root is None:
        return record
    for parent in list(root.iter()):
        for child in list(parent):
            if local(child.tag) == name:
                parent.remove(child)
    changed = Body.of(ElementTree.tostring(root, encoding="utf-8"))
    if isinstance(record, Exchange):
        return msgspec.structs.replace(record, response_body=changed)
    return msgspec.structs.replace(record, body=changed)
