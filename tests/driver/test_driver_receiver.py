"""Tests of the callback receiver: it records every callback unchanged, by the channel of its URL."""

import contextlib
import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ciq_conformance.driver import receiver as receiver_module
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.scenario_spec import BROKE_OFF, CALLBACKS_DROPPED
from ciq_schemas.transcript.records import DriverEvent


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    """A listening receiver."""
    begin = time.monotonic()
    recorder = RunRecorder(now=lambda: time.monotonic() - begin)
    with CallbackReceiver(recorder=recorder, now=recorder.now) as listening:
        yield listening


def post(url: str, body: bytes = b"<Response/>", **headers: str) -> int:
    """Sends a POST to a URL exactly as given; returns the status, or 0 when the connection was closed unanswered."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body=body, headers={"Content-Type": "application/xml", **headers})
        return connection.getresponse().status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return 0
    finally:
        connection.close()


def test_callback_is_recorded_unchanged(receiver: CallbackReceiver) -> None:
    """Path, query, header fields and body bytes are recorded as sent, under the channel of the URL."""
    address = receiver.address("media.rule.queue", "/a%2Fb?x=1&y=%20")
    assert post(address, b"\xff\x00<x/>", **{"X-Extra": "1"}) == 200
    (callback,) = receiver.arrivals("media.rule.queue")
    arrival = callback.arrival
    assert address.endswith(arrival.target)
    assert (arrival.feature, arrival.scenario, arrival.channel) == ("media", "rule", "media.rule.queue")
    assert arrival.body.data == b"\xff\x00<x/>"
    assert {name.lower(): value for name, value in arrival.headers}["x-extra"] == "1"
    assert arrival.started <= arrival.ended
    assert receiver.recorder.records == (arrival,)


def test_each_channel_has_one_own_url(receiver: CallbackReceiver) -> None:
    """Each channel has one unguessable URL."""
    one, two = receiver.address("media.rule.a"), receiver.address("media.rule.b")
    assert one != two
    assert receiver.address("media.rule.a") == one
    assert len(one.rpartition("/")[2]) >= 16
    post(two)
    assert receiver.arrivals("media.rule.a") == ()
    assert len(receiver.arrivals("media.rule.b")) == 1
    assert len(receiver.arrivals()) == 1


def test_request_to_an_unknown_url_is_rejected_and_noted(receiver: CallbackReceiver) -> None:
    """A request to a URL that was never issued is rejected; the receiver notes only the first few of them."""
    for number in range(receiver_module.MAX_STRAY + 5):
        assert post(f"{receiver.base_url}/cb/guess{number}") == 404
    assert receiver.arrivals() == ()
    assert receiver.stray == receiver_module.MAX_STRAY + 5
    assert len([r for r in receiver.recorder.records if isinstance(r, DriverEvent)]) == receiver_module.MAX_STRAY


def test_channel_sends_the_configured_responses(receiver: CallbackReceiver) -> None:
    """A channel sends the configured number of responses, then 200; 0 closes the connection. Others are unaffected."""
    channel, other = receiver.address("media.receiver.bad"), receiver.address("media.receiver.good")
    receiver.answer("media.receiver.bad", 500, 2)
    receiver.answer("media.receiver.bad", 0, 1)
    assert [post(channel) for _ in range(2)] == [500, 500]
    assert post(other) == 200
    assert post(channel) == 0
    assert post(channel) == 200
    answered = [callback.arrival.answered for callback in receiver.arrivals("media.receiver.bad")]
    assert answered == [500, 500, 0, 200]


def test_delayed_response_blocks_neither_other_requests_nor_stop(receiver: CallbackReceiver) -> None:
    """A request with a delayed response is recorded at once; others are answered meanwhile; stop does not wait."""
    slow, other = receiver.address("media.receiver.slow"), receiver.address("media.receiver.beside")
    receiver.answer("media.receiver.slow", 200, 1, late=600)
    thread = threading.Thread(target=post, args=(slow,))
    thread.start()
    assert receiver.wait(lambda: bool(receiver.arrivals("media.receiver.slow")), 10)
    assert post(other) == 200
    assert post(slow) == 200
    assert thread.is_alive()
    receiver.close()
    thread.join(10)
    assert not thread.is_alive()
    receiver.start()  # for the fixture to close


def test_body_over_the_size_limit_is_rejected(receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size limit bounds the receiver's memory."""
    monkeypatch.setattr(receiver_module, "MAX_BODY", 1000)
    assert post(receiver.address("media.rule.queue"), bytes(5000)) in (413, 0)
    assert receiver.arrivals() == ()


def test_wait_ends_when_the_callback_is_received(receiver: CallbackReceiver) -> None:
    """A wait returns as soon as its condition holds, and returns False at the timeout."""
    address = receiver.address("media.rule.queue")
    thread = threading.Thread(target=post, args=(address,))
    thread.start()
    assert receiver.wait(lambda: bool(receiver.arrivals("media.rule.queue")), 10)
    thread.join()
    assert not receiver.wait(lambda: False, 0.01)


def test_wait_ends_when_the_run_is_cancelled(receiver: CallbackReceiver) -> None:
    """Cancellation ends a wait for a callback at once."""
    receiver.stopping = lambda: True
    with pytest.raises(Interrupted):
        receiver.wait(lambda: False, 60)


def test_public_url_replaces_the_local_url(receiver: CallbackReceiver) -> None:
    """Issued URLs begin with the public URL that the operator configured."""
    receiver.public_url = "https://tunnel.example/in/"
    assert receiver.address("media.rule.queue").startswith("https://tunnel.example/in/cb/")
    local = receiver.address("media.rule.queue").replace(
        "https://tunnel.example", f"http://127.0.0.1:{receiver._server.port}"
    )
    assert post(local) == 200
    assert len(receiver.arrivals("media.rule.queue")) == 1


def test_exception_in_a_handler_fails_the_suite(receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in a handler is recorded as an event of the run and fails the suite."""

    def broken(**_: object) -> None:
        raise ZeroDivisionError("in a handler")

    with monkeypatch.context() as patched:
        patched.setattr(receiver.recorder, "arrival", broken)
        assert post(receiver.address("media.rule.queue")) == 500
    receiver.close()
    marks = [r for r in receiver.recorder.records if isinstance(r, DriverEvent)]
    assert [(m.scenario, m.name) for m in marks] == [("run", "crashed")]
    assert "ZeroDivisionError: in a handler" in marks[0].text
    receiver.start()  # for the fixture to close


def send_raw(receiver: CallbackReceiver, channel: str, head: bytes, body: bytes) -> None:
    """Sends the head of a POST and some bytes of its body, and closes the connection."""
    parts = urlsplit(receiver.address(channel))
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s" % (parts.path.encode(), head, body))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            connection.recv(1000)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 100", b"<Response>"),
        (b"Transfer-Encoding: chunked", b"a\r\n<Resp"),
        (b"Transfer-Encoding: chunked", b"no number\r\n"),
    ],
)
def test_callback_that_breaks_off_is_noted(receiver: CallbackReceiver, head: bytes, body: bytes) -> None:
    """It is no callback, and no defect of the suite."""
    send_raw(receiver, "media.rule.queue", head, body)
    assert receiver.wait(lambda: receiver.broken_off == 1, 10)
    receiver.close()
    (note,) = receiver.recorder.records
    assert isinstance(note, DriverEvent)
    assert (note.scenario, note.name) == ("receiver", "note")
    assert BROKE_OFF in note.text
    assert receiver.arrivals() == ()
    receiver.start()  # for the fixture to close


def test_flood_of_callbacks_is_counted_and_not_stored(
    receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit of an address the receiver stores nothing, so its memory is bounded; one note says so."""
    monkeypatch.setattr(receiver_module, "MAX_OF_CHANNEL", 3)
    flooded, other = receiver.address("media.rule.flood"), receiver.address("media.rule.other")
    assert [post(flooded) for _ in range(6)] == [200] * 3 + [503] * 3
    assert post(other) == 200
    assert (len(receiver.arrivals()), receiver.dropped) == (4, 3)
    (note,) = [record for record in receiver.recorder.records if isinstance(record, DriverEvent)]
    assert note.text.startswith(CALLBACKS_DROPPED)


@pytest.mark.parametrize(("name", "limit"), [("MAX_OF_RUN", 2), ("MAX_BYTES", 25)])
def test_callbacks_of_a_run_are_limited(
    receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    """The number of callbacks and the bytes of their bodies are limited over all addresses."""
    monkeypatch.setattr(receiver_module, name, limit)
    statuses = [post(receiver.address(f"media.rule.{number}"), b"0123456789") for number in range(4)]
    assert statuses == [200, 200, 503, 503]


def test_open_connections_are_limited(receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver serves so many connections at once and closes further ones, so its threads are bounded."""
    receiver.close()
    monkeypatch.setattr(receiver_module, "MAX_OPEN", 5)
    receiver.start()
    parts = urlsplit(receiver.base_url)
    before = threading.active_count()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), 10))
        last = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), 10))
        last.settimeout(10)
        assert last.recv(1) == b""
        assert threading.active_count() - before <= 5


def test_addresses_take_the_public_urls_in_turn() -> None:
    """Each URL keeps its prefix; a gateway may keep it, remove it, or have `cb` in it."""
    recorder = RunRecorder(now=time.monotonic)
    with CallbackReceiver(recorder=recorder, now=recorder.now) as listening:
        own = listening.base_url
        listening.public_url = f"{own}/hooks/cb/v1,{own}/other"
        one, two, three = (listening.address(f"media.rule.{name}") for name in "abc")
        assert one.startswith(f"{own}/hooks/cb/v1/cb/")
        assert two.startswith(f"{own}/other/cb/")
        assert three.startswith(f"{own}/hooks/cb/v1/cb/")
        assert listening.address("media.rule.a") == one
        assert post(one) == post(two) == 200
        assert post(three.replace("/hooks/cb/v1", "")) == 200
        assert [callback.arrival.channel for callback in listening.arrivals()] == [
            "media.rule.a",
            "media.rule.b",
            "media.rule.c",
        ]


def test_compressed_callback_names_its_job(receiver: CallbackReceiver) -> None:
    """It is recorded as received, and decoded for the suite."""
    address = receiver.address("media.rule.queue")
    body = gzip.compress(b"<Response><JobsDetail><JobId>j1</JobId></JobsDetail></Response>")
    assert post(address, body, **{"Content-Encoding": "gzip"}) == 200
    (callback,) = receiver.arrivals()
    assert callback.arrival.body.data == body
    assert callback.names("j1")
    assert (callback.compressed, callback.compression_declared) == (True, True)


@pytest.mark.parametrize("part", [b"POST /cb/x HTTP/1.1\r\nX-", b"POST /cb/x HTTP/1.1\r\nContent-Length: 9999\r\n\r\n"])
def test_request_that_drips_is_closed_at_its_deadline(
    receiver: CallbackReceiver, monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    """A sender of single bytes, in head or body, frees its place; a late answer to a complete request is not cut."""
    receiver.close()
    monkeypatch.setattr(receiver_module, "MAX_OPEN", 1)
    monkeypatch.setattr(receiver_module, "RECEIVE_WITHIN", 0.3)
    receiver.start()
    parts = urlsplit(receiver.base_url)
    closed = threading.Event()
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as slow:
        slow.sendall(part)

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not closed.wait(0.01):
                    slow.sendall(b"x")
            closed.set()

        threading.Thread(target=drip, daemon=True).start()
        assert closed.wait(10)
    receiver.answer("media.rule.queue", 200, 1, late=0.6)
    assert receiver.wait(lambda: post(receiver.address("media.rule.queue")) == 200, 5)
