"""Pauses a busy queue and waits until its jobs are idle.

By the API pages running jobs continue, by the console pages they stop; stopped jobs may show as waiting again or
remain Running (1045/72940 against 1045/43607). Idle therefore means: no job is Running, or no state changes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import ParsedExchange

FIRST_LOOK = 0.3
"""Most seconds before the first describe."""
MOST_AT_ONCE, MOST_SINGLY = 120, 48
"""Most jobs in the describes right after a pause: with ten ids in one request, and with one id."""
UNCHANGED = 1.0
"""Seconds without a state change, in addition to two job latencies, after which Running jobs count as stopped."""


@dataclass
class _Idle:
    """Decides from successive states whether jobs are idle."""

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
    """Sends resume and, `lead` seconds later, a pause without waiting for the first response; then pauses again.

    `steps` are the labels of resume and pause. `after` runs when the response to resume arrives; its response is
    returned.
    """
    resume, pause = steps

    def resumed() -> ParsedExchange | None:
        ctx.set_queue_or_fail(resume, rule=rule)
        return after() if after else None

    with ThreadPoolExecutor(1) as executor:
        resuming = executor.submit(resumed)
        ctx.pause_thread(lead)
        ctx.set_queue(pause, state=QueueState.PAUSED, rule=rule)
        response = resuming.result()
    ctx.set_queue_or_fail(pause, state=QueueState.PAUSED, rule=rule)
    return response


def look_at_once(ctx: ScenarioContext, step: str, job_ids: Sequence[str]) -> None:
    """Describes jobs right after a pause was acknowledged, at most `MOST_AT_ONCE`; name first those due to start first.

    Jobs that workers start against the pause are seen waiting only before that.
    """
    ctx.look(step, job_ids[: MOST_AT_ONCE if ctx.several_ids else MOST_SINGLY])


def wait_until_idle(ctx: ScenarioContext, step: str, job_ids: Sequence[str]) -> dict[str, str]:
    """Polls the jobs of a queue that was just paused until they are idle; returns their last states."""
    timeouts = ctx.timeouts
    ctx.pause_thread(min(FIRST_LOOK, timeouts.settle))
    unchanged = (UNCHANGED + 2 * timeouts.calibration.job_latency) * ctx.profile.timeout_factor
    rest = _Idle(ctx, job_ids, unchanged)
    return ctx.watch(step, job_ids, rest, timeouts.settle + timeouts.jobs(1))
