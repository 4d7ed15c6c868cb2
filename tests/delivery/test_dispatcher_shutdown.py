"""Start, reset and close of the callback dispatcher, and when it is idle."""

import asyncio
import subprocess
import sys

import pytest
from local_receiver import DEADLINE, DispatcherBench, plain_body, run_async, started_dispatcher, started_receiver

from ciq_mock.clock import ManualClock
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.settings import DeliverySettings, Shutdown


def test_close_by_default_sends_pending_callbacks_at_once() -> None:
    """A callback that is queued or waits for its delay gets one last attempt."""

    async def steps() -> None:
        async with started_receiver() as receiver:
            async with started_dispatcher(delay=3600.0) as bench:
                bench.end_jobs(receiver.address, count=20)
            assert len(receiver.requests) == 20
            assert bench.dispatcher.log.delivered == 20
            assert bench.dispatcher.pending == 0

    run_async(steps)


def test_close_with_refusing_receiver_makes_no_new_retry() -> None:
    """Each pending callback gets one last attempt."""

    async def steps() -> None:
        async with started_receiver(answers=[500] * 10) as receiver:
            async with started_dispatcher(retry_after=(3600.0,) * 9) as bench:
                bench.end_jobs(receiver.address)
                await bench.dispatcher.wait_for(lambda log: log.attempts == 1, DEADLINE)
            assert [entry.status for entry in bench.dispatcher.log] == [500, 500]

    run_async(steps)


@pytest.mark.parametrize("shutdown", Shutdown)
def test_close_with_hanging_receiver_drops_pending_callbacks(shutdown: Shutdown) -> None:
    """The rest is dropped after the drain time or at once.

    The log names the attempts that were cut off and the callbacks that were not sent.
    """

    async def steps() -> None:
        async with (
            started_receiver(blocked=True) as hanging,
            started_dispatcher(timeout=25.0, drain_timeout=0.1, per_address=2, shutdown=shutdown) as bench,
        ):
            bench.end_jobs(hanging.address, count=5)
            for _ in range(1000):
                if len(hanging.requests) == 2:
                    break
                await asyncio.sleep(0)
            await bench.dispatcher.close()
            assert bench.dispatcher.pending == 0
            reasons = sorted(entry.error for entry in bench.dispatcher.log)
            assert len(reasons) == 5
            assert sum("dropped: the mock was stopped" in reason for reason in reasons) == 3
            assert sum("cut off" in reason for reason in reasons) == 2
            bench.end_jobs(hanging.address)
            assert bench.dispatcher.log.dropped == 4

    run_async(steps)


def test_idle_dispatcher_does_not_hold_the_clock() -> None:
    """Deliveries, retries, drops and resets release the clock, so that an auto-advance clock advances."""

    async def steps() -> None:
        clock = ManualClock(auto_advance=True, start=1000.0)
        async with (
            started_receiver(answers=[500, 500]) as receiver,
            started_dispatcher(clock=clock, retry_after=(60.0, 60.0)) as bench,
        ):
            bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            assert [entry.status for entry in bench.dispatcher.log] == [500, 500, 200]
            receiver.unblocked.clear()
            bench.end_jobs(receiver.address, count=100)
            await bench.dispatcher.reset()
            assert bench.dispatcher.pending == 0
            reached = asyncio.Event()
            clock.call_at(clock.now() + 3600.0, reached.set)
            await asyncio.wait_for(reached.wait(), DEADLINE)

    run_async(steps)


def test_reset_drops_pending_callbacks_and_clears_log() -> None:
    """After the reset no old callback arrives, and new ones do."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(delay=1.0) as bench:
            bench.end_jobs(receiver.address + "/old", count=3)
            await bench.dispatcher.reset()
            bench.end_jobs(receiver.address + "/new")
            await bench.clock.advance(10.0)
            assert [request.target for request in receiver.requests] == ["/new"]
            assert bench.dispatcher.log.attempts == len(bench.dispatcher.log) == 1

    run_async(steps)


def test_wait_timeout_reports_delivered_and_pending_counts() -> None:
    """The error has the numbers of deliveries, attempts and pending callbacks."""

    async def steps() -> None:
        async with started_receiver() as receiver, started_dispatcher(delay=60.0, shutdown=Shutdown.DROP) as bench:
            bench.end_jobs(receiver.address)
            with pytest.raises(TimeoutError, match="0 callbacks delivered in 0 attempts, 1 pending"):
                await bench.dispatcher.idle(0.01)

    run_async(steps)


def test_event_before_start_is_rejected() -> None:
    """The error names `start`."""

    async def steps() -> None:
        clock = ManualClock(start=1000.0)
        dispatcher = CallbackDispatcher(settings=DeliverySettings(), clock=clock, build=plain_body)
        with pytest.raises(RuntimeError, match="start"):
            DispatcherBench(dispatcher, clock).end_jobs("http://receiver.example/")
        await dispatcher.close()

    run_async(steps)


def test_mock_without_jobs_does_not_import_aiohttp() -> None:
    """The client is the slowest import of the mock and is loaded at the first job, so that start-up stays short."""
    code = "import sys, ciq_mock.delivery, ciq_mock.runner, ciq_mock.settings; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("shutdown", Shutdown)
def test_close_during_first_import_drains_or_drops_callback(shutdown: Shutdown) -> None:
    """The mock is stopped right after its first job.

    It drains or drops that callback as set and leaves nothing open.
    """

    async def steps() -> None:
        async with started_receiver() as receiver:
            async with started_dispatcher(shutdown=shutdown) as bench:
                bench.end_jobs(receiver.address)
            drained = shutdown is Shutdown.DRAIN
            assert len(receiver.requests) == bench.dispatcher.log.delivered == (1 if drained else 0)
            assert bench.dispatcher.log.dropped == (0 if drained else 1)

    run_async(steps)
