"""Checks of the scenario `workflow`: runs and their tasks (WFL-008 to 015, 021 to 023)."""

from ciq_conformance.areas.workflow import SPEC
from ciq_conformance.areas.workflow.labels import FIRST_NODE, LAST_NODE, NODES, SIDE_NODE, Label
from ciq_conformance.areas.workflow.runs import FINAL, WATCHES, created, descriptions, last_description, run_id, task_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, inconclusive
from ciq_conformance.judge.preconditions import (
    expect_success,
    record_ids,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.times import parse
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Run

_TRIGGERS = tuple(WATCHES)


@check("WFL-008", SPEC)
@with_preconditions
def trigger_starts_a_run(evidence: Evidence, item: Item) -> Finding:
    """Checks that a trigger on an existing object returns the id of a new run."""
    expected = "HTTP 200 with InstanceId"
    first = expect_success(evidence, SPEC, Label.TRIGGER, expected)
    if not first.instance_id:
        return deviates(expected, "no InstanceId", witness=record_ids(first))
    second = evidence.one(SPEC, Label.TRIGGER_JSON)
    if second is not None and second.ok and second.instance_id == first.instance_id:
        seen = f"{first.instance_id} for two triggers"
        return deviates("a different InstanceId for each trigger", seen, witness=record_ids(first, second))
    return holds(f"run {first.instance_id}", witness=record_ids(first))


@check("WFL-009", SPEC)
@with_preconditions
def runs_are_listed(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list contains the run of each trigger with its documented elements."""
    _, workflow_id = created(evidence)
    response = expect_success(evidence, SPEC, Label.RUNS, "HTTP 200 with WorkflowExecutionList")
    known = {raw.text(run.run_id): run for run in response.run_list.runs}
    wrong = Deviations()
    triggers = _successful_triggers(evidence)
    for trigger in triggers:
        run = known.get(trigger.instance_id)
        key = raw.query_value(trigger.exchange, "object")
        if run is None:
            wrong.add(trigger.exchange.seq, f"run {trigger.instance_id} is not listed")
        elif raw.text(run.workflow_id) != workflow_id:
            wrong.add(response.exchange.seq, f"WorkflowId {run.workflow_id} instead of {workflow_id}")
        elif raw.text(run.object).lstrip("/") != (key or "").lstrip("/"):
            wrong.add(response.exchange.seq, f"Object {run.object} instead of {key}")
        elif raw.text(run.state) not in (*FINAL, "Running"):
            wrong.add(response.exchange.seq, f"State {run.state}")
        elif not raw.text(run.create_time) and not raw.text(run.creation_time):
            wrong.add(response.exchange.seq, f"run {trigger.instance_id} without CreateTime")
    if not triggers:
        return blocked("no trigger started a run; see WFL-008")
    expected = "each run with RunId, WorkflowId, Object, CreateTime and State"
    return wrong.finding(expected, holds(f"{len(triggers)} runs", witness=record_ids(response)))


@check("WFL-010", SPEC)
@with_preconditions
def run_is_described(evidence: Evidence, item: Item) -> Finding:
    """Checks that the last description of the first run has its documented elements."""
    _, workflow_id = created(evidence)
    trigger = require_success(evidence, SPEC, Label.TRIGGER)
    expected = "HTTP 200 with WorkflowExecution: WorkflowId, RunId, Object, State, and Tasks for the nodes"
    response = expect_success(evidence, SPEC, Label.RUN, expected)
    run = response.run
    if run is None:
        return deviates(expected, "no WorkflowExecution", witness=record_ids(response))
    wanted = {"WorkflowId": (run.workflow_id, workflow_id), "RunId": (run.run_id, trigger.instance_id)}
    for name, (given, right) in wanted.items():
        if raw.text(given) != right:
            return deviates(f"{name} {right}", f"{name} {given}", witness=record_ids(trigger, response))
    key = (raw.query_value(trigger.exchange, "object") or "").lstrip("/")
    if raw.text(run.object).lstrip("/") != key:
        return deviates(f"Object {key}", f"Object {run.object}", witness=record_ids(trigger, response))
    missing = [node for node in NODES if task_of(run, node) is None]
    if missing and raw.text(run.state) == "Success":
        return deviates(expected, f"no task of {', '.join(missing)}", witness=record_ids(response))
    return holds(f"{len(run.tasks)} tasks, State {run.state}", witness=record_ids(response))


@check("WFL-011", SPEC)
@with_preconditions
def run_succeeds(evidence: Evidence, item: Item) -> Finding:
    """Checks that the first run ends with Success when all its tasks do."""
    response, run = last_description(evidence, Label.TRIGGER)
    states = [raw.text(task.state) for task in run.tasks]
    if raw.text(run.state) not in FINAL:
        return deviates("State Success", f"State {run.state} at the timeout", witness=record_ids(response))
    if set(states) != {"Success"}:
        shown = ", ".join(states) or "none"
        return inconclusive(
            f"not all tasks ended with Success ({shown}); set a valid input in the profile",
            witness=record_ids(response),
        )
    if raw.text(run.state) != "Success":
        return deviates("State Success", f"State {run.state}, all tasks Success", witness=record_ids(response))
    return holds(f"Success after {len(states)} tasks", witness=record_ids(response))


@check("WFL-012", SPEC)
@with_preconditions
def node_starts_after_its_predecessor(evidence: Evidence, item: Item) -> Finding:
    """Checks, in every description and by the times, that the last node starts after the first node ended."""
    run_id(evidence, Label.TRIGGER)
    wrong, waiting = Deviations(), 0
    for trigger in _TRIGGERS:
        for response, run in descriptions(evidence, trigger):
            first, last = task_of(run, FIRST_NODE), task_of(run, LAST_NODE)
            ended = first is not None and raw.text(first.state) in FINAL
            started = last is not None and raw.text(last.state) in ("Running", "Success", "Failed")
            waiting += not ended and not started
            if started and not ended:
                state = "absent" if first is None else first.state
                wrong.add(response.exchange.seq, f"{LAST_NODE} {last.state if last else ''} while {FIRST_NODE} {state}")
            if first is None or last is None:
                continue
            end, start = parse(raw.text(first.end_time)), parse(raw.text(last.start_time))
            if end is not None and start is not None and start < end:
                wrong.add(response.exchange.seq, f"StartTime {last.start_time} before EndTime {first.end_time}")
    found = [response for response, run in descriptions(evidence, Label.TRIGGER) if task_of(run, LAST_NODE) is not None]
    if not found and not wrong.items:
        return blocked("no description contains the last node's task; see WFL-010 and WFL-011")
    power = f"{waiting} observations before the end of the first node, otherwise by whole seconds"
    expected = f"{LAST_NODE} starts after {FIRST_NODE} has ended"
    return wrong.finding(expected, holds("one after the other", witness=record_ids(*found[-1:]), power=power))


@check("WFL-013", SPEC)
@with_preconditions
def both_branches_have_a_task(evidence: Evidence, item: Item) -> Finding:
    """Checks that the run has a task of each of the two nodes after Start."""
    response, run = last_description(evidence, Label.TRIGGER)
    missing = [node for node in (FIRST_NODE, SIDE_NODE) if task_of(run, node) is None]
    if missing:
        return deviates(
            "a task of each node after Start", f"no task of {', '.join(missing)}", witness=record_ids(response)
        )
    return holds("both branches have a task", witness=record_ids(response))


@check("WFL-014", SPEC)
@with_preconditions
def jobs_have_ids_of_run_and_workflow(evidence: Evidence, item: Item) -> Finding:
    """Checks that the described jobs of the first run contain the ids of the run and of the workflow."""
    _, workflow_id = created(evidence)
    wanted = run_id(evidence, Label.TRIGGER)
    wrong, right = Deviations(), 0
    shown: list[ParsedExchange] = []
    for response in require_responses(evidence, SPEC, Label.JOBS):
        shown.append(response)
        for job in response.jobs:
            named = {(raw.text(one.run_id), raw.text(one.workflow_id)) for one in job.workflows}
            if (wanted, workflow_id) in named:
                right += 1
            else:
                seen = ", ".join(f"RunId {run}, WorkflowId {flow}" for run, flow in sorted(named)) or "none"
                wrong.add(response.exchange.seq, f"job {job.job_id}: Workflow {seen}")
    if not right and not wrong.items:
        return blocked("the suite described no job of the run, because its tasks have no JobId; see WFL-010")
    expected = f"Workflow with RunId {wanted} and WorkflowId {workflow_id}"
    return wrong.finding(expected, holds(f"{right} jobs", witness=record_ids(*shown[:3])))


@check("WFL-015", SPEC)
@with_preconditions
def failed_task_fails_the_run(evidence: Evidence, item: Item) -> Finding:
    """Checks that every run with a failed task fails; the run on a missing input comes first."""
    trigger = evidence.one(SPEC, Label.TRIGGER_MISSING)
    if trigger is not None and trigger.refused:
        return inconclusive(
            "the target rejects a trigger on a missing input, so no task failed", witness=record_ids(trigger)
        )
    for step in (Label.TRIGGER_MISSING, Label.TRIGGER, Label.TRIGGER_JSON):
        found = [(response, run) for response, run in descriptions(evidence, step) if raw.text(run.state) in FINAL]
        if not found:
            continue
        response, run = found[-1]
        failed = [raw.text(task.name) for task in run.tasks if raw.text(task.state) == "Failed"]
        if failed and raw.text(run.state) != "Failed":
            return deviates(
                "State Failed", f"State {run.state}, but task {failed[0]} failed", witness=record_ids(response)
            )
        if failed:
            return holds(f"State Failed, like task {failed[0]}", witness=record_ids(response))
    last_description(evidence, Label.TRIGGER_MISSING)
    return inconclusive("no task failed; set an input that must fail in the profile (missing_input)")


@check("WFL-021", SPEC)
@with_preconditions
def states_filter_the_runs(evidence: Evidence, item: Item) -> Finding:
    """Checks that the lists by states contain exactly the runs of that state."""
    whole = {
        raw.text(run.run_id): raw.text(run.state) for run in require_success(evidence, SPEC, Label.RUNS).run_list.runs
    }
    wrong, counted = Deviations(), 0
    for step, state in ((Label.RUNS_SUCCESS, "Success"), (Label.RUNS_FAILED, "Failed")):
        response = expect_success(evidence, SPEC, step, "HTTP 200")
        given = {raw.text(run.run_id): raw.text(run.state) for run in response.run_list.runs}
        counted += len(given)
        for identity, seen in given.items():
            if seen != state:
                wrong.add(response.exchange.seq, f"states={state} lists {identity} with State {seen}")
        for identity, seen in whole.items():
            if seen == state and identity not in given:
                wrong.add(response.exchange.seq, f"states={state} omits {identity}")
    if not counted and not wrong.items:
        return inconclusive("no run had ended, so both filtered lists are empty")
    return wrong.finding("only and all the runs in the requested state", holds(f"{counted} runs in two lists"))


@check("WFL-022", SPEC)
@with_preconditions
def pages_contain_each_run_once(evidence: Evidence, item: Item) -> Finding:
    """Checks that the pages with size=1 contain each run of the whole list exactly once."""
    whole = [raw.text(run.run_id) for run in require_success(evidence, SPEC, Label.RUNS).run_list.runs]
    pages = [response for response in require_responses(evidence, SPEC, Label.RUNS_PAGE) if response.ok]
    if len(whole) < 2:
        return inconclusive(f"{len(whole)} run(s) fit on one page")
    for page in pages:
        if len(page.run_list.runs) > 1:
            return deviates("at most 1 run with size=1", f"{len(page.run_list.runs)} runs", witness=record_ids(page))
    walked = [raw.text(run.run_id) for page in pages for run in page.run_list.runs]
    if sorted(walked) != sorted(whole):
        seen = f"{len(walked)} on {len(pages)} pages, {len(set(walked))} different"
        return deviates(f"each of {len(whole)} runs once", seen, witness=record_ids(*pages[:6]))
    return holds(f"{len(walked)} runs on {len(pages)} pages", witness=record_ids(*pages[:3]))


@check("WFL-023", SPEC)
@with_preconditions
def runs_are_sorted_by_time(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list is sorted newest first, and with Asc oldest first; equal seconds prove nothing."""
    orders = []
    for step, expected in ((Label.RUNS, "newest first"), (Label.RUNS_ASC, "oldest first")):
        response = expect_success(evidence, SPEC, step, "HTTP 200")
        shown = [moment for run in response.run_list.runs if (moment := parse(_time(run))) is not None]
        if shown != sorted(shown, reverse=step is Label.RUNS):
            return deviates(
                expected, ", ".join(_time(run) for run in response.run_list.runs), witness=record_ids(response)
            )
        orders.append(response)
    power = f"{len(set(shown))} different seconds"
    return holds(f"{len(shown)} runs in two orders", witness=record_ids(*orders), power=power)


def _time(run: Run) -> str:
    return raw.text(run.create_time) or raw.text(run.creation_time)


def _successful_triggers(evidence: Evidence) -> list[ParsedExchange]:
    return [response for response in evidence.of(SPEC, *_TRIGGERS) if response.ok and response.instance_id]
