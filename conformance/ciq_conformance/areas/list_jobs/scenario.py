"""Scenario `list`: lists of five own jobs by time window, page, order, state, input and queue; then of a waiting job.

The window is built from the creation times that the target reported, in the target's time zone. It is two seconds wider
on both sides, because the documents contradict each other on whether it includes its bounds. On a shared target the
lists may contain jobs of other clients, so the scenario reads all pages up to a maximum number.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from ciq_conformance.areas.list_jobs.labels import Label
from ciq_conformance.driver.queue_setup import held, make_active, unknown_queue_id
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_schemas import times
from ciq_schemas.features import FEATURES
from ciq_schemas.lifecycle import WAITING_STATES, JobState
from ciq_schemas.transcript.parsed import ParsedExchange

FIRST, LATER = 4, 1
ENOUGH = 11
"""Jobs that the tag needs: one more than the default page has."""
MOST_PAGES = 40
SETTLED = 0.2
"""Seconds after which no answer is older than the first complete list: answers need not be up to date."""
MARGIN = timedelta(seconds=2)
ONE_SECOND = 1.1
"""Seconds between first and later jobs, so that creation times of one-second steps differ."""


def run(ctx: ScenarioContext) -> None:
    """Run the scenario: submit jobs, list them while they run, wait until they end, list by state."""
    make_active(ctx, Label.PREPARE)
    tag = ctx.job_request("any").tag
    began = ctx.now()
    created: list[str | None] = []
    ids: list[str] = []

    def submit(step: Label, label: str) -> None:
        (job,) = ctx.submit_or_fail(step, ctx.job_request(label))
        ids.append(job)
        seen = ctx.look_for(Label.CREATED, [job])
        created.append(seen[job].creation_time if job in seen else None)

    for index in range(FIRST):
        submit(Label.SUBMIT, f"own {index}")
    ctx.pause_thread(max(0.0, began + ONE_SECOND - ctx.now()))
    for index in range(LATER):
        submit(Label.SUBMIT_LATER, f"later {index}")
    known = ctx.calls.list_jobs(Label.COUNT, {"tag": tag, "size": "100"})
    for index in range(ENOUGH - max(len(ids), len(known.jobs))):
        submit(Label.FILL, f"fill {index}")

    moments = [moment for moment in map(times.parse, created) if moment is not None]
    if not moments:
        raise PreconditionFailed(
            f"describe returned no readable CreationTime (received {created[:2]}), so the suite cannot build a window"
        )
    first, last = min(moments) - MARGIN, max(moments) + MARGIN
    own = {"tag": tag, **_window(first, last)}
    _until_listed(ctx, Label.WINDOW, {**own, "size": "100"}, ids)
    ctx.pause_thread(SETTLED)
    _in_order_and_pages(ctx, own)
    between = _between_pages(ctx, {"tag": tag, **_window(start=first)})
    _in_windows(ctx, tag, first, last)
    _by_other_parameters(ctx, own)
    ctx.watch_ended(Label.WATCH, [*ids, *between])
    ended = ctx.look(Label.ENDED, [*ids, *between])
    succeeded = [job_id for job_id in ids if job_id in ended and ended[job_id].state == JobState.SUCCESS]
    by_state = {**own, "size": "100"}
    _until_listed(ctx, Label.SUCCESS, {**by_state, "states": "Success"}, succeeded)
    _until_listed(ctx, Label.FAILED_SUCCESS_CANCEL, {**by_state, "states": "Failed,Success,Cancel"}, succeeded)
    _until_listed(ctx, Label.SUCCESS_OR_FAILED, {**by_state, "states": "Success,Failed"}, succeeded)
    _pages(ctx, Label.FAILED_OR_CANCEL, {**by_state, "states": "Failed,Cancel"})
    _while_held(ctx, own, first)


def _in_order_and_pages(ctx: ScenarioContext, own: Mapping[str, str]) -> None:
    _pages(ctx, Label.ASCENDING, {**own, "orderByTime": "Asc", "size": "100"})
    _pages(ctx, Label.PAGE_OF_THREE, {**own, "size": "3"})
    _pages(ctx, Label.ASCENDING_BY_THREE, {**own, "orderByTime": "Asc", "size": "3"})
    ctx.calls.list_jobs(Label.DEFAULT, {"tag": own["tag"]})
    ctx.calls.list_jobs(Label.ONE, {**own, "size": "1"})
    _pages(ctx, Label.SIZE_100, {**own, "size": "100"})
    _pages(ctx, Label.SIZE_100_OF_ALL, {"tag": own["tag"], "size": "100"}, most=2)
    ctx.calls.list_jobs(Label.SIZE_101, {**own, "size": "101"})


def _between_pages(ctx: ScenarioContext, window: Mapping[str, str]) -> list[str]:
    """Submit a job between two pages; it is first in the default order. Return its id."""
    page = {**window, "size": "3"}
    first = ctx.calls.list_jobs(Label.BETWEEN_PAGES, page)
    token = (first.job_answer.next_token or "").strip()
    if not first.ok or not token:
        return []
    ids = ctx.submit(Label.SUBMIT_BETWEEN, ctx.job_request("between")).job_ids
    # A shifted page is visible only if the list contains the new job by then.
    _until_listed(ctx, Label.LISTED_BETWEEN, page, ids, most=1)
    ctx.calls.list_jobs(Label.BETWEEN_PAGES, {**page, "nextToken": token})
    return ids


def _in_windows(ctx: ScenarioContext, tag: str, first: datetime, last: datetime) -> None:
    """List windows before and after the own jobs, windows with one bound, and windows in another time zone."""
    lists, whole = ctx.calls.list_jobs, {"tag": tag, "size": "100"}
    lists(Label.BEFORE_THE_RUN, {**whole, **_window(first - DAY, first)})
    lists(Label.AFTER_THE_RUN, {**whole, **_window(last, last + DAY)})
    # Asc and Desc bring the own jobs to the first page of a list that has one bound only.
    lists(Label.START_ALONE, {**whole, **_window(start=first), "orderByTime": "Asc"})
    lists(Label.START_ALONE_LATER, {**whole, **_window(start=last)})
    lists(Label.END_ALONE, {**whole, **_window(end=last), "orderByTime": "Desc"})
    lists(Label.END_ALONE_EARLIER, {**whole, **_window(end=first)})
    zone = UTC if first.utcoffset() else timezone(timedelta(hours=8))
    there = first.astimezone(zone), last.astimezone(zone)
    _pages(ctx, Label.OTHER_ZONE, {**whole, **_window(*there)})
    west = timezone(-timedelta(hours=5))
    _pages(ctx, Label.ZONE_IN_THE_WEST, {**whole, **_window(first.astimezone(west), last.astimezone(west))})
    lists(Label.OTHER_ZONE_EARLIER, {**whole, **_window(there[0] - DAY, there[0])})


def _by_other_parameters(ctx: ScenarioContext, own: Mapping[str, str]) -> None:
    """List without tag, by another tag, by input and by queue, and with the parameters of the official Python SDK."""
    window = {name: value for name, value in own.items() if name != "tag"}
    ctx.calls.list_jobs(Label.NO_TAG, window)
    ctx.calls.list_jobs(Label.OTHER_TAG, {"tag": _other_tag(ctx, own["tag"]), "size": "100", **window})
    if ctx.spec.on_shared_path:
        source = ctx.job_request("any").input_object
        _pages(ctx, Label.OWN_INPUT, {**own, "inputObject": source, "size": "100"})
        ctx.calls.list_jobs(Label.PART_OF_INPUT, {**own, "inputObject": source[:-1], "size": "100"})
    _pages(ctx, Label.ALL_STATES, {**own, "states": "All", "size": "100"})
    _pages(
        ctx,
        Label.EMPTY_VALUES,
        {**own, "orderByTime": "Desc", "states": "All", "size": "100", "nextToken": ""},
    )
    _pages(ctx, Label.OWN_QUEUE, {**own, "queueId": ctx.queue_id, "size": "100"})
    ctx.calls.list_jobs(Label.UNKNOWN_QUEUE, {**own, "queueId": unknown_queue_id(ctx), "size": "100"})


def _together(ctx: ScenarioContext, every: Mapping[str, str], first: datetime) -> None:
    """List with all parameters, page by page; then three times with one parameter that matches no own job."""
    _pages(ctx, Label.TOGETHER, {**every, "states": "Success,Failed", "size": "4"})
    whole = {**every, "states": "Success,Failed", "size": "100"}
    ctx.calls.list_jobs(Label.TOGETHER_OTHER_STATES, {**whole, "states": "Failed,Cancel"})
    ctx.calls.list_jobs(Label.TOGETHER_EARLIER, {**whole, **_window(first - DAY, first)})
    ctx.calls.list_jobs(Label.TOGETHER_OTHER_TAG, {**whole, "tag": _other_tag(ctx, every["tag"])})


def _while_held(ctx: ScenarioContext, own: Mapping[str, str], first: datetime) -> None:
    """List by state while a job waits in the paused queue; without a waiting job if a paused queue rejects jobs."""
    every = {**own, "queueId": ctx.queue_id, "orderByTime": "Asc"}
    with held(ctx, Label.PAUSE, Label.SUBMIT_HELD, Label.RESUME, ctx.job_request("held")) as ids:
        seen = ctx.look_for(Label.HELD, ids)
        state = seen[ids[0]].state if ids and ids[0] in seen else None
        moment = times.parse(seen[ids[0]].creation_time) if state else None
        if state in WAITING_STATES and moment is not None:
            window = {"tag": own["tag"], "size": "100", **_window(moment - MARGIN, moment + MARGIN)}
            _until_listed(ctx, Label.WAITING, {**window, "states": "Success,Pause,Submitted"}, ids)
            _until_listed(ctx, Label.OF_ITS_STATE, {**window, "states": state}, ids)
            _pages(ctx, Label.NOT_WAITING, {**window, "states": "Running,Success,Failed,Cancel"})
            every |= _window(first, moment + MARGIN)
        _together(ctx, every, first)
        ctx.look(Label.HELD_STILL, ids)
    ctx.watch_ended(Label.WATCH_HELD, ids)


DAY = timedelta(days=1)


def _window(start: datetime | None = None, end: datetime | None = None) -> dict[str, str]:
    bounds = (("startCreationTime", start), ("endCreationTime", end))
    return {name: times.written(moment) for name, moment in bounds if moment is not None}


def _pages(
    ctx: ScenarioContext, step: Label, params: Mapping[str, str], *, most: int = MOST_PAGES
) -> list[ParsedExchange]:
    """Request all pages: up to the last page, to a repeated NextToken, or to the maximum number of pages."""
    responses = [ctx.calls.list_jobs(step, params)]
    used: set[str] = set()
    while len(responses) < most:
        token = (responses[-1].job_answer.next_token or "").strip()
        if not responses[-1].ok or not token or token in used:
            break
        used.add(token)
        responses.append(ctx.calls.list_jobs(step, {**params, "nextToken": token}))
    return responses


def _until_listed(
    ctx: ScenarioContext, step: Label, params: Mapping[str, str], ids: list[str], *, most: int = MOST_PAGES
) -> None:
    """Repeat a list until it contains these jobs: no document defines how soon it shows a job or a new state."""
    deadline = ctx.now() + ctx.timeouts.callback
    while True:
        responses = _pages(ctx, step, params, most=most)
        listed = {job.job_id for response in responses for job in response.jobs}
        if listed.issuperset(ids) or not responses[-1].ok or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)


def _other_tag(ctx: ScenarioContext, tag: str) -> str:
    """A documented tag that no job of this scenario has: of this feature, or of another one if it has only one tag."""
    own = [other for other in ctx.spec.tags if other != tag]
    return own[0] if own else next(o for spec in FEATURES.values() for o in spec.tags if o != tag)
