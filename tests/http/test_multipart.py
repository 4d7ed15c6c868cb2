"""Multipart uploads, copies and the removal of several objects: what is stored, and the error of each bad request."""

from collections.abc import Iterator
from hashlib import md5

import pytest
from fastcrc import crc64
from http_bench import error_of, send
from lxml import etree

from ciq_mock.objects import multipart
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings, ObjectSettings

BUCKET = "b-1"
COS = {"Host": f"{BUCKET}.cos.ap-test.myqcloud.com"}
MIB = 1 << 20
LARGEST = 3 * MIB


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(bucket=BUCKET, region="ap-test", objects=ObjectSettings(largest=LARGEST, total=2 * LARGEST))
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def text(answer: tuple[int, dict[str, str], bytes], name: str) -> str:
    """The text of the first element with that name in a successful response."""
    status, headers, body = answer
    assert (status, headers["Content-Type"]) == (200, "application/xml"), body
    return etree.fromstring(body).findtext(f".//{name}") or ""


def texts(answer: tuple[int, dict[str, str], bytes], name: str) -> list[str]:
    """The texts of all elements with that name."""
    assert answer[0] == 200, answer
    return [str(found) for found in etree.fromstring(answer[2]).xpath(f"//{name}/text()")]


def begin(server: MockServer, key: str = "big.bin", **headers: str) -> str:
    """Begin an upload; return its id."""
    return text(send(server, "POST", f"/{key}?uploads", headers=COS | headers), "UploadId")


def put_part(server: MockServer, upload: str, number: int, data: bytes, key: str = "big.bin") -> str:
    """Upload a part; return its ETag."""
    status, headers, _ = send(server, "PUT", f"/{key}?partNumber={number}&uploadId={upload}", data, COS)
    assert status == 200
    assert headers["x-cos-hash-crc64ecma"] == str(crc64.xz(data))
    return headers["ETag"]


def completion(*parts: tuple[int, str]) -> bytes:
    """The body of a request to complete an upload."""
    listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>" for n, tag in parts)
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


def complete(server: MockServer, upload: str, *parts: tuple[int, str]) -> tuple[int, dict[str, str], bytes]:
    """Complete an upload; return the response."""
    return send(server, "POST", f"/big.bin?uploadId={upload}", completion(*parts), COS)


def test_parts_become_one_object(server: MockServer) -> None:
    """Parts arrive in any order and may be replaced; type and metadata are those of the beginning."""
    upload = begin(server, **{"Content-Type": "video/mp4", "x-cos-meta-a": "b"})
    last = put_part(server, upload, 7, b"tail")
    put_part(server, upload, 2, b"old")
    first = put_part(server, upload, 2, b"x" * MIB)
    assert send(server, "HEAD", "/big.bin", headers=COS)[0] == 404
    listed = send(server, "GET", f"/big.bin?uploadId={upload}", headers=COS)
    assert (texts(listed, "PartNumber"), texts(listed, "ETag")) == (["2", "7"], [first, last])
    answer = complete(server, upload, (2, first), (7, last))
    data = b"x" * MIB + b"tail"
    digest = md5(md5(b"x" * MIB).digest() + md5(b"tail").digest()).hexdigest()
    assert text(answer, "ETag") == f'"{digest}-2"'
    assert answer[1]["x-cos-hash-crc64ecma"] == str(crc64.xz(data))
    _, headers, body = send(server, "GET", "/big.bin", headers=COS)
    assert body == data
    assert (headers["ETag"], headers["Content-Type"], headers["x-cos-meta-a"]) == (f'"{digest}-2"', "video/mp4", "b")
    assert error_of(complete(server, upload, (2, first))) == (404, "NoSuchUpload")


def test_object_of_parts_survives_restart(tmp_path: object) -> None:
    """The journal has the complete object with its ETag; an unfinished upload ends with the mock."""
    with MockServer(MockSettings(bucket=BUCKET), data=str(tmp_path)) as server:
        upload = begin(server)
        answer = complete(server, upload, (1, put_part(server, upload, 1, b"all")))
        open_upload = begin(server)
        server.restart()
        assert send(server, "HEAD", "/big.bin", headers=COS)[1]["ETag"] == text(answer, "ETag")
        assert error_of(send(server, "DELETE", f"/big.bin?uploadId={open_upload}", headers=COS)) == (
            404,
            "NoSuchUpload",
        )


def test_unfinished_uploads_are_listed_and_aborted(server: MockServer) -> None:
    """The list goes by prefix and page; an aborted upload is gone with its parts."""
    uploads = {key: begin(server, key) for key in ("a/1", "a/2", "b/1")}
    put_part(server, uploads["a/1"], 1, b"x", key="a/1")
    listed = send(server, "GET", "/?uploads&prefix=a/", headers=COS)
    assert (texts(listed, "Key"), texts(listed, "UploadId")) == (["a/1", "a/2"], [uploads["a/1"], uploads["a/2"]])
    page = send(server, "GET", "/?uploads&max-uploads=1&key-marker=a/1", headers=COS)
    assert (texts(page, "Key"), text(page, "IsTruncated"), text(page, "NextKeyMarker")) == (["a/2"], "true", "a/2")
    assert send(server, "DELETE", f"/a/1?uploadId={uploads['a/1']}", headers=COS)[0] == 204
    assert texts(send(server, "GET", "/?uploads", headers=COS), "Key") == ["a/2", "b/1"]


def test_keys_of_lists_are_encoded_on_request(server: MockServer) -> None:
    """`encoding-type=url`, as the SDKs send it."""
    upload = begin(server, "a%20%2B%25")
    listed = send(server, "GET", "/?uploads&encoding-type=url", headers=COS)
    assert (texts(listed, "Key"), text(listed, "EncodingType")) == (["a%20%2B%25"], "url")
    assert texts(send(server, "GET", "/?uploads", headers=COS), "Key") == ["a +%"]
    parts = send(server, "GET", f"/a%20%2B%25?uploadId={upload}&encoding-type=url", headers=COS)
    assert texts(parts, "Key") == ["a%20%2B%25"]


def test_list_of_parts_has_pages(server: MockServer) -> None:
    """A page names the part after which the next one begins."""
    upload = begin(server)
    for number in (1, 2, 3):
        put_part(server, upload, number, b"x")
    page = send(server, "GET", f"/big.bin?uploadId={upload}&max-parts=2", headers=COS)
    assert (texts(page, "PartNumber"), text(page, "NextPartNumberMarker")) == (["1", "2"], "2")
    rest = send(server, "GET", f"/big.bin?uploadId={upload}&part-number-marker=2", headers=COS)
    assert (texts(rest, "PartNumber"), text(rest, "IsTruncated")) == (["3"], "false")


def test_bad_completion_is_refused_and_upload_stays(server: MockServer) -> None:
    """436/7742 and 436/7730: order, unknown part, other ETag, small part, no list, no XML."""
    upload = begin(server)
    one, two = put_part(server, upload, 1, b"x" * MIB), put_part(server, upload, 2, b"small")
    put_part(server, upload, 3, b"x")
    assert error_of(complete(server, upload, (2, two), (1, one))) == (400, "InvalidPartOrder")
    assert error_of(complete(server, upload, (1, one), (1, one))) == (400, "InvalidPartOrder")
    assert error_of(complete(server, upload, (1, one), (9, two))) == (400, "InvalidPart")
    assert error_of(complete(server, upload, (1, two))) == (400, "InvalidPart")
    assert error_of(complete(server, upload, (1, one), (2, two), (3, md5(b"x").hexdigest()))) == (400, "EntityTooSmall")
    for body in (b"", b"<a", b"<Delete/>", completion(), completion((0, one)), completion((10_001, one))):
        answer = send(server, "POST", f"/big.bin?uploadId={upload}", body, COS)
        assert error_of(answer) == (400, "MalformedXML"), body
    crc = COS | {"x-cos-hash-crc64ecma": "1"}
    answer = send(server, "POST", f"/big.bin?uploadId={upload}", completion((1, one)), crc)
    assert error_of(answer) == (400, "BadDigest")
    assert complete(server, upload, (1, one), (2, two))[0] == 200


BAD: dict[str, tuple[str, str, int, str]] = {
    "part of an unknown upload": ("PUT", "/big.bin?partNumber=1&uploadId=x", 404, "NoSuchUpload"),
    "part of the upload of another object": ("PUT", "/other?partNumber=1&uploadId={upload}", 404, "NoSuchUpload"),
    "part without number": ("PUT", "/big.bin?uploadId={upload}", 400, "InvalidArgument"),
    "part number 0": ("PUT", "/big.bin?partNumber=0&uploadId={upload}", 400, "InvalidArgument"),
    "part number 10001": ("PUT", "/big.bin?partNumber=10001&uploadId={upload}", 400, "InvalidArgument"),
    "upload of the bucket": ("POST", "/?uploads", 405, "MethodNotAllowed"),
    "list of uploads of an object": ("GET", "/big.bin?uploads", 405, "MethodNotAllowed"),
    "head of the uploads": ("HEAD", "/?uploads", 405, ""),
    "list of parts of an unknown upload": ("GET", "/big.bin?uploadId=x", 404, "NoSuchUpload"),
    "abort of an unknown upload": ("DELETE", "/big.bin?uploadId=x", 404, "NoSuchUpload"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_multipart_request_is_refused(server: MockServer, case: str) -> None:
    """The codes are those of COS."""
    upload = begin(server)
    method, target, status, code = BAD[case]
    answer = send(server, method, target.format(upload=upload), b"" if method != "PUT" else b"x", COS)
    assert answer[0] == status
    assert not code or error_of(answer) == (status, code)


def test_part_with_wrong_digest_is_refused(server: MockServer) -> None:
    """Content-MD5 and CRC-64 of a part or object are verified."""
    upload = begin(server)
    for target in (f"/big.bin?partNumber=1&uploadId={upload}", "/whole"):
        wrong = COS | {"x-cos-hash-crc64ecma": "12"}
        assert error_of(send(server, "PUT", target, b"123456789", wrong)) == (400, "BadDigest")
        wrong = COS | {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
        assert error_of(send(server, "PUT", target, b"123456789", wrong)) == (400, "BadDigest")
        right = COS | {"x-cos-hash-crc64ecma": str(crc64.xz(b"123456789"))}
        assert send(server, "PUT", target, b"123456789", right)[0] == 200


def test_uploads_that_never_complete_are_bounded(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object, the store and the number of uploads have limits; an abort makes room again."""
    upload = begin(server)
    for number in (1, 2, 3):
        put_part(server, upload, number, b"x" * MIB)
    over = send(server, "PUT", f"/big.bin?partNumber=4&uploadId={upload}", b"x", COS)
    assert error_of(over) == (400, "EntityTooLarge")
    put_part(server, upload, 3, b"y" * MIB)
    second = begin(server, "second")
    for number in (1, 2, 3):
        put_part(server, second, number, b"x" * MIB, key="second")
    full = send(server, "PUT", "/whole", b"x", COS)
    assert error_of(full) == (400, "EntityTooLarge")
    assert b"unfinished multipart uploads" in full[2]
    assert send(server, "DELETE", f"/big.bin?uploadId={upload}", headers=COS)[0] == 204
    assert send(server, "PUT", "/whole", b"x", COS)[0] == 200
    monkeypatch.setattr(multipart, "MOST_UPLOADS", 1)
    assert error_of(send(server, "POST", "/third?uploads", headers=COS)) == (400, "EntityTooLarge")


# --- copies and removals ------------------------------------------------------------------------------------

SOURCE = f"{BUCKET}.cos.ap-test.myqcloud.com/in%20/%E4%B8%AD.mp4"


@pytest.fixture
def source(server: MockServer) -> MockServer:
    """A mock with one object."""
    headers = COS | {"Content-Type": "video/mp4", "x-cos-meta-a": "b"}
    assert send(server, "PUT", "/in%20/%E4%B8%AD.mp4", b"0123456789", headers)[0] == 200
    return server


def test_copy_has_content_and_headers_of_source(source: MockServer) -> None:
    """With the directive Replaced it has the headers of the request."""
    answer = send(source, "PUT", "/copy", headers=COS | {"x-cos-copy-source": SOURCE})
    assert (text(answer, "ETag"), text(answer, "CRC64")) == (
        f'"{md5(b"0123456789").hexdigest()}"', str(crc64.xz(b"0123456789")),
    )  # fmt: skip
    _, headers, body = send(source, "GET", "/copy", headers=COS)
    assert (body, headers["Content-Type"], headers["x-cos-meta-a"]) == (b"0123456789", "video/mp4", "b")
    changed = COS | {"x-cos-copy-source": SOURCE, "x-cos-metadata-directive": "Replaced", "Content-Type": "a/b"}
    assert send(source, "PUT", "/copy", headers=changed)[0] == 200
    headers = send(source, "HEAD", "/copy", headers=COS)[1]
    assert headers["Content-Type"] == "a/b"
    assert "x-cos-meta-a" not in headers


def test_part_can_be_copied_from_range_of_object(source: MockServer) -> None:
    """436/8287: the response is CopyPartResult."""
    upload = begin(source)
    headers = COS | {"x-cos-copy-source": SOURCE, "x-cos-copy-source-range": "bytes=2-4"}
    answer = send(source, "PUT", f"/big.bin?partNumber=1&uploadId={upload}", headers=headers)
    assert b"<CopyPartResult>" in answer[2]
    assert complete(source, upload, (1, text(answer, "ETag")))[0] == 200
    assert send(source, "GET", "/big.bin", headers=COS)[2] == b"234"


def test_copy_names_source_below_path_prefix(source: MockServer) -> None:
    """A client without DNS for bucket hosts uses the same form for the source as for the target."""
    named = f"127.0.0.1:1/_objects/{BUCKET}/in%20/%E4%B8%AD.mp4"
    assert send(source, "PUT", f"/_objects/{BUCKET}/copy", headers={"x-cos-copy-source": named})[0] == 200
    assert send(source, "GET", "/copy", headers=COS)[2] == b"0123456789"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-cos-copy-source": f"{BUCKET}.cos.ap-test.myqcloud.com/none"}, 404, "NoSuchKey"),
        ({"x-cos-copy-source": "x.y.myqcloud.com/a"}, 400, "InvalidHost"),
        ({"x-cos-copy-source": SOURCE + "?versionId=1"}, 400, "NotImplemented"),
        ({"x-cos-copy-source": SOURCE, "x-cos-copy-source-If-Match": "x"}, 400, "NotImplemented"),
        ({"x-cos-copy-source": SOURCE, "x-cos-metadata-directive": "Move"}, 400, "InvalidArgument"),
    ],
)
def test_bad_copy_is_refused(source: MockServer, headers: dict[str, str], status: int, code: str) -> None:
    """Nothing is stored."""
    assert error_of(send(source, "PUT", "/copy", headers=COS | headers)) == (status, code)
    assert send(source, "HEAD", "/copy", headers=COS)[0] == 404


def removal(*keys: str, quiet: bool = False) -> bytes:
    """The body of a request to remove objects."""
    listed = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    return f"<Delete><Quiet>{str(quiet).lower()}</Quiet>{listed}</Delete>".encode()


def test_several_objects_are_removed(server: MockServer) -> None:
    """An object that does not exist counts as removed; a quiet response names none."""
    for key in ("a", "b", "c"):
        assert send(server, "PUT", f"/{key}", b"x", COS)[0] == 200
    assert texts(send(server, "POST", "/?delete", removal("a", "none"), COS), "Key") == ["a", "none"]
    assert texts(send(server, "POST", "/?delete", removal("b", quiet=True), COS), "Key") == []
    assert texts(send(server, "GET", "/", headers=COS), "Key") == ["c"]


@pytest.mark.parametrize("body", [b"", b"<a", b"<Delete/>", removal(""), removal(*["k"] * 1001)])
def test_bad_removal_is_refused(server: MockServer, body: bytes) -> None:
    """1 to 1000 keys (436/8289)."""
    assert error_of(send(server, "POST", "/?delete", body, COS)) == (400, "MalformedXML")
