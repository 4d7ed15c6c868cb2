"""Scenario `callback`: jobs told in JSON and in XML, looked at before and right after their callbacks.

The queue's rule is the way every feature documents, so it comes first. Where a form does not come that way and
the feature documents `CallBack` and `CallBackFormat`, jobs ask for it themselves: a deaf ResultFormat (its own
requirement) must not hide what the bodies look like. JSON is played before XML, so that a target that merges
rules is left with the default form.
"""

from collections.abc import Sequence

from ciq_conformance.areas.callback.labels import (
    ADDRESS_SUFFIX,
    BY_RULE,
    CHANNELS,
    NUMERIC,
    PLAIN,
    RULES,
    SECOND,
    SPECIAL,
    SPECIAL_FOLDER,
    Label,
    blank_ended,
    special_user_data,
)
from ciq_conformance.driver.non_ascii_keys import in_other_script
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import SLOW_JOBS
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.parsed import describe_response


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; the queue is given back as it was found."""
    jobs: list[str] = []
    try:
        for form in (Format.JSON, Format.XML):
            jobs += _form(ctx, form)
        if not jobs:
            raise PreconditionFailed("no job was accepted, so there is nothing to call back about")
        ctx.pause_thread(ctx.timeouts.quiet)
        ctx.look(Label.LAST, jobs)
    finally:
        ctx.restore(Label.RESTORE)


def _form(ctx: ScenarioContext, form: Format) -> list[str]:
    """Have jobs told in one form; return the ids of all jobs submitted for it."""
    jobs: list[str] = []
    if _set_rule(ctx, form):
        trial, *others = BY_RULE[form]
        documented = ctx.spec.job_callback_documented or form is Format.XML
        # A form that is not documented for the feature is tried with one job before more are spent on it.
        for steps in ([trial, *others],) if documented else ([trial], others):
            jobs += _submit_and_follow(ctx, form, steps)
            if not _came(ctx, form, jobs):
                break
    # JSON comes first; when even its direct asking brought nothing at all, XML is not asked for directly again.
    hopeless = form is Format.XML and not ctx.receiver.arrivals(*map(ctx.channel, CHANNELS.values()))
    if ctx.spec.job_callback_documented and not hopeless and not _came(ctx, form, jobs):
        jobs += _submit_and_follow(ctx, form, (PLAIN[form][1], SPECIAL[form][1]), direct=True)
    return jobs


def _set_rule(ctx: ScenarioContext, form: Format) -> bool:
    address = ctx.receiver.address(ctx.channel(CHANNELS[form]), ADDRESS_SUFFIX)
    response = ctx.set_queue(RULES[form], rule=CallbackRuleRequest(url=address, result_format=form.upper()))
    if response.ok:
        return True
    ctx.record_event("note", f"a rule with ResultFormat {form.upper()} answered {describe_response(response)}")
    if form is Format.JSON:
        return False
    # Document queues document no ResultFormat; XML is their only form, so it need not be said.
    return ctx.set_queue_or_fail(RULES[form], rule=CallbackRuleRequest(url=address)).ok


def _submit_and_follow(
    ctx: ScenarioContext, form: Format, steps: Sequence[Label], *, direct: bool = False
) -> list[str]:
    jobs: list[str] = []
    for step in steps:
        order = _order(ctx, form, step, direct=direct)
        response = ctx.submit(step, in_other_script(order) if step == SECOND[form] else order)
        if response.refused and step == SECOND[form]:
            # Nobody has uploaded an object of that name, and a target may look for it at once.
            response = ctx.submit(step, order)
        if response.ok:
            jobs += response.job_ids
        else:
            ctx.record_event("note", f"{step} answered {describe_response(response)}")
    _follow(ctx, form, jobs)
    return jobs


def _order(ctx: ScenarioContext, form: Format, step: Label, *, direct: bool) -> JobRequest:
    plain = step in PLAIN[form]
    special = step in SPECIAL[form]
    # Like jobs bear the same label in both forms: what differs between their callbacks is then the form's doing.
    order = ctx.job_request("like" if plain else "special" if special else f"second-{form}")
    label = order.user_data or ""
    if ctx.spec.has_job_level:
        order = order.with_(level=1 if plain else 2)
    if plain:
        order = order.with_(user_data=NUMERIC)
    elif special:
        order = order.with_(user_data=special_user_data(label), output_prefix=f"{order.output_prefix}/{SPECIAL_FOLDER}")
    else:
        order = order.with_(user_data=blank_ended(label))
    if direct:
        address = ctx.receiver.address(ctx.channel(CHANNELS[form]), ADDRESS_SUFFIX)
        order = order.with_(callback=address, callback_format=form.upper())
    return order


def _came(ctx: ScenarioContext, form: Format, jobs: Sequence[str]) -> bool:
    """A body in the wanted form has come for one of the jobs (or one that names no job at all)."""
    return any(
        callback.is_json == (form is Format.JSON) and (not callback.job_ids or set(jobs) & set(callback.job_ids))
        for callback in ctx.receiver.arrivals(ctx.channel(CHANNELS[form]))
    )


def _follow(ctx: ScenarioContext, form: Format, jobs: Sequence[str]) -> None:
    """Look at jobs until all have ended and were told, and at each at once when its callback has come."""
    running, untold = list(jobs), set(jobs)

    def told() -> set[str]:
        callbacks = ctx.receiver.arrivals(ctx.channel(CHANNELS[form]))
        return untold & {job_id for callback in callbacks for job_id in callback.job_ids}

    deadline = ctx.now() + ctx.timeouts.jobs(len(jobs))
    more = SLOW_JOBS * ctx.timeouts.jobs(len(jobs))
    while running or untold:
        heard = told()
        if heard:
            untold -= heard
            ctx.look(Label.AFTER, sorted(heard))
        if running:
            seen = ctx.look(Label.BEFORE, running)
            running = [job for job in running if job not in seen or seen[job].state not in FINAL_STATES]
            if ctx.now() >= deadline and JobState.RUNNING in {job.state for job in seen.values()}:
                deadline, more = deadline + more, 0.0
            if not running:
                deadline = ctx.now() + ctx.timeouts.callback
        if ctx.now() >= deadline:
            missing = f"{len(running)} job(s) did not end, {len(untold)} callback(s) did not come"
            ctx.record_event("expired", f"{CHANNELS[form]}: {missing} in time")
            return
        if untold:
            ctx.receiver.wait(lambda: bool(told()), ctx.timeouts.poll if running else ctx.timeouts.callback)
        elif running:
            ctx.pause_thread(ctx.timeouts.poll)
