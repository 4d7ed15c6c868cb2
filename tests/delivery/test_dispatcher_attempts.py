"""Attempts of the callback dispatcher: requests, retries, failures and their log entries."""

import asyncio
import socket

from local_receiver import DEADLINE, run_async, started_dispatcher, started_receiver

from ciq_mock.engine import CallbackChoice, Failure, JobSpec
from ciq_mock.settings import RuleMoment
from ciq_schemas.features import Feature


def test_ended_job_sends_post_with_body_and_documented_headers() -> None:
    """Method, headers and body are as documented; path and query are kept byte for byte."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher() as bench:
            target = "/a%2Fb/ü/../c;p?token=a%20b&x=%41&&y=+#part"
            (job,) = bench.end_jobs(receiver.address + target)
            (in_json,) = bench.end_jobs(receiver.address + "?q", format="JSON")
            await bench.dispatcher.idle(DEADLINE)
            first, second = sorted(receiver.requests, key=lambda request: request.body, reverse=True)
            assert first.method == "POST"
            assert first.target == "/a%2Fb/%C3%BC/../c;p?token=a%20b&x=%41&&y=+"
            assert first.body == f"XML {job.id}".encode()
            assert first.headers["content-type"] == "application/xml"
            assert first.headers["accept-encoding"] == "gzip"
            assert first.headers["user-agent"] == "Go-http-client/1.1"
            assert first.headers["content-length"] == str(len(first.body))
            assert first.headers["host"] == receiver.address.removeprefix("http://")
            assert second.target == "/?q"
            assert second.body == f"JSON {in_json.id}".encode()
            assert second.headers["content-type"] == "application/json"

    run_async(steps)


def test_each_ended_job_sends_one_callback_and_logs_one_attempt() -> None:
    """Success and failure are both delivered once when the receiver responds 2xx."""

    async def steps() -> None:
        async with started_receiver(answers=[200, 204, 202]) as receiver, started_dispatcher(concurrency=1) as bench:
            jobs = bench.end_jobs(receiver.address + "/cb", count=2)
            failing = JobSpec(
                tag="T", failure=Failure("A", "b"), callback=CallbackChoice(address=receiver.address + "/cb")
            )
            jobs += bench.engine.submit(1000.0, jobs[0].bucket, Feature.MEDIA, [failing])
            bench.pass_events()
            await bench.dispatcher.idle(DEADLINE)
            assert sorted(receiver.bodies) == sorted(f"XML {job.id}" for job in jobs)
            for job, status in zip(jobs, (200, 204, 202), strict=True):
                (entry,) = bench.dispatcher.log.of(job.id)
                assert (entry.status, entry.number, entry.error, entry.delivered) == (status, 1, "", True)
                assert entry.url == receiver.address + "/cb"
            assert (bench.dispatcher.log.attempts, bench.dispatcher.log.delivered, bench.dispatcher.log.dropped) == (
                3,
                3,
                0,
            )

    run_async(steps)


def test_cancelled_job_sends_no_callback() -> None:
    """No document names a callback for a cancel."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher() as bench:
            blocker = JobSpec(tag="T", duration=1000.0)
            spec = JobSpec(tag="T", callback=CallbackChoice(address=receiver.address))
            for _ in range(2):
                bench.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [blocker] * 5)
            (job,) = bench.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [spec])
            bench.engine.cancel(1000.0, "unit-1250000000", [job.id])
            bench.pass_events()
            (control,) = bench.end_jobs("no")
            assert control.waiting
            await bench.dispatcher.idle(DEADLINE)
            assert receiver.requests == []
            assert len(bench.dispatcher.log) == 0

    run_async(steps)


def test_callback_rule_is_read_at_configured_moment() -> None:
    """The rule is read at the end of the job by default, at submit by setting."""

    async def steps() -> None:
        for moment, expected in ((RuleMoment.END, "/new"), (RuleMoment.SUBMIT, "/old")):
            async with started_receiver() as receiver, started_dispatcher(rule_read_at=moment) as bench:
                rule = {"state": "On", "event": "TaskFinish", "type": "Url"}
                bench.set_rule(url=receiver.address + "/old", **rule)
                spec = JobSpec(tag="T", duration=1.0)
                bench.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [spec])
                bench.set_rule(url=receiver.address + "/new", **rule)
                await bench.clock.advance(1.0)
                bench.pass_events()
                await bench.dispatcher.idle(DEADLINE)
                assert [request.target for request in receiver.requests] == [expected]

    run_async(steps)


def test_refused_callback_is_retried_after_configured_delays() -> None:
    """After each response that is not 2xx the next attempt follows after its delay on the mock's clock.

    The last delay is followed by no further attempt.
    """

    async def steps() -> None:
        async with (
            started_receiver(answers=[500, 404, 302, 200]) as receiver,
            started_dispatcher(retry_after=(1.0, 10.0)) as bench,
        ):
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.wait_for(lambda log: log.attempts == 1, DEADLINE)
            assert bench.dispatcher.pending == 1
            await bench.clock.advance(0.75)
            assert len(receiver.requests) == 1
            await bench.clock.advance(0.25)
            assert len(receiver.requests) == 2
            await bench.clock.advance(100.0)
            await bench.dispatcher.idle(DEADLINE)
            entries = bench.dispatcher.log.of(job.id)
            assert [(entry.number, entry.status) for entry in entries] == [(1, 500), (2, 404), (3, 302)]
            assert [entry.started for entry in entries] == [1000.0, 1001.0, 1011.0]
            assert not any(entry.delivered for entry in entries)

    run_async(steps)


def test_successful_retry_ends_attempts() -> None:
    """After a 2xx response the dispatcher sends no further attempt."""

    async def steps() -> None:
        async with started_receiver(answers=[503]) as receiver, started_dispatcher(retry_after=(1.0,) * 5) as bench:
            bench.end_jobs(receiver.address)
            await bench.clock.advance(100.0)
            assert [entry.status for entry in bench.dispatcher.log] == [503, 200]

    run_async(steps)


def test_redirect_is_logged_and_not_followed() -> None:
    """A 307 does not count as delivered, and the dispatcher does not request its location."""

    async def steps() -> None:
        async with (
            started_receiver(answers=[307]) as receiver,
            started_receiver() as elsewhere,
            started_dispatcher(retry_after=()) as bench,
        ):
            receiver.headers["Location"] = elsewhere.address
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            assert [entry.status for entry in bench.dispatcher.log.of(job.id)] == [307]
            assert elsewhere.requests == []

    run_async(steps)


def test_attempt_without_response_times_out_and_is_retried() -> None:
    """The log entry has a reason and no status."""

    async def steps() -> None:
        async with (
            started_receiver(blocked=True) as receiver,
            started_dispatcher(timeout=0.1, retry_after=(1.0,)) as bench,
        ):
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.wait_for(lambda log: log.attempts == 1, DEADLINE)
            receiver.unblocked.set()
            await bench.clock.advance(1.0)
            first, second = bench.dispatcher.log.of(job.id)
            assert (first.status, first.error) == (None, "no answer within 0.1 s")
            assert second.delivered

    run_async(steps)


def test_refused_connection_is_logged_without_secrets() -> None:
    """The log entry has host and port; its text has no path, query or password."""

    async def steps() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            async with started_dispatcher(retry_after=()) as bench:
                (job,) = bench.end_jobs(f"http://user:sesame@127.0.0.1:{port}/path?token=secret")
                await bench.dispatcher.idle(DEADLINE)
                (entry,) = bench.dispatcher.log.of(job.id)
                assert entry.status is None
                assert f"no connection to 127.0.0.1:{port}" in entry.error
                assert entry.url == f"http://127.0.0.1:{port}/path?token=secret"
                assert entry.origin == f"http://127.0.0.1:{port}"
                shown = repr(entry) + entry.error
                assert "secret" not in shown
                assert "sesame" not in shown + entry.url

    run_async(steps)


def test_connection_closed_without_response_is_logged() -> None:
    """The attempt counts as failed."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(retry_after=()) as bench:
            receiver.hang_up = True
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.status is None
            assert "closed the connection" in entry.error

    run_async(steps)


def test_response_that_is_not_http_is_logged() -> None:
    """The attempt counts as failed."""

    async def steps() -> None:
        async def respond_smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SMTP 220 hello\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(respond_smtp, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, started_dispatcher(retry_after=()) as bench:
            (job,) = bench.end_jobs(f"http://127.0.0.1:{port}/")
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.status is None
            assert entry.error

    run_async(steps)


def test_long_response_body_is_cut_off_and_callback_is_delivered() -> None:
    """The status decides: a body of 1 MiB after a 200 is not read to its end."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher() as bench:
            receiver.body = b"x" * 1024 * 1024
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.delivered

    run_async(steps)
