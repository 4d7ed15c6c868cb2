"""Targets behind the path prefix of a gateway: paths, signatures and redirects."""

import pytest
from test_driver_client import Peer, Script

from ciq_conformance.driver.client import Client
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.signing import Signing, authorization
from ciq_conformance.profile import Credentials
from ciq_schemas.operations import service_path
from ciq_schemas.transcript.records import Exchange

KEYS = Credentials(secret_id="id", secret_key="key")
NOW = 1_767_600_000.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def answering(*answers: bytes) -> Script:
    """A peer that sends these answers in turn, the last one again and again."""
    left = list(answers)

    def script(connection: object, _request: bytes) -> bool:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])  # type: ignore[attr-defined]
        return True

    return script


def sent(peer: Peer, *, signed_prefix: bool = False, signing: Signing = Signing.NORMAL) -> Exchange:
    """Sends one request to the peer under the prefix /gate/ci."""
    recorder = RunRecorder(now=lambda: 0.0)
    client = Client(
        base_url=f"{peer.url}/gate/ci",
        recorder=recorder,
        now=recorder.now,
        wall=lambda: NOW,
        credentials=KEYS,
        signed_prefix=signed_prefix,
    )
    try:
        return client.send("GET", "/queue?pageSize=1", host="h", scenario="s", step="p", signing=signing)
    finally:
        client.close()


def signature_of(peer: Peer) -> str:
    """The Authorization of the last request."""
    lines = peer.requests[-1].decode().split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.lower().startswith("authorization:"))


@pytest.mark.parametrize(
    ("signed_prefix", "target"), [(False, "/queue?pageSize=1"), (True, "/gate/ci/queue?pageSize=1")]
)
def test_request_has_the_prefix_and_the_signature_of_the_profile(signed_prefix: bool, target: str) -> None:
    """The service behind a gateway that removes the prefix sees the path without it."""
    peer = Peer(answering(OK))
    exchange = sent(peer, signed_prefix=signed_prefix)
    assert exchange.url == f"{peer.url}/gate/ci/queue?pageSize=1"
    assert peer.requests[-1].startswith(b"GET /gate/ci/queue?pageSize=1 HTTP/1.1\r\n")
    given = signature_of(peer)
    key_time = given.partition("q-key-time=")[2].partition("&")[0]
    expected = authorization(
        secret_id="id", secret_key="key", method="GET", target=target, headers={"Host": "h"}, key_time=key_time
    )
    assert given == expected


@pytest.mark.parametrize("signed_prefix", [False, True])
def test_signature_in_the_url_comes_after_the_prefix_once(signed_prefix: bool) -> None:
    """The prefix is in the path once."""
    peer = Peer(answering(OK))
    sent(peer, signed_prefix=signed_prefix, signing=Signing.IN_URL)
    line = peer.requests[-1].partition(b"\r\n")[0]
    assert line.startswith(b"GET /gate/ci/queue?pageSize=1&q-sign-algorithm=sha1")
    assert line.count(b"/gate") == 1


def test_redirect_inside_the_prefix_is_followed() -> None:
    """Location has the prefix, which the client adds itself."""
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /gate/ci/asrqueue\r\nContent-Length: 0\r\n\r\n"
    peer = Peer(answering(moved, OK))
    assert sent(peer).status == 200
    assert peer.requests[-1].startswith(b"GET /gate/ci/asrqueue HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/queue", "/queue"),
        ("GET", "/gate/ci/queue", "/queue"),
        ("GET", "/gate/jobs/j1", "/jobs/j1"),
        ("GET", "/favicon.ico", "/favicon.ico"),
        ("PUT", "/gate/", "/gate/"),
    ],
)
def test_path_of_the_service_is_found_behind_a_prefix(method: str, path: str, expected: str) -> None:
    """An unknown path stays as it is."""
    assert service_path(method, path) == expected
