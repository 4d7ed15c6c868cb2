"""Media information and frames at once, from the content of an object."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from http_bench import error_of, send, submit_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.service import pictures
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, Reading, read
from ciq_schemas.features import Feature

BUCKET = "b-1"
COS = {"Host": f"{BUCKET}.cos.ap-test.myqcloud.com"}
DATA = b"\x00\x00\x00\x18ftypmp42" + b"x" * 88


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(
        bucket=BUCKET, region="ap-test", activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=1.0
    )
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock with one object."""
    _server.reset()
    assert send(_server, "PUT", "/in/a.mp4", DATA, COS)[0] == 200
    return _server


def information(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    """MediaInfo of a response."""
    status, headers, body = answer
    assert (status, headers["Content-Type"]) == (200, "application/xml"), body
    decoded = read(Document.MEDIA_INFO_ANSWER, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    found = decoded.value["MediaInfo"]
    assert isinstance(found, dict)
    return found


def source(key: str = "in/a.mp4") -> str:
    """The Input of a request."""
    return f"<Input><Object>{key}</Object></Input>"


def test_both_calls_return_information_of_media_info_job(server: MockServer) -> None:
    """Its size is that of the upload."""
    by_get = information(send(server, "GET", "/in/a.mp4?ci-process=videoinfo", headers=COS))
    by_post = information(send(server, "POST", "/mediainfo", f"<Request>{source()}</Request>".encode()))
    assert by_get == by_post
    assert by_get["Format"]["Size"] == str(len(DATA))
    job = submit_body(tag="MediaInfo", operations="<Operation/>")
    assert send(server, "POST", "/jobs", job)[0] == 200
    server.advance(1)
    answer = send(server, "GET", f"/jobs/{server.jobs[0].job_id}")
    (detail,) = read(Document.JOB_ANSWER, answer[2]).value["JobsDetail"]  # type: ignore[misc]
    assert detail["Operation"]["MediaInfo"] == by_get


def size_of_png(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG whose chunks and rows are checked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    rest, chunks = data[8:], {}
    while rest:
        (size,) = struct.unpack(">I", rest[:4])
        name, content = rest[4:8], rest[8 : 8 + size]
        assert struct.unpack(">I", rest[8 + size : 12 + size]) == (zlib.crc32(name + content),)
        chunks[name], rest = content, rest[12 + size :]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) == (width + 1) * height
    return width, height


def size_of_jpeg(data: bytes) -> tuple[int, int]:
    """Width and height in the frame header of a JPEG whose segments are complete."""
    assert data.startswith(b"\xff\xd8")
    assert data.endswith(b"\xff\xd9")
    at, found = 2, (0, 0)
    while data[at + 1] != 0xDA:
        assert data[at] == 0xFF
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if data[at + 1] == 0xC0:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            found = width, height
        at += 2 + length
    return found


@pytest.mark.parametrize(
    ("query", "kind", "size"),
    [
        ("time=1&width=64&height=48", "image/jpeg", (64, 48)),
        ("time=1.5&width=64&height=48&format=png&mode=keyframe&rotate=off", "image/png", (64, 48)),
        ("time=0&width=17&height=9&format=jpg", "image/jpeg", (17, 9)),
    ],
)
def test_snapshot_is_a_picture_of_the_requested_size(
    server: MockServer, query: str, kind: str, size: tuple[int, int]
) -> None:
    """1045/72960: format jpg by default."""
    status, headers, body = send(server, "GET", f"/in/a.mp4?ci-process=snapshot&{query}", headers=COS)
    assert (status, headers["Content-Type"]) == (200, kind)
    assert (size_of_jpeg if kind == "image/jpeg" else size_of_png)(body) == size


def test_snapshot_without_size_has_size_of_video(server: MockServer) -> None:
    """With one side, the other follows the aspect ratio."""
    video = information(send(server, "GET", "/in/a.mp4?ci-process=videoinfo", headers=COS))["Stream"]["Video"]
    video = video[0] if isinstance(video, list) else video
    width, height = int(video["Width"]), int(video["Height"])
    whole = send(server, "GET", "/in/a.mp4?ci-process=snapshot&time=1&format=png", headers=COS)[2]
    assert size_of_png(whole) == (width, height)
    half = send(server, "GET", f"/in/a.mp4?ci-process=snapshot&time=1&width={width // 2}&format=png", headers=COS)[2]
    assert size_of_png(half) == (width // 2, width // 2 * height // width)


OUTPUT = f"<Output><Region>ap-test</Region><Bucket>{BUCKET}</Bucket><Object>out/a.png</Object></Output>"


def test_posted_snapshot_is_stored_at_its_output(server: MockServer) -> None:
    """The response repeats Output; the object is the picture (1045/48855)."""
    body = f"<Request>{source()}<Time>1</Time><Width>8</Width><Height>8</Height><Format>png</Format>{OUTPUT}</Request>"
    status, _, answer = send(server, "POST", "/snapshot", body.encode())
    assert status == 200
    decoded = read(Document.SNAPSHOT_ANSWER, answer, Reading.STRICT)
    assert decoded.ok, decoded.problems
    assert decoded.value["Output"] == {"Region": "ap-test", "Bucket": BUCKET, "Object": "out/a.png"}
    status, headers, picture = send(server, "GET", "/out/a.png", headers=COS)
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert size_of_png(picture) == (8, 8)


GET: dict[str, tuple[str, int, str]] = {
    "unknown object": ("/none?ci-process=videoinfo", 404, "NoSuchKey"),
    "no time": ("/in/a.mp4?ci-process=snapshot", 400, "InvalidArgument"),
    "time is no number": ("/in/a.mp4?ci-process=snapshot&time=1x", 400, "InvalidArgument"),
    "negative time": ("/in/a.mp4?ci-process=snapshot&time=-1", 400, "InvalidArgument"),
    "format": ("/in/a.mp4?ci-process=snapshot&time=1&format=bmp", 400, "InvalidArgument"),
    "width": ("/in/a.mp4?ci-process=snapshot&time=1&width=99999", 400, "InvalidArgument"),
    "mode": ("/in/a.mp4?ci-process=snapshot&time=1&mode=any", 400, "InvalidArgument"),
    "another process": ("/in/a.mp4?ci-process=sensitive-content-recognition", 400, "NotImplemented"),
}


@pytest.mark.parametrize("case", GET)
def test_bad_request_for_processing_is_refused(server: MockServer, case: str) -> None:
    """The message names the parameter."""
    target, status, code = GET[case]
    assert error_of(send(server, "GET", target, headers=COS)) == (status, code)


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("/mediainfo", "", "MissingContent"),
        ("/mediainfo", "<Request/>", "InvalidArgument"),
        ("/mediainfo", f"<Request>{source('none')}</Request>", "ResourceNotFound"),
        ("/snapshot", f"<Request>{source()}<Time>1</Time></Request>", "InvalidArgument"),
        ("/snapshot", f"<Request>{source('none')}<Time>1</Time>{OUTPUT}</Request>", "ResourceNotFound"),
        ("/snapshot", f"<Request>{source()}<Time>soon</Time>{OUTPUT}</Request>", "InvalidArgument"),
    ],
)
def test_bad_posted_request_is_refused(server: MockServer, target: str, body: str, code: str) -> None:
    """Cases: bodies without a required part, and unknown objects."""
    assert error_of(send(server, "POST", target, body.encode())) == (400, code)


def test_calls_need_media_processing(server: MockServer) -> None:
    """1045/72941: media processing must be enabled in advance."""
    assert send(server, "DELETE", "/mediabucket")[0] == 200
    answers = (
        send(server, "GET", "/in/a.mp4?ci-process=videoinfo", headers=COS),
        send(server, "POST", "/mediainfo", f"<Request>{source()}</Request>".encode()),
    )
    assert [error_of(answer) for answer in answers] == [(400, "MediaBucketUnBinded")] * 2


def test_call_that_is_left_out_is_refused_at_once(server: MockServer) -> None:
    """400 and a message, not 501, which SDKs repeat, nor 404."""
    for target in ("/video/auditing", "/video/auditing/j1", "/datasetquery/simple", "/virus/detect"):
        answer = send(server, "POST", target, b"<Request/>")
        assert error_of(answer) == (400, "NotImplemented"), target
        assert b"leaves out" in answer[2]
    assert error_of(send(server, "POST", "/no-such-path", b"<Request/>")) == (404, "ResourceNotFound")


def test_largest_picture_stays_small() -> None:
    """A picture of the largest size has less than 100 KiB."""
    assert len(pictures.jpeg(pictures.LARGEST_SIDE, pictures.LARGEST_SIDE)) < 100 * 1024
    assert len(pictures.png(pictures.LARGEST_SIDE, pictures.LARGEST_SIDE)) < 100 * 1024
