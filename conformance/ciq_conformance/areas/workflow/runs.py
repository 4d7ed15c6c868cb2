"""Finds the workflow and its runs in the records of the scenario `workflow`; shared by its checks."""

from collections.abc import Iterator

from ciq_conformance.areas.workflow import SPEC
from ciq_conformance.areas.workflow.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import blocked
from ciq_conformance.judge.preconditions import EarlyFinding, require_success
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Run, Workflow, WorkflowTask

WATCHES = {
    Label.TRIGGER: (Label.WATCH, Label.RUN),
    Label.TRIGGER_JSON: (Label.WATCH_JSON,),
    Label.TRIGGER_MISSING: (Label.WATCH_MISSING,),
}
"""The steps that describe the run of each trigger."""
FINAL = frozenset({"Success", "Failed", "Cancel"})


def created(evidence: Evidence) -> tuple[ParsedExchange, str]:
    """Returns the exchange that created the workflow, and the workflow's id; stops when there is none."""
    response = require_success(evidence, SPEC, Label.CREATE)
    workflow_id = raw.text(response.workflow.workflow_id if response.workflow is not None else None)
    if not workflow_id:
        raise EarlyFinding(blocked("the response to the creation has no WorkflowId; see WFL-001"))
    return response, workflow_id


def listed(evidence: Evidence, step: Label) -> tuple[ParsedExchange, Workflow | None]:
    """Returns a list by the workflow's id, and the workflow in it; None when the list does not contain it."""
    _, workflow_id = created(evidence)
    response = require_success(evidence, SPEC, step)
    return response, next((w for w in response.workflow_list.workflows if raw.text(w.workflow_id) == workflow_id), None)


def run_id(evidence: Evidence, trigger: Label) -> str:
    """Returns the id of the run that a trigger started; stops when it started none."""
    response = require_success(evidence, SPEC, trigger)
    if not response.instance_id:
        raise EarlyFinding(blocked("the response to the trigger has no InstanceId; see WFL-008"))
    return response.instance_id


def descriptions(evidence: Evidence, trigger: Label) -> Iterator[tuple[ParsedExchange, Run]]:
    """Yields all descriptions of the run of a trigger, in order."""
    for response in evidence.of(SPEC, *WATCHES[trigger]):
        if response.ok and response.run is not None:
            yield response, response.run


def last_description(evidence: Evidence, trigger: Label) -> tuple[ParsedExchange, Run]:
    """Returns the last description of the run of a trigger; stops when there is none."""
    run_id(evidence, trigger)
    found = list(descriptions(evidence, trigger))
    if not found:
        raise EarlyFinding(blocked("the target never described the run; see WFL-010"))
    return found[-1]


def task_of(run: Run, node: str) -> WorkflowTask | None:
    """Returns the task of a node; None when the run has none."""
    return next((task for task in run.tasks if raw.text(task.name) == node), None)
