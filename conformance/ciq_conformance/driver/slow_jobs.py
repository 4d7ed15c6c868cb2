"""Jobs that take long, for which no document has a limit; shared by the scenarios that need their jobs' ends."""

from collections.abc import Mapping, Sequence

from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import JobState

SLOW_JOBS = 3.0
"""So many times the patience for jobs more, as long as one of them runs."""


def watch_slow(ctx: ScenarioContext, step: str, jobs: Sequence[str]) -> Mapping[str, str]:
    """Watch jobs to their end, with more patience when it runs out while one of them runs; the last states."""
    states = ctx.watch_ended(step, jobs)
    if JobState.RUNNING in states.values():
        states = states | ctx.watch_ended(step, jobs, SLOW_JOBS * ctx.timeouts.jobs(len(jobs)))
    return states
