"""Faults of answers to bad requests: what is refused and how, signatures, paths."""

import re
from collections.abc import Callable

import msgspec
from starlette.types import Scope

from ciq_mock.http.app import Handle, ServiceApp
from ciq_mock.http.protocol import Answered
from ciq_mock.http.target import Place
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.faults.fault import Fault, in_service
from ciq_mock.variants.middleware import (
    Edit,
    accepts_anyway,
    changed_response,
    drop,
    header,
    put,
    reads_call_as,
    rejects,
    with_body,
    written,
)
from ciq_schemas.features import Feature, feature_of_tag
from ciq_schemas.operations import HttpOperation
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.xml_parser import parse

SUBMIT = Kind.SUBMIT_JOB
_BAD = 400
_OPERATION = (
    b"<Operation><Snapshot><Mode>Interval</Mode><Start>0</Start><Count>1</Count></Snapshot><Output>"
    b"<Region>ap-chongqing</Region><Bucket>examplebucket-1250000000</Bucket><Object>out/${Number}.jpg</Object>"
    b"</Output></Operation>"
)
_GOOD = b"<Request><Tag>Snapshot</Tag><Input><Object>good/any.mp4</Object></Input>" + _OPERATION + b"</Request>"


def careless(*repairs: tuple[bytes, bytes], only: Callable[[bytes], bool] = lambda _body: True) -> Override:
    """A refused submit is read with something else in its body."""

    def repair(call: Call) -> Call | None:
        if not only(call.body):
            return None
        for pattern, put_in in repairs:
            call = with_body(call, pattern, put_in) or call
        return call

    return accepts_anyway(repair, SUBMIT)


def instead(only: Callable[[bytes], bool]) -> Override:
    """A refused submit is taken as some good one."""
    return accepts_anyway(lambda call: msgspec.structs.replace(call, body=_GOOD) if only(call.body) else None, SUBMIT)


def refusals(change: Callable[[Answered], Answered]) -> Override:
    """Refusals in another form."""
    return changed_response(lambda _asked, _query, answered: change(answered) if answered[0] >= _BAD else answered)


def _edited(edit: Edit) -> Override:
    def change(answered: Answered) -> Answered:
        status, headers, body = answered
        root = parse(body)
        edit(root)
        body = written(root)
        return status, header(headers, b"Content-Length", b"%d" % len(body)), body

    return refusals(change)


def _code_becomes(was: str, becomes: str) -> Override:
    return _edited(put("Code", lambda text: becomes if text == was else text))


def _malformed(body: bytes) -> bool:
    return body.count(b"<Operation>") != body.count(b"</Operation>")


def _job_all_the_same() -> Override:
    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                return handle(operation, call)
            except Refusal:
                said = re.search(rb"<UserData>[^<&]*</UserData>", call.body)
                if operation.kind is SUBMIT and said:
                    body = _GOOD.replace(b"</Operation>", said[0] + b"</Operation>")
                    handle(operation, msgspec.structs.replace(call, body=body))
                raise

        return wrapped

    return Override(handle=override)


def admits(which: Callable[[Refusal, Scope], bool]) -> Override:
    """Some wrong signatures pass."""

    class Admits(ServiceApp):
        """Looks at signatures with one eye."""

        def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
            """Let some pass."""
            try:
                return super().admit(scope, headers)
            except Refusal as refusal:
                if not which(refusal, scope):
                    raise
                return self._hosts.place(headers.get(b"host", b""))

    return in_service(Admits)


class _DigestUnlooked(ServiceApp):
    """Does not look at digests."""

    def _answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes, request_id: str) -> Answer:
        rest = {name: value for name, value in headers.items() if name != b"content-md5"}
        return super()._answer(scope, rest, body, request_id)


def _expands(call: Call) -> Call:
    found = re.search(rb'<!DOCTYPE Request \[<!ENTITY ciq "([^"]*)">\]>', call.body)
    if found is None:
        return call
    return msgspec.structs.replace(call, body=call.body.replace(found[0], b"").replace(b"&ciq;", found[1]))


def _seven_operations(call: Call) -> Call | None:
    if call.body.count(b"<Operation>") <= 6:
        return None
    return with_body(call, rb"<Operation>(?:(?!<Operation>).)*?</Operation>(?=(?:<QueueId>|<CallBack|</Request>))", b"")


def _good_ones_all_the_same() -> Override:
    """The good operations of a refused request run one by one, without their UserData."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                return handle(operation, call)
            except Refusal:
                parts = re.findall(rb"<Operation>.*?</Operation>", call.body, re.DOTALL)
                if operation.kind is SUBMIT and len(parts) > 1:
                    first = re.sub(rb"<UserData>.*?</UserData>", b"", parts[0])
                    handle(operation, msgspec.structs.replace(call, body=_GOOD.replace(_OPERATION, first)))
                raise

        return wrapped

    return Override(handle=override)


def _submits_unlooked(refusal: Refusal, scope: Scope) -> bool:
    return refusal.error is ErrorCode.MISSING_AUTHORIZATION and scope["method"] == "POST"


def _paths_close() -> Override:
    """Jobs that say in UserData that they try a path are refused: the front server has lost the path."""
    return rejects(
        lambda call: (
            Refusal(ErrorCode.NO_SUCH_PATH, "no such path") if re.search(rb"<UserData>[^<]*paths", call.body) else None
        ),
        SUBMIT,
    )


def _paused_is_closed() -> Override:
    def override(mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            if operation.kind is SUBMIT:
                tag = re.search(rb"<Tag>([^<]*)</Tag>", call.body)
                feature = feature_of_tag(tag[1].decode()) if tag else None
                engine = mock.engine
                if (
                    feature
                    and engine.is_active(call.bucket, feature)
                    and engine.queue(call.bucket, feature).state == "Paused"
                ):
                    raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused")
            return handle(operation, call)

        return wrapped

    return Override(handle=override)


def _on_own_path(kinds: tuple[Kind, ...], change: Callable[[Answer], Answer]) -> Override:
    """Answers on the path families that are not the shared one."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            return change(answer) if operation.kind in kinds and operation.path.startswith("/jobs") else answer

        return wrapped

    return Override(handle=override)


def _edits(edit: Edit) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        root = parse(answer.body)
        edit(root)
        return Answer(written(root), answer.status)

    return change


def _dateless() -> Override:
    class OwnDate(ServiceApp):
        """Writes the Date header itself."""

        date_header = False

        def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
            """Answer with a date of its own."""
            status, given, content = super().answer(scope, headers, body)
            return status, [*given, (b"date", b"2026-01-05 12:00:00")], content

    return in_service(OwnDate)


FAULTS = (
    Fault("error-without-request-id", "ERR-001", "Errors have no RequestId.", _edited(drop("RequestId"))),
    Fault("error-of-other-root", "ERR-001", "Errors are Response documents.", _edited(lambda root: setattr(root, "tag", "Response"))),
    Fault("malformed-taken", "ERR-002", "A body that is no XML is accepted.", instead(_malformed)),
    Fault("malformed-has-code-of-own", "ERR-003", "The code for a body that is no XML is MalformedXML.", _code_becomes("InvalidContent", "MalformedXML")),
    Fault("empty-taken", "ERR-004", "A submit without a body is accepted.", instead(lambda body: not body)),
    Fault("empty-has-code-of-own", "ERR-005", "The code for no body is EmptyBody.", _code_becomes("MissingContent", "EmptyBody")),
    Fault("no-tag-taken", "ERR-006", "A submit without Tag is accepted.", instead(lambda body: body != b"" and b"<Tag>" not in body)),
    Fault("no-input-taken", "ERR-006", "A submit without Input is accepted.", instead(lambda body: b"<Tag>" in body and b"<Input>" not in body)),
    Fault("empty-input-taken", "ERR-006", "A submit whose Input is empty is accepted.", instead(lambda body: b"<Input/>" in body)),
    Fault("output-without-bucket-taken", "ERR-006", "An Output that names no bucket is accepted.", careless((rb"</Region><Object>", b"</Region><Bucket>examplebucket-1250000000</Bucket><Object>"))),
    Fault("callback-format-unlooked", "ERR-020", "Any CallBackFormat is accepted.", careless((rb"<CallBackFormat>YAML</CallBackFormat>", b""))),
    Fault("message-queue-unlooked", "ERR-020", "A message queue need not be named.", careless((rb"<CallBackType>TDMQ</CallBackType>", b""))),
    Fault("digest-unlooked", "ERR-021", "Content-MD5 is not looked at.", in_service(_DigestUnlooked)),
    Fault("foreign-tag-taken", "ERR-022", "Documents take a job of media as one of theirs.", careless((rb"<Tag>Snapshot</Tag>", b"<Tag>DocProcess</Tag>"), (rb"<Snapshot>.*</Snapshot>", b"<DocProcess><TgtType>jpg</TgtType></DocProcess>"))),
    Fault("unknown-tag-taken", "ERR-007", "A Tag in no document is accepted.", instead(lambda body: b"<Tag>" in body and b"<Tag>Snapshot</Tag>" not in body)),
    Fault("unknown-queue-taken", "ERR-008", "A QueueId that does not exist is not looked at.", careless((rb"<QueueId>[^<]*</QueueId>", b""))),
    Fault("refusals-are-errors", "ERR-009", "Bad requests are answered 500.", refusals(lambda answered: (500, answered[1], answered[2]) if answered[0] == _BAD else answered)),
    Fault("entities-expanded", "ERR-010", "Entities of a DTD are expanded.", reads_call_as(_expands, SUBMIT)),
    Fault("unsigned-admitted", "ERR-011", "Requests without Authorization pass.", admits(lambda refusal, _scope: refusal.error is ErrorCode.MISSING_AUTHORIZATION)),
    Fault("wrong-signature-admitted", "ERR-012", "Wrong signatures pass.", admits(lambda refusal, _scope: refusal.error in (ErrorCode.SIGNATURE_DOES_NOT_MATCH, ErrorCode.SECRETID_NOT_EXIST))),
    Fault("expired-signature-admitted", "ERR-013", "Signatures of the past pass.", admits(lambda refusal, _scope: refusal.error is ErrorCode.SIGNATURE_EXPIRED)),
    Fault("refused-submit-leaves-job", "ERR-014", "A refused submit leaves a job all the same.", _job_all_the_same()),
    Fault("long-user-data-taken", "ERR-015", "UserData of 1025 characters is cut and taken.", careless((rb"(<UserData>[^<]{500})[^<]*", rb"\1"))),
    Fault("long-watermark-taken", "ERR-016", "A digital watermark of 65 characters is accepted.", careless((rb"<Message>m+</Message>", b"<Message>m</Message>"))),
    Fault("four-watermarks-taken", "ERR-017", "Four watermarks are accepted.", careless((rb"<Watermark>.*?</Watermark>", b""))),
    Fault("archive-without-source-taken", "ERR-018", "An archive of nothing is accepted.", careless((rb"</FileCompressConfig>", b"<Prefix>any/</Prefix></FileCompressConfig>"))),
    Fault("seventh-operation-dropped", "MUL-005", "Of seven operations six are accepted.", accepts_anyway(_seven_operations, SUBMIT)),
    Fault("errors-untraced", "ERR-019", "Errors have no TraceId.", _edited(drop("TraceId"))),
    Fault("half-bad-half-run", "MUL-006", "The first operation of a refused request runs, without its UserData.", _good_ones_all_the_same()),
    Fault("unsigned-submits-admitted", "ERR-011", "Submits without Authorization pass.", admits(_submits_unlooked)),
    Fault("paused-is-closed", "PAU-007", "A paused queue takes no jobs.", _paused_is_closed()),
    Fault("paths-take-no-jobs", "PTH-001", "No path takes the jobs that try it.", _paths_close()),
    Fault("shared-path-other-queue", "PTH-003", "Jobs taken on the shared path show a queue of their own.", _on_own_path((SUBMIT, Kind.DESCRIBE_JOB), _edits(put("JobsDetail/QueueId", "p" + "7" * 32)))),
    Fault("shared-path-knows-no-job", "PTH-004", "Describe on the shared path finds nothing.", _on_own_path((Kind.DESCRIBE_JOB,), _edits(drop("JobsDetail"))), Feature.SPEECH),
    Fault("shared-path-lists-nothing", "PTH-005", "Lists on the shared path are empty.", _on_own_path((Kind.LIST_JOBS,), _edits(drop("JobsDetail"))), Feature.SPEECH),
    Fault("date-of-own", "HDR-004", "The Date header has a form of its own.", _dateless()),
)  # fmt: skip
