"""A mock that is killed without a word: whatever it has acknowledged is there afterwards."""

import threading
from http.client import HTTPException
from pathlib import Path

from durable_bench import Client, mock_process
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CLIENTS = 4
ENOUGH = 120


def test_every_acknowledged_job_survives_a_kill_in_a_burst_of_submits(tmp_path: Path) -> None:
    """Four clients submit as fast as they are answered when the process is killed; each id they got is known to the
    next process, which gives none of them out again, and runs one job at a time as before."""
    taken: list[list[str]] = [[] for _ in range(CLIENTS)]
    enough = threading.Event()

    def submit(port: int, mine: list[str]) -> None:
        try:
            with Client(port) as client:
                while True:
                    mine.append(client.submit())
                    if sum(map(len, taken)) >= ENOUGH:
                        enough.set()
        except (OSError, HTTPException):
            return  # killed

    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock:
        threads = [threading.Thread(target=submit, args=(mock.port, mine)) for mine in taken]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        mock.kill()
        for thread in threads:
            thread.join(60)
    ids = [job_id for mine in taken for job_id in mine]
    assert len(set(ids)) == len(ids) >= ENOUGH
    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        assert client.known(ids) == set(ids)
        assert client.submit() not in ids
        states = [client.state(mine[0]) for mine in taken]
        assert sorted(states) in (["Running", *["Submitted"] * 3], ["Submitted"] * 4)


def test_an_order_that_was_seen_stays_after_a_kill(tmp_path: Path, httpserver: HTTPServer) -> None:
    """A state that was shown is not taken back: Success, Cancel and the paused queue are what they were; the callback
    that was delivered is not sent again, the one that nobody took is."""
    lost, seen = threading.Event(), threading.Event()
    told: list[str] = []

    def refuse(_: Request) -> Response:
        lost.set()
        return Response("", status=500)

    def take(request: Request) -> Response:
        told.append(request.path)
        seen.set()
        return Response("")

    httpserver.expect_request("/lost").respond_with_handler(refuse)
    httpserver.expect_request("/taken").respond_with_handler(take)
    options = ("--duration", "0", "--workers", "1", "--retries", "3600")
    with mock_process(tmp_path, *options) as mock, Client(mock.port) as client:
        first = client.submit(extra=f"<CallBack>{httpserver.url_for('/taken')}</CallBack>")
        assert seen.wait(30)
        second = client.submit(extra=f"<CallBack>{httpserver.url_for('/lost')}</CallBack>")
        assert lost.wait(30)
        queues = client.ask("GET", "/queue")[1]
        queue_id = queues.split("<QueueId>")[1].split("<")[0]
        paused = (
            "<Request><Name>kept</Name><State>Paused</State><NotifyConfig><State>Off</State></NotifyConfig></Request>"
        )
        assert client.ask("PUT", f"/queue/{queue_id}", paused.encode())[0] == 200
        waiting, cancelled = client.submit(), client.submit()
        assert client.ask("PUT", f"/jobs/{cancelled}?cancel")[0] == 200
        ended = client.ask("GET", f"/jobs/{first}")[1].split("<JobsDetail>")[1]
        while (shown := client.state(second)) != "Success":
            assert shown in ("Submitted", "Running")
        seen.clear()
        mock.kill()
    httpserver.clear_all_handlers()
    again: list[str] = []

    def take_again(request: Request) -> Response:
        again.append(request.path)
        seen.set()
        return Response("")

    httpserver.expect_request("/lost").respond_with_handler(take_again)
    httpserver.expect_request("/taken").respond_with_handler(take_again)
    with mock_process(tmp_path, *options) as mock, Client(mock.port) as client:
        assert seen.wait(30)
        assert client.ask("GET", f"/jobs/{first}")[1].split("<JobsDetail>")[1] == ended
        assert [client.state(one) for one in (first, second, waiting, cancelled)] == [
            "Success", "Success", "Pause", "Cancel",
        ]  # fmt: skip
        text = client.ask("GET", "/queue")[1]
        assert "<Name>kept</Name>" in text
        assert "<State>Paused</State>" in text
        assert queue_id in text
        mock.kill()
    assert again[0] == "/lost"
    assert set(again) <= {"/lost", "/taken"}
    assert told == ["/taken"]
