"""Middleware around the handling of calls, callback bodies and HTTP responses.

A middleware is a function `dispatch(request, call_next)`. It returns its own answer or that of `call_next`, which leads
to the next middleware and finally to the handler. Must not know any fault or dialect.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Scope

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery import BodyBuilder
from ciq_mock.delivery.host_queues import Subject
from ciq_mock.http.app import Handle, ServiceApp
from ciq_mock.http.protocol import Answered, Headers
from ciq_mock.overrides import Components, Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call, Query
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.edits import Edit, Tree, edited_answer, edited_body
from ciq_mock.variants.mixins import in_service
from ciq_schemas.features import Feature
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind

JOB_ANSWERS = (OperationKind.SUBMIT_JOB, OperationKind.DESCRIBE_JOB, OperationKind.LIST_JOBS)
QUEUE_ANSWERS = (OperationKind.LIST_QUEUES, OperationKind.UPDATE_QUEUE)


# --- calls ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One call on its way to the handler."""

    mock: RunningMock
    operation: HttpOperation
    call: Call

    @property
    def kind(self) -> OperationKind:
        """Kind of the operation."""
        return self.operation.kind

    @property
    def feature(self) -> Feature | None:
        """Feature of the operation; None for operations without a feature."""
        return self.operation.feature if isinstance(self.operation, FeatureOperation) else None

    def with_call(self, call: Call) -> "Request":
        """Returns the request with another call."""
        return replace(self, call=call)


CallNext = Callable[[Request], Answer]
Dispatch = Callable[[Request, CallNext], Answer]


class Middleware(Protocol):
    """Middleware with state."""

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Returns the answer to a call."""
        ...


class _Layer:
    """A handler that sends each call through one middleware."""

    def __init__(self, dispatch: Dispatch, mock: RunningMock, handle: Handle) -> None:
        self._dispatch = dispatch
        self._mock = mock
        self._handle = handle

    def __call__(self, operation: HttpOperation, call: Call) -> Answer:
        return self._dispatch(Request(self._mock, operation, call), self._call_next)

    def _call_next(self, request: Request) -> Answer:
        return self._handle(request.operation, request.call)


def middleware(dispatch: Dispatch) -> Override:
    """Returns the override for middleware without state."""
    return Override(handle=partial(_Layer, dispatch))


def middleware_per_mock(make: Callable[[], Middleware]) -> Override:
    """Returns the override for middleware with state; `make` is called once per mock."""
    return Override(handle=lambda mock, handle: _Layer(make().dispatch, mock, handle))


def chained(*overrides: Override) -> Override:
    """Combines the middleware of several overrides; the last one receives calls first."""
    return Override(handle=Components(overrides).handle)


def only_when(applies: Callable[[Request], bool], override: Override) -> Override:
    """Sends only some calls through the middleware of an override."""
    return Override(handle=partial(_Conditional, applies, override))


class _Conditional:
    """A handler that sends some calls through the middleware of an override."""

    def __init__(
        self, applies: Callable[[Request], bool], override: Override, mock: RunningMock, handle: Handle
    ) -> None:
        self._applies = applies
        self._mock = mock
        self._handle = handle
        self._changed = Components((override,)).handle(mock, handle)

    def __call__(self, operation: HttpOperation, call: Call) -> Answer:
        applies = self._applies(Request(self._mock, operation, call))
        return (self._changed if applies else self._handle)(operation, call)


def only_for(*features: Feature, override: Override, path: Callable[[str], bool] = lambda _path: True) -> Override:
    """Sends only calls of some features, on some paths, through the middleware of an override."""
    return only_when(lambda request: request.feature in features and path(request.operation.path), override)


def answers(edit: Edit, *kinds: OperationKind, when: Callable[[Call], bool] | None = None) -> Override:
    """Edits the answers to some kinds of calls."""

    def dispatch(request: Request, call_next: CallNext) -> Answer:
        answer = call_next(request)
        if request.kind not in kinds or not answer.body or (when is not None and not when(request.call)):
            return answer
        return edited_answer(answer, edit)

    return middleware(dispatch)


def reads_call_as(change: Callable[[Call], Call], *kinds: OperationKind) -> Override:
    """Changes calls of some kinds before they are handled."""

    def dispatch(request: Request, call_next: CallNext) -> Answer:
        return call_next(request.with_call(change(request.call)) if request.kind in kinds else request)

    return middleware(dispatch)


def accepts_anyway(repair: Callable[[Call], Call | None], *kinds: OperationKind) -> Override:
    """Answers a rejected call as if it were the repaired one; `repair` returns None when the rejection stays."""

    def dispatch(request: Request, call_next: CallNext) -> Answer:
        try:
            return call_next(request)
        except Refusal:
            repaired = repair(request.call) if request.kind in kinds else None
            if repaired is None:
                raise
            return call_next(request.with_call(repaired))

    return middleware(dispatch)


def rejects(refusal: Callable[[Call], Refusal | None], *kinds: OperationKind) -> Override:
    """Rejects valid calls for which `refusal` returns one."""

    def dispatch(request: Request, call_next: CallNext) -> Answer:
        if request.kind in kinds and (rejection := refusal(request.call)) is not None:
            raise rejection
        return call_next(request)

    return middleware(dispatch)


def ignores_call(kind: OperationKind, answer: Callable[[Call], Answer]) -> Override:
    """Answers calls of a kind without handling them."""

    def dispatch(request: Request, call_next: CallNext) -> Answer:
        return answer(request.call) if request.kind is kind else call_next(request)

    return middleware(dispatch)


def with_query(call: Call, **values: str | None) -> Call:
    """Returns the call with other parameters (lower-case names); None removes one."""
    changed = {name: text for name, text in (dict(call.query.values) | values).items() if text is not None}
    return msgspec.structs.replace(call, query=Query(changed))


def forgets(*names: str) -> Callable[[Call], Call]:
    """Returns a change of a call that removes parameters (lower-case names)."""
    return lambda call: with_query(call, **dict.fromkeys(names))


def with_body(call: Call, pattern: bytes, replacement: bytes) -> Call | None:
    """Returns the call with the first match in its body replaced; None without a match."""
    changed, count = re.subn(pattern, replacement, call.body, count=1, flags=re.DOTALL)
    return msgspec.structs.replace(call, body=changed) if count else None


def is_later_page(call: Call) -> bool:
    """Tests whether the call requests a page after the first."""
    return call.query.get("nextToken") is not None


class _RepeatsPages:
    """Inserts the last record of a page at the start of the next one."""

    def __init__(self, element: str, kind: OperationKind, *, second_only: bool) -> None:
        self._element = element
        self._kind = kind
        self._second_only = second_only
        self._last: dict[str, Tree] = {}
        """Last record of each page, by the token of the next one."""

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Edits one page."""
        answer = call_next(request)
        if request.kind is not self._kind or not answer.body:
            return answer
        if not (self._second_only and is_later_page(request.call)):
            answer = edited_answer(answer, self._remember)
        last = self._last.get(request.call.query.get("nextToken") or "")
        return answer if last is None else edited_answer(answer, lambda root: root.insert(0, last))

    def _remember(self, root: Tree) -> None:
        records = list(root.iterfind(self._element))
        token = root.findtext("NextToken")
        if records and token:
            self._last[token] = records[-1]


def repeats_pages(element: str, kind: OperationKind, *, second_only: bool = False) -> Override:
    """Repeats the last record of a page at the start of the next one; on every page, or on the second only."""
    return middleware_per_mock(lambda: _RepeatsPages(element, kind, second_only=second_only))


# --- callback bodies ----------------------------------------------------------------------------------------


ChangeBody = Callable[[Subject, BodyFormat, bytes], bytes]
"""Receives what the callback is about, its format and its body; returns the body to send."""


class _BodyLayer:
    """A builder that changes the body of another builder."""

    def __init__(self, change: ChangeBody, build: BodyBuilder) -> None:
        self._change = change
        self._build = build

    def __call__(self, subject: Subject, form: BodyFormat) -> bytes:
        return self._change(subject, form, self._build(subject, form))


def changed_callbacks(change: ChangeBody) -> Override:
    """Changes the bodies of callbacks."""
    return Override(callback=lambda _mock, build: _BodyLayer(change, build))


def changed_callbacks_per_mock(make: Callable[[], ChangeBody]) -> Override:
    """Changes the bodies of callbacks with a function that has state; `make` is called once per mock."""
    return Override(callback=lambda _mock, build: _BodyLayer(make(), build))


def bodies(change: Callable[[bytes], bytes], *forms: BodyFormat) -> Override:
    """Changes the bodies of callbacks in some formats, or in all when none is named."""
    return changed_callbacks(lambda _subject, form, body: change(body) if not forms or form in forms else body)


def edited_callbacks(edit: Edit) -> Override:
    """Edits callbacks in XML."""
    return bodies(lambda body: edited_body(body, edit), BodyFormat.XML)


# --- HTTP responses -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The part of an HTTP request by which overrides choose responses."""

    target: str
    """Method and path, such as `GET /jobs/j1`."""
    raw_query: str

    @property
    def query(self) -> dict[str, str]:
        """The parameters as sent."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))


def changed_response(change: Callable[[RequestLine, Answered], Answered]) -> Override:
    """Changes HTTP responses, errors included."""

    class Changed(ServiceApp):
        """Returns changed responses."""

        def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
            """Returns the changed response."""
            answered = super().answer(scope, headers, body)
            target = f"{scope['method']} {scope['raw_path'].decode('ascii', 'replace')}"
            return change(RequestLine(target, scope["query_string"].decode("ascii", "replace")), answered)

    return in_service(Changed)


def changed_content(change: Callable[[bytes], bytes]) -> Override:
    """Changes the bodies of HTTP responses that have one, and their Content-Length."""

    def changed(_line: RequestLine, answered: Answered) -> Answered:
        status, headers, content = answered
        if not content:
            return answered
        content = change(content)
        lengths = {b"content-length": b"%d" % len(content)}
        return status, [(name, lengths.get(bytes.lower(name), value)) for name, value in headers], content

    return changed_response(changed)


def with_header(headers: Headers, name: bytes, value: bytes | None) -> Headers:
    """Returns the headers with another value of one header; None removes it."""
    kept = [(key, text) for key, text in headers if bytes.lower(key) != name.lower()]
    return kept if value is None else [*kept, (name, value)]
