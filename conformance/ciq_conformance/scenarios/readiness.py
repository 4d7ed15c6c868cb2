"""What several scenarios need first: a queue that runs jobs, one that holds a job, ids and names that exist nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Stage
from ciq_schemas.lifecycle import QueueState


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
        yield [job.job_id for job in stage.submit(submit, order).jobs if job.job_id]
    finally:
        stage.set_queue_or_break(resume, rule=rule)


def unknown_queue_id(stage: Stage, salt: str = "queue") -> str:
    """A queue id in the form of all samples that no queue has."""
    return f"p{_digest(stage, salt)}"


def unknown_job_id(stage: Stage, salt: str = "job") -> str:
    """A job id in the form of the feature's samples that no job has."""
    return f"{stage.spec.id_letter}{_digest(stage, salt)}"


def _digest(stage: Stage, salt: str) -> str:
    return sha256(f"{stage.run_id} {stage.spec.feature} {stage.scenario} {salt}".encode()).hexdigest()[:32]
