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

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.rest import resume_and_freeze, watch_rest
from ciq_conformance.driver.stage import Stage
from ciq_conformance.judge.ordering import SLACK
from ciq_conformance.scenarios.readiness import list_until
from ciq_conformance.steps.concurrency import TOLD, Step
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

    stage: Stage
    chance: random.Random
    rule: RuleOrder
    ids: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, number: int, step: Step, cancel: Step, jobs: int) -> Callable[[], None]:
        """One client: submits jobs one after the other, and takes its second one back where that is offered."""
        levels = [self.chance.choice(LEVELS) if self.stage.spec.has_job_level else None for _ in range(jobs)]
        cancels = self.stage.spec.cancel_documented and number % 2 == 0

        def act() -> None:
            for index, level in enumerate(levels):
                order = self.stage.order(f"{step} client {number} job {index}", level=level)
                ids = self.stage.submit(step, order).job_ids
                with self._lock:
                    self.ids.extend(ids)
                if cancels and index == 1:
                    for job_id in ids[:1]:
                        with self._lock:
                            self.cancelled.add(job_id)
                        self.stage.calls.cancel(cancel, job_id)

        return act

    def toggler(self) -> Callable[[], None]:
        """One client that pauses and resumes; its last word is resume."""
        waits = [self.chance.uniform(0.02, 0.15) for _ in range(TOGGLES)]

        def act() -> None:
            for wait in waits:
                self.stage.set_queue(Step.CROWD_PAUSE, state=QueueState.PAUSED, rule=self.rule)
                self.stage.pause_thread(wait)
                self.stage.set_queue(Step.CROWD_RESUME, rule=self.rule)

        return act

    def looker(self, done: threading.Event) -> Callable[[], None]:
        """One client that looks at what has not ended."""
        ended: set[str] = set()

        def act() -> None:
            end = self.stage.now() + LOOK_SECONDS
            while not done.is_set() and self.stage.now() < end:
                seen = self.stage.look(Step.LOOK, [job_id for job_id in list(self.ids) if job_id not in ended])
                ended.update(job_id for job_id, job in seen.items() if job.state in FINAL_STATES)
                self.stage.pause_thread(max(LEAST_POLL, self.stage.patience.poll))

        return act


def play(stage: Stage) -> None:
    """Play the scenario."""
    rule = RuleOrder(url=stage.receiver.address(stage.channel(TOLD)))
    chance = random.Random(stage.effort.seed_of(f"{stage.run_id} {stage.spec.feature}"))  # noqa: S311 - no secret
    crowd = _Crowd(stage, chance, rule)
    clients, rush, more = _sizes(stage)
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    stage.let_pause_reach_workers()
    opening = stage.submit(Step.OPENING, stage.order("opening"))
    crowd.ids.extend(opening.job_ids)
    if not opening.ok:
        # The console pages let a paused queue be closed to jobs (1045/43607): then the rush meets an active one.
        stage.set_queue_or_break(Step.RESUME, rule=rule)
    _together([crowd.client(number, Step.RUSH, Step.RUSH_CANCEL, rush) for number in range(clients)])
    if opening.ok:
        stage.watch_for(Step.HELD, crowd.ids, stage.patience.hold)
        _freeze(stage, crowd, rule)
    done = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(crowd.looker(done))
        try:
            _together(
                [
                    *(crowd.client(number, Step.CROWD, Step.CROWD_CANCEL, more) for number in range(clients)),
                    crowd.toggler(),
                    crowd.toggler(),
                ]
            )
        finally:
            done.set()
        looking.result()
    _look_at_state(stage)
    for _ in range(MEETINGS):
        stage.set_queue(Step.CROWD_PAUSE, state=QueueState.PAUSED, rule=rule)
        _together([partial(stage.set_queue, Step.CROWD_RESUME, rule=rule)] * 2)
        _look_at_state(stage)
    stage.set_queue_or_break(Step.ACTIVE, rule=rule)
    kept = [job_id for job_id in crowd.ids if job_id not in crowd.cancelled]
    stage.watch_ended(Step.DRAIN, kept)
    stage.wait_callbacks(TOLD, kept)
    stage.look(Step.AFTER, crowd.ids)


def _look_at_state(stage: Stage) -> None:
    """List the queue until it is Active, or for as long as a change may take to show."""

    def active(listed: ParsedExchange) -> bool:
        return [queue.state for queue in listed.queue_list.queues] == [QueueState.ACTIVE]

    list_until(stage, Step.STATE, {"queueIds": stage.queue_id}, active)


def _sizes(stage: Stage) -> tuple[int, int, int]:
    """Clients, jobs of each in the rush, jobs of each in the crowd."""
    calibration = stage.patience.calibration
    room = LONGEST_DRAIN * max(1, calibration.workers) / max(calibration.job_latency, 0.001)
    clients = max(FEWEST_CLIENTS, min(CLIENTS, int(room / 4)))
    rush = max(2, min(RUSH_EACH, int(room / clients) - CROWD_EACH))
    return clients, rush, max(1, min(CROWD_EACH, int(room / clients) - rush))


def _together(actions: Sequence[Callable[[], object]]) -> None:
    """Do all at once: nobody begins before everybody is there."""
    gate = threading.Barrier(len(actions))

    def begin(action: Callable[[], object]) -> None:
        gate.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as pool:
        for begun in [pool.submit(begin, action) for action in actions]:
            begun.result()


def _freeze(stage: Stage, crowd: _Crowd, rule: RuleOrder) -> None:
    """Resume and pause close together, each time a little later, until some have started and some still wait."""
    waiting = list(crowd.ids)
    for share in SHARES:
        lead = max(LEAST_LEAD, stage.patience.drain(len(crowd.ids)) * share)
        resume_and_freeze(stage, rule, (Step.RESUME, Step.FREEZE), lead)
        states = watch_rest(stage, Step.SETTLE, crowd.ids)
        before = len(waiting)
        waiting = [job_id for job_id in crowd.ids if states.get(job_id, "") in ("", *WAITING_STATES)]
        if not waiting or len(waiting) < before - len(crowd.cancelled):
            break
    if waiting:
        stage.watch_for(Step.FROZEN, waiting, SLACK + 0.1)
    stage.set_queue_or_break(Step.THAW, rule=rule)
