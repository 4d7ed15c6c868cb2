"""Priority order and pause."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="order",
    title="submit jobs to a paused queue, resume it, pause it again while jobs run, and resume it again.",
    position=130,
    one_worker=True,
    runs_when_stalled=True,  # PAU-002: a resume starts the waiting jobs
)
