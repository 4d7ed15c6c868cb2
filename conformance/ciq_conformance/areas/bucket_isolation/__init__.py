"""Queues and jobs belong to the bucket in Host."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="buckets",
    title="request a job and a queue of the bucket under the Host of a second bucket.",
    position=205,
    own_job_rules=True,
)
