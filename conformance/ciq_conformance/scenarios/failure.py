"""Scenario `failure`: jobs whose input is not there, what is told of them, and good jobs right after them.

The jobs that must fail differ in their rule: the queue's, an address and a form of their own, `CallBack` no. Good
jobs come after the first (whatever fails must not touch the next) and after the last, when more jobs have failed
than the queue has workers. With one queue and one level, documents have them started in the order of their submits.
"""

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, describe_reply
from ciq_conformance.scenarios.slow_jobs import watch_slow
from ciq_conformance.steps.failure import LIKE_TRUE, Channel, Step
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState

MOST_FAILING = 9
"""A queue with as many workers or more is not filled with failing jobs."""


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found.

    A target that refuses the job at submit is within its rights: no page says where a missing input is found.
    """
    rule = RuleOrder(url=stage.receiver.address(stage.channel(Channel.QUEUE)))
    try:
        stage.set_queue_or_break(Step.RULE, rule=rule)
        reply = stage.submit(Step.SUBMIT, _missing(stage))
        first = reply.job_ids
        if reply.refused:
            stage.mark("note", f"the job without input was refused at submit: {describe_reply(reply)}")
            return
        if not reply.ok or not first:
            raise Broken(f"submit answered {describe_reply(reply)} instead of a job")
        _follow(stage, first, *_others(stage))
    finally:
        stage.restore(Step.RESTORE)


def _missing(stage: Stage, label: str = "missing") -> JobOrder:
    missing = stage.profile.missing_input.replace("{run_id}", stage.run_id)
    return stage.order(label, input_object=missing)


def _submit(stage: Stage, step: Step, order: JobOrder) -> list[str]:
    """Submit one more job; a refusal is noted and left to the judge."""
    reply = stage.submit(step, order)
    if not reply.ok:
        stage.mark("note", f"{step} answered {describe_reply(reply)}")
    return [job.job_id for job in reply.jobs if reply.ok and job.job_id]


def _others(stage: Stage) -> tuple[list[str], list[str], list[str]]:
    """Submit the jobs after the first; by where they are told: the queue's address, their own, nowhere."""
    by_queue = _submit(stage, Step.SUBMIT_NEXT, stage.order("next"))
    own: list[str] = []
    silenced: list[str] = []
    if stage.spec.job_callback_documented:
        address = stage.receiver.address(stage.channel(Channel.JOB))
        order = _missing(stage, "missing own").with_(callback=address, callback_format="JSON", user_data=LIKE_TRUE)
        own = _submit(stage, Step.SUBMIT_OWN_JSON, order)
        silenced = _submit(stage, Step.SUBMIT_SILENCED, _missing(stage, "missing silenced").with_(callback="no"))
    failing = 1 + len(own) + len(silenced)
    wanted = stage.patience.calibration.workers + 1
    for number in range(failing, wanted if wanted <= MOST_FAILING else failing):
        by_queue += _submit(stage, Step.SUBMIT_MORE, _missing(stage, f"missing {number}"))
    by_queue += _submit(stage, Step.SUBMIT_LAST, stage.order("last"))
    return by_queue, own, silenced


def _follow(stage: Stage, first: list[str], by_queue: list[str], own: list[str], silenced: list[str]) -> None:
    """Watch all to their end; wait for the callbacks of those that have ended, and listen for the one of `silenced`."""
    jobs = [*first, *by_queue, *own, *silenced]
    states = watch_slow(stage, Step.LOOK, jobs)

    def due(ids: list[str]) -> list[str]:
        return [job_id for job_id in ids if states.get(job_id) in ENDED_BY_RUNNING]

    deadline = stage.now() + stage.patience.callback
    stage.wait_callbacks(Channel.QUEUE, due([*first, *by_queue]))
    if own:
        stage.wait_callbacks(Channel.JOB, due(own), max(stage.patience.quiet, deadline - stage.now()))
    if silenced:
        stage.pause_thread(stage.patience.quiet)
    stage.look(Step.LAST, jobs)
    _list_failed(stage, [job_id for job_id in jobs if states.get(job_id) == JobState.FAILED])


def _list_failed(stage: Stage, failed: list[str]) -> None:
    """List what has failed until it shows these as they are: lists may be late. Files have no page of lists."""
    if stage.spec.feature is Feature.FILE or not failed:
        return
    deadline = stage.now() + stage.patience.callback
    while True:
        reply = stage.calls.list_jobs(Step.LISTED, {"tag": stage.order("any").tag, "states": "Failed", "size": "100"})
        listed = {job.job_id: job.state for job in reply.jobs}
        shown = all(listed.get(job_id) == JobState.FAILED for job_id in failed)
        if shown or not reply.ok or stage.now() >= deadline:
            return
        stage.pause_thread(stage.patience.poll)
