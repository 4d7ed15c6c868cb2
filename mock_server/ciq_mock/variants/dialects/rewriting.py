"""Changes of documents that a dialect applies to answers, errors and callbacks after the mock has written them.

Documents that cannot be parsed stay as they are: a callback without root, or one that a fault has damaged.
Must not know why a document is changed.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from lxml import etree

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.host_queues import Subject
from ciq_mock.overrides import Override
from ciq_mock.variants.edits import Tree
from ciq_mock.variants.middleware import changed_callbacks_per_mock, changed_content
from ciq_schemas.xml_parser import RefusedDocument, parse

ChangeTree = Callable[[Tree, Random], None]
"""Changes a document from its root; the seeded Random makes a mock repeat itself."""
Members = dict[str, Any]
ChangeMembers = Callable[[Members, Random], Members]
"""Changes a JSON callback, which may have the wrapper Response."""

_SEED = 20260105
_DECLARATION = b"<?xml"


def bodies(
    *, xml: ChangeTree | None = None, json: ChangeMembers | None = None, callbacks_only: bool = False
) -> Override:
    """Changes all XML (that of callbacks only, if requested) and all JSON."""
    callbacks = changed_callbacks_per_mock(lambda: _ChangedCallbacks(xml, json).changed)
    if xml is None or callbacks_only:
        return callbacks
    change, chance = xml, Random(_SEED)  # noqa: S311 - no secret
    responses = changed_content(lambda body: _changed_xml(body, change, chance))
    return Override(callback=callbacks.callback, service=responses.service)


class _ChangedCallbacks:
    """The changes of one mock's callbacks."""

    def __init__(self, xml: ChangeTree | None, json: ChangeMembers | None) -> None:
        self._xml = xml
        self._json = json
        self._chance = Random(_SEED)  # noqa: S311 - no secret

    def changed(self, _subject: Subject, form: BodyFormat, body: bytes) -> bytes:
        """Returns the changed body."""
        if form is BodyFormat.XML:
            return body if self._xml is None else _changed_xml(body, self._xml, self._chance)
        return body if self._json is None else _changed_json(body, self._json, self._chance)


def _changed_xml(body: bytes, change: ChangeTree, chance: Random) -> bytes:
    """Returns the changed document, with an XML declaration if it had one."""
    try:
        root = parse(body)
    except RefusedDocument:
        return body
    change(root, chance)
    return etree.tostring(root, encoding="utf-8", xml_declaration=body.startswith(_DECLARATION))


def _changed_json(body: bytes, change: ChangeMembers, chance: Random) -> bytes:
    try:
        members = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return msgspec.json.encode(change(members, chance)) if isinstance(members, dict) else body


def unwrapped(body: Members) -> Members:
    """Returns the members of a JSON callback, with or without the wrapper."""
    inner = body.get("Response")
    return inner if isinstance(inner, dict) else body


def job_members(body: Members) -> list[Members]:
    """Returns the jobs of a JSON callback."""
    jobs = unwrapped(body).get("JobsDetail", [])
    return jobs if isinstance(jobs, list) else [jobs]
