"""Scenario `callback`: jobs told in JSON and in XML, looked at before and right after their callbacks.

The queue's rule is the way every feature documents, so it comes first. Where a form does not come that way and
the feature documents `CallBack` and `CallBackFormat`, jobs ask for it themselves: a deaf ResultFormat (its own
requirement) must not hide what the bodies look like. JSON is played before XML, so that a target that merges
rules is left with the default form.
"""

from collections.abc import Sequence

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, describe_reply
from ciq_conformance.scenarios.other_script import in_other_script
from ciq_conformance.scenarios.slow_jobs import SLOW_JOBS
from ciq_conformance.steps.callback import (
    ADDRESS_SUFFIX,
    BY_RULE,
    CHANNELS,
    NUMERIC,
    PLAIN,
    RULES,
    SECOND,
    SPECIAL,
    SPECIAL_FOLDER,
    Step,
    blank_ended,
    special_user_data,
)
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.requirement import Format


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found."""
    jobs: list[str] = []
    try:
        for form in (Format.JSON, Format.XML):
            jobs += _form(stage, form)
        if not jobs:
            raise Broken("no job was accepted, so there is nothing to call back about")
        stage.pause_thread(stage.patience.quiet)
        stage.look(Step.LAST, jobs)
    finally:
        stage.restore(Step.RESTORE)


def _form(stage: Stage, form: Format) -> list[str]:
    """Have jobs told in one form; return the ids of all jobs submitted for it."""
    jobs: list[str] = []
    if _set_rule(stage, form):
        trial, *others = BY_RULE[form]
        documented = stage.spec.job_callback_documented or form is Format.XML
        # A form that is not documented for the feature is tried with one job before more are spent on it.
        for steps in ([trial, *others],) if documented else ([trial], others):
            jobs += _submit_and_follow(stage, form, steps)
            if not _came(stage, form, jobs):
                break
    # JSON comes first; when even its direct asking brought nothing at all, XML is not asked for directly again.
    hopeless = form is Format.XML and not stage.receiver.arrivals(*map(stage.channel, CHANNELS.values()))
    if stage.spec.job_callback_documented and not hopeless and not _came(stage, form, jobs):
        jobs += _submit_and_follow(stage, form, (PLAIN[form][1], SPECIAL[form][1]), direct=True)
    return jobs


def _set_rule(stage: Stage, form: Format) -> bool:
    address = stage.receiver.address(stage.channel(CHANNELS[form]), ADDRESS_SUFFIX)
    reply = stage.set_queue(RULES[form], rule=RuleOrder(url=address, result_format=form.upper()))
    if reply.ok:
        return True
    stage.mark("note", f"a rule with ResultFormat {form.upper()} answered {describe_reply(reply)}")
    if form is Format.JSON:
        return False
    # Document queues document no ResultFormat; XML is their only form, so it need not be said.
    return stage.set_queue_or_break(RULES[form], rule=RuleOrder(url=address)).ok


def _submit_and_follow(stage: Stage, form: Format, steps: Sequence[Step], *, direct: bool = False) -> list[str]:
    jobs: list[str] = []
    for step in steps:
        order = _order(stage, form, step, direct=direct)
        reply = stage.submit(step, in_other_script(order) if step == SECOND[form] else order)
        if reply.refused and step == SECOND[form]:
            # Nobody has uploaded an object of that name, and a target may look for it at once.
            reply = stage.submit(step, order)
        if reply.ok:
            jobs += reply.job_ids
        else:
            stage.mark("note", f"{step} answered {describe_reply(reply)}")
    _follow(stage, form, jobs)
    return jobs


def _order(stage: Stage, form: Format, step: Step, *, direct: bool) -> JobOrder:
    plain = step in PLAIN[form]
    special = step in SPECIAL[form]
    # Like jobs bear the same label in both forms: what differs between their callbacks is then the form's doing.
    order = stage.order("like" if plain else "special" if special else f"second-{form}")
    label = order.user_data or ""
    if stage.spec.has_job_level:
        order = order.with_(level=1 if plain else 2)
    if plain:
        order = order.with_(user_data=NUMERIC)
    elif special:
        order = order.with_(user_data=special_user_data(label), output_prefix=f"{order.output_prefix}/{SPECIAL_FOLDER}")
    else:
        order = order.with_(user_data=blank_ended(label))
    if direct:
        address = stage.receiver.address(stage.channel(CHANNELS[form]), ADDRESS_SUFFIX)
        order = order.with_(callback=address, callback_format=form.upper())
    return order


def _came(stage: Stage, form: Format, jobs: Sequence[str]) -> bool:
    """A body in the wanted form has come for one of the jobs (or one that names no job at all)."""
    return any(
        notice.is_json == (form is Format.JSON) and (not notice.job_ids or set(jobs) & set(notice.job_ids))
        for notice in stage.receiver.arrivals(stage.channel(CHANNELS[form]))
    )


def _follow(stage: Stage, form: Format, jobs: Sequence[str]) -> None:
    """Look at jobs until all have ended and were told, and at each at once when its callback has come."""
    running, untold = list(jobs), set(jobs)

    def told() -> set[str]:
        notices = stage.receiver.arrivals(stage.channel(CHANNELS[form]))
        return untold & {job_id for notice in notices for job_id in notice.job_ids}

    deadline = stage.now() + stage.patience.jobs(len(jobs))
    more = SLOW_JOBS * stage.patience.jobs(len(jobs))
    while running or untold:
        heard = told()
        if heard:
            untold -= heard
            stage.look(Step.AFTER, sorted(heard))
        if running:
            seen = stage.look(Step.BEFORE, running)
            running = [job for job in running if job not in seen or seen[job].state not in FINAL_STATES]
            if stage.now() >= deadline and JobState.RUNNING in {job.state for job in seen.values()}:
                deadline, more = deadline + more, 0.0
            if not running:
                deadline = stage.now() + stage.patience.callback
        if stage.now() >= deadline:
            missing = f"{len(running)} job(s) did not end, {len(untold)} callback(s) did not come"
            stage.mark("expired", f"{CHANNELS[form]}: {missing} in time")
            return
        if untold:
            stage.receiver.wait(lambda: bool(told()), stage.patience.poll if running else stage.patience.callback)
        elif running:
            stage.pause_thread(stage.patience.poll)
