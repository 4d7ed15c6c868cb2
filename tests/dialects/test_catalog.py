"""The catalogue of dialects: each dialect changes the mock as its sentence says."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from typing import Any

import msgspec
import pytest
from lxml import etree
from mixtures import SHOWN_ON, consistent

from ciq_mock import overrides
from ciq_mock.callback_rule import BodyFormat
from ciq_mock.clock import ClockKind
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Engine, JobSpec
from ciq_mock.http.app import ServiceApp
from ciq_mock.ids import RandomIds
from ciq_mock.server import MockServer, make_mock
from ciq_mock.service.job_documents import callback_body
from ciq_mock.settings import MockSettings, SettingError
from ciq_mock.variants.dialects import DIALECTS
from ciq_mock.variants.dialects.listing import listed
from ciq_mock.variants.dialects.read_lag import LONGEST, lag_of
from ciq_mock.variants.dialects.scheduling import HaltsRunningJobs
from ciq_mock.variants.dialects.wire import SLOW
from ciq_mock.variants.registry import overrides_of
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState

QUIET = MockSettings(workers=3, duration=30.0, activated=tuple(Feature))
TAGS = {
    "media": ("Snapshot", "/jobs"),
    "speech": ("SpeechRecognition", "/asr_jobs"),
    "doc": ("DocProcess", "/doc_jobs"),
}
QUEUES = {"media": "/queue", "speech": "/asrqueue", "doc": "/docqueue"}


class Client:
    """Sends requests to a mock and reads the responses."""

    def __init__(self, server: MockServer) -> None:
        self.url = server.url
        self.headers: dict[str, str] = {}
        self.version = 0
        """HTTP version of the last response: 10 or 11."""

    def send(self, target: str, body: str | None = None, method: str | None = None) -> bytes:
        """Send a request and return the body of the response, whatever its status."""
        data = None if body is None else body.encode()
        request = urllib.request.Request(self.url + target, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                self.headers = dict(response.headers.items())
                self.version = response.version
                return bytes(response.read())
        except urllib.error.HTTPError as error_response:
            return bytes(error_response.read())

    def submit(self, feature: str = "media", source: str = "in/a.mp4") -> etree._Element:
        """Submit a job and return it as the response shows it."""
        tag, path = TAGS[feature]
        body = (
            f"<Request><Tag>{tag}</Tag><Input><Object>{source}</Object></Input><Operation><Output><Region>r</Region>"
            "<Bucket>b-1250000000</Bucket><Object>out/a</Object></Output></Operation></Request>"
        )
        job = etree.fromstring(self.send(path, body)).find("JobsDetail")
        assert job is not None
        return job

    def queue(self, feature: str = "media") -> etree._Element:
        """Return the feature's queue."""
        queue = etree.fromstring(self.send(QUEUES[feature])).find("QueueList")
        assert queue is not None
        return queue

    def pause(self) -> bytes:
        """Pause the media queue."""
        queue_id = self.queue().findtext("QueueId")
        rule = "<NotifyConfig><State>Off</State></NotifyConfig>"
        body = f"<Request><Name>queue-1</Name><State>Paused</State>{rule}</Request>"
        return self.send(f"/queue/{queue_id}", body, "PUT")


def _held(client: Client) -> bool:
    client.pause()
    return client.submit().findtext("State") == "Submitted"


def _closed(client: Client) -> bool:
    client.pause()
    return b"<Code>InvalidArgument</Code>" in client.send(
        "/jobs", "<Request><Tag>MediaInfo</Tag><Input><Object>a</Object></Input><Operation/></Request>"
    )


def _listed_end(client: Client) -> bool:
    root = etree.fromstring(client.send("/jobs?tag=Snapshot"))
    return root.find("NextToken") is not None and not root.findtext("NextToken")


def _one_id(client: Client) -> bool:
    ids = ",".join(client.submit("doc").findtext("JobId") or "" for _ in range(2))
    return f"<NonExistJobIds>{ids}</NonExistJobIds>".encode() in client.send(f"/doc_jobs/{ids}")


def _listed_in_order(client: Client) -> bool:
    """Whether the list by default shows jobs submitted in one second with the first one first."""
    while True:
        jobs = [client.submit() for _ in range(3)]
        if len({job.findtext("CreationTime") for job in jobs}) == 1:
            break
    listed = etree.fromstring(client.send("/jobs?tag=Snapshot&size=3")).findall("JobsDetail")
    return [job.findtext("JobId") for job in listed] == [job.findtext("JobId") for job in jobs]


def _header(client: Client, name: str) -> str:
    """A header of a queue list response, empty if absent."""
    client.queue()
    return {header.lower(): text for header, text in client.headers.items()}.get(name.lower(), "")


SHOWN: dict[str, Callable[[Client], bool]] = {
    "held-shows-submitted": _held,
    "paused-queue-closed": _closed,
    "speed-queue": lambda c: c.send("/queue?category=CateAll").count(b"<QueueList>") == 2,
    "queue-smart-audio-1": lambda c: c.queue("speech").findtext("Name") == "queue-smart-audio-1",
    "upper-case-ids": lambda c: (c.submit().findtext("JobId") or "")[1:].isupper(),
    "one-worker": lambda c: c.queue().findtext("MaxConcurrent") == "1",
    "ten-workers": lambda c: c.queue().findtext("MaxConcurrent") == "10",
    "empty-end-token": _listed_end,
    "one-id-a-describe": _one_id,
    "level-not-defaulted": lambda c: c.submit().find("Operation/JobLevel") is None,
    "unset-times-empty": lambda c: c.submit().findtext("EndTime") == "",
    "unset-times-absent": lambda c: c.submit().find("EndTime") is None,
    "speech-without-start": lambda c: c.submit("speech").find("StartTime") is None,
    "message-upper-success": lambda c: c.submit().findtext("Message") == "SUCCESS",
    "message-lower-success": lambda c: c.submit().findtext("Message") == "success",
    "code-of-failures-only": lambda c: c.submit().find("Code") is None,
    "times-in-utc": lambda c: (c.submit().findtext("CreationTime") or "").endswith("+0000"),
    "unknown-queues-in-container": lambda c: b"<NonExistPIDs><QueueID>p1</QueueID>" in c.send("/queue?queueIds=p1,p2"),
    "unknown-jobs-repeated": lambda c: c.send("/jobs/j1,j2").count(b"<NonExistJobIds>") == 2,
    "error-without-resource": lambda c: b"<Resource" not in c.send("/jobs"),
    "doc-category-docprocess": lambda c: c.queue("doc").findtext("Category") == "DocProcess",
    "queue-without-bucket": lambda c: c.queue().find("BucketId") is None,
    "alphabetical-elements": lambda c: [e.tag for e in c.submit()] == sorted(str(e.tag) for e in c.submit()),
    "extra-elements": lambda c: c.submit().find("TraceHint") is not None,
    "pretty-xml": lambda c: b"\n    <QueueList>" in c.send("/queue"),
    "no-xml-declaration": lambda c: c.send("/queue").startswith(b"<Response>"),
    "content-type-charset": lambda c: bool(c.send("/queue")) and "charset" in c.headers["Content-Type"],
    "lower-case-headers": lambda c: bool(c.send("/queue")) and "content-type" in c.headers,
    "upper-case-headers": lambda c: bool(c.send("/queue")) and "CONTENT-TYPE" in c.headers,
    "chunked-answers": lambda c: _header(c, "Transfer-Encoding") == "chunked" and not _header(c, "Content-Length"),
    "http-1.0-answers": lambda c: bool(c.send("/queue")) and c.version == 10,
    "equal-times-turned": _listed_in_order,
}


@pytest.fixture(scope="module")
def plain() -> Iterator[MockServer]:
    """A mock without any dialect."""
    with MockServer(QUIET) as server:
        yield server


@pytest.mark.parametrize("name", SHOWN)
def test_dialect_changes_what_its_sentence_says(name: str, plain: MockServer) -> None:
    """The mock shows the change with the dialect and does not show it without."""
    plain.reset()
    assert not SHOWN[name](Client(plain))
    with MockServer(replace(QUIET, dialects=(name,))) as server:
        assert SHOWN[name](Client(server))


def _keeps_connection(dialects: tuple[str, ...]) -> bool:
    """Whether the mock keeps a connection for a second request."""
    with MockServer(replace(QUIET, dialects=dialects)) as server:
        connection = HTTPConnection(server.host, server.port, timeout=10)
        connection.request("GET", "/queue")
        connection.getresponse().read()
        kept = connection.sock is not None
        connection.close()
    return kept


def test_connection_is_closed_in_two_dialects_only() -> None:
    """Without these dialects the mock keeps the connection."""
    assert _keeps_connection(())
    assert not _keeps_connection(("connection-closed",))
    assert not _keeps_connection(("http-1.0-answers",))


def test_http_1_0_response_without_length_is_complete() -> None:
    """Without Content-Length the end of the connection ends the response; no byte is lost."""
    with MockServer(replace(QUIET, dialects=("http-1.0-answers",))) as server:
        client = Client(server)
        assert client.queue().findtext("State") == "Active"
        assert "Content-Length" not in client.headers


def test_slow_response_is_not_sent_before_its_delay() -> None:
    """The response takes at least the time of the dialect."""
    with MockServer(replace(QUIET, dialects=("slow-answers",))) as server:
        began = time.monotonic()
        Client(server).queue()
        assert time.monotonic() - began >= SLOW


def test_late_state_is_submitted_until_published() -> None:
    """A running job shows Submitted until its worker publishes the state; states do not go back."""
    slowly = replace(QUIET, clock=ClockKind.SCALED, clock_factor=0.001)
    for dialects, first in (((), {"Running"}), (("late-states",), {"Submitted"})):
        with MockServer(replace(slowly, dialects=dialects)) as server:
            client = Client(server)
            ids = [client.submit().findtext("JobId") or "" for _ in range(3)]
            late = [job_id for job_id in ids if lag_of(job_id) > LONGEST / 10] or ids
            states = [etree.fromstring(client.send(f"/jobs/{job_id}")).findtext("JobsDetail/State") for job_id in late]
            assert set(states) == first
            server.advance(LONGEST)
            after = etree.fromstring(client.send(f"/jobs/{','.join(ids)}")).findall("JobsDetail/State")
            assert {state.text for state in after} == {"Running"}


CALLBACKS: dict[str, Callable[[bytes, dict[str, Any]], bool]] = {
    "json-object": lambda _, body: isinstance(body["JobsDetail"], dict),
    "json-wrapper": lambda _, body: list(body) == ["Response"],
    "json-numbers": lambda _, body: body["JobsDetail"][0]["Operation"]["JobLevel"] == 0,
    "old-callback": lambda xml, body: (
        b"EventName" not in xml and b"<NonExistJobIds/>" in xml and "EventName" not in body
    ),
    "callback-with-unknown-jobs": lambda xml, _: b"EventName" in xml and b"<NonExistJobIds/>" in xml,
    "extra-elements": lambda xml, body: b"<TraceHint>" in xml and "TraceHint" in body["JobsDetail"][0],
    "message-upper-success": lambda xml, body: b"SUCCESS" in xml and body["JobsDetail"][0]["Message"] == "SUCCESS",
    "code-of-failures-only": lambda xml, body: b"<Code>" not in xml and "Code" not in body["JobsDetail"][0],
    "times-in-utc": lambda xml, body: b"+0800" not in xml and body["JobsDetail"][0]["EndTime"].endswith("+0000"),
    "no-xml-declaration": lambda xml, _: xml.startswith(b"<Response>"),
}


def _callback(dialects: tuple[str, ...]) -> tuple[bytes, dict[str, Any]]:
    """The XML and the JSON callback of an ended job."""

    async def build_bodies() -> tuple[bytes, bytes]:
        mock = make_mock(MockSettings(dialects=dialects, duration=0.0, seed=1))
        now = mock.clock.now()
        mock.engine.activate(now, "b-1250000000", Feature.MEDIA)
        spec = JobSpec(tag="Snapshot", operation=b"<Operation><JobLevel>0</JobLevel></Operation>")
        (job,) = mock.engine.submit(now, "b-1250000000", Feature.MEDIA, [spec])
        mock.engine.advance(now + 1)
        build = overrides.Components(overrides_of(mock.settings)).callback(mock, callback_body)  # type: ignore[arg-type]
        bodies = build(job, BodyFormat.XML), build(job, BodyFormat.JSON)
        await mock.close()
        return bodies

    xml, json = asyncio.run(build_bodies())
    return xml, msgspec.json.decode(json)


@pytest.mark.parametrize("name", CALLBACKS)
def test_dialect_changes_callback_as_its_sentence_says(name: str) -> None:
    """XML and JSON callbacks show the change with the dialect and do not show it without."""
    assert not CALLBACKS[name](*_callback(()))
    assert CALLBACKS[name](*_callback((name,)))


def test_pause_with_halting_engine_halts_running_job() -> None:
    """A halted job keeps its start and runs for the rest after resume: 3 of its 10 s before the pause, 7 after it."""
    engine = HaltsRunningJobs(ids=RandomIds(seed=1))
    queue = engine.activate(0.0, "b", Feature.MEDIA).queue
    (job,) = engine.submit(0.0, "b", Feature.MEDIA, [JobSpec(tag="Snapshot", duration=10.0)])
    set_state = partial(engine.update_queue, bucket="b", feature=Feature.MEDIA, queue_id=queue.id, name="q")
    engine.advance(0.0)
    set_state(3.0, state=QueueState.PAUSED, notify=queue.notify)
    engine.advance(100.0)
    assert (job.state, job.started, queue.running) == (JobState.PAUSE, 0.0, 0)
    set_state(100.0, state=QueueState.ACTIVE, notify=queue.notify)
    engine.advance(200.0)
    assert (job.state, job.started, job.ended, queue.running) == (JobState.SUCCESS, 0.0, 107.0, 0)


def test_catalogue_has_names_sentences_and_sources() -> None:
    """The catalogue has at least 25 dialects. Names have one form; each has a sentence and a source."""
    assert len(DIALECTS) >= 25
    for name, dialect in DIALECTS.items():
        assert re.fullmatch(r"[a-z0-9]+([-.][a-z0-9]+)*", name)
        assert dialect.description.endswith(".")
        assert dialect.source
    assert SHOWN.keys() | CALLBACKS.keys() | SHOWN_ON.keys() <= DIALECTS.keys()
    assert set(consistent(DIALECTS)) <= DIALECTS.keys()


def test_list_contains_every_dialect_in_limited_width() -> None:
    """`ciq dialects` names every dialect in lines of at most 80 characters."""
    lines = listed(DIALECTS.values(), 80).splitlines()
    assert set(DIALECTS) <= set(lines)
    assert max(map(len, lines)) <= 80


def test_unknown_dialect_is_refused() -> None:
    """The mock does not start; the message names the command that lists the dialects."""
    server = MockServer(MockSettings(dialects=("no-such",)))
    with pytest.raises(SettingError, match="ciq dialects"):
        server.start()


def test_mock_without_dialects_uses_base_classes() -> None:
    """No dialect means no wrapped component."""

    async def component_types() -> tuple[type, type, type]:
        mock = make_mock(MockSettings())
        types = type(mock.engine), type(mock.delivery), type(mock.service)
        await mock.close()
        return types

    assert asyncio.run(component_types()) == (Engine, CallbackDispatcher, ServiceApp)
