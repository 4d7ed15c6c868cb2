"""Jobs that take long, for which no document has a limit; shared by the scenarios that need their jobs' ends."""

from collections.abc import Mapping, Sequence

from ciq_conformance.driver.stage import Stage
from ciq_schemas.lifecycle import JobState

SLOW_JOBS = 3.0
"""So many times the patience for jobs more, as long as one of them runs."""


def watch_slow(stage: Stage, step: str, jobs: Sequence[str]) -> Mapping[str, str]:
    """Watch jobs to their end, with more patience when it runs out while one of them runs; the last states."""
    states = stage.watch_ended(step, jobs)
    if JobState.RUNNING in states.values():
        states = states | stage.watch_ended(step, jobs, SLOW_JOBS * stage.patience.jobs(len(jobs)))
    return states
