"""Bodies written another way: answers, refusals and callbacks, changed as trees after the mock has written them.

Slow and plain: only mocks with such a dialect come here. What cannot be read stays as it is: a callback without root,
or what a fault has spoilt. Must not know why a body is changed.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from lxml import etree
from starlette.types import Scope

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery import BodyBuilder
from ciq_mock.delivery.url_queues import Subject
from ciq_mock.http.app import ServiceApp
from ciq_mock.http.protocol import Answered
from ciq_mock.overrides import Override
from ciq_schemas.xml_parser import RefusedDocument, parse

ChangeTree = Callable[[etree._Element, Random], None]
"""Changes a document from its root; chance comes in, so that a mock repeats itself."""
Members = dict[str, Any]
ChangeMembers = Callable[[Members, Random], Members]
"""Changes a JSON callback, which may have the wrapper Response."""
ChangeBytes = Callable[[bytes], bytes]

_SEED = 20260105
_DECLARATION = b"<?xml"


def bodies(
    *, xml: ChangeTree | None = None, json: ChangeMembers | None = None, callbacks_only: bool = False
) -> Override:
    """A bend that changes all XML (of callbacks only, if so wished) and all JSON."""

    def callback(_: object, build: BodyBuilder) -> BodyBuilder:
        chance = Random(_SEED)  # noqa: S311 - no secret

        def changed(subject: Subject, form: BodyFormat) -> bytes:
            body = build(subject, form)
            if form is BodyFormat.XML:
                return body if xml is None else rewritten(body, xml, chance)
            return body if json is None else _told_otherwise(body, json, chance)

        return changed

    if xml is None or callbacks_only:
        return Override(callback=callback)
    change, chance = xml, Random(_SEED)  # noqa: S311 - no secret
    return Override(callback=callback, service=answers(lambda body: rewritten(body, change, chance)))


def answers(change: ChangeBytes) -> Callable[[type[ServiceApp]], type[ServiceApp]]:
    """The seam `service` with another body in every answer that has one."""

    def wrapped(base: type[ServiceApp]) -> type[ServiceApp]:
        class Changed(base):  # type: ignore[misc, valid-type]
            """Changes what the rest has answered."""

            def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
                status, given, content = super().answer(scope, headers, body)
                if not content:
                    return status, given, content
                content = change(content)
                lengths = {b"content-length": b"%d" % len(content)}
                return status, [(name, lengths.get(bytes.lower(name), value)) for name, value in given], content

        return Changed

    return wrapped


def rewritten(body: bytes, change: ChangeTree, chance: Random) -> bytes:
    """A document after a change; with a declaration where it had one."""
    try:
        root = parse(body)
    except RefusedDocument:
        return body
    change(root, chance)
    return etree.tostring(root, encoding="utf-8", xml_declaration=body.startswith(_DECLARATION))


def _told_otherwise(body: bytes, change: ChangeMembers, chance: Random) -> bytes:
    try:
        members = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return msgspec.json.encode(change(members, chance)) if isinstance(members, dict) else body


def inside(body: Members) -> Members:
    """The members of a JSON callback, with or without wrapper."""
    inner = body.get("Response")
    return inner if isinstance(inner, dict) else body


def details(body: Members) -> list[Members]:
    """The jobs a JSON callback tells of."""
    jobs = inside(body).get("JobsDetail", [])
    return jobs if isinstance(jobs, list) else [jobs]
