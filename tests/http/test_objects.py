"""The object store beside what an SDK shows: settings for unknown inputs, outputs as inputs, bad requests."""

from collections.abc import Iterator

import pytest
from http_bench import ask, ask_raw, error_of, operation, submit_body

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
    assert ask(server, "PUT", f"/{key}", data, COS)[0] == 200


@pytest.mark.parametrize("unknown", UnknownInput)
def test_an_input_that_nobody_has_uploaded(unknown: UnknownInput) -> None:
    """Accepted, failing or refused as the setting says; what was uploaded always runs, `missing/` always fails."""
    with mock(unknown) as server:
        put(server, "in/there.mp4", b"x")
        put(server, "missing/there.mp4", b"x")
        assert ask(server, "POST", "/jobs", submit_body(source="in/there.mp4"))[0] == 200
        assert ask(server, "POST", "/jobs", submit_body(source="missing/there.mp4"))[0] == 200
        answer = ask(server, "POST", "/jobs", submit_body(source="in/not-there.mp4"))
        if unknown is UnknownInput.REFUSE:
            assert error_of(answer) == (400, "ResourceNotFound")
        else:
            assert answer[0] == 200
        server.advance(10)
        ends = ["Success", "Failed"] + {"accept": ["Success"], "fail": ["Failed"], "refuse": []}[unknown]
        assert [job.state for job in server.jobs] == ends


def test_an_output_is_an_input() -> None:
    """What one job wrote another may read, also where unknown inputs are refused."""
    with mock(UnknownInput.REFUSE) as strict:
        put(strict, "in/a.mp4", b"x")
        assert ask(strict, "POST", "/jobs", submit_body(source="in/a.mp4"))[0] == 200
        assert error_of(ask(strict, "POST", "/jobs", submit_body(source="out.jpg"))) == (400, "ResourceNotFound")
        strict.advance(10)
        assert ask(strict, "POST", "/jobs", submit_body(source="out.jpg"))[0] == 200


def test_of_upload_and_output_the_newer_counts(server: MockServer) -> None:
    """A job writes over an upload, and an upload over an output."""
    put(server, "out.jpg", b"mine")
    server.advance(5)
    assert ask(server, "POST", "/jobs", submit_body())[0] == 200
    server.advance(10)
    assert ask(server, "GET", "/out.jpg", headers=COS)[2].startswith(b"made by ciq mock")
    put(server, "out.jpg", b"mine again")
    assert ask(server, "GET", "/out.jpg", headers=COS)[2] == b"mine again"
    assert ask(server, "DELETE", "/out.jpg", headers=COS)[0] == 204
    assert error_of(ask(server, "GET", "/out.jpg", headers=COS)) == (404, "NoSuchKey")


def test_failed_and_cancelled_jobs_write_nothing(server: MockServer) -> None:
    """Only a job that ended well leaves its output."""
    assert ask(server, "POST", "/jobs", submit_body(source="missing/a"))[0] == 200
    server.advance(10)
    assert error_of(ask(server, "GET", "/out.jpg", headers=COS)) == (404, "NoSuchKey")


def test_outputs_are_bounded() -> None:
    """Of many outputs the newest can be fetched, of jobs with many files their last ones."""
    settings = MockSettings(
        activated=(Feature.MEDIA,),
        clock=ClockKind.MANUAL,
        duration=1.0,
        bucket="b-1",
        objects=ObjectSettings(outputs=3),
    )
    with MockServer(settings) as server:
        for name in ("a", "b", "c", "d"):
            assert ask(server, "POST", "/jobs", submit_body(operations=operation().replace("out.jpg", name)))[0] == 200
            server.advance(5)
        assert [ask(server, "HEAD", f"/{name}", headers=COS)[0] for name in "abcd"] == [404, 200, 200, 200]
        many = operation().replace("out.jpg", "${Number}").replace("</Snapshot>", "<Count>5</Count></Snapshot>")
        assert ask(server, "POST", "/jobs", submit_body(operations=many))[0] == 200
        server.advance(5)
        assert [ask(server, "HEAD", f"/{name}", headers=COS)[0] for name in "d1234"] == [404, 404, 200, 200, 200]


def test_reset_empties_the_store(server: MockServer) -> None:
    """Uploads and outputs are gone."""
    put(server, "a", b"x")
    server.reset()
    assert ask(server, "HEAD", "/a", headers=COS)[0] == 404


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
    "multipart": ("PUT", "/a?partNumber=1&uploadId=x", COS, 501, "NotImplemented"),
    "processing on the fly": ("GET", "/a?ci-process=snapshot&time=1", COS, 501, "NotImplemented"),
    "copy": ("PUT", "/a", {**COS, "x-cos-copy-source": "b-1/b"}, 501, "NotImplemented"),
    "versions": ("GET", "/?versions", COS, 501, "NotImplemented"),
    "bad size of a list": ("GET", "/?max-keys=-1", COS, 400, "InvalidArgument"),
    "header with a line end": ("GET", "/there?response-content-type=a%0d%0ab:c", COS, 400, "InvalidArgument"),
    "a call of the service": ("DELETE", "/jobs", COS, 405, "MethodNotAllowed"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_are_refused(server: MockServer, case: str) -> None:
    """Each in the error form, with a code of COS."""
    put(server, "there", b"x")
    method, target, headers, status, code = BAD[case]
    assert error_of(ask(server, method, target, headers=headers)) == (status, code)


def test_a_body_without_length_is_bounded_too(server: MockServer) -> None:
    """Chunks beyond the bound are read and thrown away, and the sender gets to read why."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    head = b"PUT /a HTTP/1.1\r\nHost: b-1.cos.ap-test.myqcloud.com\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert error_of(ask_raw(server, head + chunk * 10 + b"0\r\n\r\n")) == (400, "EntityTooLarge")
    assert ask(server, "HEAD", "/a", headers=COS)[0] == 404
    put(server, "a", b"x" * 100_000)


def test_an_empty_object_is_an_object(server: MockServer) -> None:
    """No bytes, but a key, a digest and a length."""
    put(server, "empty", b"")
    status, headers, body = ask(server, "GET", "/empty", headers=COS)
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")
    assert headers["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert error_of(ask(server, "GET", "/empty", headers={**COS, "Range": "bytes=0-"})) == (416, "InvalidRange")


def test_settings_of_the_store_have_bounds() -> None:
    """A store without room is a mistake that is named."""
    with pytest.raises(SettingError, match=r"objects\.total"):
        ObjectSettings(total=0)
