"""Jobs that refused requests left behind, found in a list that is known to be whole; shared by errors and multi.

A job is known by what its order said and nobody else says: UserData, or the output's name with the run in it. A job
that shows neither is known where only a broken reading of the request can have made it: it names our input, no answer
of the run gave its id, and it has no Output, which every such job of the documents has.
"""

from collections.abc import Iterable, Mapping

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, cannot_tell, holds
from ciq_conformance.judge.job_facts import ids_of, object_of, output_of, user_data_of
from ciq_conformance.judge.preconditions import EarlyFinding, record_ids, require_responses, require_success
from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedJob, requested_job
from ciq_schemas.values import Job


def leftovers(
    evidence: Evidence, scenario: ScenarioName, refused: Mapping[str, ParsedExchange], control_step: str, list_step: str
) -> Finding:
    """Whether one of the refused orders, by their labels, made a job; the good job sent after them is the control."""
    control = require_success(evidence, scenario, control_step)
    listed = _whole_list(evidence, scenario, control, list_step)
    asked = requested_job(control)
    given = frozenset(ids_of(r for r in evidence.responses if r.exchange.operation == "submit_job"))
    shows_output = any(output_of(job)[2] for job in listed.jobs if job.job_id in ids_of([control]))
    wrong = Deviations()
    for job in listed.jobs:
        if raw.text(job.job_id) in given:
            continue
        source = _made_by(job, refused, asked, control_step)
        if source is not None:
            for response in (source, listed):
                wrong.add(response.exchange.seq, f"{source.exchange.step} was refused, yet made job {job.job_id}")
        elif shows_output and _is_bare(job, asked):
            text = f"job {job.job_id}, without UserData and Output, on {asked.input_object}: no accepted submit made it"
            wrong.add(listed.exchange.seq, text)
    expected = "no job of a refused submit in the list"
    return wrong.finding(expected, holds(f"none of {len(refused)}", witness=record_ids(control, listed)))


def _whole_list(evidence: Evidence, scenario: ScenarioName, control: ParsedExchange, list_step: str) -> ParsedExchange:
    lists = [response for response in require_responses(evidence, scenario, list_step) if response.ok]
    if not lists:
        raise EarlyFinding(cannot_tell("the list of jobs was not answered; see LST-001", witness=record_ids(control)))
    if not {job.job_id for job in lists[-1].jobs}.issuperset(ids_of([control])):
        reason = "the list does not hold the good job sent last; see LST-001"
        raise EarlyFinding(cannot_tell(reason, witness=record_ids(control, lists[-1])))
    return lists[-1]


def _made_by(
    job: Job, refused: Mapping[str, ParsedExchange], control: RequestedJob, control_label: str
) -> ParsedExchange | None:
    """The refused order whose words the job shows. Orders of a scenario are the same but for their labels."""
    prefix = (control.user_data or "").removesuffix(control_label)
    said, output = user_data_of(job) or "", output_of(job)[2]
    for label, response in refused.items():
        if said == f"{prefix}{label}" or (output and output == _output_of(control, control_label, label)):
            return response
    return None


def _output_of(control: RequestedJob, control_label: str, label: str) -> str:
    return (control.output[2] or "").replace(f"/{control_label}/", f"/{label}/")


def _is_bare(job: Job, control: RequestedJob) -> bool:
    return not (user_data_of(job) or output_of(job)[2]) and object_of(job) == control.input_object


def by_label(responses: Iterable[ParsedExchange]) -> dict[str, ParsedExchange]:
    """Refused submits whose step is the label of their order."""
    return {response.exchange.step: response for response in responses if response.exchange.status >= 400}
