"""Further forms of signing of the official Python SDK: signed URLs, temporary keys, several keys."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client, CosServiceError

from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature

BUCKET = "signed-1250000000"
REGION = "ap-test"
LASTING = Credentials(secret_id="AKIDLASTING", secret_key="lasting-secret")
TEMPORARY = Credentials(secret_id="AKIDTEMPORARY", secret_key="temporary-secret", token="tok/en+=")


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """A mock with two keys, one of them temporary."""
    settings = MockSettings(bucket=BUCKET, region=REGION, activated=tuple(Feature), credentials=(LASTING, TEMPORARY))
    with MockServer(settings) as server:
        yield server


def client(server: MockServer, key: Credentials, token: str | None = None) -> Any:
    """The SDK's client with one of the keys."""
    config = CosConfig(
        Region=REGION,
        SecretId=key.secret_id,
        SecretKey=key.secret_key,
        Token=key.token or None if token is None else token,
        Scheme="http",
        Proxies={"http": server.url},
    )
    return CosS3Client(config, retry=0)


def get(server: MockServer, url: str) -> tuple[int, str]:
    """Status and body of a plain GET without a signature header."""
    answer = requests.get(url, proxies={"http": server.url}, timeout=10)
    return answer.status_code, answer.text


def signed_url(server: MockServer, key: Credentials, *, seconds: int = 60, **options: Any) -> str:
    """A signed URL of the media queues, with a token as the page on signatures describes (436/7778)."""
    params = {"state": "Active"} | ({"x-cos-security-token": key.token} if key.token else {})
    return str(
        client(server, key, **options).get_presigned_url(
            BUCKET, "queue", "GET", Expired=seconds, Params=params, UseCiEndPoint=True
        )
    )


@pytest.mark.parametrize("key", [LASTING, TEMPORARY], ids=lambda key: key.secret_id)
def test_signed_url_without_header_is_accepted(server: MockServer, key: Credentials) -> None:
    """Each key's URL works; the query has the token of a temporary key."""
    url = signed_url(server, key)
    assert "q-signature=" in url
    assert get(server, url)[0] == 200
    entry = server.requests[-1]
    assert "q-signature=***" in entry.target
    assert quote(key.token or "no token", safe="") not in entry.target


def test_authorization_in_sign_parameter_is_accepted(server: MockServer) -> None:
    """The seven pairs may be encoded as the value of `sign` (the Go SDK sends them so)."""
    parts = urlsplit(signed_url(server, LASTING))
    pairs = [pair for pair in parts.query.split("&") if pair.startswith("q-")]
    others = [pair for pair in parts.query.split("&") if not pair.startswith("q-")]
    merged = quote("&".join(pair.replace("%3B", ";") for pair in pairs), safe="")
    url = f"{parts.scheme}://{parts.netloc}{parts.path}?{'&'.join(others)}&sign="
    assert get(server, url + merged)[0] == 200
    assert "<Code>InvalidAuthorization</Code>" in get(server, url + merged[:-60])[1]


def test_changed_part_of_signed_url_is_refused(server: MockServer) -> None:
    """A signed parameter, the path and the time are signed; an unsigned parameter may be added."""
    url = signed_url(server, LASTING)
    assert get(server, url + "&pageNumber=1")[0] == 200
    for altered in (url.replace("state=Active", "state=All"), url.replace("/queue?", "/docqueue?")):
        assert altered != url
        status, text = get(server, altered)
        assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)
        assert server.requests[-1].expected.startswith("HttpString:\nget\n")


def test_expired_signed_url_is_refused(server: MockServer) -> None:
    """After its time a signed URL is SignatureExpired."""
    status, text = get(server, signed_url(server, LASTING, seconds=-30))
    assert (status, "<Code>SignatureExpired</Code>" in text) == (401, True)


def test_temporary_key_without_token_is_refused(server: MockServer) -> None:
    """With its token it is accepted, with another it is refused, and the log contains no token."""
    assert client(server, TEMPORARY).ci_get_media_queue(BUCKET)["QueueList"]
    for token in ("", "other-token"):
        with pytest.raises(CosServiceError) as caught:
            client(server, TEMPORARY, token).ci_get_media_queue(BUCKET)
        assert caught.value.get_error_code() == "InvalidAuthorization"
        shown = repr(server.requests[-1])
        assert "other-token" not in shown
        assert TEMPORARY.token not in shown


def test_id_and_secret_of_different_keys_are_refused(server: MockServer) -> None:
    """Both keys work side by side."""
    for key in (LASTING, TEMPORARY):
        assert client(server, key).ci_get_media_queue(BUCKET)["QueueList"]
    mixed = Credentials(secret_id=LASTING.secret_id, secret_key=TEMPORARY.secret_key)
    with pytest.raises(CosServiceError) as caught:
        client(server, mixed).ci_get_media_queue(BUCKET)
    assert caught.value.get_error_code() == "SignatureDoesNotMatch"
    entry = server.requests[-1]
    assert entry.reason
    assert entry.expected
    for key in (LASTING, TEMPORARY):
        assert key.secret_key not in repr(entry)
