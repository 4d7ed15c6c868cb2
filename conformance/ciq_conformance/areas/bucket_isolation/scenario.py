"""Scenario `buckets`: request a job and a queue of the bucket under the Host of a second bucket.

Without a second bucket it sends nothing. A feature that the second bucket does not have is activated there, as the
probe does in the bucket of the run.
"""

from ciq_conformance.areas.bucket_isolation.labels import Label
from ciq_conformance.driver.queue_setup import make_active
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.timeouts import SHOWN_WITHIN


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario."""
    second = ctx.profile.second_bucket
    if not second or "{bucket}" not in ctx.profile.host:
        return
    make_active(ctx, Label.PREPARE)
    other = ctx.calls.in_bucket(second)
    if not other.list_queues(Label.OTHER_QUEUES).queue_list.queues:
        other.activate(Label.OTHER_ACTIVATE)
        deadline = ctx.now() + SHOWN_WITHIN * ctx.timeouts.scale
        while not other.list_queues(Label.OTHER_QUEUES).queue_list.queues and ctx.now() < deadline:
            ctx.pause_thread(0.05)
    ctx.calls.list_queues(Label.OWN_QUEUES, {"queueIds": ctx.queue_id})
    other.list_queues(Label.OTHER_QUEUES_BY_ID, {"queueIds": ctx.queue_id})
    ids = ctx.submit_or_fail(Label.SUBMIT, ctx.job_request("own"))
    ctx.look_for(Label.OWN_JOB, ids)
    other.describe(Label.OTHER_DESCRIBE, *ids)
    ctx.watch_ended(Label.WATCH, ids)
