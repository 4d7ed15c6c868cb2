"""Checks of the scenario `batch` (BAT)."""

from ciq_conformance.areas.batch import SPEC
from ciq_conformance.areas.batch.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds, inconclusive
from ciq_conformance.judge.preconditions import (
    EarlyFinding,
    expect_rejections,
    expect_success,
    record_ids,
    require_response,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Batch


def _created(evidence: Evidence, step: Label) -> tuple[ParsedExchange, str]:
    """Returns the accepted request and the id of the batch job; stops the check where one is missing."""
    response = require_success(evidence, SPEC, step)
    for batch in response.batch_answer.batches:
        if raw.text(batch.job_id):
            return response, raw.text(batch.job_id)
    raise EarlyFinding(blocked("the response has no JobId; see BAT-001", witness=record_ids(response)))


def _find(response: ParsedExchange, batch_id: str) -> Batch | None:
    return next((b for b in response.batch_answer.batches if raw.text(b.job_id) == batch_id), None)


def _last_described(evidence: Evidence, batch_id: str, *steps: Label) -> tuple[ParsedExchange, Batch]:
    """Returns the last description of a batch job; stops the check where there is none."""
    seen = [
        (response, b)
        for response in evidence.of(SPEC, *steps)
        if response.ok and (b := _find(response, batch_id)) is not None
    ]
    if not seen:
        raise EarlyFinding(blocked("no response describes the batch job; see BAT-002"))
    return seen[-1]


@check("BAT-001", SPEC)
@with_preconditions
def create_returns_one_batch_job(evidence: Evidence, item: Item) -> Finding:
    """POST /inventorytriggerjob returns one batch job with JobId and State."""
    expected = "HTTP 200 with one JobsDetail: JobId and State"
    response = expect_success(evidence, SPEC, Label.CREATE, expected)
    batches = response.batch_answer.batches
    if len(batches) != 1 or not raw.text(batches[0].job_id):
        return deviates(expected, f"{len(batches)} JobsDetail with JobId", witness=record_ids(response))
    if raw.text(batches[0].state) not in tuple(JobState):
        return deviates(expected, f"State {batches[0].state}", witness=record_ids(response))
    return holds(f"batch job {batches[0].job_id}, State {batches[0].state}", witness=record_ids(response))


@check("BAT-002", SPEC)
@with_preconditions
def batch_job_is_described(evidence: Evidence, item: Item) -> Finding:
    """GET /inventorytriggerjob/<id> returns the batch job with the Name of the request."""
    _, batch_id = _created(evidence, Label.CREATE)
    expected = f"JobsDetail with JobId {batch_id}, the Name of the request, Type Workflow and a State"
    response = expect_success(evidence, SPEC, Label.DESCRIBED, expected)
    batch = _find(response, batch_id)
    if batch is None:
        return deviates(expected, "no JobsDetail with this JobId", witness=record_ids(response))
    name = raw.child_text(raw.root_of(require_success(evidence, SPEC, Label.CREATE).exchange.request_body.data), "Name")
    given = {"Name": (batch.name, name), "Type": (batch.type, "Workflow")}
    for field, (text, wanted) in given.items():
        if raw.text(text) != wanted:
            return deviates(f"{field} {wanted}", f"{field} {text}", witness=record_ids(response))
    if raw.text(batch.state) not in tuple(JobState):
        return deviates(expected, f"State {batch.state}", witness=record_ids(response))
    return holds(f"State {batch.state}", witness=record_ids(response))


@check("BAT-003", SPEC)
@with_preconditions
def unknown_batch_job_is_in_non_exist_ids(evidence: Evidence, item: Item) -> Finding:
    """A describe of an unknown id returns the id in NonExistJobIds."""
    response = require_response(evidence, SPEC, Label.UNKNOWN)
    wanted = raw.requested_job_id(response.exchange)
    expected = f"NonExistJobIds {wanted}"
    if not response.ok:
        return deviates(expected, f"HTTP {response.exchange.status}", witness=record_ids(response))
    given = [raw.text(i) for i in response.batch_answer.non_exist_ids]
    if given != [wanted]:
        return deviates(expected, f"NonExistJobIds {', '.join(given) or 'absent'}", witness=record_ids(response))
    return holds(expected, witness=record_ids(response))


@check("BAT-004", SPEC)
@with_preconditions
def batch_job_is_listed(evidence: Evidence, item: Item) -> Finding:
    """The list by type and name contains the batch job."""
    _, batch_id = _created(evidence, Label.CREATE)
    response = expect_success(evidence, SPEC, Label.LISTED, f"HTTP 200 with batch job {batch_id}")
    if _find(response, batch_id) is None:
        seen = f"{len(response.batch_answer.batches)} other batch jobs"
        return deviates(f"batch job {batch_id} in the list", seen, witness=record_ids(response))
    others = [b.type for b in response.batch_answer.batches if b.type is not None and raw.text(b.type) != "Workflow"]
    if others:
        return deviates("only Type Workflow", f"Type {others[0]}", witness=record_ids(response))
    return holds(f"{len(response.batch_answer.batches)} in the list", witness=record_ids(response))


@check("BAT-005", SPEC)
@with_preconditions
def workflow_runs_on_the_object(evidence: Evidence, item: Item) -> Finding:
    """The list of runs filtered by the batch job contains one run, on the object of the request."""
    create, batch_id = _created(evidence, Label.CREATE)
    source = raw.children(raw.root_of(create.exchange.request_body.data), "Input")
    key = raw.child_text(source[0], "Object") if source else None
    response = expect_success(evidence, SPEC, Label.RUNS, f"HTTP 200 with the run of batch job {batch_id}")
    objects = [raw.text(run.object).lstrip("/") for run in response.run_list.runs]
    if objects != [(key or "").lstrip("/")]:
        last, batch = _last_described(evidence, batch_id, Label.WATCH, Label.DESCRIBED)
        if not objects and raw.text(batch.state) not in FINAL_STATES:
            return inconclusive(
                f"the batch job was still {batch.state} at the timeout; see BAT-006", witness=record_ids(last)
            )
        seen = f"runs on {', '.join(objects) or 'nothing'}; the batch job is {batch.state}"
        return deviates(f"one run, on {key}", seen, witness=record_ids(create, response, last))
    return holds(f"one run, on {key}", witness=record_ids(create, response))


@check("BAT-006", SPEC)
@with_preconditions
def batch_job_ends_as_success(evidence: Evidence, item: Item) -> Finding:
    """The last description of the batch job shows Success."""
    _, batch_id = _created(evidence, Label.CREATE)
    response, batch = _last_described(evidence, batch_id, Label.WATCH, Label.DESCRIBED)
    state = raw.text(batch.state)
    if state == JobState.SUCCESS:
        return holds("Success", witness=record_ids(response))
    if state in FINAL_STATES:
        return inconclusive(
            f"the batch job ended as {state}: {batch.code} {batch.message or ''}".rstrip(), witness=record_ids(response)
        )
    return deviates("State Success", f"State {state} at the timeout", witness=record_ids(response))


@check("BAT-007", SPEC)
@with_preconditions
def batch_of_jobs_creates_the_job(evidence: Evidence, item: Item) -> Finding:
    """The list of jobs filtered by the batch job contains its one job."""
    create, batch_id = _created(evidence, Label.CREATE_JOBS)
    name = raw.child_text(raw.root_of(create.exchange.request_body.data), "Name")
    expected = f"one job with UserData {name}"
    response = expect_success(evidence, SPEC, Label.JOBS, expected)
    user_data = [raw.text(job.operation.user_data if job.operation is not None else None) for job in response.jobs]
    if user_data != [name]:
        seen = f"{len(user_data)} jobs under inventoryTriggerJobId={batch_id}" + (
            f", UserData {user_data[0]}" if user_data else ""
        )
        return deviates(expected, seen, witness=record_ids(create, response))
    return holds(expected, witness=record_ids(create, response))


@check("BAT-008", SPEC)
@with_preconditions
def batch_job_is_cancelled(evidence: Evidence, item: Item) -> Finding:
    """A batch job shows Cancel after its cancel, while its job waits in a paused queue."""
    require_success(evidence, SPEC, Label.PAUSE)
    create, batch_id = _created(evidence, Label.CREATE_HELD)
    cancel = expect_success(evidence, SPEC, Label.CANCEL, "HTTP 200")
    response, batch = _last_described(evidence, batch_id, Label.CANCELLED)
    if raw.text(batch.state) != JobState.CANCEL:
        return deviates("State Cancel", f"State {batch.state}", witness=record_ids(create, cancel, response))
    return holds("State Cancel", witness=record_ids(create, cancel, response))


@check("BAT-009", SPEC)
@with_preconditions
def request_without_name_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a request without Name."""
    return expect_rejections([require_response(evidence, SPEC, Label.NAMELESS)], "4xx")
