"""Scenario `activation`: activate a bucket that is active already and look at bucket and queue lists.

The first activation was before the run, so what shows is what it left behind, and that a second one adds nothing.
"""

from ciq_conformance.areas.activation.labels import Label
from ciq_conformance.driver.queue_setup import found_rule, list_until
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

MOST_PAGES = 10
"""Pages of the bucket list to look through for the bucket."""
REGIONS = ("ap-beijing", "ap-shanghai")
"""Regions on the pages; one of them is not the bucket's."""


def run(ctx: ScenarioContext) -> None:
    """Play the scenario. The queue has a name of its own and is paused meanwhile: activating again is no update."""
    bucket = ctx.profile.bucket
    name = f"ciq-{ctx.spec.feature}-active"

    def dressed(response: ParsedExchange) -> bool:
        return any(queue.name == name and queue.state == QueueState.PAUSED for queue in response.queue_list.queues)

    update = ctx.set_queue(Label.DRESS, name=name, state=QueueState.PAUSED, rule=found_rule(ctx))
    list_until(ctx, Label.QUEUES_BEFORE, {}, lambda response: dressed(response) or not update.ok)
    ctx.calls.activate(Label.ACTIVATE)
    list_until(ctx, Label.QUEUES_AFTER, {}, lambda response: dressed(response) or not update.ok)
    ctx.restore()
    for page in range(1, MOST_PAGES + 1):
        response = ctx.calls.list_buckets(Label.BUCKETS, {"pageNumber": str(page), "pageSize": "100"})
        if not response.ok or bucket.encode() in response.exchange.response_body.data:
            break
        if response.exchange.response_body.data.count(b"<BucketId>") < 100:
            break
    ctx.calls.list_buckets(Label.BUCKETS_BY_NAME, {"bucketNames": bucket})
    ctx.calls.list_buckets(Label.BUCKETS_BY_UNKNOWN_NAME, {"bucketNames": unknown_bucket(bucket)})
    ctx.calls.list_buckets(Label.BUCKETS_BY_SHORT_NAME, {"bucketNames": bucket[:-1]})
    ctx.calls.list_buckets(Label.BUCKETS_BY_NAMES, {"bucketNames": f"{unknown_bucket(bucket)},{bucket}"})
    whole = {"pageSize": "100"}
    ctx.calls.list_buckets(Label.BUCKETS_BY_BEGINNING, {"bucketName": bucket[:-1], **whole})
    ctx.calls.list_buckets(Label.BUCKETS_BY_END, {"bucketName": bucket[1:], **whole})
    region = told_region(response, ctx.spec.bucket_list_element, bucket) or ctx.profile.region
    other = next(name for name in REGIONS if name != region)
    ctx.calls.list_buckets(Label.BUCKETS_OF_REGION, {"regions": f"{other},{region}", **whole})
    ctx.calls.list_buckets(Label.BUCKETS_OF_OTHER_REGION, {"regions": other, **whole})
    ctx.calls.list_buckets(Label.PAGE_SIZE_101, {"pageSize": "101"})
    ctx.calls.list_buckets(Label.PAGE_SIZE_0, {"pageSize": "0"})


def told_region(response: ParsedExchange, element: str, bucket: str) -> str:
    """Region of the bucket as a list tells it, empty where the list does not hold it."""
    told = [raw.texts(entry) for entry in raw.children(raw.response_root(response), element)]
    return next((one.get("Region", "") for one in told if bucket in (one.get("Name"), one.get("BucketId"))), "")


def unknown_bucket(bucket: str) -> str:
    """A name of the same account that is no bucket: the bucket's own with more in front of the account's number.

    It ends and begins like the real one, so a filter that compares parts of names shows itself.
    """
    name, dash, account = bucket.rpartition("-")
    return f"{name or bucket}-ciq-none{dash}{account if dash else ''}"
