"""Judges the documented forms of callbacks: accepted, in time, and counted once."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, untested
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import (
    accepted,
    described,
    effects,
    is_accepted,
    offered_workflow,
    sent,
    without_steps,
)
from ciq_conformance.receiver.steps import ANSWER_WITHIN, FORMS, Form
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import Header

_COUNTED = (
    Form.SUCCESS,
    Form.WITHOUT_EVENT,
    Form.NON_EXIST,
    Form.WITHOUT_DECLARATION,
    Form.ALPHABETICAL,
    Form.SEVERAL,
    Form.UNKNOWN,
    Form.OF_WORKFLOW,
    Form.SPECIAL,
    Form.LONG,
    Form.OTHER_JOBS,
    Form.NUMBERS,
)
"""Forms whose jobs are counted when the receiver accepts them."""


def _form(evidence: Evidence, item: Item, *kinds: Form) -> Finding:
    form = item.format or Format.XML
    other = Format.XML if form is Format.JSON else Format.JSON
    all_of_form = sent(evidence, FORMS, [kind.step(form) for kind in Form])
    taken = any(is_accepted(exchange) for exchange in all_of_form)
    hint = (
        "" if taken else f"the receiver accepts no {form.upper()}; if the rule never selects it, use --format {other}"
    )
    return accepted(evidence, FORMS, *(kind.step(form) for kind in kinds), hint=hint)


@check("RCV-001", FORMS)
def success_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback of a successful job gets 2xx."""
    return _form(evidence, item, Form.SUCCESS)


@check("RCV-002", FORMS)
def failure_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback of a failed job gets 2xx."""
    return _form(evidence, item, Form.FAILED)


@check("RCV-003", FORMS)
def older_form_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback without EventName gets 2xx."""
    return _form(evidence, item, Form.WITHOUT_EVENT)


@check("RCV-004", FORMS)
def non_exist_job_ids_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback with an empty NonExistJobIds gets 2xx."""
    return _form(evidence, item, Form.NON_EXIST)


@check("RCV-005", FORMS)
def xml_without_declaration_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback without an XML declaration gets 2xx."""
    return _form(evidence, item, Form.WITHOUT_DECLARATION)


@check("RCV-006", FORMS)
def both_documented_forms_of_jobs_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """JSON with JobsDetail as an array and as an object gets 2xx."""
    return _form(evidence, item, Form.SUCCESS, Form.OTHER_JOBS)


@check("RCV-007", FORMS)
def other_form_of_jobs_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """JSON with the form of JobsDetail that the samples of other features show gets 2xx."""
    return _form(evidence, item, Form.OTHER_JOBS)


@check("RCV-008", FORMS)
def wrapper_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """JSON with the wrapper Response gets 2xx."""
    return _form(evidence, item, Form.WRAPPER)


@check("RCV-009", FORMS)
def number_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """JSON with a number as JobLevel gets 2xx."""
    return _form(evidence, item, Form.NUMBERS)


@check("RCV-010", FORMS)
def null_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """JSON with null in place of optional elements gets 2xx."""
    return _form(evidence, item, Form.NULLS)


@check("RCV-011", FORMS)
def alphabetical_order_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """XML with its elements in the order of the samples gets 2xx."""
    return _form(evidence, item, Form.ALPHABETICAL)


@check("RCV-012", FORMS)
def several_jobs_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback with two jobs gets 2xx."""
    return _form(evidence, item, Form.SEVERAL)


@check("RCV-013", FORMS)
def unknown_elements_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback with unknown elements gets 2xx."""
    return _form(evidence, item, Form.UNKNOWN)


@check("RCV-014", FORMS)
def special_characters_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback whose UserData has markup and non-ASCII characters gets 2xx."""
    return _form(evidence, item, Form.SPECIAL)


@check("RCV-015", FORMS)
def long_user_data_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback whose UserData has 1,024 characters gets 2xx."""
    return _form(evidence, item, Form.LONG)


@check("RCV-016", FORMS)
def job_of_workflow_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback of a job that a workflow started gets 2xx."""
    return _form(evidence, item, Form.OF_WORKFLOW)


@check("RCV-017", FORMS)
def workflow_finish_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callbacks of a successful and of a failed run get 2xx."""
    return offered_workflow(evidence) or _form(evidence, item, Form.RUN_SUCCESS, Form.RUN_FAILED)


@check("RCV-018", FORMS)
def older_workflow_callback_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The callback of a run without EventName gets 2xx."""
    return offered_workflow(evidence) or _form(evidence, item, Form.RUN_WITHOUT_EVENT)


@check("RCV-019", FORMS)
def workflow_callback_without_root_is_measured(evidence: Evidence, item: Item) -> Finding:
    """Measures the status for the callback of a run without the root Response."""
    return offered_workflow(evidence) or _form(evidence, item, Form.RUN_WITHOUT_ROOT)


@check("RCV-020", FORMS)
def each_form_has_its_effect(evidence: Evidence, item: Item) -> Finding:
    """Each job of the accepted forms is counted once."""
    form = item.format or Format.XML
    return effects(evidence, FORMS, [kind.step(form) for kind in _COUNTED])


@check("RCV-021", FORMS)
def responses_come_in_time(evidence: Evidence, item: Item) -> Finding:
    """No response to a documented form takes longer than 5 s, times the timeout factor."""
    found = sent(evidence, FORMS, [kind.step(form) for kind in Form for form in Format])
    if not found:
        return without_steps(evidence, FORMS)
    answered = [exchange for exchange in found if exchange.status]
    if not answered:
        return untested("no callback of this scenario got a response (RCV-001)", witness=(found[0].seq,))
    limit = ANSWER_WITHIN * _factor(evidence)
    late = Deviations()
    for exchange in answered:
        taken = exchange.ended - exchange.started
        if taken > limit:
            late.add(exchange.seq, f"{described(exchange)} after {taken:.1f} s")
    slowest = max(answered, key=lambda exchange: exchange.ended - exchange.started)
    return late.finding(
        f"a response within {limit:g} s",
        holds(f"the slowest response took {slowest.ended - slowest.started:.2f} s", witness=(slowest.seq,)),
    )


def _factor(evidence: Evidence) -> float:
    """Returns the timeout factor of the run."""
    for record in evidence.records:
        if isinstance(record, Header):
            value = next((s.value for s in record.settings if s.name == "timeout_factor"), "1")
            return float(value)
    return 1.0
