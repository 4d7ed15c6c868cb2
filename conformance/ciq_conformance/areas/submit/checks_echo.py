"""Checks of the scenario `submit`: responses echo the submitted values (SUB-005 to 010, 015, 020, 021)."""

from collections.abc import Callable

from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import ALTERABLE_USER_DATA, DESCRIBE_STEPS, LEVELS, SUBMITS, WELL_FORMED, Label
from ciq_conformance.areas.submit.submits import NONE_ACCEPTED, submits_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.job_facts import (
    first_difference,
    ids_of,
    jobs_in,
    level_of,
    object_of,
    output_of,
    shortened,
    tag_of,
    user_data_of,
)
from ciq_conformance.judge.operation_leaves import requested_parameters, returned_parameters
from ciq_conformance.judge.preconditions import expect_success, record_ids, require_response, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import describe_response
from ciq_schemas.transcript.requests import RequestedJob, requested_job
from ciq_schemas.values import Job

NEW_LINE = frozenset("\r\n")
"""A pretty printer adds these around a text; then the original white space at its ends is unknown."""
LONG = 60
"""Characters above which two different texts may look equal when a message shortens them."""


def _echo(
    evidence: Evidence,
    steps: tuple[Label, ...],
    expected: str,
    wanted: Callable[[RequestedJob], object],
    got: Callable[[Job], object],
    *,
    described: bool = False,
) -> Finding:
    """Judges whether submit responses contain the submitted value; with `described`, describe responses too."""
    submits = submits_of(evidence, *steps)
    if not submits:
        return NONE_ACCEPTED
    wrong, seen, looked = Deviations(), 0, 0
    descriptions = evidence.of(SPEC, *DESCRIBE_STEPS) if described else ()
    for submit in submits:
        want = wanted(requested_job(submit))
        shown = [(submit, submit.jobs[0]), *jobs_in(descriptions, ids_of([submit]))]
        looked += len(shown) - 1
        for response, job in shown:
            seen += 1
            if got(job) != want:
                where = "describe" if response is not submit else "submit"
                text = f"{_compared(got(job), want)} ({where} of {submit.exchange.step})"
                for record in (submit, response):
                    wrong.add(record.exchange.seq, text)
    if described and not looked and not wrong.items:
        return blocked("the target described no submitted job; see DES-001")
    return wrong.finding(expected, holds(f"{seen} times in {len(submits)} jobs", witness=record_ids(*submits[:3])))


def _compared(got: object, want: object) -> str:
    if isinstance(got, str) and isinstance(want, str) and got and len(want) > LONG:
        return f"{shortened(got)}: {first_difference(got, want)}"
    return f"{_as_text(got)} instead of {_as_text(want)}"


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) if part else "nothing" for part in value)
    return shortened(value if isinstance(value, str) else None)


@check("SUB-005", SPEC)
@with_preconditions
def tag_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks Tag in the submit responses."""
    return _echo(evidence, SUBMITS, "Tag as requested", lambda request: request.tag, tag_of)


@check("SUB-006", SPEC)
@with_preconditions
def input_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks Input.Object in the submit responses; SUB-015 judges names beyond ASCII."""
    return _echo(
        evidence,
        (*WELL_FORMED, Label.WITHOUT_QUEUE),
        "Input.Object as requested",
        lambda request: request.input_object,
        object_of,
    )


@check("SUB-007", SPEC)
@with_preconditions
def output_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks Operation.Output in submit responses; in describe only Region and Bucket, as Object may be resolved."""
    steps = (*WELL_FORMED, Label.WITHOUT_QUEUE)
    expected = "Operation.Output with Region, Bucket and Object as requested"
    finding = _echo(evidence, steps, expected, lambda request: request.output, output_of)
    if finding.kind is not Kind.HOLDS:
        return finding
    later = _echo(
        evidence,
        steps,
        expected,
        lambda request: request.output[:2],
        lambda job: output_of(job)[:2],
        described=True,
    )
    return later if later.kind is Kind.DEVIATES else finding


@check("SUB-020", SPEC)
@with_preconditions
def parameters_are_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks every parameter of the tag's container in the submit responses and in all descriptions of the jobs."""
    submits = submits_of(evidence, *WELL_FORMED)
    if not submits:
        return NONE_ACCEPTED
    wrong, seen = Deviations(), 0
    descriptions = evidence.of(SPEC, *DESCRIBE_STEPS)
    for submit in submits:
        wanted = requested_parameters(submit)
        (job_id,) = ids_of([submit]) or ("",)
        for response in (submit, *descriptions):
            shown = returned_parameters(response, job_id) if response.ok else None
            if shown is None:
                continue
            seen += 1
            for path, text in wanted.items():
                if shown.get(path) != text:
                    difference = f"{path} {shortened(shown.get(path))} instead of {shortened(text)}"
                    wrong.add(response.exchange.seq, f"{difference} ({response.exchange.step})")
    if not any(requested_parameters(submit) for submit in submits):
        return inconclusive("the job requests of this feature have no parameters")
    return wrong.finding(
        "Operation with the parameters as requested", holds(f"{seen} times", witness=record_ids(*submits[:3]))
    )


@check("SUB-008", SPEC)
@with_preconditions
def user_data_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks UserData in submit and describe responses, with special characters as well."""
    expected = "UserData equal to the request in every character"
    expect_success(evidence, SPEC, Label.SPECIAL_USER_DATA, expected)
    for response in evidence.of(SPEC, *ALTERABLE_USER_DATA):
        if not response.ok:
            return deviates(
                expected, f"{response.exchange.step}: {describe_response(response)}", witness=record_ids(response)
            )
    steps = tuple(step for step in WELL_FORMED if step is not Label.LONG_USER_DATA)
    return _echo(evidence, steps, expected, lambda request: request.user_data, user_data_of, described=True)


@check("SUB-021", SPEC)
@with_preconditions
def surrounding_spaces_of_user_data_are_kept(evidence: Evidence, item: Item) -> Finding:
    """Checks UserData with spaces at its ends in submit and describe responses; ignores pretty-printed responses."""
    expected = "UserData with the spaces at its ends as requested"
    expect_success(evidence, SPEC, Label.BLANKS_USER_DATA, expected)

    submits = submits_of(evidence, Label.BLANKS_USER_DATA)
    if not submits:
        return NONE_ACCEPTED
    operation = next(iter(raw.children(raw.root_of(submits[0].exchange.request_body.data), "Operation")), None)
    sent = "".join(element.text or "" for element in raw.children(operation, "UserData"))
    wrong, seen = Deviations(), 0
    descriptions = jobs_in(evidence.of(SPEC, *DESCRIBE_STEPS), ids_of(submits))
    for response, job in ((submits[0], submits[0].jobs[0]), *descriptions):
        text = (job.operation.user_data if job.operation is not None else None) or ""
        inner = text.strip(" \t")
        if inner[:1] in NEW_LINE and inner[-1:] in NEW_LINE:
            continue
        seen += 1
        if text != sent:
            wrong.add(response.exchange.seq, f"{text!r} instead of {sent!r} ({response.exchange.step})")
    if not seen:
        reason = "the line breaks hide whether the target keeps the spaces"
        return observed("line breaks around UserData", expected=expected, reason=reason, witness=record_ids(*submits))
    return wrong.finding(expected, holds(f"{seen} times", witness=record_ids(*submits)))


@check("SUB-025", SPEC)
@with_preconditions
def references_in_user_data_are_text(evidence: Evidence, item: Item) -> Finding:
    """Checks UserData that is written with a CDATA section and character references."""
    expected = "the text of the CDATA section and of the character references in UserData"
    expect_success(evidence, SPEC, Label.CDATA_USER_DATA, expected)
    steps = (Label.CDATA_USER_DATA,)
    return _echo(evidence, steps, expected, lambda request: request.user_data, user_data_of, described=True)


@check("SUB-024", SPEC)
@with_preconditions
def input_object_beside_url_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks Input.Object of the job whose Input has Object and Url."""
    expected = "Input.Object as in the request, although the request has a Url too"
    expect_success(evidence, SPEC, Label.OBJECT_AND_URL, expected)
    steps = (Label.OBJECT_AND_URL,)
    return _echo(evidence, steps, expected, lambda request: request.input_object, object_of, described=True)


@check("SUB-009", SPEC)
@with_preconditions
def long_user_data_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks UserData of 1024 characters in submit and describe responses."""
    expected = "the responses contain all 1024 characters of UserData"
    expect_success(evidence, SPEC, Label.LONG_USER_DATA, expected)
    return _echo(
        evidence,
        (Label.LONG_USER_DATA,),
        expected,
        lambda request: request.user_data,
        user_data_of,
        described=True,
    )


@check("SUB-010", SPEC)
@with_preconditions
def level_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks JobLevel 0, 1 and 2 in submit and describe responses."""
    expected = "Operation.JobLevel as requested, in submit and describe"
    for step in LEVELS:
        expect_success(evidence, SPEC, step, expected)
    return _echo(evidence, tuple(LEVELS), expected, lambda request: request.level, level_of, described=True)


@check("SUB-015", SPEC)
@with_preconditions
def non_ascii_object_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks Input.Object with special and non-ASCII characters in submit and describe responses."""
    response = require_response(evidence, SPEC, Label.OTHER_SCRIPT)
    expected = "Input.Object with Chinese, a space, `+`, `%20` and `&` as requested"
    if response.refused and "resource" in (response.error.code or "").lower():
        return inconclusive(
            f"the target checks the input at submit ({describe_response(response)}); "
            "upload an object of that name to test this",
            witness=record_ids(response),
        )
    expect_success(evidence, SPEC, Label.OTHER_SCRIPT, expected)
    return _echo(
        evidence,
        (Label.OTHER_SCRIPT,),
        expected,
        lambda request: request.input_object,
        object_of,
        described=True,
    )
