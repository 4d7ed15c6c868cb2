"""Waits for callbacks, and ends at once when no more can come. Runs in the event loop of a mock."""

import asyncio
from collections.abc import Callable

from ciq_mock.clock import ClockKind
from ciq_mock.delivery import Attempt
from ciq_mock.mock import Mock
from ciq_schemas.lifecycle import QueueState

CallbackCondition = Callable[[tuple[Attempt, ...]], bool]
"""Receives all delivery attempts so far, oldest first; returns whether the wait is over."""


class NoMoreCallbacksError(TimeoutError):
    """The callbacks that a test waits for cannot come any more; the message has the last error."""


async def wait_for_callbacks(mock: Mock, wanted: int | CallbackCondition, timeout: float) -> tuple[Attempt, ...]:
    """Wait until `wanted` callbacks were delivered, or until `wanted(attempts)` is true; return the delivered ones.

    Raises NoMoreCallbacksError when as many jobs as callbacks are wanted were submitted and nothing is pending;
    TimeoutError after `timeout` real seconds. A condition cannot say how many jobs it needs, so it waits in any case.
    """
    log, reason = mock.delivery.log, ""

    def over(_: object) -> bool:
        nonlocal reason
        if callable(wanted):
            return wanted(tuple(log))
        if log.delivered >= wanted:
            return True
        reason = _hopeless(mock, wanted)
        return bool(reason)

    mock.runner.wake()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    try:
        await mock.delivery.wait_for(over, timeout)
    except TimeoutError as error:
        raise TimeoutError("; ".join([str(error), *_hints(mock)])) from None
    if reason:
        counts = f"{log.delivered} callbacks delivered in {log.attempts} attempts, {wanted} wanted"
        raise NoMoreCallbacksError("; ".join([f"no more callbacks can come: {reason}", counts, *_hints(mock)]))
    return tuple(attempt for attempt in log if attempt.delivered)


def _hopeless(mock: Mock, wanted: int) -> str:
    """Return why no more callbacks can come; empty when some can, or when a client may still submit jobs."""
    jobs, delivery = mock.engine.count, mock.delivery
    copies = mock.settings.delivery.copies
    if jobs * copies < wanted or mock.workflow_service.workflows.has_runs or delivery.sending:
        return ""
    live = sum(len(queue.waiting) + queue.running for queue in mock.engine.all_queues())
    if not live and not delivery.pending:
        return f"all {jobs} jobs have ended and nothing is pending"
    if mock.settings.clock == ClockKind.MANUAL:
        return "the clock is manual and nothing is due now: call advance(), or use the clock auto-advance"
    return ""


def _hints(mock: Mock) -> list[str]:
    """Return the last error and what holds jobs back."""
    failed = [attempt for attempt in mock.delivery.log if not attempt.delivered]
    hints = []
    if failed:
        last = failed[-1]
        outcome = last.error or f"HTTP {last.status}"
        hints.append(f"last error: job {last.job_id} at {last.origin}: {outcome}")
    held = sum(len(queue.waiting) for queue in mock.engine.all_queues() if queue.state is QueueState.PAUSED)
    if held:
        hints.append(f"{held} jobs wait in paused queues")
    if not mock.engine.count:
        hints.append("no job was submitted")
    return hints


def redeliver(mock: Mock, job_id: str) -> None:
    """Send the callback of a job once more, to the address of its last attempt; raises LookupError without one.

    The address in the log has no password, so it is sent without.
    """
    job = mock.engine.find(job_id)
    attempts = mock.delivery.log.of(job_id)
    if job is None or not attempts:
        raise LookupError(f"the mock had no callback of job {job_id!r} to send")
    mock.delivery.send_again(job, attempts[-1])
