"""Checks of the scenario `submit`: what was given comes back, at once and later (SUB-005 to 010, 015, 020, 021)."""

from collections.abc import Callable

from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import LEVELS, LOOKS, MISREAD, SUBMITS, WELL_FORMED, Label
from ciq_conformance.areas.submit.submits import NONE_ACCEPTED, submits_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, cannot_tell, deviates, holds
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
"""Around a text that a pretty printer has put on lines of its own; what it ended with cannot be told then."""
LONG = 60
"""Characters beyond which two texts that differ may look alike once they are cut for a message."""


def _echo(
    evidence: Evidence,
    steps: tuple[Label, ...],
    expected: str,
    wanted: Callable[[RequestedJob], object],
    got: Callable[[Job], object],
    *,
    described: bool = False,
) -> Finding:
    """What was given stands in the submit answers, and in the describe answers too when `described`."""
    submits = submits_of(evidence, *steps)
    if not submits:
        return NONE_ACCEPTED
    wrong, seen, looked = Deviations(), 0, 0
    looks = evidence.of(SPEC, *LOOKS) if described else ()
    for submit in submits:
        want = wanted(requested_job(submit))
        shown = [(submit, submit.jobs[0]), *jobs_in(looks, ids_of([submit]))]
        looked += len(shown) - 1
        for response, job in shown:
            seen += 1
            if got(job) != want:
                where = "describe" if response is not submit else "submit"
                text = f"{_compared(got(job), want)} ({where} of {submit.exchange.step})"
                for record in (submit, response):
                    wrong.add(record.exchange.seq, text)
    if described and not looked and not wrong.items:
        return blocked("no submitted job was described; see DES-001")
    return wrong.finding(expected, holds(f"{seen} times in {len(submits)} jobs", witness=record_ids(*submits[:3])))


def _compared(got: object, want: object) -> str:
    if isinstance(got, str) and isinstance(want, str) and got and len(want) > LONG:
        return f"{shortened(got)}: {first_difference(got, want)}"
    return f"{_words(got)} instead of {_words(want)}"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) if part else "nothing" for part in value)
    return shortened(value if isinstance(value, str) else None)


@check("SUB-005", SPEC)
@with_preconditions
def tag_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Tag in the submit answers."""
    return _echo(evidence, SUBMITS, "Tag as given", lambda asked_for: asked_for.tag, tag_of)


@check("SUB-006", SPEC)
@with_preconditions
def input_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Input.Object in the submit answers; names beyond ASCII are SUB-015."""
    return _echo(
        evidence,
        (*WELL_FORMED, Label.WITHOUT_QUEUE),
        "Input.Object as given",
        lambda asked_for: asked_for.input_object,
        object_of,
    )


@check("SUB-007", SPEC)
@with_preconditions
def output_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """Operation.Output in the submit answers; in describe Region and Bucket, for an object may get its real name."""
    steps = (*WELL_FORMED, Label.WITHOUT_QUEUE)
    expected = "Operation.Output with Region, Bucket and Object as given"
    finding = _echo(evidence, steps, expected, lambda asked_for: asked_for.output, output_of)
    if finding.kind is not Kind.HOLDS:
        return finding
    later = _echo(
        evidence,
        steps,
        expected,
        lambda asked_for: asked_for.output[:2],
        lambda job: output_of(job)[:2],
        described=True,
    )
    return later if later.kind is Kind.DEVIATES else finding


@check("SUB-020", SPEC)
@with_preconditions
def parameters_are_echoed(evidence: Evidence, item: Item) -> Finding:
    """What the tag's container says, leaf by leaf, in the submit answers and in all looks at the jobs."""
    submits = submits_of(evidence, *WELL_FORMED)
    if not submits:
        return NONE_ACCEPTED
    wrong, seen = Deviations(), 0
    looks = evidence.of(SPEC, *LOOKS)
    for submit in submits:
        wanted = requested_parameters(submit)
        (job_id,) = ids_of([submit]) or ("",)
        for response in (submit, *looks):
            shown = returned_parameters(response, job_id) if response.ok else None
            if shown is None:
                continue
            seen += 1
            for path, text in wanted.items():
                if shown.get(path) != text:
                    told = (
                        f"{path} {shortened(shown.get(path))} instead of {shortened(text)} ({response.exchange.step})"
                    )
                    wrong.add(response.exchange.seq, told)
    if not any(requested_parameters(submit) for submit in submits):
        return cannot_tell("the orders of this feature have no parameters")
    return wrong.finding(
        "Operation with the parameters as given", holds(f"{seen} times", witness=record_ids(*submits[:3]))
    )


@check("SUB-008", SPEC)
@with_preconditions
def user_data_comes_back(evidence: Evidence, item: Item) -> Finding:
    """UserData in submit and describe answers, the special one included."""
    expected = "UserData character for character as given"
    expect_success(evidence, SPEC, Label.SPECIAL_USER_DATA, expected)
    for response in evidence.of(SPEC, *MISREAD):
        if not response.ok:
            return deviates(
                expected, f"{response.exchange.step}: {describe_response(response)}", witness=record_ids(response)
            )
    steps = tuple(step for step in WELL_FORMED if step is not Label.LONG_USER_DATA)
    return _echo(evidence, steps, expected, lambda asked_for: asked_for.user_data, user_data_of, described=True)


@check("SUB-021", SPEC)
@with_preconditions
def blanks_are_kept(evidence: Evidence, item: Item) -> Finding:
    """UserData with blanks at its ends in submit and describe answers; a pretty printer breaks the line around it."""
    expected = "UserData with the blanks at its ends as given"
    expect_success(evidence, SPEC, Label.BLANKS_USER_DATA, expected)

    submits = submits_of(evidence, Label.BLANKS_USER_DATA)
    if not submits:
        return NONE_ACCEPTED
    operation = next(iter(raw.children(raw.root_of(submits[0].exchange.request_body.data), "Operation")), None)
    sent = "".join(element.text or "" for element in raw.children(operation, "UserData"))
    wrong, seen = Deviations(), 0
    looks = jobs_in(evidence.of(SPEC, *LOOKS), ids_of(submits))
    for response, job in ((submits[0], submits[0].jobs[0]), *looks):
        text = (job.operation.user_data if job.operation is not None else None) or ""
        inner = text.strip(" \t")
        if inner[:1] in NEW_LINE and inner[-1:] in NEW_LINE:
            continue
        seen += 1
        if text != sent:
            wrong.add(response.exchange.seq, f"{text!r} instead of {sent!r} ({response.exchange.step})")
    if not seen:
        return cannot_tell("the answers break the line around UserData", witness=record_ids(*submits))
    return wrong.finding(expected, holds(f"{seen} times", witness=record_ids(*submits)))


@check("SUB-009", SPEC)
@with_preconditions
def long_user_data_is_kept(evidence: Evidence, item: Item) -> Finding:
    """UserData of 1024 characters in submit and describe answers."""
    expected = "all 1024 characters of UserData come back"
    expect_success(evidence, SPEC, Label.LONG_USER_DATA, expected)
    return _echo(
        evidence,
        (Label.LONG_USER_DATA,),
        expected,
        lambda asked_for: asked_for.user_data,
        user_data_of,
        described=True,
    )


@check("SUB-010", SPEC)
@with_preconditions
def level_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """JobLevel 0, 1 and 2 in submit and describe answers."""
    expected = "Operation.JobLevel as given, in submit and describe"
    for step in LEVELS:
        expect_success(evidence, SPEC, step, expected)
    return _echo(evidence, tuple(LEVELS), expected, lambda asked_for: asked_for.level, level_of, described=True)


@check("SUB-015", SPEC)
@with_preconditions
def other_scripts_survive(evidence: Evidence, item: Item) -> Finding:
    """Input.Object of unusual characters in submit and describe answers."""
    response = require_response(evidence, SPEC, Label.OTHER_SCRIPT)
    expected = "Input.Object with Chinese, a space, `+`, `%20` and `&` as given"
    if response.refused and "resource" in (response.error.code or "").lower():
        return cannot_tell(
            f"the target looks for the input at submit ({describe_response(response)}); "
            "upload an object of that name to test this",
            witness=record_ids(response),
        )
    expect_success(evidence, SPEC, Label.OTHER_SCRIPT, expected)
    return _echo(
        evidence,
        (Label.OTHER_SCRIPT,),
        expected,
        lambda asked_for: asked_for.input_object,
        object_of,
        described=True,
    )
