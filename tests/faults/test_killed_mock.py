"""A mock that is killed: after a restart everything that it acknowledged exists."""

import random
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from durable_bench import Client, mock_process
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CLIENTS = 4
ACKNOWLEDGED = 120


def test_kill_during_submits_loses_no_acknowledged_job(tmp_path: Path) -> None:
    """Four clients submit as fast as they can when the process is killed.

    The next process knows each id that they received, issues none of them again and runs one job at a time as before.
    """
    ids_per_client: list[list[str]] = [[] for _ in range(CLIENTS)]
    reached = threading.Event()

    def submit(port: int, ids_of_client: list[str]) -> None:
        try:
            with Client(port) as client:
                while True:
                    ids_of_client.append(client.submit())
                    if sum(map(len, ids_per_client)) >= ACKNOWLEDGED:
                        reached.set()
        except (OSError, HTTPException):
            return  # the process was killed

    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock:
        threads = [threading.Thread(target=submit, args=(mock.port, ids_of_client)) for ids_of_client in ids_per_client]
        for thread in threads:
            thread.start()
        assert reached.wait(60)
        mock.kill()
        for thread in threads:
            thread.join(60)
    ids = [job_id for ids_of_client in ids_per_client for job_id in ids_of_client]
    assert len(set(ids)) == len(ids) >= ACKNOWLEDGED
    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        assert client.known(ids) == set(ids)
        assert client.submit() not in ids
        states = [client.state(ids_of_client[0]) for ids_of_client in ids_per_client]
        assert sorted(states) in (["Running", *["Submitted"] * 3], ["Submitted"] * 4)


def test_kill_after_visible_states_keeps_them(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Success, Cancel and the paused queue are the same after a restart.

    The callback that was delivered is not sent again; the refused one is.
    """
    refused_event, accepted_event = threading.Event(), threading.Event()
    delivered: list[str] = []

    def refuse(_: Request) -> Response:
        refused_event.set()
        return Response("", status=500)

    def accept(request: Request) -> Response:
        delivered.append(request.path)
        accepted_event.set()
        return Response("")

    httpserver.expect_request("/lost").respond_with_handler(refuse)
    httpserver.expect_request("/taken").respond_with_handler(accept)
    options = ("--duration", "0", "--workers", "1", "--retries", "3600")
    with mock_process(tmp_path, *options) as mock, Client(mock.port) as client:
        first = client.submit(extra=f"<CallBack>{httpserver.url_for('/taken')}</CallBack>")
        assert accepted_event.wait(30)
        second = client.submit(extra=f"<CallBack>{httpserver.url_for('/lost')}</CallBack>")
        assert refused_event.wait(30)
        queues = client.send("GET", "/queue")[1]
        queue_id = queues.split("<QueueId>")[1].split("<")[0]
        paused = (
            "<Request><Name>kept</Name><State>Paused</State><NotifyConfig><State>Off</State></NotifyConfig></Request>"
        )
        assert client.send("PUT", f"/queue/{queue_id}", paused.encode())[0] == 200
        waiting, cancelled = client.submit(), client.submit()
        assert client.send("PUT", f"/jobs/{cancelled}?cancel")[0] == 200
        ended = client.send("GET", f"/jobs/{first}")[1].split("<JobsDetail>")[1]
        while (shown := client.state(second)) != "Success":
            assert shown in ("Submitted", "Running")
        accepted_event.clear()
        mock.kill()
    httpserver.clear_all_handlers()
    again: list[str] = []

    def accept_again(request: Request) -> Response:
        again.append(request.path)
        accepted_event.set()
        return Response("")

    httpserver.expect_request("/lost").respond_with_handler(accept_again)
    httpserver.expect_request("/taken").respond_with_handler(accept_again)
    with mock_process(tmp_path, *options) as mock, Client(mock.port) as client:
        assert accepted_event.wait(30)
        assert client.send("GET", f"/jobs/{first}")[1].split("<JobsDetail>")[1] == ended
        assert [client.state(one) for one in (first, second, waiting, cancelled)] == [
            "Success", "Success", "Pause", "Cancel",
        ]  # fmt: skip
        text = client.send("GET", "/queue")[1]
        assert "<Name>kept</Name>" in text
        assert "<State>Paused</State>" in text
        assert queue_id in text
        mock.kill()
    assert again[0] == "/lost"
    assert set(again) <= {"/lost", "/taken"}
    assert delivered == ["/taken"]


@pytest.mark.parametrize("seed", range(2))
def test_kill_during_compaction_loses_no_acknowledged_job(tmp_path: Path, seed: int) -> None:
    """Three rounds on one journal: clients submit jobs that end at once and compact all the time, then a kill.

    Each process knows all ids of the earlier ones, in their states, and runs further jobs.
    """
    pauses = random.Random(seed)
    ids: list[str] = []
    for _ in range(3):
        with mock_process(tmp_path, "--duration", "0") as mock:
            with Client(mock.port) as client:
                assert client.known(ids) == set(ids)
                assert {client.state(job_id) for job_id in ids[:20]} <= {"Success"}
            threads = [
                threading.Thread(target=submit_until_killed, args=(mock.port, ids)),
                threading.Thread(target=compact_until_killed, args=(mock.port,)),
            ]
            wanted = len(ids) + pauses.randrange(20, 120)
            for thread in threads:
                thread.start()
            while len(ids) < wanted:
                threads[0].join(pauses.random() / 100)
            mock.kill()
            for thread in threads:
                thread.join(60)
    assert len(set(ids)) == len(ids)


def submit_until_killed(port: int, ids: list[str]) -> None:
    """Submit jobs and collect the acknowledged ids."""
    with suppress(OSError, HTTPException), Client(port) as client:
        while True:
            ids.append(client.submit())


def compact_until_killed(port: int) -> None:
    """Compact without a pause."""
    with suppress(OSError, HTTPException), Client(port) as client:
        while True:
            client.send("POST", "/_ciq/compact")
