"""`CallbackDispatcher`: applies the callback rule to each ended job, and sends the callback.

A callback waits for its time (delay, retry), then in the queue of its URL, then one worker sends it.
Delays and retries use the mock's clock; a callback that waits in a queue or is being sent holds that clock.
Bodies are built when they are sent, so a receiver that hangs costs one small record per callback.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ciq_mock.callback_rule import BodyFormat, Decision, Destination, Silence, Sink, decide
from ciq_mock.clock import Clock, Timer
from ciq_mock.delivery.address import AddressRefusedError, check_address, without_password
from ciq_mock.delivery.log import Answer, Attempt, DeliveryLog
from ciq_mock.delivery.sinks import SinkMessage, Sinks
from ciq_mock.delivery.url_queues import PendingCallback, Subject, UrlQueues
from ciq_mock.engine import Accepted, CallbackChoice, Ended, Event
from ciq_mock.settings import DeliverySettings, RuleMoment, Shutdown
from ciq_schemas.values import NotifyConfig

if TYPE_CHECKING:
    from ciq_mock.delivery.sender import Sender

BodyBuilder = Callable[[Subject, BodyFormat], bytes]
"""Builds the body of the callback of an ended job or run."""
DoneWith = Callable[[Subject], None]
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
        self.callback_settled: DoneWith | None = None
        self.log = DeliveryLog(size=settings.log_size)
        self.sinks = Sinks(size=settings.sink_size)
        self._settings = settings
        self._clock = clock
        self._build = build
        self._rule_read_at = rule_read_at
        self._url_queues = UrlQueues(width=settings.per_address)
        self._later: dict[PendingCallback, Timer] = {}
        self._out: set[PendingCallback] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._waiters: dict[asyncio.Future[None], Callable[[DeliveryLog], bool]] = {}
        self._glance: asyncio.Handle | None = None
        self._started = False
        self._opening: asyncio.Task[None] | None = None
        self._sender: Sender | None = None
        self._closing = False
        self._count = 0

    async def start(self) -> None:
        """Start; events are accepted from now on."""
        self._started = True

    @property
    def pending(self) -> int:
        """Number of unfinished callbacks: delayed, awaiting a retry, queued or being sent."""
        return len(self._later) + self._url_queues.waiting + len(self._out)

    def on_event(self, event: Event) -> None:
        """Handle an engine event; only ended jobs cause callbacks (no document names a callback for a cancel)."""
        if isinstance(event, Accepted):
            if self._opening is None:
                self._open()
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
                self._tell()
            case Silence():
                pass

    async def idle(self, timeout: float) -> None:
        """Wait until nothing is pending. Raises TimeoutError after `timeout` real seconds."""
        await self.wait_for(lambda _: self.pending == 0, timeout)

    async def wait_for(self, holds: Callable[[DeliveryLog], bool], timeout: float) -> None:
        """Wait until `holds(log)`, asked after attempts. Raises TimeoutError after `timeout` real seconds."""
        if holds(self.log):
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = holds
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
        self._take_back()
        await self._stop_workers()
        self.log.clear()
        self.sinks.clear()
        self._count = 0
        self._tell()

    async def close(self, *, drop: bool = False) -> None:
        """Stop: drain or drop, as set, or drop anyway; the log has what was not sent. A second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if not drop and self._settings.shutdown is Shutdown.DRAIN and self._opening is not None:
            await self._opening
            for pending in self._take_later():
                self._line_up(pending)
            with suppress(TimeoutError):  # what is left then is dropped below, and logged
                await self.idle(self._settings.drain_timeout)
        for pending in self._take_back():
            self._drop(pending, "dropped: the mock was stopped")
        await self._stop_workers()
        if self._opening is not None:
            await self._opening
        if self._sender is not None:
            await self._sender.close()

    # --- on the way in ------------------------------------------------------------------------------------

    def _send(self, subject: Subject, to: Destination) -> None:
        if not self._started:
            raise RuntimeError("the delivery room is not open: await start() before the first event")
        self._open()
        self._count += 1
        delay = self._settings.delay + (self._settings.stagger if self._count % 2 == 1 else 0.0)
        for copy in range(1, self._settings.copies + 1):
            pending = PendingCallback(subject=subject, url=to.url, body_format=to.format, copy=copy)
            try:
                check_address(to.url, forbid_private=self._settings.forbid_private)
            except AddressRefusedError as error:
                self._drop(pending, f"dropped: {error}")
                self._done(pending)
                continue
            if self._closing:
                self._drop(pending, "dropped: the mock was stopped")
            elif self.pending >= self._settings.max_pending:
                self._drop(pending, f"dropped: {self._settings.max_pending} callbacks are pending already")
                self._done(pending)
            elif delay:
                self._put_off(pending, delay)
            else:
                self._line_up(pending)

    def _put_off(self, pending: PendingCallback, seconds: float) -> None:
        def due() -> None:
            del self._later[pending]
            self._line_up(pending)

        self._later[pending] = self._clock.call_at(self._clock.now() + seconds, due)

    def _line_up(self, pending: PendingCallback) -> None:
        self._clock.hold()
        self._url_queues.put(pending)
        self._employ()

    # --- out ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the HTTP client, beside other work: importing it takes longer than the rest of the mock's start."""
        if self._opening is None and not self._closing:
            self._opening = asyncio.get_running_loop().create_task(self._open_sender())

    async def _open_sender(self) -> None:
        make = await asyncio.to_thread(self.sender_class)
        self._sender = make(self._settings)
        for _ in range(min(self._url_queues.waiting, self._settings.concurrency)):
            self._employ()

    def _employ(self) -> None:
        """Start one more worker if a callback is ready."""
        sender = self._sender
        if sender is not None and self._url_queues.ready and len(self._workers) < self._settings.concurrency:
            worker = asyncio.get_running_loop().create_task(self._work(sender))
            self._workers.add(worker)
            worker.add_done_callback(self._worker_done)

    async def _work(self, sender: "Sender") -> None:
        """Send from the URL queues in turn until none is ready."""
        while self._url_queues.ready:
            url_queue, pending = self._url_queues.take()
            self._out.add(pending)
            try:
                await self._attempt(sender, pending)
            finally:
                self._out.discard(pending)
                self._url_queues.done(url_queue)
                self._clock.release()
                self._tell()

    async def _attempt(self, sender: "Sender", pending: PendingCallback) -> None:
        pending.attempts += 1
        started = self._clock.now()
        answer = Answer(None, "not sent: the body could not be built")
        try:
            body = self._build(pending.subject, pending.format)
            answer = Answer(None, "cut off: the mock was stopped")
            answer = await sender.post(pending.url, body, pending.format)
        finally:
            attempt = self._entry(pending, pending.attempts, started, answer)
            self.log.add(attempt)
        retries = self._settings.retry_after
        if attempt.delivered or (pending.attempts > len(retries) and not self._closing):
            self._done(pending)
        elif not self._closing:
            self._put_off(pending, retries[pending.attempts - 1])

    def _done(self, pending: PendingCallback) -> None:
        if self.callback_settled is not None:
            self.callback_settled(pending.subject)

    def _worker_done(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._employ()  # a worker that failed leaves its lanes to another
        if not worker.cancelled() and (error := worker.exception()) is not None:
            worker.get_loop().call_exception_handler(
                {"message": "a callback could not be built or sent", "exception": error, "task": worker}
            )

    # --- back ---------------------------------------------------------------------------------------------

    def _take_later(self) -> list[PendingCallback]:
        pending_callbacks = list(self._later)
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()
        return pending_callbacks

    def _take_back(self) -> list[PendingCallback]:
        """Remove every callback that is not being sent."""
        waiting = self._url_queues.clear()
        for _ in waiting:
            self._clock.release()
        return self._take_later() + waiting

    async def _stop_workers(self) -> None:
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _drop(self, pending: PendingCallback, why: str) -> None:
        self.log.add(self._entry(pending, 0, self._clock.now(), Answer(None, why)))
        self._tell()

    def _entry(self, pending: PendingCallback, number: int, started: float, answer: Answer) -> Attempt:
        return Attempt(
            job_id=pending.subject.id,
            url=without_password(pending.url),
            number=number,
            copy=pending.copy,
            started=started,
            ended=self._clock.now(),
            status=answer.status,
            error=answer.error,
        )

    def _tell(self) -> None:
        """Look after those who wait for something to hold, once for all that happens in this turn."""
        if self._waiters and self._glance is None:
            self._glance = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._glance = None
        for waiter, holds in self._waiters.items():
            if not waiter.done() and holds(self.log):
                waiter.set_result(None)

    @staticmethod
    def sender_class() -> "type[Sender]":
        """What sends; importing it is slow, so it is asked for in a thread of its own."""
        from ciq_mock.delivery.sender import Sender

        return Sender
