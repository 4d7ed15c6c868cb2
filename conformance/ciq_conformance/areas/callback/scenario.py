"""Scenario `callback`: request callbacks in JSON and in XML, and describe each job before and right after its callback.

Every feature documents the queue's rule, so the scenario uses it first. If a format does not arrive that way and the
feature documents `CallBack` and `CallBackFormat`, further jobs request the format themselves: a target that ignores
ResultFormat (another requirement) still shows its bodies. JSON comes before XML, so that a target that merges rules
ends with the default format.
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
    special_user_data,
    user_data_with_outer_blanks,
)
from ciq_conformance.driver.non_ascii_keys import in_other_script
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import SLOW_JOBS
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.parsed import describe_response


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario, and restores the queue at the end."""
    jobs: list[str] = []
    try:
        for form in (Format.JSON, Format.XML):
            jobs += _request_format(ctx, form)
        if not jobs:
            raise PreconditionFailed("the target accepted no job, so no callback is due")
        ctx.pause_thread(ctx.timeouts.quiet)
        ctx.look(Label.LAST, jobs)
    finally:
        ctx.restore(Label.RESTORE)


def _request_format(ctx: ScenarioContext, form: Format) -> list[str]:
    """Submits jobs that request callbacks in one format; returns the ids of all these jobs."""
    jobs: list[str] = []
    if _set_rule(ctx, form):
        trial, *others = BY_RULE[form]
        documented = ctx.spec.job_callback_documented or form is Format.XML
        # For a format that the feature does not document, one job comes first; the others follow only if it succeeds.
        for steps in ([trial, *others],) if documented else ([trial], others):
            jobs += _submit_and_follow(ctx, form, steps)
            if not _has_arrived(ctx, form, jobs):
                break
    # JSON comes first. If no callback has arrived at all, jobs with their own address for XML are useless.
    hopeless = form is Format.XML and not ctx.receiver.arrivals(*map(ctx.channel, CHANNELS.values()))
    if ctx.spec.job_callback_documented and not hopeless and not _has_arrived(ctx, form, jobs):
        jobs += _submit_and_follow(ctx, form, (PLAIN[form][1], SPECIAL[form][1]), direct=True)
    return jobs


def _set_rule(ctx: ScenarioContext, form: Format) -> bool:
    address = ctx.receiver.address(ctx.channel(CHANNELS[form]), ADDRESS_SUFFIX)
    response = ctx.set_queue(RULES[form], rule=CallbackRuleRequest(url=address, result_format=form.upper()))
    if response.ok:
        return True
    ctx.record_event("note", f"a rule with ResultFormat {form.upper()} returned {describe_response(response)}")
    if form is Format.JSON:
        return False
    # The pages of document queues have no ResultFormat: XML is their only format.
    return ctx.set_queue_or_fail(RULES[form], rule=CallbackRuleRequest(url=address)).ok


def _submit_and_follow(
    ctx: ScenarioContext, form: Format, steps: Sequence[Label], *, direct: bool = False
) -> list[str]:
    jobs: list[str] = []
    for step in steps:
        order = _order(ctx, form, step, direct=direct)
        response = ctx.submit(step, in_other_script(order) if step == SECOND[form] else order)
        if response.refused and step == SECOND[form]:
            # No object has that name, and a target may check the input at the submit.
            response = ctx.submit(step, order)
        if response.ok:
            jobs += response.job_ids
        else:
            ctx.record_event("note", f"{step} returned {describe_response(response)}")
    _follow(ctx, form, jobs)
    return jobs


def _order(ctx: ScenarioContext, form: Format, step: Label, *, direct: bool) -> JobRequest:
    plain = step in PLAIN[form]
    special = step in SPECIAL[form]
    # The plain jobs have the same label in both formats, so their callbacks differ by the format only.
    order = ctx.job_request("plain" if plain else "special" if special else f"second-{form}")
    label = order.user_data or ""
    if ctx.spec.has_job_level:
        order = order.with_(level=1 if plain else 2)
    if plain:
        order = order.with_(user_data=NUMERIC)
    elif special:
        order = order.with_(user_data=special_user_data(label), output_prefix=f"{order.output_prefix}/{SPECIAL_FOLDER}")
    else:
        order = order.with_(user_data=user_data_with_outer_blanks(label))
    if direct:
        address = ctx.receiver.address(ctx.channel(CHANNELS[form]), ADDRESS_SUFFIX)
        order = order.with_(callback=address, callback_format=form.upper())
    return order


def _has_arrived(ctx: ScenarioContext, form: Format, jobs: Sequence[str]) -> bool:
    """Whether a body in the format has arrived for one of the jobs, or without the name of a job."""
    return any(
        callback.is_json == (form is Format.JSON) and (not callback.job_ids or set(jobs) & set(callback.job_ids))
        for callback in ctx.receiver.arrivals(ctx.channel(CHANNELS[form]))
    )


def _follow(ctx: ScenarioContext, form: Format, jobs: Sequence[str]) -> None:
    """Describes jobs until all have ended and all callbacks have arrived, and each job right after its callback."""
    running, without_callback = list(jobs), set(jobs)

    def newly_reported() -> set[str]:
        callbacks = ctx.receiver.arrivals(ctx.channel(CHANNELS[form]))
        return without_callback & {job_id for callback in callbacks for job_id in callback.job_ids}

    deadline = ctx.now() + ctx.timeouts.jobs(len(jobs))
    more = SLOW_JOBS * ctx.timeouts.jobs(len(jobs))
    while running or without_callback:
        reported = newly_reported()
        if reported:
            without_callback -= reported
            ctx.stall.arrived("callbacks")
            ctx.look(Label.AFTER, sorted(reported))
        if running:
            seen = ctx.look(Label.BEFORE, running)
            running = [job for job in running if job not in seen or seen[job].state not in FINAL_STATES]
            if ctx.now() >= deadline and JobState.RUNNING in {job.state for job in seen.values()}:
                deadline, more = deadline + more, 0.0
            if not running:
                deadline = ctx.now() + ctx.timeouts.callback
        if ctx.now() >= deadline:
            missing = f"{len(running)} job(s) did not end, {len(without_callback)} callback(s) did not arrive"
            ctx.record_event("expired", f"{CHANNELS[form]}: {missing} in time")
            if not running:
                ctx.note_stall("callbacks")
            return
        if without_callback:
            ctx.receiver.wait(lambda: bool(newly_reported()), ctx.timeouts.poll if running else ctx.timeouts.callback)
        elif running:
            ctx.pause_thread(ctx.timeouts.poll)
