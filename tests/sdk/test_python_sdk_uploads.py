"""The official Python SDK, unmodified: large uploads, copies, removal of several, media calls at once, JSON answers."""

from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from fastcrc import crc64
from qcloud_cos import CosConfig, CosS3Client, CosServiceError

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature

BUCKET = "sdk-1250000000"
REGION = "ap-test"
KEYS = Credentials(secret_id="AKIDSDK", secret_key="sdk-secret")
MIB = 1 << 20


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(
        credentials=(KEYS,), clock=ClockKind.MANUAL, bucket=BUCKET, region=REGION, activated=tuple(Feature)
    )
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


@pytest.fixture
def client(server: MockServer) -> Any:
    """The SDK's client with its own hosts, and the mock as the HTTP proxy."""
    config = CosConfig(
        Region=REGION, SecretId=KEYS.secret_id, SecretKey=KEYS.secret_key, Scheme="http", Proxies={"http": server.url}
    )
    return CosS3Client(config, retry=0)


def body_of(answer: dict[str, Any]) -> bytes:
    """The content of a downloaded object."""
    return bytes(answer["Body"].get_raw_stream().read())


def test_large_file_is_uploaded_in_parts_and_resumed(client: Any, tmp_path: Path) -> None:
    """The SDK looks for an unfinished upload first and sends only the parts that it lacks."""
    data = bytes(range(256)) * 4096 * 5 + b"tail"
    file = tmp_path / "big.bin"
    file.write_bytes(data)
    begun = client.create_multipart_upload(BUCKET, "big.bin")
    client.upload_part(BUCKET, "big.bin", data[:MIB], 1, begun["UploadId"])
    done = client.upload_file(BUCKET, "big.bin", str(file), PartSize=1, MAXThread=3, EnableMD5=True)
    assert done["x-cos-hash-crc64ecma"] == str(crc64.xz(data))
    assert body_of(client.get_object(BUCKET, "big.bin")) == data
    assert "Upload" not in client.list_multipart_uploads(BUCKET)


def test_large_file_is_downloaded_in_parts(client: Any, tmp_path: Path) -> None:
    """The SDK verifies the CRC-64 of the object."""
    data = b"0123456789" * MIB
    client.put_object(BUCKET, data, "big.bin")
    client.download_file(BUCKET, "big.bin", str(tmp_path / "copy"), EnableCRC=True, PartSize=1, MAXThread=2)
    assert (tmp_path / "copy").read_bytes() == data


def test_object_is_copied_and_removed_with_others(client: Any) -> None:
    """The copy has the ETag of the source; the answer to the removal names each key."""
    client.put_object(BUCKET, b"x", "in/中 a.bin")
    source = {"Bucket": BUCKET, "Key": "in/中 a.bin", "Region": REGION}
    assert client.copy(BUCKET, "copy", source)["ETag"] == f'"{md5(b"x").hexdigest()}"'
    removed = client.delete_objects(BUCKET, {"Object": [{"Key": "copy"}, {"Key": "in/中 a.bin"}], "Quiet": "false"})
    assert [item["Key"] for item in removed["Deleted"]] == ["copy", "in/中 a.bin"]
    assert client.list_objects(BUCKET).get("Contents", []) == []


def test_completion_with_wrong_part_is_refused(client: Any) -> None:
    """The SDK's own exception has the code; the upload can be aborted."""
    upload = client.create_multipart_upload(BUCKET, "a")["UploadId"]
    client.upload_part(BUCKET, "a", b"x", 1, upload)
    with pytest.raises(CosServiceError) as caught:
        client.complete_multipart_upload(BUCKET, "a", upload, {"Part": [{"ETag": '"0"', "PartNumber": 1}]})
    assert (caught.value.get_status_code(), caught.value.get_error_code()) == (400, "InvalidPart")
    client.abort_multipart_upload(BUCKET, "a", upload)


def test_media_calls_answer_at_once(client: Any) -> None:
    """The SDK's GetMediaInfo and GetSnapshot."""
    client.put_object(BUCKET, b"x" * 100, "in/a.mp4")
    (information,) = client.get_media_info(BUCKET, "in/a.mp4")["MediaInfo"]
    assert information["Format"]["Size"] == "100"
    frame = client.get_snapshot(BUCKET, "in/a.mp4", "1.5", Width="64", Height="48", Format="png")
    assert body_of(frame).startswith(b"\x89PNG")


def test_json_answer_is_read_as_xml_answer(client: Any) -> None:
    """As the SDK's own test of the play keys expects (`ci_get_hls_play_key`)."""
    client.ci_update_hls_play_key(BUCKET, MasterPlayKey="main-key", BackupPlayKey="spare-key")
    response, data = client.ci_get_hls_play_key(BUCKET, Accept="application/json")
    assert response["Content-Type"] == "application/json"
    assert data["PlayKeyList"] == {"MasterPlayKey": "main-key", "BackupPlayKey": "spare-key"}
