"""Waits for slow jobs, for which no document gives a limit; shared by scenarios that need their jobs to end."""

from collections.abc import Mapping, Sequence

from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import JobState

SLOW_JOBS = 3.0
"""Factor of the job timeout for a second wait, used while one of the jobs is Running."""


def watch_slow(ctx: ScenarioContext, step: str, jobs: Sequence[str]) -> Mapping[str, str]:
    """Polls jobs to their end, waits longer while one of them is Running, and returns the last states."""
    states = ctx.watch_ended(step, jobs)
    if JobState.RUNNING in states.values():
        states = states | ctx.watch_ended(step, jobs, SLOW_JOBS * ctx.timeouts.jobs(len(jobs)))
    return states
