"""Scenario `failure`: a job whose input is not there, and what is told of it."""

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, describe_reply
from ciq_conformance.steps.failure import Channel, Step
from ciq_schemas.lifecycle import ENDED_BY_RUNNING


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found.

    A target that refuses the job at submit is within its rights: no page says where a missing input is found.
    """
    rule = RuleOrder(url=stage.receiver.address(stage.channel(Channel.QUEUE)))
    missing = stage.profile.missing_input.replace("{run_id}", stage.run_id)
    try:
        stage.set_queue_or_break(Step.RULE, rule=rule)
        reply = stage.submit(Step.SUBMIT, stage.order("missing", input_object=missing))
        jobs = [job.job_id for job in reply.jobs if job.job_id]
        if reply.refused:
            stage.mark("note", f"the job without input was refused at submit: {describe_reply(reply)}")
            return
        if not reply.ok or not jobs:
            raise Broken(f"submit answered {describe_reply(reply)} instead of a job")
        states = stage.watch_ended(Step.LOOK, jobs)
        if states.get(jobs[0]) in ENDED_BY_RUNNING:
            stage.wait_callbacks(Channel.QUEUE, jobs)
        stage.look(Step.LAST, jobs)
    finally:
        stage.restore(Step.RESTORE)
