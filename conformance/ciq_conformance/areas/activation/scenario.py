"""Scenario `activation`: activate a bucket that is already active, and read the bucket list and the queue list.

The first activation happened before the run. The lists show its result, and that a second activation adds nothing.
"""

from ciq_conformance.areas.activation.labels import Label
from ciq_conformance.driver.queue_setup import found_rule, list_until
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

MOST_PAGES = 10
"""The scenario reads at most this many pages of the bucket list."""
REGIONS = ("ap-beijing", "ap-shanghai")
"""Two documented regions; at least one of them is not the region of the bucket."""


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario.

    It first renames and pauses the queue, so that the checks can see whether the second activation changes the queue.
    """
    bucket = ctx.profile.bucket
    name = f"ciq-{ctx.spec.feature}-active"

    def is_updated(response: ParsedExchange) -> bool:
        return any(queue.name == name and queue.state == QueueState.PAUSED for queue in response.queue_list.queues)

    update = ctx.set_queue(Label.RENAME_AND_PAUSE, name=name, state=QueueState.PAUSED, rule=found_rule(ctx))
    list_until(ctx, Label.QUEUES_BEFORE, {}, lambda response: is_updated(response) or not update.ok)
    ctx.calls.activate(Label.ACTIVATE)
    list_until(ctx, Label.QUEUES_AFTER, {}, lambda response: is_updated(response) or not update.ok)
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
    full_page = {"pageSize": "100"}
    ctx.calls.list_buckets(Label.BUCKETS_BY_BEGINNING, {"bucketName": bucket[:-1], **full_page})
    ctx.calls.list_buckets(Label.BUCKETS_BY_END, {"bucketName": bucket[1:], **full_page})
    region = listed_region(response, ctx.spec.bucket_list_element, bucket) or ctx.profile.region
    other = next(name for name in REGIONS if name != region)
    ctx.calls.list_buckets(Label.BUCKETS_OF_REGION, {"regions": f"{other},{region}", **full_page})
    ctx.calls.list_buckets(Label.BUCKETS_OF_OTHER_REGION, {"regions": other, **full_page})
    ctx.calls.list_buckets(Label.PAGE_SIZE_101, {"pageSize": "101"})
    ctx.calls.list_buckets(Label.PAGE_SIZE_0, {"pageSize": "0"})


def listed_region(response: ParsedExchange, element: str, bucket: str) -> str:
    """Returns the region that a bucket list reports for the bucket; empty where the bucket is not in the list."""
    entries = [raw.texts(entry) for entry in raw.children(raw.response_root(response), element)]
    return next((one.get("Region", "") for one in entries if bucket in (one.get("Name"), one.get("BucketId"))), "")


def unknown_bucket(bucket: str) -> str:
    """Returns a bucket name of the same account that does not exist: text is inserted before the account number.

    The name begins and ends like the real one, so a filter that compares only parts of names returns the real bucket.
    """
    name, dash, account = bucket.rpartition("-")
    return f"{name or bucket}-ciq-none{dash}{account if dash else ''}"
