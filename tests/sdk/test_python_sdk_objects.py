"""The official Python SDK, unmodified, uploads an input, runs a job and downloads its output, with signature checks."""

from collections.abc import Iterator
from hashlib import md5, sha256
from typing import Any

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client, CosServiceError
from qcloud_cos.cos_auth import CosS3Auth

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings, ObjectSettings
from ciq_schemas.features import Feature

BUCKET = "sdk-1250000000"
REGION = "ap-test"
KEYS = Credentials(secret_id="AKIDSDK", secret_key="sdk-secret")
DATA = bytes(range(256)) * 40
LARGEST = 64 * 1024


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(
        credentials=(KEYS,), clock=ClockKind.MANUAL, duration=10.0, bucket=BUCKET, region=REGION,
        activated=tuple(Feature), objects=ObjectSettings(largest=LARGEST, total=4 * LARGEST, count=50),
    )  # fmt: skip
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def config(server: MockServer, *, secret_key: str = KEYS.secret_key) -> CosConfig:
    """The SDK's configuration with its own hosts, and the mock as the HTTP proxy."""
    return CosConfig(
        Region=REGION, SecretId=KEYS.secret_id, SecretKey=secret_key, Scheme="http", Proxies={"http": server.url}
    )


@pytest.fixture
def client(server: MockServer) -> Any:
    """The SDK's client."""
    return CosS3Client(config(server), retry=0)


def body_of(answer: dict[str, Any]) -> bytes:
    """The content of a downloaded object."""
    return bytes(answer["Body"].get_raw_stream().read())


def refusal(call: Any) -> tuple[int, str]:
    """Status and code of the SDK's own exception."""
    with pytest.raises(CosServiceError) as caught:
        call()
    return caught.value.get_status_code(), caught.value.get_error_code()


def test_object_is_returned_as_uploaded(client: Any) -> None:
    """Bytes, digest, type and metadata are the same; HEAD returns the same without the bytes."""
    put = client.put_object(
        BUCKET, DATA, "in/中文 a+b&c.bin", EnableMD5=True, ContentType="video/mp4",
        Metadata={"x-cos-meta-note": "n1"}, CacheControl="no-cache",
    )  # fmt: skip
    got = client.get_object(BUCKET, "in/中文 a+b&c.bin")
    head = client.head_object(BUCKET, "in/中文 a+b&c.bin")
    assert body_of(got) == DATA
    assert put["ETag"] == got["ETag"] == head["ETag"] == f'"{md5(DATA).hexdigest()}"'
    assert (head["Content-Length"], head["Content-Type"]) == (str(len(DATA)), "video/mp4")
    assert (head["x-cos-meta-note"], head["Cache-Control"]) == ("n1", "no-cache")
    assert head["Last-Modified"].endswith("GMT")
    assert client.object_exists(BUCKET, "in/中文 a+b&c.bin")


def test_object_is_replaced_and_removed(client: Any) -> None:
    """The newest content is returned; removing a removed object again is no error."""
    client.put_object(BUCKET, b"1", "a")
    client.put_object(BUCKET, b"22", "a")
    assert body_of(client.get_object(BUCKET, "a")) == b"22"
    client.delete_object(BUCKET, "a")
    client.delete_object(BUCKET, "a")
    assert not client.object_exists(BUCKET, "a")
    assert refusal(lambda: client.get_object(BUCKET, "a")) == (404, "NoSuchKey")


def test_object_of_other_bucket_is_unknown(client: Any) -> None:
    """A key belongs to one bucket."""
    client.put_object(BUCKET, b"1", "a")
    assert refusal(lambda: client.get_object("other-1250000000", "a")) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("bytes=0-9", DATA[:10]), ("bytes=10000-", DATA[10000:]), ("bytes=-7", DATA[-7:]),
        ("bytes=5-99999999", DATA[5:]), ("bytes=0-1,4-5", DATA), ("lines=1-2", DATA), ("bytes=9-3", DATA),
    ],
)  # fmt: skip
def test_range_request_returns_its_bytes(client: Any, requested: str, expected: bytes) -> None:
    """Several ranges, an unknown unit or a backward range return the whole object."""
    client.put_object(BUCKET, DATA, "a")
    got = client.get_object(BUCKET, "a", Range=requested)
    assert body_of(got) == expected
    assert ("Content-Range" in got) is (expected != DATA)


def test_range_beyond_end_is_refused(client: Any) -> None:
    """416 has its own code."""
    client.put_object(BUCKET, b"123", "a")
    assert refusal(lambda: client.get_object(BUCKET, "a", Range="bytes=3-")) == (416, "InvalidRange")


def test_object_list_pages_and_groups_by_delimiter(client: Any) -> None:
    """Pages contain every key once, in order; a delimiter groups deeper keys, on later pages too."""
    keys = ["a&b", "in/1", "in/2", "in/sub/3", "in/sub/4", "中/5"]
    for key in keys:
        client.put_object(BUCKET, b"x", key)
    found: list[str] = []
    marker = ""
    while True:
        page = client.list_objects(BUCKET, MaxKeys=2, Marker=marker)
        found += [item["Key"] for item in page["Contents"]]
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert found == sorted(keys)
    folded = client.list_objects(BUCKET, Prefix="in/", Delimiter="/")
    assert [item["Key"] for item in folded["Contents"]] == ["in/1", "in/2"]
    assert [item["Prefix"] for item in folded["CommonPrefixes"]] == ["in/sub/"]
    assert "Contents" not in client.list_objects(BUCKET, Prefix="in/", Delimiter="/", Marker="in/sub/")
    assert client.list_objects(BUCKET, Prefix="none/").get("Contents", []) == []


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda c: c.put_object(BUCKET, b"x" * (LARGEST + 1), "a"), 400, "EntityTooLarge"),
        (lambda c: c.put_object(BUCKET, b"x", "k" * 851), 400, "KeyTooLong"),
        (lambda c: c.put_object(BUCKET, b"x", "a\nb"), 400, "InvalidURI"),
        (lambda c: c.put_object(BUCKET, b"x", "a", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="), 400, "BadDigest"),
        (lambda c: c.put_object(BUCKET, b"x", "a", ContentMD5="what"), 400, "InvalidDigest"),
        (lambda c: c.append_object(BUCKET, "a", 0, b"x"), 405, "MethodNotAllowed"),
        (lambda c: c.get_object_acl(BUCKET, "a"), 400, "NotImplemented"),
        (lambda c: c.put_object_tagging(BUCKET, "a", {"TagSet": {"Tag": []}}), 400, "NotImplemented"),
    ],
)
def test_unsupported_object_request_is_refused(client: Any, call: Any, status: int, code: str) -> None:
    """The response has COS's own code, and nothing is stored."""
    assert refusal(lambda: call(client)) == (status, code)
    assert not client.object_exists(BUCKET, "a")


def test_upload_beyond_store_limit_is_refused(client: Any) -> None:
    """Bytes and objects are limited. Stored objects stay, and freed room can be used again."""
    for n in range(4):
        client.put_object(BUCKET, b"x" * LARGEST, f"big/{n}")
    assert refusal(lambda: client.put_object(BUCKET, b"x", "one-more")) == (400, "EntityTooLarge")
    assert client.object_exists(BUCKET, "big/0")
    for n in range(4):
        client.delete_object(BUCKET, f"big/{n}")
    for n in range(50):
        client.put_object(BUCKET, b"x", f"small/{n}")
    assert refusal(lambda: client.put_object(BUCKET, b"x", "one-more")) == (400, "EntityTooLarge")
    client.put_object(BUCKET, b"yy", "small/0")


def test_object_request_with_wrong_key_is_refused(server: MockServer, client: Any) -> None:
    """A wrong key can neither write nor read."""
    unauthorized = CosS3Client(config(server, secret_key="guess"), retry=0)
    assert refusal(lambda: unauthorized.put_object(BUCKET, b"x", "a")) == (403, "SignatureDoesNotMatch")
    assert not client.object_exists(BUCKET, "a")
    client.put_object(BUCKET, b"x", "a")
    assert refusal(lambda: unauthorized.get_object(BUCKET, "a")) == (403, "SignatureDoesNotMatch")


def test_object_is_downloaded_by_signed_url(client: Any, server: MockServer) -> None:
    """A plain client uses the URL that the SDK has signed."""
    client.put_object(BUCKET, b"data", "in/a b.txt")
    url = client.get_presigned_url(BUCKET, "in/a b.txt", "GET")
    answer = requests.get(url, proxies={"http": server.url}, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"data")


def test_job_reads_upload_and_its_output_is_downloaded(server: MockServer, client: Any) -> None:
    """The result is about the uploaded object; the output can be downloaded and has the MD5 of the result."""
    client.put_object(BUCKET, DATA, "in/clip.mp4")
    operation = {
        "Snapshot": {"Mode": "Interval", "Start": "0", "TimeInterval": "1", "Count": "3"},
        "Output": {"Bucket": BUCKET, "Region": REGION, "Object": "out/${jobid}-${Number}.jpg"},
    }
    body = {"Tag": "Snapshot", "Input": {"Object": "in/clip.mp4"}, "Operation": operation}
    (job,) = client.ci_create_media_jobs(BUCKET, body, {})["JobsDetail"]
    names = [f"out/{job['JobId']}-{n}.jpg" for n in range(3)]
    assert not client.object_exists(BUCKET, names[0]), "before the end nothing is written"
    server.advance(60)
    (done,) = client.ci_get_media_jobs(BUCKET, job["JobId"])["JobsDetail"]
    files = done["Operation"]["MediaResult"]["OutputFile"]
    prefix = files["ObjectPrefix"]
    assert [prefix + name for name in files["ObjectName"]] == names
    for info in files["Md5Info"]:
        assert md5(body_of(client.get_object(BUCKET, prefix + info["ObjectName"]))).hexdigest() == info["Md5"]
    listed = client.list_objects(BUCKET, Prefix="out/")["Contents"]
    assert [item["Key"] for item in listed] == names


def test_hash_result_is_digest_of_upload_at_job_end(server: MockServer, client: Any) -> None:
    """This holds also if the object was replaced before the end."""
    client.put_object(BUCKET, DATA, "in/a.bin")
    job = client.ci_create_file_hash_job(
        BUCKET, FileHashCodeConfig={"Type": "SHA256", "AddToHeader": "false"}, InputObject="in/a.bin"
    )["JobsDetail"]
    server.advance(60)
    client.put_object(BUCKET, b"other", "in/a.bin")
    (done,) = client.ci_get_file_process_jobs(BUCKET, job["JobId"])["JobsDetail"]
    result = done["Operation"]["FileHashCodeResult"]
    assert result["SHA256"] == sha256(DATA).hexdigest()
    assert (result["FileSize"], result["Etag"]) == (str(len(DATA)), f'"{md5(DATA).hexdigest()}"')


def test_key_equal_to_service_path_is_an_object(server: MockServer, client: Any) -> None:
    """`jobs/a.mp4` is a key; a service request to the host of COS stays a service request (the SDK's IP mode)."""
    client.put_object(BUCKET, b"x", "jobs/a.mp4")
    assert body_of(client.get_object(BUCKET, "jobs/a.mp4")) == b"x"
    redirected = CosConfig(
        Region=REGION, SecretId=KEYS.secret_id, SecretKey=KEYS.secret_key, Scheme="http",
        IP="127.0.0.1", Port=server.port,
    )  # fmt: skip
    by_ip = CosS3Client(redirected, retry=0)
    assert by_ip.ci_get_media_queue(BUCKET)["QueueList"]
    assert body_of(by_ip.get_object(BUCKET, "jobs/a.mp4")) == b"x"


def test_object_is_served_by_path_on_plain_host(server: MockServer, client: Any) -> None:
    """It is the same object behind `/_objects/<bucket>/<key>`, with the same signature check."""
    path = f"/_objects/{BUCKET}/in/a.txt"
    by_path = {"url": server.url + path, "auth": CosS3Auth(config(server), path), "timeout": 10}
    assert requests.put(**by_path, data=b"data").status_code == 200
    assert body_of(client.get_object(BUCKET, "in/a.txt")) == b"data"
    assert requests.get(server.url + path, timeout=10).status_code == 401
