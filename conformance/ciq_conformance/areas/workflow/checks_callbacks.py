"""Checks of the scenario `workflow`: callbacks of runs and of their jobs (WFL-016 to 020, 027)."""

from ciq_conformance.areas.workflow import SPEC
from ciq_conformance.areas.workflow.labels import JSON_CHANNEL, XML_CHANNEL, Label
from ciq_conformance.areas.workflow.runs import FINAL, created, last_description, run_id
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.preconditions import record_ids, require_success, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.requirement import Format
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedCallback

_CHANNELS = {Label.TRIGGER: XML_CHANNEL, Label.TRIGGER_JSON: JSON_CHANNEL}


def _arrivals(evidence: Evidence, item: Item, trigger: Label) -> tuple[ParsedCallback, ...]:
    return evidence.arrivals(channel_name(item.feature.feature, SPEC, _CHANNELS[trigger]))


def _run_callbacks(evidence: Evidence, item: Item, trigger: Label) -> list[ParsedCallback]:
    """Returns the callbacks of a run that arrived at the address of its workflow."""
    wanted = run_id(evidence, trigger)
    return [n for n in _arrivals(evidence, item, trigger) if n.run is not None and raw.text(n.run.run_id) == wanted]


@check("WFL-016", SPEC)
@with_preconditions
def end_of_run_causes_a_callback(evidence: Evidence, item: Item) -> Finding:
    """Checks that WorkflowFinish of the first run arrives at the workflow's address."""
    wanted = run_id(evidence, Label.TRIGGER)
    response, run = last_description(evidence, Label.TRIGGER)
    if raw.text(run.state) not in FINAL:
        return blocked("the run had not ended at the timeout; see WFL-011", witness=record_ids(response))
    expected = f"WorkflowFinish with RunId {wanted} and State Success or Failed at the workflow's own address"
    arrived = _run_callbacks(evidence, item, Label.TRIGGER)
    others = _arrivals(evidence, item, Label.TRIGGER)
    if not arrived:
        seen = f"{len(others)} other callbacks arrived there" if others else "no callback arrived there"
        return deviates(expected, seen, witness=(*record_ids(response), *(n.arrival.seq for n in others[:2])))
    state = raw.text(arrived[0].run.state if arrived[0].run is not None else None)
    if state not in ("Success", "Failed"):
        return deviates(expected, f"State {state or 'absent'}", witness=(arrived[0].arrival.seq,))
    return holds(f"RunId {wanted}, State {state}", witness=(*record_ids(response), arrived[0].arrival.seq))


@check("WFL-017", SPEC)
@with_preconditions
def callback_equals_description(evidence: Evidence, item: Item) -> Finding:
    """Checks that the first run's callback has the values of its last description."""
    _, workflow_id = created(evidence)
    response, run = last_description(evidence, Label.TRIGGER)
    arrived = _run_callbacks(evidence, item, Label.TRIGGER)
    if not arrived or arrived[0].run is None:
        return blocked("no callback of the run arrived; see WFL-016", witness=record_ids(response))
    reported, witness = arrived[0].run, (*record_ids(response), arrived[0].arrival.seq)
    pairs = {
        "WorkflowId": (reported.workflow_id, workflow_id),
        "Object": (raw.text(reported.object).lstrip("/"), raw.text(run.object).lstrip("/")),
        "State": (reported.state, run.state),
    }
    for name, (given, right) in pairs.items():
        if raw.text(given) != raw.text(right):
            return deviates(f"{name} {right}", f"{name} {given}", witness=witness)
    described = sorted(raw.text(task.job_id) for task in run.tasks if raw.text(task.job_id))
    in_callback = sorted(raw.text(task.job_id) for task in reported.tasks if raw.text(task.job_id))
    if described != in_callback:
        expected = f"Tasks with the JobIds {', '.join(described)}"
        return deviates(expected, ", ".join(in_callback) or "no Tasks", witness=witness)
    return holds(f"WorkflowId, Object, State and {len(in_callback)} tasks are equal", witness=witness)


@check("WFL-018", SPEC)
@with_preconditions
def callback_has_result_format_of_rule(evidence: Evidence, item: Item) -> Finding:
    """Checks that the run's callback has the ResultFormat of the workflow's rule."""
    is_json = item.format is Format.JSON
    trigger = Label.TRIGGER_JSON if is_json else Label.TRIGGER
    if is_json:
        require_success(evidence, SPEC, Label.UPDATE)
    arrived = _run_callbacks(evidence, item, trigger)
    if not arrived:
        return blocked(f"no callback of the run with the {item.format} rule arrived at its address; see WFL-016")
    first = arrived[0]
    if first.is_json != is_json:
        seen = "a JSON body" if first.is_json else "an XML body"
        return deviates(f"a body in {str(item.format).upper()}", seen, witness=(first.arrival.seq,))
    return holds(f"{len(arrived)} callback(s)", witness=(first.arrival.seq,))


@check("WFL-019", SPEC)
@with_preconditions
def end_of_task_causes_a_callback(evidence: Evidence, item: Item) -> Finding:
    """Checks that TaskFinish of the first run's jobs arrives at the workflow's address."""
    response, run = last_description(evidence, Label.TRIGGER)
    wanted = [raw.text(task.job_id) for task in run.tasks if raw.text(task.job_id)]
    arrived = {job_id for callback in _arrivals(evidence, item, Label.TRIGGER) for job_id in callback.job_ids}
    missing = [job_id for job_id in wanted if job_id not in arrived]
    if not wanted:
        return blocked("the tasks have no JobId; see WFL-010", witness=record_ids(response))
    if missing:
        expected = f"TaskFinish of {len(wanted)} jobs at the workflow's own address"
        return deviates(expected, f"no TaskFinish of {', '.join(missing)}", witness=record_ids(response))
    return holds(f"{len(wanted)} jobs", witness=record_ids(response))


@check("WFL-020", SPEC)
@with_preconditions
def observe_order_of_callbacks(evidence: Evidence, item: Item) -> Finding:
    """Reports whether WorkflowFinish of the first run arrived before or after TaskFinish of its jobs."""
    _, run = last_description(evidence, Label.TRIGGER)
    jobs = {raw.text(task.job_id) for task in run.tasks}
    tasks = [n for n in _arrivals(evidence, item, Label.TRIGGER) if jobs & set(n.job_ids)]
    ends = _run_callbacks(evidence, item, Label.TRIGGER)
    if not tasks or not ends:
        return inconclusive("TaskFinish or WorkflowFinish did not arrive; see WFL-016 and WFL-019")
    later = sum(callback.arrival.started > ends[0].arrival.started for callback in tasks)
    position = "after all" if not later else f"before {later} of the"
    witness = (ends[0].arrival.seq, tasks[-1].arrival.seq)
    return observed(f"WorkflowFinish arrived {position} TaskFinish", witness=witness)


@check("WFL-027", SPEC)
@with_preconditions
def observe_forms_of_time(evidence: Evidence, item: Item) -> Finding:
    """Reports the forms of times in lists, descriptions and callbacks."""
    listed = require_success(evidence, SPEC, Label.RUNS).run_list.runs
    response, run = last_description(evidence, Label.TRIGGER)
    reported = [callback.run for callback in _run_callbacks(evidence, item, Label.TRIGGER) if callback.run is not None]
    texts = {
        "list": listed[0].create_time or listed[0].creation_time if listed else None,
        "description": run.create_time,
        "callback": reported[0].create_time if reported else None,
    }
    return observed(
        ", ".join(f"{place} {text or 'none'}" for place, text in texts.items()), witness=record_ids(response)
    )
