"""Every documented job path of a feature."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="paths",
    title="a job on each documented path family of the feature, described and listed on the path that accepted it.",
    position=50,
)
