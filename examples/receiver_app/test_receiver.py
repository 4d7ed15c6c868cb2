"""Contract test of the receiver: a mock of the service runs jobs and sends it callbacks.

Run it with `pytest examples/receiver_app`. The fixture `ciq_mock` comes with the kit and needs no setup.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import uvicorn

from ciq_mock import DeliverySettings, MockServer

sys.path.insert(0, str(Path(__file__).parent))
from receiver import Ledger, NotANoticeError, application, read_notice

SECRET = "s3cret-part-of-the-address"  # noqa: S105 - an example


@dataclass(frozen=True)
class RunningReceiver:
    """The application under test, listening on a port."""

    address: str
    ledger: Ledger


@pytest.fixture
def receiver() -> Iterator[RunningReceiver]:
    """Run the receiver on a free port."""
    ledger = Ledger()
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(ledger, secret=SECRET), lifespan="off", log_config=None))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
    thread.start()
    yield RunningReceiver(f"http://127.0.0.1:{sock.getsockname()[1]}/callbacks/{SECRET}", ledger)
    server.should_exit = True
    thread.join()
    sock.close()


def submit(mock: MockServer, address: str, *, source: str = "in/clip.mp4", form: str = "XML", note: str = "") -> str:
    """Submit a job whose callback goes to `address`; return its id."""
    body = (
        f"<Request><Tag>Snapshot</Tag><Input><Object>{source}</Object></Input><Operation>"
        f"<Output><Region>{mock.region}</Region><Bucket>{mock.bucket}</Bucket><Object>out.jpg</Object></Output>"
        f"<UserData>{note}</UserData></Operation>"
        f"<CallBack>{address}</CallBack><CallBackFormat>{form}</CallBackFormat></Request>"
    )
    request = Request(f"{mock.url}/jobs", data=body.encode(), method="POST")  # noqa: S310 - our own mock
    with urlopen(request, timeout=5) as response:  # noqa: S310
        answer = response.read().decode()
    return answer.partition("<JobId>")[2].partition("</JobId>")[0]


@pytest.mark.parametrize("form", ["XML", "JSON"])
def test_finished_job_is_booked_with_user_data(ciq_mock: MockServer, receiver: RunningReceiver, form: str) -> None:
    """Both body formats give the same entry."""
    job_id = submit(ciq_mock, receiver.address, form=form, note="order 17")
    ciq_mock.wait_for_callbacks(1)
    booked = receiver.ledger.jobs[job_id]
    assert booked.succeeded
    assert booked.user_data == "order 17"


@pytest.mark.parametrize("form", ["XML", "JSON"])
def test_failed_job_is_booked_with_reason(ciq_mock: MockServer, receiver: RunningReceiver, form: str) -> None:
    """The mock fails every job whose input starts with `missing/`."""
    job_id = submit(ciq_mock, receiver.address, source="missing/clip.mp4", form=form)
    ciq_mock.wait_for_callbacks(1)
    booked = receiver.ledger.jobs[job_id]
    assert not booked.succeeded
    assert booked.reason.startswith("ResourceNotFound: ")


@pytest.mark.ciq_mock(delivery=DeliverySettings(copies=3, stagger=0.05))
def test_repeated_notices_are_booked_once(ciq_mock: MockServer, receiver: RunningReceiver) -> None:
    """Callbacks may repeat and change their order: two jobs, three copies of each notice, two entries."""
    ids = {submit(ciq_mock, receiver.address) for _ in range(2)}
    ciq_mock.wait_for_callbacks(6)
    assert set(receiver.ledger.jobs) == ids
    assert receiver.ledger.repeats == 4


def test_notice_with_wrong_secret_is_refused(ciq_mock: MockServer, receiver: RunningReceiver) -> None:
    """The application responds with 404 and books no job."""
    submit(ciq_mock, receiver.address.replace(SECRET, "guess"))
    ciq_mock.wait_for_callbacks(lambda attempts: len(attempts) == 1)
    assert ciq_mock.deliveries[0].status == 404
    assert not receiver.ledger.jobs


@pytest.mark.parametrize("body", [b"", b"<Response/>", b"{}", b"{", b'{"JobsDetail": [1]}', b"hello"])
def test_body_that_is_not_a_notice_is_refused(body: bytes) -> None:
    """Invalid and unrelated bodies raise NotANoticeError."""
    with pytest.raises(NotANoticeError):
        read_notice(body)
