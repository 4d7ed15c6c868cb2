"""Scenario `list`: five own jobs, found again by window, page, order, state and queue.

The window is built from the creation times that the target itself told, in its own zone, two seconds wider on both
sides because the documents contradict each other on whether the bounds belong to it. On a shared target the lists
may hold other people's jobs: pages are followed to the end, and only the number of pages is limited.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ciq_conformance.driver.stage import Broken, Stage
from ciq_conformance.judge import times
from ciq_conformance.reply import Reply
from ciq_conformance.scenarios.readiness import make_active, unknown_queue_id
from ciq_conformance.steps.list_jobs import Step
from ciq_schemas.features import FEATURES

FIRST, LATER = 4, 1
ENOUGH = 11
"""One more than the default page."""
MOST_PAGES = 40
MARGIN = timedelta(seconds=2)
ONE_SECOND = 1.1
"""Seconds between first and later jobs, so that creation times of one-second steps differ."""


def play(stage: Stage) -> None:
    """Play the scenario: submit, list while jobs run, watch them end, list by state."""
    make_active(stage, Step.PREPARE)
    tag = stage.order("any").tag
    began = stage.now()
    created: list[str | None] = []
    ids: list[str] = []

    def submit(step: Step, label: str) -> None:
        (job,) = stage.submit_or_break(step, stage.order(label))
        ids.append(job)
        seen = stage.look(Step.CREATED, [job])
        created.append(seen[job].creation_time if job in seen else None)

    for index in range(FIRST):
        submit(Step.SUBMIT, f"own {index}")
    stage.pause_thread(max(0.0, began + ONE_SECOND - stage.now()))
    for index in range(LATER):
        submit(Step.SUBMIT_LATER, f"later {index}")
    known = stage.calls.list_jobs(Step.COUNT, {"tag": tag, "size": "100"})
    for index in range(ENOUGH - max(len(ids), len(known.jobs))):
        submit(Step.FILL, f"fill {index}")

    moments = [moment for moment in map(times.parse, created) if moment is not None]
    if not moments:
        raise Broken(f"no CreationTime could be read from describe (saw {created[:2]}), so no window can be named")
    window = _window(min(moments) - MARGIN, max(moments) + MARGIN)
    own = {"tag": tag, **window}
    _until_listed(stage, own, ids)
    _pages(stage, Step.ASCENDING, {**own, "orderByTime": "Asc", "size": "100"})
    _pages(stage, Step.PAGE_OF_THREE, {**own, "size": "3"})
    stage.calls.list_jobs(Step.DEFAULT, {"tag": tag})
    stage.calls.list_jobs(Step.OTHER_TAG, {"tag": _other_tag(stage, tag), "size": "100", **window})
    stage.calls.list_jobs(
        Step.BEFORE_THE_RUN, {"tag": tag, "size": "100", **_window(min(moments) - DAY, min(moments) - MARGIN)}
    )
    stage.calls.list_jobs(
        Step.AFTER_THE_RUN, {"tag": tag, "size": "100", **_window(max(moments) + MARGIN, max(moments) + DAY)}
    )
    _pages(stage, Step.SIZE_100, {**own, "size": "100"})
    stage.calls.list_jobs(Step.SIZE_101, {**own, "size": "101"})
    _pages(
        stage,
        Step.EMPTY_VALUES,
        {**own, "orderByTime": "Desc", "states": "All", "size": "100", "nextToken": ""},
    )
    _pages(stage, Step.OWN_QUEUE, {**own, "queueId": stage.queue_id, "size": "100"})
    stage.calls.list_jobs(Step.UNKNOWN_QUEUE, {**own, "queueId": unknown_queue_id(stage), "size": "100"})
    stage.watch_ended(Step.WATCH, ids)
    stage.look(Step.ENDED, ids)
    for step, states in (
        (Step.SUCCESS, "Success"),
        (Step.SUCCESS_OR_FAILED, "Success,Failed"),
        (Step.FAILED_OR_CANCEL, "Failed,Cancel"),
    ):
        _pages(stage, step, {**own, "states": states, "size": "100"})


DAY = timedelta(days=1)


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"startCreationTime": times.written(start), "endCreationTime": times.written(end)}


def _pages(stage: Stage, step: Step, params: Mapping[str, str]) -> list[Reply]:
    """Follow NextToken to the end, to a token that comes back, or to the last page that is looked at."""
    replies = [stage.calls.list_jobs(step, params)]
    used: set[str] = set()
    while len(replies) < MOST_PAGES:
        token = (replies[-1].job_answer.next_token or "").strip()
        if not replies[-1].ok or not token or token in used:
            break
        used.add(token)
        replies.append(stage.calls.list_jobs(step, {**params, "nextToken": token}))
    return replies


def _until_listed(stage: Stage, params: Mapping[str, str], ids: list[str]) -> None:
    """List until all own jobs show: no document promises that a list knows a job at once."""
    deadline = stage.now() + stage.patience.callback
    while True:
        replies = _pages(stage, Step.WINDOW, {**params, "size": "100"})
        listed = {job.job_id for reply in replies for job in reply.jobs}
        if listed.issuperset(ids) or not replies[-1].ok or stage.now() >= deadline:
            return
        stage.pause_thread(stage.patience.poll)


def _other_tag(stage: Stage, tag: str) -> str:
    """A documented tag of the feature that no job of this scenario has; of another feature where there is one only."""
    own = [other for other in stage.spec.tags if other != tag]
    return own[0] if own else next(o for spec in FEATURES.values() for o in spec.tags if o != tag)
