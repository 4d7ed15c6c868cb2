"""`CallbackDispatcher`: applies the callback rule to each ended job, and sends the callback.

A callback waits for its time (delay, retry), then in the queue of its host, then one worker sends it.
Delays and retries use the mock's clock; a callback that waits in a queue or is being sent holds that clock.
Bodies are built when they are sent, so a receiver that hangs costs one small record per callback.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from heapq import nsmallest
from typing import TYPE_CHECKING

from ciq_mock.callback_rule import BodyFormat, Decision, Destination, Silence, Sink, decide
from ciq_mock.clock import Clock, Timer
from ciq_mock.delivery.address import AddressRefusedError, check_address, without_password
from ciq_mock.delivery.callback_orders import CallbackOrders
from ciq_mock.delivery.host_queues import HostQueues, PendingCallback, Subject
from ciq_mock.delivery.log import KEPT_BODY, Answer, Attempt, DeliveryLog
from ciq_mock.delivery.sinks import SinkMessage, Sinks
from ciq_mock.engine import Accepted, CallbackChoice, Ended, Event
from ciq_mock.settings import DeliverySettings, RuleMoment, Shutdown
from ciq_schemas.values import NotifyConfig

if TYPE_CHECKING:
    from ciq_mock.delivery.sender import Sender

DROPPED_BY_TEST = "dropped: a test requested it"
BodyBuilder = Callable[[Subject, BodyFormat], bytes]
"""Builds the body of the callback of an ended job or run."""
SettledListener = Callable[[Subject], None]
"""Called when the receiver has accepted a callback, or when the last attempt has failed."""


class CallbackDispatcher:
    """Sends all callbacks of a mock. Belongs to one event loop; `start` before the first event, `close` at the end."""

    def __init__(
        self,
        *,
        settings: DeliverySettings,
        clock: Clock,
        build: BodyBuilder,
        rule_read_at: RuleMoment = RuleMoment.END,
    ) -> None:
        self.callback_settled: SettledListener | None = None
        self.no_callback: SettledListener | None = None
        """Called when the rules send no callback."""
        self.log = DeliveryLog(size=settings.log_size)
        self.orders = CallbackOrders()
        """One-time deviations of the next callbacks."""
        self.sinks = Sinks(size=settings.sink_size)
        self._settings = settings
        self._clock = clock
        self._build = build
        self._rule_read_at = rule_read_at
        self._host_queues = HostQueues(width=settings.per_address, host_width=settings.per_host)
        self._delayed: dict[PendingCallback, Timer] = {}
        self._sending: set[PendingCallback] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._waiters: dict[asyncio.Future[None], Callable[[DeliveryLog], bool]] = {}
        self._pending_check: asyncio.Handle | None = None
        self._started = False
        self._client_opening: asyncio.Task[None] | None = None
        self._sender: Sender | None = None
        self._closing = False
        self._count = 0

    async def start(self) -> None:
        """Start; events are accepted from now on."""
        self._started = True

    @property
    def pending(self) -> int:
        """Number of unfinished callbacks: delayed, awaiting a retry, queued or being sent."""
        return len(self._delayed) + self._host_queues.waiting + len(self._sending)

    def upcoming(self, most: int, job_id: str = "") -> list[tuple[float, PendingCallback]]:
        """Return the attempts that wait for their time, as (time, callback), the next one first; at most so many.

        `job_id`: only those of this job.
        """
        waiting = (
            (timer.when, pending) for pending, timer in self._delayed.items() if job_id in ("", pending.subject.id)
        )
        return nsmallest(most, waiting, key=lambda item: item[0])

    def on_event(self, event: Event) -> None:
        """Handle an engine event; only ended jobs cause callbacks (no document names a callback for a cancel)."""
        if isinstance(event, Accepted):
            if self._client_opening is None:
                self._open_client()
            self._notify_waiters()
            return
        if not isinstance(event, Ended):
            return
        job = event.job
        rule = event.rule if self._rule_read_at is RuleMoment.END else job.rule_at_submit
        if job.origin is not None and job.origin.rule is not None:
            rule = job.origin.rule
        self.carry_out(job, self.decision(rule, job.callback))

    def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
        """Return where to send the callback of a job, by the queue's rule and the job's choice."""
        return decide(rule, choice)

    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Send the callback of `subject` as decided."""
        match decision:
            case Destination() as to:
                self._send(subject, to)
            case Sink() as sink:
                body = self._build(subject, sink.format)
                self.sinks.put(
                    sink, SinkMessage(job_id=subject.id, at=self._clock.now(), format=sink.format, body=body)
                )
                self._notify_waiters()
                self._settled(subject)
            case Silence():
                self._notify_waiters()
                if self.no_callback is not None:
                    self.no_callback(subject)

    @property
    def sending(self) -> int:
        """Number of callbacks that wait for a worker or are being sent; delayed ones and retries do not count."""
        return self._host_queues.waiting + len(self._sending)

    def send_again(self, subject: Subject, earlier: Attempt) -> None:
        """Send a callback once more, to the address and in the format of an earlier attempt."""
        self._open_client()
        newest = max(attempt.copy for attempt in self.log.of(subject.id))
        form = BodyFormat(earlier.format)
        self._enqueue(PendingCallback(subject=subject, url=earlier.url, body_format=form, copy=newest + 1))

    async def idle(self, timeout: float) -> None:
        """Wait until nothing is pending. Raises TimeoutError after `timeout` real seconds."""
        await self.wait_for(lambda _: self.pending == 0, timeout)

    async def wait_for(self, condition: Callable[[DeliveryLog], bool], timeout: float) -> None:
        """Wait until `condition(log)` holds, checked after attempts. TimeoutError after `timeout` real seconds."""
        if condition(self.log):
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = condition
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            raise TimeoutError(
                f"not within {timeout:g} s: {self.log.delivered} callbacks delivered in {self.log.attempts} "
                f"attempts, {self.pending} pending, {self.log.dropped} dropped"
            ) from None
        finally:
            del self._waiters[waiter]

    async def reset(self) -> None:
        """Drop all pending callbacks without a log entry, and clear log and sinks."""
        self._remove_unsent()
        await self._stop_workers()
        self.log.clear()
        self.orders.clear()
        self.sinks.clear()
        self._count = 0
        self._notify_waiters()

    async def close(self, *, drop: bool = False) -> None:
        """Stop: send or drop pending callbacks as set; `drop` drops them. The log has the dropped ones."""
        if self._closing:
            return
        self._closing = True
        if not drop and self._settings.shutdown is Shutdown.DRAIN and self._client_opening is not None:
            await self._client_opening
            for pending in self._remove_delayed():
                self._enqueue(pending)
            with suppress(TimeoutError):  # callbacks still pending are dropped and logged below
                await self.idle(self._settings.drain_timeout)
        for pending in self._remove_unsent():
            self._drop(pending, "dropped: the mock was stopped")
        await self._stop_workers()
        if self._client_opening is not None:
            await self._client_opening
        if self._sender is not None:
            await self._sender.close()

    # --- queueing -----------------------------------------------------------------------------------------

    def _send(self, subject: Subject, to: Destination) -> None:
        if not self._started:
            raise RuntimeError("the callback dispatcher is not started: await start() before the first event")
        self._open_client()
        self._count += 1
        order = self.orders.take()
        delay = self._settings.delay + (self._settings.stagger if self._count % 2 == 1 else 0.0) + order.delay
        if order.drop:
            self._drop(PendingCallback(subject=subject, url=to.url, body_format=to.format, copy=1), DROPPED_BY_TEST)
            self._settled(subject)
            return
        for copy in range(1, self._settings.copies + order.copies + 1):
            pending = PendingCallback(subject=subject, url=to.url, body_format=to.format, copy=copy)
            try:
                check_address(to.url, self._settings)
            except AddressRefusedError as error:
                self._drop(pending, f"dropped: {error}")
                self._settled(pending.subject)
                continue
            if self._closing:
                self._drop(pending, "dropped: the mock was stopped")
            elif self.pending >= self._settings.max_pending:
                self._drop(pending, f"dropped: {self._settings.max_pending} callbacks are pending already")
                self._settled(pending.subject)
            elif delay:
                self._delay(pending, delay)
            else:
                self._enqueue(pending)

    def _delay(self, pending: PendingCallback, seconds: float) -> None:
        def due() -> None:
            del self._delayed[pending]
            self._enqueue(pending)

        self._delayed[pending] = self._clock.call_at(self._clock.now() + seconds, due)

    def _enqueue(self, pending: PendingCallback) -> None:
        self._clock.hold()
        self._host_queues.put(pending)
        self._start_worker()

    # --- sending ------------------------------------------------------------------------------------------

    def _open_client(self) -> None:
        """Open the HTTP client in the background: importing it takes longer than the rest of the mock's start."""
        if self._client_opening is None and not self._closing:
            self._client_opening = asyncio.get_running_loop().create_task(self._open_sender())

    async def _open_sender(self) -> None:
        make = await asyncio.to_thread(self.sender_class)
        self._sender = make(self._settings)
        for _ in range(min(self._host_queues.waiting, self._settings.concurrency)):
            self._start_worker()

    def _start_worker(self) -> None:
        """Start one more worker if a callback is ready."""
        sender = self._sender
        if sender is not None and self._host_queues.ready and len(self._workers) < self._settings.concurrency:
            worker = asyncio.get_running_loop().create_task(self._work(sender))
            self._workers.add(worker)
            worker.add_done_callback(self._worker_done)

    async def _work(self, sender: "Sender") -> None:
        """Send from the queues of the hosts in turn until none is ready."""
        while self._host_queues.ready:
            port_queue, pending = self._host_queues.take()
            self._sending.add(pending)
            try:
                await self._attempt(sender, pending)
            finally:
                self._sending.discard(pending)
                self._host_queues.done(port_queue)
                self._clock.release()
                self._notify_waiters()

    async def _attempt(self, sender: "Sender", pending: PendingCallback) -> None:
        pending.attempts += 1
        started = self._clock.now()
        answer = Answer(None, "not sent: the body could not be built")
        body = b""
        headers: tuple[tuple[str, str], ...] = ()
        try:
            body = self._build(pending.subject, pending.format)
            headers = sender.headers_of(body, pending.format)
            answer = Answer(None, "cut off: the mock was stopped")
            answer = await sender.post(pending.url, body, pending.format)
        finally:
            attempt = self._attempt_entry(pending, pending.attempts, started, answer, body=body, headers=headers)
            self.log.add(attempt)
        retries = self._settings.retry_after
        if attempt.delivered or (pending.attempts > len(retries) and not self._closing):
            self._settled(pending.subject)
        elif not self._closing:
            self._delay(pending, retries[pending.attempts - 1])

    def _settled(self, subject: Subject) -> None:
        """Report that no further attempt for this callback follows."""
        if self.callback_settled is not None:
            self.callback_settled(subject)

    def _worker_done(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._start_worker()  # another worker continues when this one has failed
        if not worker.cancelled() and (error := worker.exception()) is not None:
            worker.get_loop().call_exception_handler(
                {"message": "a callback could not be built or sent", "exception": error, "task": worker}
            )

    # --- removing -----------------------------------------------------------------------------------------

    def _remove_delayed(self) -> list[PendingCallback]:
        pending_callbacks = list(self._delayed)
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()
        return pending_callbacks

    def _remove_unsent(self) -> list[PendingCallback]:
        """Remove every callback that is not being sent."""
        waiting = self._host_queues.clear()
        for _ in waiting:
            self._clock.release()
        return self._remove_delayed() + waiting

    async def _stop_workers(self) -> None:
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _drop(self, pending: PendingCallback, why: str) -> None:
        self.log.add(self._attempt_entry(pending, 0, self._clock.now(), Answer(None, why)))
        self._notify_waiters()

    def _attempt_entry(
        self,
        pending: PendingCallback,
        number: int,
        started: float,
        answer: Answer,
        *,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Attempt:
        return Attempt(
            job_id=pending.subject.id,
            url=without_password(pending.url),
            number=number,
            copy=pending.copy,
            started=started,
            ended=self._clock.now(),
            status=answer.status,
            error=answer.error,
            format=pending.format,
            headers=headers,
            body=body[:KEPT_BODY],
        )

    def _notify_waiters(self) -> None:
        """Check the conditions of `wait_for` once, at the end of this turn of the event loop."""
        if self._waiters and self._pending_check is None:
            self._pending_check = asyncio.get_running_loop().call_soon(self._check_waiters)

    def _check_waiters(self) -> None:
        self._pending_check = None
        for waiter, condition in self._waiters.items():
            if not waiter.done() and condition(self.log):
                waiter.set_result(None)

    @staticmethod
    def sender_class() -> "type[Sender]":
        """Return the class of the sender; importing it is slow, so a separate thread calls this."""
        from ciq_mock.delivery.sender import Sender

        return Sender
