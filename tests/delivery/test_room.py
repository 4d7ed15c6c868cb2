"""Callbacks on their way: what is sent, when it is sent again, what the log says, how the room is left."""

import asyncio
import socket
import subprocess
import sys
import tracemalloc

import pytest
from local_receiver import SOON, Ender, delivery, plain_body, play, receiver

from ciq_mock.callback_rule import BodyFormat, Channel
from ciq_mock.clock import ManualClock
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import CallbackChoice, Failure, Job, JobSpec, MqAddress
from ciq_mock.settings import DeliverySettings, RuleMoment, Shutdown
from ciq_schemas.features import Feature


def test_a_callback_is_a_post_of_the_ready_body() -> None:
    """Method, headers and body are as documented; path and query are kept byte for byte."""

    async def story() -> None:
        async with receiver() as there, delivery() as here:
            target = "/a%2Fb/ü/../c;p?token=a%20b&x=%41&&y=+#part"
            (job,) = here.end(there.address + target)
            (in_json,) = here.end(there.address + "?q", format="JSON")
            await here.room.idle(SOON)
            first, second = sorted(there.arrivals, key=lambda arrival: arrival.body, reverse=True)
            assert first.method == "POST"
            assert first.target == "/a%2Fb/%C3%BC/../c;p?token=a%20b&x=%41&&y=+"
            assert first.body == f"XML {job.id}".encode()
            assert first.headers["content-type"] == "application/xml"
            assert first.headers["accept-encoding"] == "gzip"
            assert first.headers["user-agent"] == "Go-http-client/1.1"
            assert first.headers["content-length"] == str(len(first.body))
            assert first.headers["host"] == there.address.removeprefix("http://")
            assert second.target == "/?q"
            assert second.body == f"JSON {in_json.id}".encode()
            assert second.headers["content-type"] == "application/json"

    play(story)


def test_every_end_gives_one_callback_and_one_entry() -> None:
    """Success and failure alike are delivered once when the receiver says 2xx, and the log tells each attempt."""

    async def story() -> None:
        async with receiver(answers=[200, 204, 202]) as there, delivery(concurrency=1) as here:
            jobs = here.end(there.address + "/cb", count=2)
            failing = JobSpec(
                tag="T", failure=Failure("A", "b"), callback=CallbackChoice(address=there.address + "/cb")
            )
            jobs += here.engine.submit(1000.0, jobs[0].bucket, Feature.MEDIA, [failing])
            here.hand_over()
            await here.room.idle(SOON)
            assert sorted(there.bodies) == sorted(f"XML {job.id}" for job in jobs)
            for job, status in zip(jobs, (200, 204, 202), strict=True):
                (entry,) = here.room.log.of(job.id)
                assert (entry.status, entry.number, entry.error, entry.delivered) == (status, 1, "", True)
                assert entry.url == there.address + "/cb"
            assert (here.room.log.attempts, here.room.log.delivered, here.room.log.dropped) == (3, 3, 0)

    play(story)


def test_a_cancelled_job_sends_nothing() -> None:
    """No document names a callback for a cancel."""

    async def story() -> None:
        async with receiver() as there, delivery() as here:
            blocker = JobSpec(tag="T", duration=1000.0)
            order = JobSpec(tag="T", callback=CallbackChoice(address=there.address))
            for _ in range(2):
                here.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [blocker] * 5)
            (job,) = here.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [order])
            here.engine.cancel(1000.0, "unit-1250000000", [job.id])
            here.hand_over()
            (control,) = here.end("no")
            assert control.waiting
            await here.room.idle(SOON)
            assert there.arrivals == []
            assert len(here.room.log) == 0

    play(story)


def test_the_queues_rule_is_read_when_the_setting_says() -> None:
    """At the end of the job by default, at submit by setting."""

    async def story() -> None:
        for moment, expected in ((RuleMoment.END, "/new"), (RuleMoment.SUBMIT, "/old")):
            async with receiver() as there, delivery(rule_read_at=moment) as here:
                rule = {"state": "On", "event": "TaskFinish", "type": "Url"}
                here.set_rule(url=there.address + "/old", **rule)
                order = JobSpec(tag="T", duration=1.0)
                here.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [order])
                here.set_rule(url=there.address + "/new", **rule)
                await here.clock.advance(1.0)
                here.hand_over()
                await here.room.idle(SOON)
                assert [arrival.target for arrival in there.arrivals] == [expected]

    play(story)


def test_a_refusing_receiver_is_asked_again_at_the_set_distances() -> None:
    """After each answer that is not 2xx the next attempt comes at its distance on the mock's clock, then no more."""

    async def story() -> None:
        async with receiver(answers=[500, 404, 302, 200]) as there, delivery(retry_after=(1.0, 10.0)) as here:
            (job,) = here.end(there.address)
            await here.room.wait_for(lambda log: log.attempts == 1, SOON)
            assert here.room.pending == 1
            await here.clock.advance(0.75)
            assert len(there.arrivals) == 1
            await here.clock.advance(0.25)
            assert len(there.arrivals) == 2
            await here.clock.advance(100.0)
            await here.room.idle(SOON)
            entries = here.room.log.of(job.id)
            assert [(entry.number, entry.status) for entry in entries] == [(1, 500), (2, 404), (3, 302)]
            assert [entry.started for entry in entries] == [1000.0, 1001.0, 1011.0]
            assert not any(entry.delivered for entry in entries)

    play(story)


def test_a_retry_that_succeeds_is_the_last() -> None:
    """After a 2xx nothing more is sent."""

    async def story() -> None:
        async with receiver(answers=[503]) as there, delivery(retry_after=(1.0,) * 5) as here:
            here.end(there.address)
            await here.clock.advance(100.0)
            assert [entry.status for entry in here.room.log] == [503, 200]

    play(story)


def test_redirects_are_not_followed() -> None:
    """A 307 is an answer like any other: not delivered, and nobody goes where it points."""

    async def story() -> None:
        async with receiver(answers=[307]) as there, receiver() as elsewhere, delivery(retry_after=()) as here:
            there.headers["Location"] = elsewhere.address
            (job,) = here.end(there.address)
            await here.room.idle(SOON)
            assert [entry.status for entry in here.room.log.of(job.id)] == [307]
            assert elsewhere.arrivals == []

    play(story)


def test_a_receiver_that_hangs_runs_into_the_time_out() -> None:
    """The attempt ends after its time with a reason and no status, and is made again."""

    async def story() -> None:
        async with receiver(open_gate=False) as there, delivery(timeout=0.1, retry_after=(1.0,)) as here:
            (job,) = here.end(there.address)
            await here.room.wait_for(lambda log: log.attempts == 1, SOON)
            there.gate.set()
            await here.clock.advance(1.0)
            first, second = here.room.log.of(job.id)
            assert (first.status, first.error) == (None, "no answer within 0.1 s")
            assert second.delivered

    play(story)


def test_nobody_listening_is_in_the_log() -> None:
    """A refused connection is a failed attempt with the place and without path, query or password."""

    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            async with delivery(retry_after=()) as here:
                (job,) = here.end(f"http://user:sesame@127.0.0.1:{port}/path?token=secret")
                await here.room.idle(SOON)
                (entry,) = here.room.log.of(job.id)
                assert entry.status is None
                assert f"no connection to 127.0.0.1:{port}" in entry.error
                assert entry.url == f"http://127.0.0.1:{port}/path?token=secret"
                assert entry.origin == f"http://127.0.0.1:{port}"
                shown = repr(entry) + entry.error
                assert "secret" not in shown
                assert "sesame" not in shown + entry.url

    play(story)


def test_a_receiver_that_hangs_up_is_in_the_log() -> None:
    """A connection closed without an answer is a failed attempt."""

    async def story() -> None:
        async with receiver() as there, delivery(retry_after=()) as here:
            there.hang_up = True
            (job,) = here.end(there.address)
            await here.room.idle(SOON)
            (entry,) = here.room.log.of(job.id)
            assert entry.status is None
            assert "closed the connection" in entry.error

    play(story)


def test_an_answer_that_is_not_http_is_in_the_log() -> None:
    """Noise instead of HTTP is a failed attempt, whatever it holds."""

    async def story() -> None:
        async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SMTP 220 hello\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(noise, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, delivery(retry_after=()) as here:
            (job,) = here.end(f"http://127.0.0.1:{port}/")
            await here.room.idle(SOON)
            (entry,) = here.room.log.of(job.id)
            assert entry.status is None
            assert entry.error

    play(story)


def test_a_long_answer_does_not_matter() -> None:
    """Status counts: a body of 1 MiB behind a 200 is cut off and the callback is delivered."""

    async def story() -> None:
        async with receiver() as there, delivery() as here:
            there.body = b"x" * 1024 * 1024
            (job,) = here.end(there.address)
            await here.room.idle(SOON)
            (entry,) = here.room.log.of(job.id)
            assert entry.delivered

    play(story)


def test_copies_are_delivered_each() -> None:
    """With `copies` 3 the same callback arrives three times, and the log tells the copies apart."""

    async def story() -> None:
        async with receiver() as there, delivery(copies=3) as here:
            (job,) = here.end(there.address)
            await here.room.idle(SOON)
            assert there.bodies == [f"XML {job.id}"] * 3
            assert sorted(entry.copy for entry in here.room.log.of(job.id)) == [1, 2, 3]

    play(story)


def test_delay_holds_every_callback_back() -> None:
    """Nothing is sent before the delay is over on the mock's clock."""

    async def story() -> None:
        async with receiver() as there, delivery(delay=5.0) as here:
            here.end(there.address)
            await here.clock.advance(4.9)
            assert there.arrivals == []
            assert here.room.pending == 1
            await here.clock.advance(0.1)
            assert len(there.arrivals) == 1

    play(story)


def test_stagger_lets_callbacks_overtake() -> None:
    """Every second callback waits longer, so the one after it arrives first."""

    async def story() -> None:
        async with receiver() as there, delivery(stagger=2.0) as here:
            first, second, third, fourth = here.end(there.address, count=4)
            await here.clock.advance(10.0)
            bodies = there.bodies
            assert {bodies[0], bodies[1]} == {f"XML {second.id}", f"XML {fourth.id}"}
            assert {bodies[2], bodies[3]} == {f"XML {first.id}", f"XML {third.id}"}

    play(story)


def test_a_hanging_receiver_delays_only_itself() -> None:
    """With many callbacks stuck at one address another address is served, and the bounds of both are kept."""

    async def story() -> None:
        async with (
            receiver(open_gate=False) as stuck,
            receiver() as there,
            delivery(timeout=20.0, concurrency=8, per_address=5, shutdown=Shutdown.DROP) as here,
        ):
            here.end(stuck.address, count=100)
            here.end(there.address, count=20)
            await here.room.wait_for(lambda log: log.delivered == 20, SOON)
            assert stuck.most_inside <= 5
            assert there.most_inside <= 8
            assert here.room.pending == 100
            stuck.gate.set()
            await here.room.idle(SOON)
            assert stuck.most_inside == 5
            assert len(stuck.arrivals) == 100

    play(story)


def test_ten_thousand_pending_callbacks_stay_small() -> None:
    """A pending callback costs less than 1 KiB beside its job, because its body is not built yet."""

    async def story() -> None:
        def build(job: Job, _: BodyFormat) -> bytes:
            return job.id.encode() + b"x" * 4096

        async with (
            receiver(open_gate=False) as stuck,
            delivery(timeout=20.0, build=build, shutdown=Shutdown.DROP) as here,
        ):
            order = JobSpec(tag="T", callback=CallbackChoice(address=stuck.address))
            for _ in range(10_000):
                here.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [order])
            events = here.engine.advance(1000.0)
            tracemalloc.start()
            for event in events:
                here.room.on_event(event)
            size = tracemalloc.get_traced_memory()[0] / 10_000
            tracemalloc.stop()
            assert here.room.pending == 10_000
            assert size < 1024, f"{size:.0f} bytes a callback"

    play(story)


def test_too_many_pending_callbacks_are_dropped_and_told() -> None:
    """Beyond the bound a callback is given up with an entry that says so."""

    async def story() -> None:
        async with (
            receiver(open_gate=False) as stuck,
            delivery(timeout=20.0, max_pending=3, shutdown=Shutdown.DROP) as here,
        ):
            jobs = here.end(stuck.address, count=5)
            assert here.room.pending == 3
            assert here.room.log.dropped == 2
            (entry,) = here.room.log.of(jobs[-1].id)
            assert entry.number == 0
            assert "3 callbacks are pending" in entry.error

    play(story)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("ftp://receiver.example/x", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("receiver.example/x", "http:// or https://"),
        ("http:///x", "no host"),
        ("http://receiver.example:99999/", "cannot be read"),
        ("http://[::1/", "cannot be read"),
        ("http://receiver.example/a b", "blank"),
        ("http://receiver.example/\r\nX-Header: 1", "blank"),
        ("http://receiver.example/" + "x" * 3000, "characters"),
    ],
)
def test_an_address_that_cannot_be_is_dropped_and_told(address: str, word: str) -> None:
    """No attempt is made; the log says what is wrong."""

    async def story() -> None:
        async with delivery() as here:
            (job,) = here.end(address)
            (entry,) = here.room.log.of(job.id)
            assert entry.number == 0
            assert word in entry.error
            assert here.room.pending == 0

    play(story)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
)
def test_private_addresses_are_refused_by_setting(host: str) -> None:
    """With the setting on no intranet address is sent to."""

    async def story() -> None:
        async with delivery(forbid_private=True) as here:
            (job,) = here.end(f"http://{host}:9/x")
            (entry,) = here.room.log.of(job.id)
            assert entry.number == 0
            assert "intranet" in entry.error

    play(story)


def test_message_queues_get_the_body_in_memory() -> None:
    """A TDMQ callback is put where region, mode and name say, in its format."""

    async def story() -> None:
        async with delivery() as here:
            choice = CallbackChoice(type="TDMQ", format="JSON", mq=MqAddress(region="sh", mode="Topic", name="jobs"))
            order = JobSpec(tag="T", callback=choice)
            (job,) = here.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [order])
            here.hand_over()
            (message,) = here.room.sinks.messages(Channel.TDMQ, "sh", "Topic", "jobs")
            assert (message.job_id, message.body, message.at) == (job.id, f"JSON {job.id}".encode(), 1000.0)
            assert here.room.sinks.messages(Channel.TDMQ, "sh", "Queue", "jobs") == ()
            assert here.room.sinks.keys() == ((Channel.TDMQ, "sh", "Topic", "jobs"),)

    play(story)


def test_closing_drains_by_default() -> None:
    """What is in line or waits for its time gets one last attempt at once."""

    async def story() -> None:
        async with receiver() as there:
            async with delivery(delay=3600.0) as here:
                here.end(there.address, count=20)
            assert len(there.arrivals) == 20
            assert here.room.log.delivered == 20
            assert here.room.pending == 0

    play(story)


def test_draining_makes_no_new_retries() -> None:
    """A receiver that refuses cannot keep the mock from stopping."""

    async def story() -> None:
        async with receiver(answers=[500] * 10) as there:
            async with delivery(retry_after=(3600.0,) * 9) as here:
                here.end(there.address)
                await here.room.wait_for(lambda log: log.attempts == 1, SOON)
            assert [entry.status for entry in here.room.log] == [500, 500]

    play(story)


@pytest.mark.parametrize("shutdown", Shutdown)
def test_closing_never_waits_for_a_hanging_receiver(shutdown: Shutdown) -> None:
    """After its time, or at once, the rest is dropped; the log names what was cut off and what was not sent."""

    async def story() -> None:
        async with (
            receiver(open_gate=False) as stuck,
            delivery(timeout=25.0, drain_timeout=0.1, per_address=2, shutdown=shutdown) as here,
        ):
            here.end(stuck.address, count=5)
            for _ in range(1000):
                if len(stuck.arrivals) == 2:
                    break
                await asyncio.sleep(0)
            await here.room.close()
            assert here.room.pending == 0
            reasons = sorted(entry.error for entry in here.room.log)
            assert len(reasons) == 5
            assert sum("dropped: the mock was stopped" in reason for reason in reasons) == 3
            assert sum("cut off" in reason for reason in reasons) == 2
            here.end(stuck.address)
            assert here.room.log.dropped == 4

    play(story)


def test_the_clock_is_free_when_the_room_is_idle() -> None:
    """Deliveries, retries, drops and resets all give the clock back: a auto-advance clock still jumps."""

    async def story() -> None:
        clock = ManualClock(auto_advance=True, start=1000.0)
        async with receiver(answers=[500, 500]) as there, delivery(clock=clock, retry_after=(60.0, 60.0)) as here:
            here.end(there.address)
            await here.room.idle(SOON)
            assert [entry.status for entry in here.room.log] == [500, 500, 200]
            there.gate.clear()
            here.end(there.address, count=100)
            await here.room.reset()
            assert here.room.pending == 0
            reached = asyncio.Event()
            clock.call_at(clock.now() + 3600.0, reached.set)
            await asyncio.wait_for(reached.wait(), SOON)

    play(story)


def test_a_reset_room_starts_afresh() -> None:
    """After a reset log and sinks are empty, nothing old arrives, and new callbacks do."""

    async def story() -> None:
        async with receiver() as there, delivery(delay=1.0) as here:
            here.end(there.address + "/old", count=3)
            await here.room.reset()
            here.end(there.address + "/new")
            await here.clock.advance(10.0)
            assert [arrival.target for arrival in there.arrivals] == ["/new"]
            assert here.room.log.attempts == len(here.room.log) == 1

    play(story)


def test_waiting_in_vain_says_how_far_things_are() -> None:
    """The error of a wait that ran out counts what was delivered and what is pending."""

    async def story() -> None:
        async with receiver() as there, delivery(delay=60.0, shutdown=Shutdown.DROP) as here:
            here.end(there.address)
            with pytest.raises(TimeoutError, match="0 callbacks delivered in 0 attempts, 1 pending"):
                await here.room.idle(0.01)

    play(story)


def test_a_body_that_cannot_be_built_harms_no_other() -> None:
    """Our own mistake reaches the loop's handler and the log; callbacks behind it are delivered."""

    async def story() -> None:
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))

        def build(job: Job, _: BodyFormat) -> bytes:
            if job.number == 1:
                raise LookupError("no such element")
            return b"fine"

        async with receiver() as there, delivery(build=build, concurrency=1) as here:
            bad, *_ = here.end(there.address, count=5)
            await here.room.idle(SOON)
            assert there.bodies == ["fine"] * 4
            (entry,) = here.room.log.of(bad.id)
            assert "could not be built" in entry.error
            assert len(errors) == 1

    play(story)


def test_the_log_is_bounded_and_its_counts_are_not() -> None:
    """Only the newest entries are kept; the totals go on."""

    async def story() -> None:
        async with receiver() as there, delivery(log_size=4, per_address=1) as here:
            jobs = here.end(there.address, count=10)
            await here.room.idle(SOON)
            assert [entry.job_id for entry in here.room.log] == [job.id for job in jobs[-4:]]
            assert here.room.log.delivered == 10

    play(story)


def test_one_at_a_time_keeps_the_order() -> None:
    """With one attempt at a time to an address callbacks arrive in order of the ends."""

    async def story() -> None:
        async with receiver() as there, delivery(per_address=1) as here:
            jobs = here.end(there.address, count=50)
            await here.room.idle(SOON)
            assert there.bodies == [f"XML {job.id}" for job in jobs]

    play(story)


def test_a_room_must_be_open() -> None:
    """An end before `start` is the caller's mistake and says so."""

    async def story() -> None:
        clock = ManualClock(start=1000.0)
        room = CallbackDispatcher(settings=DeliverySettings(), clock=clock, build=plain_body)
        with pytest.raises(RuntimeError, match="start"):
            Ender(room, clock).end("http://receiver.example/")
        await room.close()

    play(story)


def test_a_mock_without_jobs_does_not_load_the_http_client() -> None:
    """The client is the slowest import of the mock, so it waits for the first job: start-up stays short."""
    code = "import sys, ciq_mock.delivery, ciq_mock.runner, ciq_mock.settings; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("shutdown", Shutdown)
def test_closing_while_the_client_is_being_loaded(shutdown: Shutdown) -> None:
    """A mock stopped right after its first job drains or drops that callback as set, and leaves nothing open."""

    async def story() -> None:
        async with receiver() as there:
            async with delivery(shutdown=shutdown) as here:
                here.end(there.address)
            drained = shutdown is Shutdown.DRAIN
            assert len(there.arrivals) == here.room.log.delivered == (1 if drained else 0)
            assert here.room.log.dropped == (0 if drained else 1)

    play(story)
