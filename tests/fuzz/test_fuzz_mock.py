"""Several clients send malformed requests to the mock at once: it answers all, with errors in the documented form.

A few seconds in the fast tests; `tox -e fuzz` sets FUZZ_SECONDS for a long run, and FUZZ_SEED for other requests.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from ciq_conformance.fuzz.fuzz_request import FuzzRequest
from ciq_conformance.fuzz.generated import generated_requests, mutated_bodies
from ciq_conformance.fuzz.hostile import hostile_requests
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, Reading, read, to_value
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.values import ErrorAnswer

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CLIENTS = 4
GOOD = (
    b"<Request><Tag>Snapshot</Tag><Input><Object>in/a.mp4</Object></Input><Operation><Snapshot><Mode>Interval</Mode>"
    b"</Snapshot><Output><Region>ap-chongqing</Region><Bucket>examplebucket-1250000000</Bucket><Object>o.jpg</Object>"
    b"</Output></Operation><CallBack>no</CallBack></Request>"
)
UPDATE = b"<Request><Name>queue-1</Name><State>Active</State><NotifyConfig><State>Off</State></NotifyConfig></Request>"


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A mock whose jobs end at once."""
    with MockServer(MockSettings(activated=tuple(Feature), duration=0.001)) as running:
        yield running


def requests_for(server: MockServer, feature: Feature, begin: int) -> Iterator[FuzzRequest]:
    """An endless stream of malformed requests: hostile ones, then rounds of generated and mutated ones."""
    spec = FEATURES[feature]
    queue = next(queue.queue_id for queue in server.queues if queue.feature is feature)
    yield from hostile_requests(
        valid_submit=GOOD, job_path=spec.job_path, queue_path=spec.queue_path, queue_id=queue, valid_update=UPDATE
    )
    while True:
        yield from generated_requests(spec, spec.job_path, "no", each=4, begin=begin)
        for body in mutated_bodies(GOOD, count=30, begin=begin):
            yield FuzzRequest(label="mutated submit", method="POST", target=spec.job_path, body=body)
        begin += 1


def faults_of(server: MockServer, request: FuzzRequest) -> list[str]:
    """What is wrong with the answer to one request. Each uses a new connection, because a rejection may close it."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(request.method, request.target, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        status, headers, body = answer.status, answer.headers, answer.read()
    finally:
        connection.close()
    if status < 400:
        return []
    faults = [f"status {status}"] if status >= 500 else []
    decoded = read(Document.ERROR, body, Reading.STRICT)
    if not decoded.ok:
        return [*faults, f"{status} {body[:200]!r}: {decoded.problems}"]
    error = to_value(ErrorAnswer, decoded)
    if headers["Content-Type"] != "application/xml":
        faults.append(f"Content-Type {headers['Content-Type']}")
    if not error.code or not error.message or headers["x-ci-request-id"] != error.request_id:
        faults.append(f"{status} {body[:200]!r}")
    return faults


def test_malformed_requests_of_many_clients_break_nothing(server: MockServer) -> None:
    """No 5xx, no hang, every error in the strict error form; and the mock accepts a valid job afterwards."""
    end = time.monotonic() + SECONDS

    def client(number: int) -> tuple[int, list[str]]:
        feature = list(Feature)[number % len(Feature)]
        sent, found = 0, []
        for request in requests_for(server, feature, SEED + 1000 * number):
            if time.monotonic() > end:
                break
            sent += 1
            found += [
                f"{request.label} {request.method} {request.target[:80]}: {fault}"
                for fault in faults_of(server, request)
            ]
        return sent, found

    with ThreadPoolExecutor(CLIENTS) as clients:
        results = list(clients.map(client, range(CLIENTS)))
    assert [fault for _, found in results for fault in found] == []
    assert all(sent for sent, _ in results)
    assert faults_of(server, FuzzRequest(label="valid", method="POST", target="/jobs", body=GOOD)) == []


def test_same_seed_generates_the_same_requests() -> None:
    """A seed reproduces a run; addresses in bodies are the receiver's, and targets fit on a request line."""
    spec = FEATURES[Feature.MEDIA]
    first, second = (generated_requests(spec, "/jobs", "http://127.0.0.1:9/x", each=3, begin=5) for _ in range(2))
    assert first == second
    assert {"GET", "POST", "PUT"} <= {request.method for request in first}
    for request in first:
        assert request.target.isascii()
        assert request.target.isprintable()
        assert " " not in request.target
        assert request.body.count(b"<CallBack>") == request.body.count(b"<CallBack>http://127.0.0.1:9/x</CallBack>")
