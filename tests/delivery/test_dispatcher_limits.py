"""Copies, delays, order and limits of the callback dispatcher, and callbacks that it drops."""

import asyncio
import tracemalloc

import pytest
from local_receiver import DEADLINE, run_async, started_dispatcher, started_receiver

from ciq_mock.callback_rule import BodyFormat, Channel
from ciq_mock.engine import CallbackChoice, Job, JobSpec, MqAddress
from ciq_mock.settings import Shutdown
from ciq_schemas.features import Feature


def test_copies_setting_sends_callback_several_times() -> None:
    """With `copies` 3 the same callback arrives three times, and the log numbers the copies."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(copies=3) as bench:
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            assert receiver.bodies == [f"XML {job.id}"] * 3
            assert sorted(entry.copy for entry in bench.dispatcher.log.of(job.id)) == [1, 2, 3]

    run_async(steps)


def test_delay_setting_postpones_every_callback() -> None:
    """The dispatcher sends nothing before the delay is over on the mock's clock."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(delay=5.0) as bench:
            bench.end_jobs(receiver.address)
            await bench.clock.advance(4.9)
            assert receiver.requests == []
            assert bench.dispatcher.pending == 1
            await bench.clock.advance(0.1)
            assert len(receiver.requests) == 1

    run_async(steps)


def test_stagger_setting_changes_order_of_callbacks() -> None:
    """Every second callback waits longer, so the one after it arrives first."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(stagger=2.0) as bench:
            first, second, third, fourth = bench.end_jobs(receiver.address, count=4)
            await bench.clock.advance(10.0)
            bodies = receiver.bodies
            assert {bodies[0], bodies[1]} == {f"XML {second.id}", f"XML {fourth.id}"}
            assert {bodies[2], bodies[3]} == {f"XML {first.id}", f"XML {third.id}"}

    run_async(steps)


def test_hanging_receiver_does_not_delay_other_addresses() -> None:
    """With many callbacks pending at one address another address is served, and the limits of both are kept."""

    async def steps() -> None:
        async with (
            started_receiver(blocked=True) as hanging,
            started_receiver() as receiver,
            started_dispatcher(timeout=20.0, concurrency=8, per_address=5, shutdown=Shutdown.DROP) as bench,
        ):
            bench.end_jobs(hanging.address, count=100)
            bench.end_jobs(receiver.address, count=20)
            await bench.dispatcher.wait_for(lambda log: log.delivered == 20, DEADLINE)
            assert hanging.most_active <= 5
            assert receiver.most_active <= 8
            assert bench.dispatcher.pending == 100
            hanging.unblocked.set()
            await bench.dispatcher.idle(DEADLINE)
            assert hanging.most_active == 5
            assert len(hanging.requests) == 100

    run_async(steps)


def test_pending_callback_uses_less_than_one_kibibyte() -> None:
    """The memory is measured without the job; the body of a pending callback is not built yet."""

    async def steps() -> None:
        def build(job: Job, _: BodyFormat) -> bytes:
            return job.id.encode() + b"x" * 4096

        async with (
            started_receiver(blocked=True) as hanging,
            started_dispatcher(timeout=20.0, build=build, shutdown=Shutdown.DROP) as bench,
        ):
            spec = JobSpec(tag="T", callback=CallbackChoice(address=hanging.address))
            for _ in range(10_000):
                bench.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [spec])
            events = bench.engine.advance(1000.0)
            tracemalloc.start()
            for event in events:
                bench.dispatcher.on_event(event)
            size = tracemalloc.get_traced_memory()[0] / 10_000
            tracemalloc.stop()
            assert bench.dispatcher.pending == 10_000
            assert size < 1024, f"{size:.0f} bytes a callback"

    run_async(steps)


def test_callback_beyond_pending_limit_is_dropped_and_logged() -> None:
    """The log entry names the number of pending callbacks."""

    async def steps() -> None:
        async with (
            started_receiver(blocked=True) as hanging,
            started_dispatcher(timeout=20.0, max_pending=3, shutdown=Shutdown.DROP) as bench,
        ):
            jobs = bench.end_jobs(hanging.address, count=5)
            assert bench.dispatcher.pending == 3
            assert bench.dispatcher.log.dropped == 2
            (entry,) = bench.dispatcher.log.of(jobs[-1].id)
            assert entry.number == 0
            assert "3 callbacks are pending" in entry.error

    run_async(steps)


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
def test_callback_to_invalid_address_is_dropped_and_logged(address: str, word: str) -> None:
    """The dispatcher makes no attempt; the log names the reason."""

    async def steps() -> None:
        async with started_dispatcher() as bench:
            (job,) = bench.end_jobs(address)
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.number == 0
            assert word in entry.error
            assert bench.dispatcher.pending == 0

    run_async(steps)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
)
def test_callback_to_forbidden_private_address_is_dropped(host: str) -> None:
    """With the setting `forbid_private` the dispatcher sends to no intranet address."""

    async def steps() -> None:
        async with started_dispatcher(forbid_private=True) as bench:
            (job,) = bench.end_jobs(f"http://{host}:9/x")
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.number == 0
            assert "intranet" in entry.error

    run_async(steps)


def test_tdmq_callback_is_stored_under_region_mode_and_name() -> None:
    """The stored message has the format of the callback."""

    async def steps() -> None:
        async with started_dispatcher() as bench:
            choice = CallbackChoice(type="TDMQ", format="JSON", mq=MqAddress(region="sh", mode="Topic", name="jobs"))
            spec = JobSpec(tag="T", callback=choice)
            (job,) = bench.engine.submit(1000.0, "unit-1250000000", Feature.MEDIA, [spec])
            bench.pass_events()
            (message,) = bench.dispatcher.sinks.messages(Channel.TDMQ, "sh", "Topic", "jobs")
            assert (message.job_id, message.body, message.at) == (job.id, f"JSON {job.id}".encode(), 1000.0)
            assert bench.dispatcher.sinks.messages(Channel.TDMQ, "sh", "Queue", "jobs") == ()
            assert bench.dispatcher.sinks.keys() == ((Channel.TDMQ, "sh", "Topic", "jobs"),)

    run_async(steps)


def test_exception_in_body_builder_affects_one_callback_only() -> None:
    """The exception reaches the loop's handler and the log; later callbacks are delivered."""

    async def steps() -> None:
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))

        def build(job: Job, _: BodyFormat) -> bytes:
            if job.number == 1:
                raise LookupError("no such element")
            return b"fine"

        async with started_receiver() as receiver, started_dispatcher(build=build, concurrency=1) as bench:
            bad, *_ = bench.end_jobs(receiver.address, count=5)
            await bench.dispatcher.idle(DEADLINE)
            assert receiver.bodies == ["fine"] * 4
            (entry,) = bench.dispatcher.log.of(bad.id)
            assert "could not be built" in entry.error
            assert len(errors) == 1

    run_async(steps)


def test_full_log_keeps_newest_entries_and_total_counts() -> None:
    """Older entries are removed; the totals include them."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(log_size=4, per_address=1) as bench:
            jobs = bench.end_jobs(receiver.address, count=10)
            await bench.dispatcher.idle(DEADLINE)
            assert [entry.job_id for entry in bench.dispatcher.log] == [job.id for job in jobs[-4:]]
            assert bench.dispatcher.log.delivered == 10

    run_async(steps)


def test_one_attempt_per_address_keeps_order_of_job_ends() -> None:
    """With `per_address` 1 the callbacks arrive in the order in which the jobs ended."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(per_address=1) as bench:
            jobs = bench.end_jobs(receiver.address, count=50)
            await bench.dispatcher.idle(DEADLINE)
            assert receiver.bodies == [f"XML {job.id}" for job in jobs]

    run_async(steps)
