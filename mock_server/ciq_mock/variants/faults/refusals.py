"""Faults of answers to invalid requests: what is rejected and how, signatures, paths."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
from starlette.types import Scope

from ciq_mock.engine import Engine, Job
from ciq_mock.http.app import ServiceApp
from ciq_mock.http.protocol import Answered
from ciq_mock.http.target import Place
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.edits import Edit, Tree, drop, edited_body, put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    accepts_anyway,
    answers,
    changed_response,
    middleware,
    only_when,
    reads_call_as,
    rejects,
    with_body,
    with_header,
)
from ciq_mock.variants.mixins import in_engine, in_service
from ciq_schemas.features import FEATURES, Feature, feature_of_tag
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind as Kind

SUBMIT = Kind.SUBMIT_JOB
_BAD = 400
_QUEUE_PATHS = frozenset(spec.queue_path for spec in FEATURES.values())
_OPERATION = (
    b"<Operation><Snapshot><Mode>Interval</Mode><Start>0</Start><Count>1</Count></Snapshot><Output>"
    b"<Region>ap-chongqing</Region><Bucket>examplebucket-1250000000</Bucket><Object>out/${Number}.jpg</Object>"
    b"</Output></Operation>"
)
_VALID = b"<Request><Tag>Snapshot</Tag><Input><Object>good/any.mp4</Object></Input>" + _OPERATION + b"</Request>"


# --- rejected submits ---------------------------------------------------------------------------------------


def accepts_with(*repairs: tuple[bytes, bytes]) -> Override:
    """Accepts a rejected submit after replacements (pattern, replacement) in its body."""

    def repair(call: Call) -> Call | None:
        for pattern, replacement in repairs:
            call = with_body(call, pattern, replacement) or call
        return call

    return accepts_anyway(repair, SUBMIT)


def accepts_valid_submit(which: Callable[[bytes], bool]) -> Override:
    """Accepts a rejected submit as some valid one; `which` receives the body."""
    return accepts_anyway(lambda call: msgspec.structs.replace(call, body=_VALID) if which(call.body) else None, SUBMIT)


def _malformed(body: bytes) -> bool:
    return body.count(b"<Operation>") != body.count(b"</Operation>")


def _expand_entities(call: Call) -> Call:
    found = re.search(rb'<!DOCTYPE Request \[<!ENTITY ciq "([^"]*)">\]>', call.body)
    if found is None:
        return call
    return msgspec.structs.replace(call, body=call.body.replace(found[0], b"").replace(b"&ciq;", found[1]))


def _seven_operations(call: Call) -> Call | None:
    if call.body.count(b"<Operation>") <= 6:
        return None
    return with_body(call, rb"<Operation>(?:(?!<Operation>).)*?</Operation>(?=(?:<QueueId>|<CallBack|</Request>))", b"")


def _creates_job_when_rejected(request: Request, call_next: CallNext) -> Answer:
    """Creates a valid job with the UserData of a rejected submit."""
    try:
        return call_next(request)
    except Refusal:
        user_data = re.search(rb"<UserData>[^<&]*</UserData>", request.call.body)
        if request.kind is SUBMIT and user_data:
            body = _VALID.replace(b"</Operation>", user_data[0] + b"</Operation>")
            call_next(request.with_call(msgspec.structs.replace(request.call, body=body)))
        raise


def _creates_first_job_when_rejected(request: Request, call_next: CallNext) -> Answer:
    """Creates a job from the first of several operations of a rejected submit, without its UserData."""
    try:
        return call_next(request)
    except Refusal:
        parts = re.findall(rb"<Operation>.*?</Operation>", request.call.body, re.DOTALL)
        if request.kind is SUBMIT and len(parts) > 1:
            first = re.sub(rb"<UserData>.*?</UserData>", b"", parts[0])
            body = _VALID.replace(_OPERATION, first)
            call_next(request.with_call(msgspec.structs.replace(request.call, body=body)))
        raise


def _reject_paths(call: Call) -> Refusal | None:
    """Rejects jobs whose UserData says that they test a path."""
    tests_path = re.search(rb"<UserData>[^<]*paths", call.body)
    return Refusal(ErrorCode.NO_SUCH_PATH, "no such path") if tests_path else None


def _reject_when_paused(request: Request, call_next: CallNext) -> Answer:
    """Rejects a submit to a paused queue."""
    tag = re.search(rb"<Tag>([^<]*)</Tag>", request.call.body)
    feature = feature_of_tag(tag[1].decode()) if tag and request.kind is SUBMIT else None
    engine, bucket = request.mock.engine, request.call.bucket
    if feature and engine.is_active(bucket, feature) and engine.queue(bucket, feature).state is QueueState.PAUSED:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused")
    return call_next(request)


def _on_shared_path(edit: Edit, *kinds: Kind) -> Override:
    """Edits answers on the path that all features share."""
    return only_when(lambda request: request.operation.path.startswith("/jobs"), answers(edit, *kinds))


# --- errors -------------------------------------------------------------------------------------------------


def changed_errors(change: Callable[[Answered], Answered]) -> Override:
    """Changes error responses."""
    return changed_response(lambda _line, answered: change(answered) if answered[0] >= _BAD else answered)


def _edited_errors(edit: Edit) -> Override:
    """Edits the documents of error responses."""

    def change(answered: Answered) -> Answered:
        status, headers, body = answered
        body = edited_body(body, edit)
        return status, with_header(headers, b"Content-Length", b"%d" % len(body)), body

    return changed_errors(change)


def _code_becomes(code: str, changed: str) -> Override:
    return _edited_errors(put("Code", lambda text: changed if text == code else text))


# --- signatures and headers ---------------------------------------------------------------------------------


def admits(which: Callable[[Refusal, Scope], bool]) -> Override:
    """Accepts some requests whose signature is wrong."""

    class Admits(ServiceApp):
        """Ignores some rejections."""

        def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
            """Returns what Host names."""
            try:
                return super().admit(scope, headers)
            except Refusal as refusal:
                if not which(refusal, scope):
                    raise
                return self._hosts.place(headers.get(b"host", b""))

    return in_service(Admits)


def _is_unsigned_submit(refusal: Refusal, scope: Scope) -> bool:
    return refusal.error is ErrorCode.MISSING_AUTHORIZATION and scope["method"] == "POST"


class _IgnoresSignedMethod(ServiceApp):
    """Accepts a signature that was made for another method."""

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
        """Tries the signature with PUT too."""
        try:
            return super().admit(scope, headers)
        except Refusal as refusal:
            if refusal.error is not ErrorCode.SIGNATURE_DOES_NOT_MATCH:
                raise
            return super().admit({**scope, "method": "PUT"}, headers)


class _IgnoresSignedPath(ServiceApp):
    """Accepts a signature that was made for a longer path."""

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
        """Tries the signature with the longer path too."""
        try:
            return super().admit(scope, headers)
        except Refusal as refusal:
            if refusal.error is not ErrorCode.SIGNATURE_DOES_NOT_MATCH:
                raise
            return super().admit({**scope, "raw_path": scope["raw_path"] + b"-other"}, headers)


class _RefusesSignedUrls(ServiceApp):
    """Requires the header Authorization."""

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
        """Rejects a request without the header."""
        if b"q-signature=" in scope["query_string"]:
            raise Refusal(ErrorCode.MISSING_AUTHORIZATION, "the request carries no Authorization")
        return super().admit(scope, headers)


class _FindsJobsOfEveryBucket(Engine):
    """Ignores the bucket of a job."""

    def job(self, now: float, bucket: str, job_id: str) -> Job | None:
        """Returns the job of that id."""
        known = self._jobs.get(job_id)
        return super().job(now, bucket if known is None else known.queue.bucket, job_id)


def _lists_queues_of_every_bucket(request: Request, call_next: CallNext) -> Answer:
    """Answers a list by id with the queue of the default bucket, if that has the id."""
    answer, call, settings = call_next(request), request.call, request.mock.settings
    if request.kind is not Kind.LIST_QUEUES or not call.query.get("queueIds") or call.bucket == settings.bucket:
        return answer
    other = call_next(request.with_call(msgspec.structs.replace(call, bucket=settings.bucket)))
    return other if b"<QueueList>" in other.body else answer


class _PostMakesQueue(ServiceApp):
    """Creates a queue at a POST on a queue path; lists show it, and nothing else knows it."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._made: set[bytes] = set()

    def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
        """Records the POST, and adds the queue to lists."""
        answered = status, given, content = super().answer(scope, headers, body)
        path = scope["raw_path"]
        if scope["method"] == "POST" and path.decode() in _QUEUE_PATHS:
            self._made.add(path)
        if scope["method"] != "GET" or status >= _BAD or path not in self._made:
            return answered
        content = edited_body(content, _further_queue)
        return status, with_header(given, b"Content-Length", b"%d" % len(content)), content


def _further_queue(root: Tree) -> None:
    first = root.find("QueueList")
    if first is not None:
        other = deepcopy(first)
        put("QueueId", lambda text: text[:-4] + "cafe")(other)
        first.addnext(other)


class _IgnoresDigest(ServiceApp):
    """Ignores Content-MD5."""

    def _answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes, request_id: str) -> Answer:
        rest = {name: value for name, value in headers.items() if name != b"content-md5"}
        return super()._answer(scope, rest, body, request_id)


class _OtherDate(ServiceApp):
    """Writes the Date header in another form."""

    date_header = False

    def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
        """Adds the Date header."""
        status, given, content = super().answer(scope, headers, body)
        return status, [*given, (b"date", b"2026-01-05 12:00:00")], content


FAULTS = (
    Fault("error-without-request-id", "ERR-001", "Errors have no RequestId.", _edited_errors(drop("RequestId"))),
    Fault("error-of-other-root", "ERR-001", "Errors have the root Response.", _edited_errors(lambda root: setattr(root, "tag", "Response"))),
    Fault("malformed-taken", "ERR-002", "A body that is not XML is accepted.", accepts_valid_submit(_malformed)),
    Fault("malformed-has-code-of-own", "ERR-003", "The code for a body that is not XML is MalformedXML.", _code_becomes("InvalidContent", "MalformedXML")),
    Fault("empty-taken", "ERR-004", "A submit without a body is accepted.", accepts_valid_submit(lambda body: not body)),
    Fault("empty-has-code-of-own", "ERR-005", "The code for an empty body is EmptyBody.", _code_becomes("MissingContent", "EmptyBody")),
    Fault("no-tag-taken", "ERR-006", "A submit without Tag is accepted.", accepts_valid_submit(lambda body: body != b"" and b"<Tag>" not in body)),
    Fault("no-input-taken", "ERR-006", "A submit without Input is accepted.", accepts_valid_submit(lambda body: b"<Tag>" in body and b"<Input>" not in body)),
    Fault("empty-input-taken", "ERR-006", "A submit whose Input is empty is accepted.", accepts_valid_submit(lambda body: b"<Input/>" in body)),
    Fault("output-without-bucket-taken", "ERR-006", "An Output without Bucket is accepted.", accepts_with((rb"</Region><Object>", b"</Region><Bucket>examplebucket-1250000000</Bucket><Object>"))),
    Fault("callback-format-unlooked", "ERR-020", "Any CallBackFormat is accepted.", accepts_with((rb"<CallBackFormat>YAML</CallBackFormat>", b""))),
    Fault("message-queue-unlooked", "ERR-020", "CallBackType TDMQ is accepted without a message queue.", accepts_with((rb"<CallBackType>TDMQ</CallBackType>", b""))),
    Fault("digest-unlooked", "ERR-021", "Content-MD5 is ignored.", in_service(_IgnoresDigest)),
    Fault("foreign-tag-taken", "ERR-022", "The document queue accepts a media job.", accepts_with((rb"<Tag>Snapshot</Tag>", b"<Tag>DocProcess</Tag>"), (rb"<Snapshot>.*</Snapshot>", b"<DocProcess><TgtType>jpg</TgtType></DocProcess>"))),
    Fault("unknown-tag-taken", "ERR-007", "An undocumented Tag is accepted.", accepts_valid_submit(lambda body: b"<Tag>" in body and b"<Tag>Snapshot</Tag>" not in body)),
    Fault("unknown-queue-taken", "ERR-008", "An unknown QueueId is ignored.", accepts_with((rb"<QueueId>[^<]*</QueueId>", b""))),
    Fault("refusals-are-errors", "ERR-009", "Invalid requests get status 500.", changed_errors(lambda answered: (500, answered[1], answered[2]) if answered[0] == _BAD else answered)),
    Fault("entities-expanded", "ERR-010", "Entities of a DTD are expanded.", reads_call_as(_expand_entities, SUBMIT)),
    Fault("unsigned-admitted", "ERR-011", "Requests without Authorization are accepted.", admits(lambda refusal, _scope: refusal.error is ErrorCode.MISSING_AUTHORIZATION)),
    Fault("wrong-signature-admitted", "ERR-012", "Wrong signatures are accepted.", admits(lambda refusal, _scope: refusal.error in (ErrorCode.SIGNATURE_DOES_NOT_MATCH, ErrorCode.SECRETID_NOT_EXIST))),
    Fault("unknown-key-admitted", "ERR-024", "The SecretId of a signature is ignored.", admits(lambda refusal, _scope: refusal.error is ErrorCode.SECRETID_NOT_EXIST)),
    Fault("signed-method-unlooked", "ERR-025", "A signature is valid for every method.", in_service(_IgnoresSignedMethod)),
    Fault("signed-path-unlooked", "ERR-025", "A signature is valid for every path.", in_service(_IgnoresSignedPath)),
    Fault("signed-url-refused", "ERR-026", "A signature in the query is ignored.", in_service(_RefusesSignedUrls)),
    Fault("wrong-root-taken", "ERR-023", "A submit with the root Order is accepted.", accepts_with((rb"<Order>(.*)</Order>", rb"<Request>\1</Request>"))),
    Fault("post-makes-queue", "ONE-013", "A POST on the queue path creates a queue.", in_service(_PostMakesQueue)),
    Fault("jobs-of-every-bucket", "ONE-014", "Describe finds jobs of every bucket.", in_engine(_FindsJobsOfEveryBucket)),
    Fault("queues-of-every-bucket", "ONE-015", "Queue lists by id contain queues of every bucket.", middleware(_lists_queues_of_every_bucket)),
    Fault("expired-signature-admitted", "ERR-013", "Expired signatures are accepted.", admits(lambda refusal, _scope: refusal.error is ErrorCode.SIGNATURE_EXPIRED)),
    Fault("refused-submit-leaves-job", "ERR-014", "A rejected submit creates a job.", middleware(_creates_job_when_rejected)),
    Fault("long-user-data-taken", "ERR-015", "UserData of 1025 characters is truncated and accepted.", accepts_with((rb"(<UserData>[^<]{500})[^<]*", rb"\1"))),
    Fault("long-watermark-taken", "ERR-016", "A digital watermark of 65 characters is accepted.", accepts_with((rb"<Message>m+</Message>", b"<Message>m</Message>"))),
    Fault("four-watermarks-taken", "ERR-017", "Four watermarks are accepted.", accepts_with((rb"<Watermark>.*?</Watermark>", b""))),
    Fault("archive-without-source-taken", "ERR-018", "An archive without a source is accepted.", accepts_with((rb"</FileCompressConfig>", b"<Prefix>any/</Prefix></FileCompressConfig>"))),
    Fault("seventh-operation-dropped", "MUL-005", "Of seven operations six are accepted.", accepts_anyway(_seven_operations, SUBMIT)),
    Fault("errors-untraced", "ERR-019", "Errors have no TraceId.", _edited_errors(drop("TraceId"))),
    Fault("half-bad-half-run", "MUL-006", "A rejected submit creates a job from its first operation, without UserData.", middleware(_creates_first_job_when_rejected)),
    Fault("unsigned-submits-admitted", "ERR-011", "Submits without Authorization are accepted.", admits(_is_unsigned_submit)),
    Fault("paused-is-closed", "PAU-007", "A paused queue rejects jobs.", middleware(_reject_when_paused)),
    Fault("paths-take-no-jobs", "PTH-001", "Submits that test a path are rejected.", rejects(_reject_paths, SUBMIT)),
    Fault("shared-path-other-queue", "PTH-003", "Jobs submitted to the shared path have the QueueId of no queue.", _on_shared_path(put("JobsDetail/QueueId", "p" + "7" * 32), SUBMIT, Kind.DESCRIBE_JOB)),
    Fault("shared-path-knows-no-job", "PTH-004", "Describe on the shared path returns no job.", _on_shared_path(drop("JobsDetail"), Kind.DESCRIBE_JOB), Feature.SPEECH),
    Fault("shared-path-lists-nothing", "PTH-005", "Lists on the shared path are empty.", _on_shared_path(drop("JobsDetail"), Kind.LIST_JOBS), Feature.SPEECH),
    Fault("date-of-own", "HDR-004", "The Date header has an invalid form.", in_service(_OtherDate)),
)  # fmt: skip
