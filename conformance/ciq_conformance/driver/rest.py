"""Pausing a queue in the middle of its work, and waiting until its jobs have come to rest.

API pages let them run to their end, console pages stop them; of those that stop them some show them as waiting again
and some go on showing Running (1045/72940 against 1045/43607). So rest is: none runs any more, or nothing changes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Stage
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange

FIRST_LOOK = 0.3
"""Seconds before the first look, at most."""
UNCHANGED = 1.0
"""Seconds without a change of any state, beyond the time of two jobs, after which running jobs are taken to stand."""


@dataclass
class _Rest:
    """Whether the looks at some jobs show them at rest."""

    stage: Stage
    job_ids: Sequence[str]
    patience: float
    last: dict[str, str] = field(default_factory=dict)
    since: float = 0.0

    def __call__(self, states: dict[str, str]) -> bool:
        now = self.stage.now()
        if states != self.last:
            self.last, self.since = dict(states), now
        still = (states.get(job_id) in WAITING_STATES | FINAL_STATES for job_id in self.job_ids)
        return all(still) or now - self.since >= self.patience


def resume_and_freeze(
    stage: Stage,
    rule: RuleOrder,
    steps: tuple[str, str],
    lead: float,
    after: Callable[[], ParsedExchange] | None = None,
) -> ParsedExchange | None:
    """Send resume, and `lead` seconds later a pause, without waiting for the first answer; then pause for certain.

    `steps` are the labels of resume and pause; `after` is done as soon as resume was answered, and its reply returned.
    """
    resume, freeze = steps

    def resumed() -> ParsedExchange | None:
        stage.set_queue_or_break(resume, rule=rule)
        return after() if after else None

    with ThreadPoolExecutor(1) as beside:
        going_on = beside.submit(resumed)
        stage.pause_thread(lead)
        stage.set_queue(freeze, state=QueueState.PAUSED, rule=rule)
        reply = going_on.result()
    stage.set_queue_or_break(freeze, state=QueueState.PAUSED, rule=rule)
    return reply


def watch_rest(stage: Stage, step: str, job_ids: Sequence[str]) -> dict[str, str]:
    """Look at jobs of a queue just paused until they are at rest; their last states."""
    patience = stage.patience
    stage.pause_thread(min(FIRST_LOOK, patience.settle))
    unchanged = (UNCHANGED + 2 * patience.calibration.job_latency) * stage.profile.patience
    rest = _Rest(stage, job_ids, unchanged)
    return stage.watch(step, job_ids, rest, patience.settle + patience.jobs(1))
