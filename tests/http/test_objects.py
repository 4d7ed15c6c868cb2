"""The object store: settings for unknown inputs, outputs as inputs, bad requests."""

from collections.abc import Iterator

import pytest
from http_bench import error_of, operation, send, send_raw, submit_body
from workflow_bench import (
    BUCKET,
    JOB,
    batch_body,
    create_batch,
    create_workflow,
    describe_batch,
    describe_run,
    trigger,
)

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings, ObjectSettings, SettingError, UnknownInput
from ciq_schemas.features import Feature

COS = {"Host": "b-1.cos.ap-test.myqcloud.com"}


def mock(unknown: UnknownInput = UnknownInput.ACCEPT) -> MockServer:
    """A mock with a small store."""
    return MockServer(
        MockSettings(
            activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=1.0, bucket="b-1", region="ap-test",
            objects=ObjectSettings(largest=100_000, total=200_000, unknown_input=unknown),
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    with mock() as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def put(server: MockServer, key: str, data: bytes) -> None:
    """Upload an object."""
    assert send(server, "PUT", f"/{key}", data, COS)[0] == 200


@pytest.mark.parametrize("unknown", UnknownInput)
def test_unknown_input_is_handled_as_set(unknown: UnknownInput) -> None:
    """The job is accepted, fails or is refused. Uploaded inputs always run, `missing/` always fails."""
    with mock(unknown) as server:
        put(server, "in/there.mp4", b"x")
        put(server, "missing/there.mp4", b"x")
        assert send(server, "POST", "/jobs", submit_body(source="in/there.mp4"))[0] == 200
        assert send(server, "POST", "/jobs", submit_body(source="missing/there.mp4"))[0] == 200
        answer = send(server, "POST", "/jobs", submit_body(source="in/not-there.mp4"))
        if unknown is UnknownInput.REFUSE:
            assert error_of(answer) == (400, "ResourceNotFound")
        else:
            assert answer[0] == 200
        server.advance(10)
        ends = ["Success", "Failed"] + {"accept": ["Success"], "fail": ["Failed"], "refuse": []}[unknown]
        assert [job.state for job in server.jobs] == ends


def test_output_of_one_job_is_input_of_another() -> None:
    """This holds also where unknown inputs are refused."""
    with mock(UnknownInput.REFUSE) as strict:
        put(strict, "in/a.mp4", b"x")
        assert send(strict, "POST", "/jobs", submit_body(source="in/a.mp4"))[0] == 200
        assert error_of(send(strict, "POST", "/jobs", submit_body(source="out.jpg"))) == (400, "ResourceNotFound")
        strict.advance(10)
        assert send(strict, "POST", "/jobs", submit_body(source="out.jpg"))[0] == 200


def test_newer_of_upload_and_output_is_returned(server: MockServer) -> None:
    """A job overwrites an upload, and an upload overwrites an output."""
    put(server, "out.jpg", b"mine")
    server.advance(5)
    assert send(server, "POST", "/jobs", submit_body())[0] == 200
    server.advance(10)
    assert send(server, "GET", "/out.jpg", headers=COS)[2].startswith(b"made by ciq mock")
    put(server, "out.jpg", b"mine again")
    assert send(server, "GET", "/out.jpg", headers=COS)[2] == b"mine again"
    assert send(server, "DELETE", "/out.jpg", headers=COS)[0] == 204
    assert error_of(send(server, "GET", "/out.jpg", headers=COS)) == (404, "NoSuchKey")


def test_failed_or_cancelled_job_writes_no_output(server: MockServer) -> None:
    """Only a successful job writes its output."""
    assert send(server, "POST", "/jobs", submit_body(source="missing/a"))[0] == 200
    server.advance(10)
    assert error_of(send(server, "GET", "/out.jpg", headers=COS)) == (404, "NoSuchKey")


def test_outputs_beyond_limit_are_removed() -> None:
    """The newest outputs and the last files of a job with many files can be fetched."""
    settings = MockSettings(
        activated=(Feature.MEDIA,),
        clock=ClockKind.MANUAL,
        duration=1.0,
        bucket="b-1",
        objects=ObjectSettings(outputs=3),
    )
    with MockServer(settings) as server:
        for name in ("a", "b", "c", "d"):
            assert send(server, "POST", "/jobs", submit_body(operations=operation().replace("out.jpg", name)))[0] == 200
            server.advance(5)
        assert [send(server, "HEAD", f"/{name}", headers=COS)[0] for name in "abcd"] == [404, 200, 200, 200]
        many = operation().replace("out.jpg", "${Number}").replace("</Snapshot>", "<Count>5</Count></Snapshot>")
        assert send(server, "POST", "/jobs", submit_body(operations=many))[0] == 200
        server.advance(5)
        assert [send(server, "HEAD", f"/{name}", headers=COS)[0] for name in "d1234"] == [404, 404, 200, 200, 200]


def test_reset_removes_all_objects(server: MockServer) -> None:
    """Uploads and outputs are removed."""
    put(server, "a", b"x")
    server.reset()
    assert send(server, "HEAD", "/a", headers=COS)[0] == 404


BAD: dict[str, tuple[str, str, dict[str, str], int, str]] = {
    "post of an object": ("POST", "/a", COS, 405, "MethodNotAllowed"),
    "delete of a bucket": ("DELETE", "/", COS, 405, "MethodNotAllowed"),
    "no bucket in the host": ("GET", "/a", {"Host": "cos.ap-test.myqcloud.com"}, 400, "InvalidHost"),
    "no bucket in the path": ("GET", "/_objects/", {}, 400, "InvalidHost"),
    "bad bucket in the path": ("GET", "/_objects/B_AD/a", {}, 400, "InvalidHost"),
    "bad host": ("GET", "/a", {"Host": "b-1.cos.x.y.example.myqcloud.com"}, 400, "InvalidHost"),
    "bad escape": ("GET", "/%zz", COS, 400, "InvalidArgument"),
    "not UTF-8": ("GET", "/%ff", COS, 400, "InvalidArgument"),
    "control character": ("GET", "/a%00b", COS, 400, "InvalidURI"),
    "two slashes": ("GET", "//a", COS, 400, "InvalidURI"),
    "processing on the fly": ("GET", "/there?ci-process=sketch", COS, 400, "NotImplemented"),
    "processing by POST": ("POST", "/there?ci-process=snapshot", COS, 400, "NotImplemented"),
    "picture style": ("GET", "/there?imageMogr2/thumbnail/!50p", COS, 400, "NotImplemented"),
    "processing on upload": ("PUT", "/a", {**COS, "Pic-Operations": "{}"}, 400, "NotImplemented"),
    "append": ("POST", "/a?append&position=0", COS, 405, "MethodNotAllowed"),
    "versions": ("GET", "/?versions", COS, 400, "NotImplemented"),
    "bad size of a list": ("GET", "/?max-keys=-1", COS, 400, "InvalidArgument"),
    "header with a line end": ("GET", "/there?response-content-type=a%0d%0ab:c", COS, 400, "InvalidArgument"),
    "a call of the service": ("DELETE", "/jobs", COS, 405, "MethodNotAllowed"),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_object_request_is_refused(server: MockServer, case: str) -> None:
    """The response has the error form with a code of COS."""
    put(server, "there", b"x")
    method, target, headers, status, code = BAD[case]
    assert error_of(send(server, method, target, headers=headers)) == (status, code)


def test_chunked_body_over_limit_is_refused_with_readable_response(server: MockServer) -> None:
    """The mock reads and discards the chunks beyond the limit, so that the client can read the response."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    head = b"PUT /a HTTP/1.1\r\nHost: b-1.cos.ap-test.myqcloud.com\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert error_of(send_raw(server, head + chunk * 10 + b"0\r\n\r\n")) == (400, "EntityTooLarge")
    assert send(server, "HEAD", "/a", headers=COS)[0] == 404
    put(server, "a", b"x" * 100_000)


def test_empty_object_is_stored(server: MockServer) -> None:
    """It has a key, a digest and the length 0."""
    put(server, "empty", b"")
    status, headers, body = send(server, "GET", "/empty", headers=COS)
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")
    assert headers["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert error_of(send(server, "GET", "/empty", headers={**COS, "Range": "bytes=0-"})) == (416, "InvalidRange")


def test_store_setting_out_of_range_is_refused() -> None:
    """The error names the setting."""
    with pytest.raises(SettingError, match=r"objects\.total"):
        ObjectSettings(total=0)


def test_refused_inputs_do_not_refuse_workflows() -> None:
    """A workflow or batch job names no object when it is created; its jobs on missing objects are refused."""
    settings = MockSettings(
        activated=tuple(Feature),
        clock=ClockKind.MANUAL,
        objects=ObjectSettings(unknown_input=UnknownInput.REFUSE),
    )
    with MockServer(settings) as server:
        assert send(server, "PUT", f"/_objects/{BUCKET}/in/there.mp4", b"x")[0] == 200
        workflow_id = create_workflow(server)
        runs = [trigger(server, workflow_id, key) for key in ("in/there.mp4", "in/missing.mp4")]
        batch = create_batch(server, batch_body("<Object>in/there.mp4</Object>", JOB, "Job"))
        server.advance(100)
        assert [describe_run(server, run_id).state for run_id in runs] == ["Success", "Failed"]
        (described,) = describe_batch(server, batch.job_id).batches
        assert described.state == "Success"
