"""Finds jobs of rejected submits in a job list that is known to be complete. Shared by `errors` and `multi`.

A job is recognized by its UserData or by its output name, which contains the run id. A job without both is recognized
when only a misread request can have made it: it has the input of the suite, no answer of the run contained its id, and
it has no Output, which the documents require.
"""

from collections.abc import Iterable, Mapping

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive
from ciq_conformance.judge.job_facts import ids_of, object_of, output_of, user_data_of
from ciq_conformance.judge.preconditions import EarlyFinding, record_ids, require_responses, require_success
from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedJob, requested_job
from ciq_schemas.values import Job


def no_rejected_submit_made_a_job(
    evidence: Evidence,
    scenario: ScenarioName,
    rejected: Mapping[str, ParsedExchange],
    control_step: str,
    list_step: str,
) -> Finding:
    """Judges that no rejected submit made a job. `rejected` is by job label; a valid job sent later is the control."""
    control = require_success(evidence, scenario, control_step)
    listed = _complete_list(evidence, scenario, control, list_step)
    requested = requested_job(control)
    accepted_ids = frozenset(ids_of(r for r in evidence.responses if r.exchange.operation == "submit_job"))
    shows_output = any(output_of(job)[2] for job in listed.jobs if job.job_id in ids_of([control]))
    wrong = Deviations()
    for job in listed.jobs:
        if raw.text(job.job_id) in accepted_ids:
            continue
        source = _source_of(job, rejected, requested, control_step)
        if source is not None:
            for response in (source, listed):
                wrong.add(response.exchange.seq, f"{source.exchange.step} was rejected, but made job {job.job_id}")
        elif shows_output and _has_only_the_input(job, requested):
            text = f"no accepted submit made job {job.job_id} (input {requested.input_object}, no UserData, no Output)"
            wrong.add(listed.exchange.seq, text)
    expected = "the list contains no job of a rejected submit"
    return wrong.finding(
        expected, holds(f"no job of {len(rejected)} rejected submits", witness=record_ids(control, listed))
    )


def _complete_list(
    evidence: Evidence, scenario: ScenarioName, control: ParsedExchange, list_step: str
) -> ParsedExchange:
    lists = [response for response in require_responses(evidence, scenario, list_step) if response.ok]
    if not lists:
        raise EarlyFinding(
            inconclusive("the target did not answer the list of jobs; see LST-001", witness=record_ids(control))
        )
    if not {job.job_id for job in lists[-1].jobs}.issuperset(ids_of([control])):
        reason = "the list does not contain the valid job sent last; see LST-001"
        raise EarlyFinding(inconclusive(reason, witness=record_ids(control, lists[-1])))
    return lists[-1]


def _source_of(
    job: Job, rejected: Mapping[str, ParsedExchange], control: RequestedJob, control_label: str
) -> ParsedExchange | None:
    """The rejected submit that made the job, by UserData or output name: submits differ only in their labels."""
    prefix = (control.user_data or "").removesuffix(control_label)
    user_data, output = user_data_of(job) or "", output_of(job)[2]
    for label, response in rejected.items():
        if user_data == f"{prefix}{label}" or (output and output == _output_of(control, control_label, label)):
            return response
    return None


def _output_of(control: RequestedJob, control_label: str, label: str) -> str:
    return (control.output[2] or "").replace(f"/{control_label}/", f"/{label}/")


def _has_only_the_input(job: Job, control: RequestedJob) -> bool:
    return not (user_data_of(job) or output_of(job)[2]) and object_of(job) == control.input_object


def rejected_by_label(responses: Iterable[ParsedExchange]) -> dict[str, ParsedExchange]:
    """The rejected submits by exchange label, which is also the label of their job."""
    return {response.exchange.step: response for response in responses if response.exchange.status >= 400}
