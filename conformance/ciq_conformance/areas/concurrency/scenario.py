"""Scenario `concurrency`: several clients at one queue at once, each with a connection of its own.

First a rush of submits (and cancels) at a paused queue, frozen once in the middle of its drain; then submits, cancels,
pauses, resumes and looks all side by side. Which history came about is left to chance and to the target; whether it
was a legal one is left to the judge.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from ciq_conformance.areas.concurrency.labels import TOLD, Label
from ciq_conformance.driver.queue_setup import list_until
from ciq_conformance.driver.quiescence import resume_then_pause, wait_until_idle
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.ordering import SLACK
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange

CLIENTS = 6
"""Clients that submit; beside them two pause and resume, one looks."""
RUSH_EACH, CROWD_EACH = 5, 3
"""Jobs a client submits, where jobs are short enough."""
LONGEST_DRAIN = 6.0
"""Seconds that all jobs may take by the calibration; fewer are submitted where they would take longer."""
FEWEST_CLIENTS = 3
SHARES = (0.0, 0.1, 0.3, 0.6)
"""Parts of the time that the rush should take to drain, after which it is frozen, one after the other."""
LEAST_LEAD = 0.002
TOGGLES = 3
MEETINGS = 3
"""Times that two clients resume the queue at once, and nobody else is there."""
LEVELS = (0, 1, 2, None)
LEAST_POLL = 0.03
LOOK_SECONDS = 20.0
"""The looker looks so often at most, and stops by then, whatever the others do."""


@dataclass
class _Crowd:
    """What the clients share: the jobs so far. Lists are only ever appended to."""

    ctx: ScenarioContext
    chance: random.Random
    rule: CallbackRuleRequest
    ids: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, number: int, step: Label, cancel: Label, jobs: int) -> Callable[[], None]:
        """One client: submits jobs one after the other, and takes its second one back where that is offered."""
        levels = [self.chance.choice(LEVELS) if self.ctx.spec.has_job_level else None for _ in range(jobs)]
        cancels = self.ctx.spec.cancel_documented and number % 2 == 0

        def act() -> None:
            for index, level in enumerate(levels):
                order = self.ctx.job_request(f"{step} client {number} job {index}", level=level)
                ids = self.ctx.submit(step, order).job_ids
                with self._lock:
                    self.ids.extend(ids)
                if cancels and index == 1:
                    for job_id in ids[:1]:
                        with self._lock:
                            self.cancelled.add(job_id)
                        self.ctx.calls.cancel(cancel, job_id)

        return act

    def toggler(self) -> Callable[[], None]:
        """One client that pauses and resumes; its last word is resume."""
        waits = [self.chance.uniform(0.02, 0.15) for _ in range(TOGGLES)]

        def act() -> None:
            for wait in waits:
                self.ctx.set_queue(Label.CROWD_PAUSE, state=QueueState.PAUSED, rule=self.rule)
                self.ctx.pause_thread(wait)
                self.ctx.set_queue(Label.CROWD_RESUME, rule=self.rule)

        return act

    def looker(self, done: threading.Event) -> Callable[[], None]:
        """One client that looks at what has not ended."""
        ended: set[str] = set()

        def act() -> None:
            end = self.ctx.now() + LOOK_SECONDS
            while not done.is_set() and self.ctx.now() < end:
                seen = self.ctx.look(Label.LOOK, [job_id for job_id in list(self.ids) if job_id not in ended])
                ended.update(job_id for job_id, job in seen.items() if job.state in FINAL_STATES)
                self.ctx.pause_thread(max(LEAST_POLL, self.ctx.timeouts.poll))

        return act


def run(ctx: ScenarioContext) -> None:
    """Play the scenario."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(TOLD)))
    chance = random.Random(ctx.extra_testing.seed_of(f"{ctx.run_id} {ctx.spec.feature}"))  # noqa: S311 - no secret
    crowd = _Crowd(ctx, chance, rule)
    clients, rush, more = _sizes(ctx)
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    ctx.let_pause_reach_workers()
    opening = ctx.submit(Label.OPENING, ctx.job_request("opening"))
    crowd.ids.extend(opening.job_ids)
    if not opening.ok:
        # The console pages let a paused queue be closed to jobs (1045/43607): then the rush meets an active one.
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
    _together([crowd.client(number, Label.RUSH, Label.RUSH_CANCEL, rush) for number in range(clients)])
    if opening.ok:
        ctx.watch_for(Label.HELD, crowd.ids, ctx.timeouts.hold)
        _freeze(ctx, crowd, rule)
    done = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(crowd.looker(done))
        try:
            _together(
                [
                    *(crowd.client(number, Label.CROWD, Label.CROWD_CANCEL, more) for number in range(clients)),
                    crowd.toggler(),
                    crowd.toggler(),
                ]
            )
        finally:
            done.set()
        looking.result()
    _look_at_state(ctx)
    for _ in range(MEETINGS):
        ctx.set_queue(Label.CROWD_PAUSE, state=QueueState.PAUSED, rule=rule)
        _together([partial(ctx.set_queue, Label.CROWD_RESUME, rule=rule)] * 2)
        _look_at_state(ctx)
    ctx.set_queue_or_fail(Label.ACTIVE, rule=rule)
    kept = [job_id for job_id in crowd.ids if job_id not in crowd.cancelled]
    ctx.watch_ended(Label.DRAIN, kept)
    ctx.wait_callbacks(TOLD, kept)
    ctx.look(Label.AFTER, crowd.ids)


def _look_at_state(ctx: ScenarioContext) -> None:
    """List the queue until it is Active, or for as long as a change may take to show."""

    def active(listed: ParsedExchange) -> bool:
        return [queue.state for queue in listed.queue_list.queues] == [QueueState.ACTIVE]

    list_until(ctx, Label.STATE, {"queueIds": ctx.queue_id}, active)


def _sizes(ctx: ScenarioContext) -> tuple[int, int, int]:
    """Clients, jobs of each in the rush, jobs of each in the crowd."""
    calibration = ctx.timeouts.calibration
    room = LONGEST_DRAIN * max(1, calibration.workers) / max(calibration.job_latency, 0.001)
    clients = max(FEWEST_CLIENTS, min(CLIENTS, int(room / 4)))
    rush = max(2, min(RUSH_EACH, int(room / clients) - CROWD_EACH))
    return clients, rush, max(1, min(CROWD_EACH, int(room / clients) - rush))


def _together(actions: Sequence[Callable[[], object]]) -> None:
    """Do all at once: nobody begins before everybody is there."""
    restart_lock = threading.Barrier(len(actions))

    def begin(action: Callable[[], object]) -> None:
        restart_lock.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as pool:
        for begun in [pool.submit(begin, action) for action in actions]:
            begun.result()


def _freeze(ctx: ScenarioContext, crowd: _Crowd, rule: CallbackRuleRequest) -> None:
    """Resume and pause close together, each time a little later, until some have started and some still wait."""
    waiting = list(crowd.ids)
    for share in SHARES:
        lead = max(LEAST_LEAD, ctx.timeouts.drain(len(crowd.ids)) * share)
        resume_then_pause(ctx, rule, (Label.RESUME, Label.FREEZE), lead)
        states = wait_until_idle(ctx, Label.SETTLE, crowd.ids)
        before = len(waiting)
        waiting = [job_id for job_id in crowd.ids if states.get(job_id, "") in ("", *WAITING_STATES)]
        if not waiting or len(waiting) < before - len(crowd.cancelled):
            break
    if waiting:
        ctx.watch_for(Label.FROZEN, waiting, SLACK + 0.1)
    ctx.set_queue_or_fail(Label.THAW, rule=rule)
