"""What several scenarios need first: a queue that runs jobs, one that holds a job, ids and names that exist nowhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.patience import SHOWN_WITHIN
from ciq_conformance.driver.stage import Stage
from ciq_schemas import times
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def found_rule(stage: Stage) -> RuleOrder:
    """The callback rule that the queue had before the run, for updates that must not disturb it."""
    config = stage.found.notify_config
    if config is None:
        return RuleOrder(state="Off", url=None, event=None, type=None)
    return RuleOrder(
        state=config.state or "Off",
        url=config.url or None,
        event=config.event or None,
        type=config.type or None,
        result_format=config.result_format or None,
    )


def make_active(stage: Stage, step: str) -> None:
    """Set the queue active when it was found paused, so that jobs run; Broken when the target refuses."""
    if stage.found.state == QueueState.PAUSED:
        stage.set_queue_or_break(step, rule=found_rule(stage))


def list_until(
    stage: Stage,
    step: str,
    params: Mapping[str, str],
    fits: Callable[[ParsedExchange], bool],
    within: float = SHOWN_WITHIN,
) -> ParsedExchange:
    """List queues until the list fits, or for as long as a change may take to show; the last list, which counts."""
    deadline = stage.now() + within * stage.patience.scale
    while True:
        reply = stage.calls.list_queues(step, params)
        if not reply.ok or fits(reply) or stage.now() >= deadline:
            return reply
        stage.pause_thread(0.05)


@contextmanager
def held(stage: Stage, pause: str, submit: str, resume: str, order: JobOrder) -> Iterator[list[str]]:
    """Hold one job back in the paused queue; its id, or none where a paused queue takes no job (1045/43607).

    On an idle service a job waits for an instant only, so what a waiting job shows is seen nowhere else.
    """
    rule = found_rule(stage)
    if not stage.set_queue(pause, state=QueueState.PAUSED, rule=rule).ok:
        yield []
        return
    try:
        yield stage.submit(submit, order).job_ids
    finally:
        stage.set_queue_or_break(resume, rule=rule)


def list_until_whole(stage: Stage, began: float, control: str, listing: str, watch: str) -> None:
    """Submit a good job, and list the time since `began` until it shows: then the list holds what came before, too."""
    reply = stage.submit(control, stage.order(control))
    ids = reply.job_ids
    if not ids:
        return
    created = times.parse(reply.jobs[0].creation_time)
    params = {"tag": stage.order(control).tag, "size": "100"}
    if created is not None:
        start = created - timedelta(seconds=stage.now() - began + 5)
        params["startCreationTime"] = times.written(start)
    deadline = stage.now() + stage.patience.callback
    while True:
        listed = {job.job_id for job in stage.calls.list_jobs(listing, params).jobs}
        if listed.issuperset(ids) or stage.now() >= deadline:
            break
        stage.pause_thread(stage.patience.poll)
    stage.watch_ended(watch, ids)


def unknown_queue_id(stage: Stage, salt: str = "queue") -> str:
    """A queue id in the form of all samples that no queue has."""
    return f"p{_digest(stage, salt)}"


def unknown_job_id(stage: Stage, salt: str = "job") -> str:
    """A job id in the form of the feature's samples that no job has."""
    return f"{stage.spec.id_letter}{_digest(stage, salt)}"


def _digest(stage: Stage, salt: str) -> str:
    return sha256(f"{stage.run_id} {stage.spec.feature} {stage.scenario} {salt}".encode()).hexdigest()[:32]
