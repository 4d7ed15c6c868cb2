"""What the checks of the scenario `workflow` have in common: its runs as they were seen. Registers no check."""

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
"""The looks at the run that each trigger began."""
FINAL = frozenset({"Success", "Failed", "Cancel"})


def made(evidence: Evidence) -> tuple[ParsedExchange, str]:
    """The accepted request that made the workflow, and the workflow's id."""
    response = require_success(evidence, SPEC, Label.CREATE)
    workflow_id = raw.text(response.workflow.workflow_id if response.workflow is not None else None)
    if not workflow_id:
        raise EarlyFinding(blocked("the answer to making the workflow names no WorkflowId; see WFL-001"))
    return response, workflow_id


def listed(evidence: Evidence, step: Label) -> tuple[ParsedExchange, Workflow | None]:
    """A list that asked for the workflow, and the workflow in it, None when it is not there."""
    _, workflow_id = made(evidence)
    response = require_success(evidence, SPEC, step)
    return response, next((w for w in response.workflow_list.workflows if raw.text(w.workflow_id) == workflow_id), None)


def run_id(evidence: Evidence, trigger: Label) -> str:
    """Id of the run that a trigger began; stops when it began none."""
    response = require_success(evidence, SPEC, trigger)
    if not response.instance_id:
        raise EarlyFinding(blocked("the answer to the trigger names no InstanceId; see WFL-008"))
    return response.instance_id


def looks(evidence: Evidence, trigger: Label) -> Iterator[tuple[ParsedExchange, Run]]:
    """All looks at the run of a trigger, in order."""
    for response in evidence.of(SPEC, *WATCHES[trigger]):
        if response.ok and response.run is not None:
            yield response, response.run


def last_look(evidence: Evidence, trigger: Label) -> tuple[ParsedExchange, Run]:
    """The last look at the run of a trigger; stops when there is none."""
    run_id(evidence, trigger)
    seen = list(looks(evidence, trigger))
    if not seen:
        raise EarlyFinding(blocked("the run was never described; see WFL-010"))
    return seen[-1]


def task_of(run: Run, node: str) -> WorkflowTask | None:
    """The task of a node."""
    return next((task for task in run.tasks if raw.text(task.name) == node), None)
