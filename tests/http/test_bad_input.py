"""Bad input: the mock refuses each case with its code and status in the error form and changes nothing."""

from collections.abc import Callable, Iterator

import pytest
from http_bench import Answer, error_of, operation, rule, send, send_raw, submit_body, update_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Limits, MockSettings
from ciq_schemas.features import Feature

ARGUMENT, CONTENT, MISSING = "InvalidArgument", "InvalidContent", "MissingContent"
DTD = b'<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>'
ELEVEN = ",".join(f"x{n}" for n in range(11))


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    """A mock on a manual clock."""
    settings = MockSettings(
        activated=(Feature.MEDIA, Feature.SPEECH, Feature.DOC),
        clock=ClockKind.MANUAL,
        seed=1,
        limits=Limits(header_timeout=5.0),
    )
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> Iterator[MockServer]:
    """The mock with one waiting job. Checks after the test that queues and jobs have not changed."""
    running.reset()
    status, _, _ = send(running, "POST", "/jobs", submit_body())
    assert status == 200
    before = (running.jobs, running.queues)
    yield running
    assert (running.jobs, running.queues) == before


def queue_id(server: MockServer, feature: Feature) -> str:
    """The id of a feature's queue."""
    return next(queue.queue_id for queue in server.queues if queue.feature is feature)


SUBMITS: dict[str, tuple[bytes, str]] = {
    "empty body": (b"", MISSING),
    "blank body": (b" \r\n ", MISSING),
    "not XML": (b"hello", CONTENT),
    "malformed XML": (b"<Request><Tag>Snapshot</Request>", CONTENT),
    "cut off": (submit_body()[:-9], CONTENT),
    "two roots": (submit_body() * 2, CONTENT),
    "wrong root": (submit_body().replace(b"Request>", b"Question>"), CONTENT),
    "the answer's root": (submit_body().replace(b"Request>", b"Response>"), CONTENT),
    "JSON": (b'{"Tag": "Snapshot"}', CONTENT),
    "DTD": (DTD + submit_body(), CONTENT),
    "entity bomb": (DTD + submit_body(source="&b;"), CONTENT),
    "external entity": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + submit_body(source="&x;"),
        CONTENT,
    ),
    "nested too deep": (b"<Request>" + b"<a>" * 500 + b"</a>" * 500 + b"</Request>", CONTENT),
    "unknown encoding": (b'<?xml version="1.0" encoding="klingon"?>' + submit_body(), CONTENT),
    "bytes that are not UTF-8": (submit_body().replace(b"in/a", b"in/\xff\xfe"), CONTENT),
    "no Tag": (submit_body(tag=""), ARGUMENT),
    "empty Tag": (submit_body().replace(b"<Tag>Snapshot</Tag>", b"<Tag/>"), ARGUMENT),
    "unknown Tag": (submit_body(tag="Nonsense"), ARGUMENT),
    "a tag of documents on the shared path": (submit_body(tag="DocProcess"), ARGUMENT),
    "no Input": (submit_body(source=""), ARGUMENT),
    "Input without Object": (submit_body().replace(b"<Object>in/a.mp4</Object>", b""), ARGUMENT),
    "empty Object": (submit_body().replace(b"<Object>in/a.mp4</Object>", b"<Object/>"), ARGUMENT),
    "no Operation": (submit_body().replace(operation().encode(), b""), ARGUMENT),
    "empty Operation": (submit_body(operations="<Operation/>"), ARGUMENT),
    "no Output": (submit_body(operations="<Operation><UserData>u</UserData></Operation>"), ARGUMENT),
    "Output without Bucket": (submit_body().replace(b"<Bucket>b-1</Bucket>", b""), ARGUMENT),
    "seven Operations": (submit_body(operations=operation() * 7), ARGUMENT),
    "one bad Operation among good ones": (
        submit_body(operations=operation() + operation("<JobLevel>7</JobLevel>")), ARGUMENT,
    ),
    "tags of two queues": (
        submit_body(
            tag="",
            operations=operation("<Tag>Snapshot</Tag>") + operation("<Tag>SpeechRecognition</Tag>"),
        ),
        ARGUMENT,
    ),
    "JobLevel 3": (submit_body(operations=operation("<JobLevel>3</JobLevel>")), ARGUMENT),
    "JobLevel -1": (submit_body(operations=operation("<JobLevel>-1</JobLevel>")), ARGUMENT),
    "JobLevel high": (submit_body(operations=operation("<JobLevel>high</JobLevel>")), ARGUMENT),
    "UserData of 1025": (submit_body(operations=operation(f"<UserData>{'x' * 1025}</UserData>")), ARGUMENT),
    "UserData not ASCII": (submit_body(operations=operation("<UserData>é</UserData>")), ARGUMENT),
    "unknown queue": (submit_body(extra="<QueueId>pnone</QueueId>"), "QueueNotFound"),
    "CallBack no address": (submit_body(extra="<CallBack>nowhere</CallBack>"), ARGUMENT),
    "CallBack ftp": (submit_body(extra="<CallBack>ftp://x/</CallBack>"), ARGUMENT),
    "unknown CallBackFormat": (submit_body(extra="<CallBackFormat>YAML</CallBackFormat>"), ARGUMENT),
    "unknown CallBackType": (submit_body(extra="<CallBackType>Pigeon</CallBackType>"), ARGUMENT),
    "TDMQ without its queue": (submit_body(extra="<CallBackType>TDMQ</CallBackType>"), ARGUMENT),
    "feature not active": (submit_body(tag="PicProcess"), "PicBucketUnBinded"),
}  # fmt: skip


@pytest.mark.parametrize("case", SUBMITS)
def test_invalid_submit_is_refused(server: MockServer, case: str) -> None:
    """The mock accepts none of its jobs."""
    body, code = SUBMITS[case]
    assert error_of(send(server, "POST", "/jobs", body)) == (400, code)


def test_submit_with_queue_or_tag_of_other_feature_is_refused(server: MockServer) -> None:
    """The queue is not found, and the tag does not match the path."""
    other = queue_id(server, Feature.SPEECH)
    body = submit_body(extra=f"<QueueId>{other}</QueueId>")
    assert error_of(send(server, "POST", "/jobs", body)) == (400, "QueueNotFound")
    assert error_of(send(server, "POST", "/asr_jobs", submit_body())) == (400, ARGUMENT)


def test_body_over_size_limit_is_refused_with_readable_response(server: MockServer) -> None:
    """The client can read the response although it continues to send."""
    body = submit_body(operations=operation(f"<Watermark>{'x' * (2 << 20)}</Watermark>"))
    assert error_of(send(server, "POST", "/jobs", body)) == (400, CONTENT)


def test_body_with_wrong_content_md5_is_refused(server: MockServer) -> None:
    """Content-MD5 is checked (1545/65185)."""
    answer = send(server, "POST", "/jobs", submit_body(), {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert error_of(answer) == (400, CONTENT)


UPDATES: dict[str, tuple[bytes, str]] = {
    "empty body": (b"", MISSING),
    "malformed XML": (b"<Request>", CONTENT),
    "wrong root": (b"<Queue/>", CONTENT),
    "DTD": (DTD + update_body(), CONTENT),
    "no Name": (update_body().replace(b"<Name>queue-1</Name>", b""), ARGUMENT),
    "empty Name": (update_body(name=""), ARGUMENT),
    "Name of 129": (update_body(name="x" * 129), ARGUMENT),
    "Name with a blank": (update_body(name="a b"), ARGUMENT),
    "no State": (update_body().replace(b"<State>Active</State>", b""), ARGUMENT),
    "State Stopped": (update_body(state="Stopped"), ARGUMENT),
    "State in small letters": (update_body(state="active"), ARGUMENT),
    "no NotifyConfig": (
        update_body().replace(b"<NotifyConfig><State>Off</State></NotifyConfig>", b""), ARGUMENT,
    ),
    "rule State Maybe": (update_body(rule=rule(State="Maybe")), ARGUMENT),
    "rule Type Pigeon": (update_body(rule=rule(Type="Pigeon")), ARGUMENT),
    "rule Event Lunch": (update_body(rule=rule(Event="Lunch")), ARGUMENT),
    "rule ResultFormat YAML": (update_body(rule=rule(ResultFormat="YAML")), ARGUMENT),
    "On without Url": (update_body(rule=rule(Url="")), ARGUMENT),
    "On without Type": (update_body(rule=rule(Type="")), ARGUMENT),
    "On without Event": (update_body(rule=rule(Event="")), ARGUMENT),
    "TDMQ without MqName": (update_body(rule=rule(Type="TDMQ", MqRegion="sh", MqMode="Queue")), ARGUMENT),
    "Url no address": (update_body(rule=rule(Url="cb.example.com")), ARGUMENT),
    "Url of 3000": (update_body(rule=rule(Url="http://x/" + "x" * 3000)), ARGUMENT),
}  # fmt: skip


@pytest.mark.parametrize("case", UPDATES)
def test_invalid_queue_update_is_refused(server: MockServer, case: str) -> None:
    """The queue does not change."""
    body, code = UPDATES[case]
    target = f"/queue/{queue_id(server, Feature.MEDIA)}"
    listed = send(server, "GET", "/queue")[2].partition(b"<QueueList>")[2]
    assert error_of(send(server, "PUT", target, body)) == (400, code)
    assert send(server, "GET", "/queue")[2].partition(b"<QueueList>")[2] == listed


def test_update_of_unknown_or_foreign_queue_is_refused(server: MockServer) -> None:
    """The id in the path counts; an id in the body has no effect."""
    for target_id in ("pnone", queue_id(server, Feature.DOC)):
        extra = f"<QueueId>{queue_id(server, Feature.MEDIA)}</QueueId>"
        answer = send(server, "PUT", f"/queue/{target_id}", update_body(extra=extra))
        assert error_of(answer) == (400, "QueueNotFound")


REQUESTS: dict[str, tuple[str, str, int, str]] = {
    "pageSize 0": ("GET", "/queue?pageSize=0", 400, ARGUMENT),
    "pageSize -1": ("GET", "/queue?pageSize=-1", 400, ARGUMENT),
    "pageNumber abc": ("GET", "/queue?pageNumber=abc", 400, ARGUMENT),
    "pageNumber in other digits": ("GET", "/queue?pageNumber=%D9%A3", 400, ARGUMENT),
    "pageSize without end": ("GET", f"/queue?pageSize={'9' * 40}", 400, ARGUMENT),
    "eleven queueIds": ("GET", f"/queue?queueIds={ELEVEN}", 400, ARGUMENT),
    "state Stopped": ("GET", "/queue?state=Stopped", 400, ARGUMENT),
    "category": ("GET", "/queue?category=Nonsense", 400, ARGUMENT),
    "queues of a feature not active": ("GET", "/picqueue", 400, "PicBucketUnBinded"),
    "bucket pageSize 101": ("GET", "/asrbucket?pageSize=101", 400, ARGUMENT),
    "bucket pageSize 0": ("GET", "/mediabucket?pageSize=0", 400, ARGUMENT),
    "closing what is not open": ("DELETE", "/ai_bucket", 400, "AIBucketUnBinded"),
    "list without tag": ("GET", "/jobs", 400, ARGUMENT),
    "list of an empty tag": ("GET", "/jobs?tag=", 400, ARGUMENT),
    "list of an unknown tag": ("GET", "/jobs?tag=Nonsense", 400, ARGUMENT),
    "list of a tag of another path": ("GET", "/doc_jobs?tag=Snapshot", 400, ARGUMENT),
    "list size 0": ("GET", "/jobs?tag=Snapshot&size=0", 400, ARGUMENT),
    "list size 101": ("GET", "/jobs?tag=Snapshot&size=101", 400, ARGUMENT),
    "list states": ("GET", "/jobs?tag=Snapshot&states=Success,Sleeping", 400, ARGUMENT),
    "list order": ("GET", "/jobs?tag=Snapshot&orderByTime=Random", 400, ARGUMENT),
    "list token": ("GET", "/jobs?tag=Snapshot&nextToken=guess", 400, ARGUMENT),
    "list time": ("GET", "/jobs?tag=Snapshot&startCreationTime=yesterday", 400, ARGUMENT),
    "list a month too many": (
        "GET", "/jobs?tag=Snapshot&endCreationTime=2026-13-01T00:00:00%2B0800", 400, ARGUMENT,
    ),
    "eleven job ids": ("GET", f"/jobs/{ELEVEN}", 400, ARGUMENT),
    "commas for job ids": ("GET", "/jobs/,,", 400, ARGUMENT),
    "PUT without cancel": ("PUT", "/jobs/x", 400, "ResourceNotFound"),
    "cancel of an unknown job": ("PUT", "/jobs/x?cancel", 400, "ResourceNotFound"),
    "eleven cancelled": ("PUT", f"/jobs/{ELEVEN}?cancel", 400, ARGUMENT),
    "unknown path": ("GET", "/nothing/here", 404, "ResourceNotFound"),
    "root": ("GET", "/", 405, "MethodNotAllowed"),
    "slash at the end": ("GET", "/queue/", 404, "ResourceNotFound"),
    "two slashes": ("GET", "//queue", 404, "ResourceNotFound"),
    "DELETE of queues": ("DELETE", "/queue", 405, "MethodNotAllowed"),
    "POST of a queue": ("POST", "/queue/x", 405, "MethodNotAllowed"),
    "OPTIONS": ("OPTIONS", "/jobs", 405, "MethodNotAllowed"),
    "PATCH": ("PATCH", "/jobs/x", 405, "MethodNotAllowed"),
    "percent alone in a path": ("GET", "/jobs/%", 400, ARGUMENT),
    "percent and letters in a path": ("GET", "/jobs/%zz", 400, ARGUMENT),
    "percent alone in a query": ("GET", "/queue?state=%", 400, ARGUMENT),
    "not UTF-8 in a path": ("GET", "/jobs/%ff%fe", 400, ARGUMENT),
    "not UTF-8 in a query": ("GET", "/queue?state=%ff", 400, ARGUMENT),
    "many parameters": ("GET", "/queue?" + "a=1&" * 100, 400, ARGUMENT),
    "long path": ("GET", "/jobs/" + "x" * 20_000, 400, ARGUMENT),
    "long query": ("GET", "/queue?state=" + "x" * 20_000, 400, ARGUMENT),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUESTS)
def test_invalid_request_without_body_is_refused(server: MockServer, case: str) -> None:
    """The response has the case's code."""
    method, target, status, code = REQUESTS[case]
    assert error_of(send(server, method, target)) == (status, code)


def test_wrong_method_is_refused_with_allow_header(server: MockServer) -> None:
    """405 comes with Allow (RFC 9110)."""
    assert send(server, "DELETE", "/queue")[1]["allow"] == "GET, HEAD"


def test_cancel_of_running_or_ended_job_is_refused(running: MockServer) -> None:
    """Only a job not yet executed can be cancelled (436/76252)."""
    running.reset()
    send(running, "POST", "/jobs", submit_body())
    running.advance(0.01)
    (job,) = running.jobs
    assert error_of(send(running, "PUT", f"/jobs/{job.job_id}?cancel")) == (400, ARGUMENT)
    running.advance(10)
    assert error_of(send(running, "PUT", f"/jobs/{job.job_id}?cancel")) == (400, ARGUMENT)
    assert [str(job.state) for job in running.jobs] == ["Success"]


def head(*lines: str) -> bytes:
    """A raw request head."""
    return "\r\n".join((*lines, "", "")).encode("latin-1")


RAW: dict[str, tuple[bytes, int, str]] = {
    "no HTTP at all": (b"hello\r\n\r\n", 400, ARGUMENT),
    "unknown version": (head("GET /queue HTTP/9.9", "Host: x"), 400, ARGUMENT),
    "no Host": (head("GET /queue HTTP/1.1"), 400, "InvalidHost"),
    "empty Host": (head("GET /queue HTTP/1.1", "Host:"), 400, "InvalidHost"),
    "absurd Host": (head("GET /queue HTTP/1.1", "Host: a b<c>"), 400, "InvalidHost"),
    "Host of another service": (
        head("GET /queue HTTP/1.1", "Host: x-1.file.ap-test.myqcloud.com"), 400, "InvalidHost",
    ),
    "a region's host for queues": (
        head("GET /queue HTTP/1.1", "Host: ci.ap-test.myqcloud.com"), 400, "InvalidHost",
    ),
    "header of 100 KiB": (head("GET /queue HTTP/1.1", "Host: x", "X-A: " + "a" * 100_000), 400, ARGUMENT),
    "a thousand headers": (
        head("GET /queue HTTP/1.1", "Host: x", *(f"X-{n}: 1" for n in range(1000))), 400, ARGUMENT,
    ),
    "header with a blank in its name": (head("GET /queue HTTP/1.1", "Host: x", "X A: 1"), 400, ARGUMENT),
    "header without a colon": (head("GET /queue HTTP/1.1", "Host: x", "nonsense"), 400, ARGUMENT),
    "path of raw bytes": (head("GET /jobs/\xff\xfe HTTP/1.1", "Host: x"), 400, ARGUMENT),
    "absolute form without a path": (head("GET http://x HTTP/1.1", "Host: x"), 400, ARGUMENT),
    "bad Content-Length": (head("POST /jobs HTTP/1.1", "Host: x", "Content-Length: -5"), 400, ARGUMENT),
    "two ways of length": (
        head("POST /jobs HTTP/1.1", "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400, ARGUMENT,
    ),
    "bad chunk": (
        head("POST /jobs HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") + b"zz\r\n", 400, ARGUMENT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RAW)
def test_malformed_http_is_refused_in_error_form(server: MockServer, case: str) -> None:
    """Requests that are not valid HTTP get the service's error form too."""
    raw, status, code = RAW[case]
    assert error_of(send_raw(server, raw)) == (status, code)


EVERYWHERE: tuple[Callable[[MockServer, str], Answer], ...] = (
    lambda server, path: send(server, "POST", path, b"<"),
    lambda server, path: send(server, "GET", f"{path}/%"),
    lambda server, path: send(server, "DELETE", path, b"<"),
    lambda server, path: send(server, "GET", f"{path}?size=0&pageSize=0"),
)


@pytest.mark.parametrize(
    "path", ["/jobs", "/asr_jobs", "/doc_jobs", "/pic_jobs", "/ai_jobs", "/file_jobs", "/docqueue"]
)
def test_refusal_on_every_path_has_error_form(server: MockServer, path: str) -> None:
    """The error form does not depend on feature or path."""
    for bad in EVERYWHERE:
        status, code = error_of(bad(server, path))
        assert 400 <= status < 500
        assert code
