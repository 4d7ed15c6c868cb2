"""Building blocks of faults: edits of documents, and middleware around the handling of calls.

An edit changes a parsed document in place; paths are those of `Element.iterfind`, below the root.
Must not know any fault.
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec
from lxml import etree
from starlette.types import Scope

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.dispatcher import BodyBuilder
from ciq_mock.delivery.url_queues import Subject
from ciq_mock.http.app import Handle, ServiceApp
from ciq_mock.http.protocol import Answered, Headers
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call, Query
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.faults.fault import in_service
from ciq_schemas.operations import HttpOperation, OperationKind
from ciq_schemas.xml_parser import parse

Tree = etree._Element
Edit = Callable[[Tree], None]
Words = Callable[[str], str]
Repair = Callable[[Call], Call | None]
"""The call as a careless service would read it; None when nothing in it is invalid."""

JOB_ANSWERS = (OperationKind.SUBMIT_JOB, OperationKind.DESCRIBE_JOB, OperationKind.LIST_JOBS)
QUEUE_ANSWERS = (OperationKind.LIST_QUEUES, OperationKind.UPDATE_QUEUE)


# --- edits ------------------------------------------------------------------------------------------------


def put(path: str, text: str | Words) -> Edit:
    """Another text in every element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            element.text = text if isinstance(text, str) else text(element.text or "")

    return edit


def drop(path: str) -> Edit:
    """No element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)

    return edit


def rename(path: str, name: str) -> Edit:
    """The elements at the path under another name."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            element.tag = name

    return edit


def add(path: str, name: str, text: str) -> Edit:
    """An element more in each element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            etree.SubElement(element, name).text = text

    return edit


def where(path: str, text: str, then: Edit) -> Edit:
    """An edit of each child of the root that has this text at the path."""

    def edit(root: Tree) -> None:
        for child in list(root):
            if child.findtext(path) == text:
                then(child)

    return edit


def written(root: Tree) -> bytes:
    """The document as bytes."""
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


# --- middleware around the handling of calls ------------------------------------------------------------------


def answers(edit: Edit, *kinds: OperationKind, when: Callable[[Call], bool] | None = None) -> Override:
    """Edits the responses to some kinds of calls."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            if operation.kind not in kinds or not answer.body or (when is not None and not when(call)):
                return answer
            root = parse(answer.body)
            edit(root)
            return Answer(written(root), answer.status)

        return wrapped

    return Override(handle=override)


def wrapped_handle(override: Override, mock: RunningMock, handle: Handle) -> Handle:
    """Returns the handler wrapped by the override."""
    return handle if override.handle is None else override.handle(mock, handle)


def each_job(edit: Edit, *, most: int | None = None) -> Edit:
    """An edit of each job, or of the first ones."""

    def edited(root: Tree) -> None:
        for job in list(root.iterfind("JobsDetail"))[:most]:
            edit(job)

    return edited


def reads_call_as(change: Callable[[Call], Call], *kinds: OperationKind) -> Override:
    """Changes calls of some kinds before they are handled."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            return handle(operation, change(call) if operation.kind in kinds else call)

        return wrapped

    return Override(handle=override)


def accepts_anyway(repair: Repair, *kinds: OperationKind) -> Override:
    """Replaces a rejection by the response to a repaired call."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                return handle(operation, call)
            except Refusal:
                repaired = repair(call) if operation.kind in kinds else None
                if repaired is None:
                    raise
                return handle(operation, repaired)

        return wrapped

    return Override(handle=override)


def rejects(refusal: Callable[[Call], Refusal | None], *kinds: OperationKind) -> Override:
    """Rejects valid calls."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            if operation.kind in kinds and (no := refusal(call)) is not None:
                raise no
            return handle(operation, call)

        return wrapped

    return Override(handle=override)


def with_query(call: Call, **values: str | None) -> Call:
    """The call with other parameters (lower-case names); None takes one out."""
    changed = {name: text for name, text in (dict(call.query.values) | values).items() if text is not None}
    return msgspec.structs.replace(call, query=Query(changed))


def forgets(*names: str) -> Callable[[Call], Call]:
    """The call without those parameters."""
    return lambda call: with_query(call, **dict.fromkeys(names))


def with_body(call: Call, pattern: bytes, put_in: bytes) -> Call | None:
    """The call with the first match in its body replaced, None where there is no match."""
    changed, count = re.subn(pattern, put_in, call.body, count=1, flags=re.DOTALL)
    return msgspec.structs.replace(call, body=changed) if count else None


def later_page(call: Call) -> bool:
    """The call asks for a page behind the first."""
    return call.query.get("nextToken") is not None


def repeats_pages(element: str, kind: OperationKind, *, second_only: bool = False) -> Override:
    """Repeats the last record of a page at the start of the next one; on every page, or on the second only."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        last: dict[str, Tree] = {}

        def edit(root: Tree) -> None:
            records = list(root.iterfind(element))
            token = root.findtext("NextToken")
            if records and token:
                last[token] = records[-1]

        first = answers(edit, kind, when=lambda call: not (second_only and later_page(call)))
        remembered = wrapped_handle(first, mock, handle)

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            asked = call.query.get("nextToken") or ""

            def repeat(root: Tree) -> None:
                if asked in last:
                    root.insert(0, last[asked])

            return wrapped_handle(answers(repeat, kind), mock, remembered)(operation, call)

        return wrapped

    return Override(handle=override)


# --- callbacks and responses as sent ---------------------------------------------------------------


def bodies(change: Callable[[bytes], bytes], *forms: BodyFormat) -> Override:
    """Callbacks of some forms (of all when none is named) with other bytes."""

    def override(_mock: RunningMock, build: BodyBuilder) -> BodyBuilder:
        def wrapped(subject: Subject, form: BodyFormat) -> bytes:
            body = build(subject, form)
            return change(body) if not forms or form in forms else body

        return wrapped

    return Override(callback=override)


def edited_callbacks(edit: Edit) -> Override:
    """Edited callbacks in XML."""

    def change(body: bytes) -> bytes:
        root = parse(body)
        edit(root)
        return written(root)

    return bodies(change, BodyFormat.XML)


def changed_response(change: Callable[[str, dict[str, str], Answered], Answered]) -> Override:
    """Changes responses, rejections included; `change` receives method and path, the parameters, and the response."""

    class Changed(ServiceApp):
        """Returns changed responses."""

        def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
            """Returns the changed response."""
            answered = super().answer(scope, headers, body)
            asked = f"{scope['method']} {scope['raw_path'].decode('ascii', 'replace')}"
            query = scope["query_string"].decode("ascii", "replace")
            return change(asked, dict(parse_qsl(query, keep_blank_values=True)), answered)

    return in_service(Changed)


def header(headers: Headers, name: bytes, value: bytes | None) -> Headers:
    """The headers with another value for one, or without it."""
    kept = [(key, text) for key, text in headers if bytes.lower(key) != name.lower()]
    return kept if value is None else [*kept, (name, value)]
