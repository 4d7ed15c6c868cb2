"""Pausing a queue in the middle of its work, and waiting until its jobs have come to rest.

API pages let them run to their end, console pages stop them; of those that stop them some show them as waiting again
and some go on showing Running (1045/72940 against 1045/43607). So rest is: none runs any more, or nothing changes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange

FIRST_LOOK = 0.3
"""Seconds before the first look, at most."""
UNCHANGED = 1.0
"""Seconds without a change of any state, beyond the time of two jobs, after which running jobs are taken to stand."""


@dataclass
class _Idle:
    """Whether the looks at some jobs show them at rest."""

    ctx: ScenarioContext
    job_ids: Sequence[str]
    timeouts: float
    last: dict[str, str] = field(default_factory=dict)
    since: float = 0.0

    def __call__(self, states: dict[str, str]) -> bool:
        now = self.ctx.now()
        if states != self.last:
            self.last, self.since = dict(states), now
        still = (states.get(job_id) in WAITING_STATES | FINAL_STATES for job_id in self.job_ids)
        return all(still) or now - self.since >= self.timeouts


def resume_then_pause(
    ctx: ScenarioContext,
    rule: CallbackRuleRequest,
    steps: tuple[str, str],
    lead: float,
    after: Callable[[], ParsedExchange] | None = None,
) -> ParsedExchange | None:
    """Send resume, and `lead` seconds later a pause, without waiting for the first answer; then pause for certain.

    `steps` are the labels of resume and pause; `after` is done as soon as resume was answered, and its reply returned.
    """
    resume, freeze = steps

    def resumed() -> ParsedExchange | None:
        ctx.set_queue_or_break(resume, rule=rule)
        return after() if after else None

    with ThreadPoolExecutor(1) as beside:
        going_on = beside.submit(resumed)
        ctx.pause_thread(lead)
        ctx.set_queue(freeze, state=QueueState.PAUSED, rule=rule)
        response = going_on.result()
    ctx.set_queue_or_break(freeze, state=QueueState.PAUSED, rule=rule)
    return response


def wait_until_idle(ctx: ScenarioContext, step: str, job_ids: Sequence[str]) -> dict[str, str]:
    """Look at jobs of a queue just paused until they are at rest; their last states."""
    timeouts = ctx.timeouts
    ctx.pause_thread(min(FIRST_LOOK, timeouts.settle))
    unchanged = (UNCHANGED + 2 * timeouts.calibration.job_latency) * ctx.profile.timeout_factor
    rest = _Idle(ctx, job_ids, unchanged)
    return ctx.watch(step, job_ids, rest, timeouts.settle + timeouts.jobs(1))
