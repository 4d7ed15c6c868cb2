"""Scenario `concurrency`: run several clients on one queue at the same time, each with its own connection.

First the clients submit and cancel jobs in a paused queue, which is resumed and paused again while some jobs wait.
Then they submit, cancel, pause, resume and describe at the same time. The order of the exchanges depends on random
numbers and on the target; the checks judge whether the observed history is legal.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from ciq_conformance.areas.concurrency.labels import RULE_CHANNEL, Label
from ciq_conformance.driver.queue_setup import list_until
from ciq_conformance.driver.quiescence import look_at_once, resume_then_pause, wait_until_idle
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.ordering import SLACK
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange

CLIENTS = 6
"""Clients that submit; two further clients pause and resume, and one describes jobs."""
FIRST_EACH, MIXED_EACH = 5, 3
"""Jobs that each client submits in the first and in the mixed phase, where jobs are short enough."""
LONGEST_DRAIN = 6.0
"""Seconds that all jobs may take by the calibration; the scenario submits fewer jobs where they would take longer."""
FEWEST_CLIENTS = 3
SHARES = (0.0, 0.1, 0.3, 0.6)
"""Parts of the expected drain time of the first jobs after which the queue is paused, tried in this order."""
SHORTEST_LEAD = 0.002
TOGGLES = 3
SIMULTANEOUS_RESUMES = 3
"""How often two clients resume the queue at the same time without other clients."""
LEVELS = (0, 1, 2, None)
SHORTEST_POLL = 0.03
OBSERVER_SECONDS = 20.0
"""The observer stops after this time, even if other clients continue."""


@dataclass
class _Clients:
    """The actions of the clients and the job ids that they share. The list of ids only grows."""

    ctx: ScenarioContext
    rng: random.Random
    rule: CallbackRuleRequest
    ids: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, number: int, step: Label, cancel: Label, jobs: int) -> Callable[[], None]:
        """Returns the action of a client that submits jobs and cancels its second one, where that is documented."""
        levels = [self.rng.choice(LEVELS) if self.ctx.spec.has_job_level else None for _ in range(jobs)]
        cancels = self.ctx.spec.cancel_documented and number % 2 == 0

        def act() -> None:
            for index, level in enumerate(levels):
                request = self.ctx.job_request(f"{step} client {number} job {index}", level=level)
                ids = self.ctx.submit(step, request).job_ids
                with self._lock:
                    self.ids.extend(ids)
                if cancels and index == 1:
                    for job_id in ids[:1]:
                        with self._lock:
                            self.cancelled.add(job_id)
                        self.ctx.calls.cancel(cancel, job_id)

        return act

    def toggler(self) -> Callable[[], None]:
        """Returns the action of a client that pauses and resumes; its last update is a resume."""
        waits = [self.rng.uniform(0.02, 0.15) for _ in range(TOGGLES)]

        def act() -> None:
            for wait in waits:
                self.ctx.set_queue(Label.MIXED_PAUSE, state=QueueState.PAUSED, rule=self.rule)
                self.ctx.pause_thread(wait)
                self.ctx.set_queue(Label.MIXED_RESUME, rule=self.rule)

        return act

    def observer(self, done: threading.Event) -> Callable[[], None]:
        """Returns the action of a client that describes the jobs that have not ended."""
        ended: set[str] = set()

        def act() -> None:
            end = self.ctx.now() + OBSERVER_SECONDS
            while not done.is_set() and self.ctx.now() < end:
                seen = self.ctx.look(Label.LOOK, [job_id for job_id in list(self.ids) if job_id not in ended])
                ended.update(job_id for job_id, job in seen.items() if job.state in FINAL_STATES)
                self.ctx.pause_thread(max(SHORTEST_POLL, self.ctx.timeouts.poll))

        return act


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(RULE_CHANNEL)))
    rng = random.Random(ctx.extra_testing.seed_of(f"{ctx.run_id} {ctx.spec.feature}"))  # noqa: S311 - no secret
    clients = _Clients(ctx, rng, rule)
    count, first_jobs, mixed_jobs = _sizes(ctx)
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    ctx.let_pause_reach_workers()
    opening = ctx.submit(Label.OPENING, ctx.job_request("opening"))
    clients.ids.extend(opening.job_ids)
    if not opening.ok:
        # By the console pages a paused queue may reject jobs (1045/43607): then the first jobs enter an active queue.
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
    _run_together(
        [clients.client(number, Label.FIRST_SUBMIT, Label.FIRST_CANCEL, first_jobs) for number in range(count)]
    )
    if opening.ok:
        ctx.watch_for(Label.HELD, clients.ids, ctx.timeouts.hold)
        _pause_while_draining(ctx, clients, rule)
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        observing = pool.submit(clients.observer(done))
        try:
            _run_together(
                [
                    *(
                        clients.client(number, Label.MIXED_SUBMIT, Label.MIXED_CANCEL, mixed_jobs)
                        for number in range(count)
                    ),
                    clients.toggler(),
                    clients.toggler(),
                ]
            )
        finally:
            done.set()
        observing.result()
    _list_state(ctx)
    for _ in range(SIMULTANEOUS_RESUMES):
        ctx.set_queue(Label.MIXED_PAUSE, state=QueueState.PAUSED, rule=rule)
        _run_together([partial(ctx.set_queue, Label.MIXED_RESUME, rule=rule)] * 2)
        _list_state(ctx)
    ctx.set_queue_or_fail(Label.ACTIVE, rule=rule)
    kept = [job_id for job_id in clients.ids if job_id not in clients.cancelled]
    ctx.watch_ended(Label.DRAIN, kept)
    ctx.wait_callbacks(RULE_CHANNEL, kept)
    ctx.look(Label.AFTER, clients.ids)


def _list_state(ctx: ScenarioContext) -> None:
    """Lists the queue until it is Active, or for the time that a change may take to be visible."""

    def active(listed: ParsedExchange) -> bool:
        return [queue.state for queue in listed.queue_list.queues] == [QueueState.ACTIVE]

    list_until(ctx, Label.STATE, {"queueIds": ctx.queue_id}, active)


def _sizes(ctx: ScenarioContext) -> tuple[int, int, int]:
    """Returns the number of clients, and the jobs of each client in the first and in the mixed phase."""
    calibration = ctx.timeouts.calibration
    capacity = LONGEST_DRAIN * max(1, calibration.workers) / max(calibration.job_latency, 0.001)
    clients = max(FEWEST_CLIENTS, min(CLIENTS, int(capacity / 4)))
    first = max(2, min(FIRST_EACH, int(capacity / clients) - MIXED_EACH))
    return clients, first, max(1, min(MIXED_EACH, int(capacity / clients) - first))


def _run_together(actions: Sequence[Callable[[], object]]) -> None:
    """Runs all actions at the same time: none begins before all threads are ready."""
    barrier = threading.Barrier(len(actions))

    def begin(action: Callable[[], object]) -> None:
        barrier.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as pool:
        for future in [pool.submit(begin, action) for action in actions]:
            future.result()


def _pause_while_draining(ctx: ScenarioContext, clients: _Clients, rule: CallbackRuleRequest) -> None:
    """Resumes and soon pauses again, each time a little later, until some jobs have started and some still wait."""
    waiting = list(clients.ids)
    for share in SHARES:
        lead = max(SHORTEST_LEAD, ctx.timeouts.drain(len(clients.ids)) * share)
        resume_then_pause(ctx, rule, (Label.RESUME, Label.FREEZE), lead)
        look_at_once(ctx, Label.AT_ONCE, waiting)
        states = wait_until_idle(ctx, Label.SETTLE, clients.ids)
        before = len(waiting)
        waiting = [job_id for job_id in clients.ids if states.get(job_id, "") in ("", *WAITING_STATES)]
        if not waiting or len(waiting) < before - len(clients.cancelled):
            break
    if waiting:
        ctx.watch_for(Label.FROZEN, waiting, SLACK + 0.1)
    ctx.set_queue_or_fail(Label.THAW, rule=rule)
