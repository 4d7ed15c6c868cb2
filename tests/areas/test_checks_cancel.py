"""Checks of the scenario `cancel`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from transcripts import LATER, LATEST, Change, Transcript, job_xml, judged, refusal, response_xml

from ciq_conformance.areas.cancel.labels import CALLBACKS, Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import CallbackReceived

FIRST, VICTIM, LAST, RUNNING, LEVEL_1, LEVEL_2, TAKEN, SIBLING, FAILING = (f"j{number:032x}" for number in range(9))
HELD = (FIRST, VICTIM, LAST, LEVEL_1, LEVEL_2, TAKEN, SIBLING)
VICTIMS = (VICTIM, LEVEL_2, TAKEN)
CANCELLED = job_xml(VICTIM, "Cancel")
FAILED = job_xml(FAILING, "Failed", started=LATER, ended=LATEST, code="ResourceNotFound")


def _done(job_id: str) -> str:
    return job_xml(job_id, "Success", started=LATER, ended=LATEST)


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = Transcript("cancel")

    def describe(step: Label, *jobs: str) -> None:
        nonlocal t
        t = t.exchange(step, response_xml(*jobs), operation="describe_job")

    def cancel(step: Label, job_id: str, status: int = 200, body: str = "") -> None:
        nonlocal t
        t = t.exchange(step, body, status=status, method="PUT", target=f"/jobs/{job_id}?cancel", operation="cancel_job")

    def callbacks_of(*jobs: str) -> None:
        nonlocal t
        for job_id in jobs:
            t = t.callback(CALLBACKS, f"<Response><EventName>TaskFinish</EventName>{_done(job_id)}</Response>")

    def list_jobs(step: Label, states: str, *jobs: str) -> None:
        nonlocal t
        t = t.exchange(step, response_xml(*jobs), target=f"/jobs?tag=Snapshot&states={states}", operation="list_jobs")

    rest = tuple(job_id for job_id in HELD if job_id not in VICTIMS)
    gone = tuple(job_xml(job_id, "Cancel") for job_id in VICTIMS)
    t = t.exchange(Label.PAUSE, method="PUT", operation="update_queue")
    for step, jobs in (
        (Label.SUBMIT, (FIRST,)),
        (Label.SUBMIT, (VICTIM,)),
        (Label.SUBMIT, (LAST,)),
        (Label.SUBMIT_LEVELS, (LEVEL_1,)),
        (Label.SUBMIT_LEVELS, (LEVEL_2,)),
        (Label.SUBMIT_MANY, (TAKEN, SIBLING)),
    ):
        answer = response_xml(*(job_xml(job_id, "Pause") for job_id in jobs))
        t = t.exchange(step, answer, method="POST", operation="submit_job")
    describe(Label.WAITING, *(job_xml(job_id, "Pause") for job_id in HELD))
    cancel(Label.CANCEL, VICTIM)
    cancel(Label.CANCEL_LEVEL, LEVEL_2)
    cancel(Label.CANCEL_OF_MANY, TAKEN)
    describe(Label.CANCELLED, *gone)
    t = t.exchange(Label.RESUME, method="PUT", operation="update_queue")
    describe(Label.WATCH, *gone, *map(_done, rest))
    describe(Label.ENDED_BEFORE, _done(FIRST))
    cancel(Label.CANCEL_ENDED, FIRST, 400, refusal("InvalidArgument"))
    describe(Label.ENDED_AFTER, _done(FIRST))
    cancel(Label.CANCEL_UNKNOWN, "j" + "f" * 32, 404, refusal("JobNotFound"))
    callbacks_of(*rest)
    describe(Label.AT_THE_END, *gone, *map(_done, rest))
    list_jobs(Label.LIST_CANCEL, "Cancel")  # the first list does not contain them yet
    list_jobs(Label.LIST_CANCEL, "Cancel", *gone)
    list_jobs(Label.LIST_SUCCESS_CANCEL, "Success,Cancel", *gone, *map(_done, rest))
    t = t.exchange(Label.SUBMIT_FAILING, response_xml(job_xml(FAILING)), method="POST", operation="submit_job")
    describe(Label.UNTIL_FAILED, FAILED)
    cancel(Label.CANCEL_FAILED, FAILING, 400, refusal("InvalidArgument"))
    describe(Label.AFTER_FAILED, FAILED)
    t = t.exchange(Label.SUBMIT_TO_RUN, response_xml(job_xml(RUNNING)), method="POST", operation="submit_job")
    describe(Label.UNTIL_RUNNING, job_xml(RUNNING, "Running"))
    cancel(Label.CANCEL_RUNNING, RUNNING, 400, refusal("InvalidArgument"))
    describe(Label.AFTER_RUNNING, _done(RUNNING))
    return t


IDS = tuple(f"CAN-{n:03}" for n in (1, 2, 3, 4, 5, 6, 8, 9, 10))


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


RUN = _done(VICTIM)
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "accepted only": ("CAN-001", lambda t: t.status(Label.CANCEL, 202)),
    "no content": ("CAN-001", lambda t: t.status(Label.CANCEL, 204)),
    "refused": ("CAN-001", lambda t: t.answered(Label.CANCEL, 400, refusal("InvalidArgument"))),
    "no answer": ("CAN-001", lambda t: t.answered(Label.CANCEL, 0, error="no answer within 30 s")),
    "shows Pause": (
        "CAN-002",
        lambda t: t.edited(Label.CANCELLED, ">Cancel<", ">Pause<").edited(Label.AT_THE_END, ">Cancel<", ">Pause<"),
    ),
    "gone": (
        "CAN-002",
        lambda t: t.edited(Label.CANCELLED, CANCELLED, "").edited(Label.AT_THE_END, CANCELLED, ""),
    ),
    "runs after the cancel": ("CAN-003", lambda t: t.edited(Label.WATCH, CANCELLED, job_xml(VICTIM, "Running"))),
    "succeeds after the cancel": ("CAN-003", lambda t: t.edited(Label.AT_THE_END, CANCELLED, RUN)),
    "callback reports Success": (
        "CAN-003",
        lambda t: t.callback(CALLBACKS, f"<Response><EventName>TaskFinish</EventName>{RUN}</Response>"),
    ),
    "running job cancelled": ("CAN-009", lambda t: t.edited(Label.AFTER_RUNNING, ">Success<", ">Cancel<")),
    "another job cancelled too": (
        "CAN-004",
        lambda t: t.edited(Label.WATCH, _done(LAST), job_xml(LAST, "Cancel")).edited(
            Label.AT_THE_END, _done(LAST), job_xml(LAST, "Cancel")
        ),
    ),
    "another job stays waiting": (
        "CAN-004",
        lambda t: t.edited(Label.WATCH, _done(LAST), job_xml(LAST, "Submitted")).edited(
            Label.AT_THE_END, _done(LAST), ""
        ),
    ),
    "ended job rewritten": (
        "CAN-005",
        lambda t: t.edited(Label.ENDED_AFTER, ">Success</State>", ">Cancel</State>").edited(
            Label.AT_THE_END, ">Success</State>", ">Cancel</State>"
        ),
    ),
    "failed job rewritten": ("CAN-005", lambda t: t.edited(Label.AFTER_FAILED, ">Failed<", ">Cancel<")),
    "level 2 refused": ("CAN-001", lambda t: t.answered(Label.CANCEL_LEVEL, 400, refusal("InvalidArgument"))),
    "level 2 stays": (
        "CAN-002",
        lambda t: t.edited(Label.AT_THE_END, job_xml(LEVEL_2, "Cancel"), job_xml(LEVEL_2, "Pause")),
    ),
    "one of many runs": (
        "CAN-003",
        lambda t: t.edited(Label.WATCH, job_xml(TAKEN, "Cancel"), job_xml(TAKEN, "Running")),
    ),
    "all jobs of the request cancelled": (
        "CAN-004",
        lambda t: t.edited(Label.WATCH, _done(SIBLING), job_xml(SIBLING, "Cancel")).edited(
            Label.AT_THE_END, _done(SIBLING), job_xml(SIBLING, "Cancel")
        ),
    ),
    "not listed": ("CAN-010", lambda t: t.edited(Label.LIST_CANCEL, CANCELLED, "")),
    "not listed with other states": ("CAN-010", lambda t: t.edited(Label.LIST_SUCCESS_CANCEL, CANCELLED, "")),
    "list refused": ("CAN-010", lambda t: t.answered(Label.LIST_CANCEL, 400, refusal("InvalidArgument"))),
    "body": ("CAN-006", lambda t: t.answered(Label.CANCEL, 200, response_xml())),
    "crash": ("CAN-008", lambda t: t.answered(Label.CANCEL_UNKNOWN, 500, refusal("InternalError"))),
    "hangs": ("CAN-008", lambda t: t.answered(Label.CANCEL_UNKNOWN, 0, error="no answer within 30 s")),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "held jobs show Submitted": lambda t: t.edited_everywhere(">Pause<", ">Submitted<"),
    "ended job's cancel accepted": lambda t: t.answered(Label.CANCEL_ENDED, 200),
    "unknown id accepted": lambda t: t.answered(Label.CANCEL_UNKNOWN, 200),
    "no levels, one job a request": lambda t: t.without(
        Label.SUBMIT_LEVELS, Label.SUBMIT_MANY, Label.CANCEL_LEVEL, Label.CANCEL_OF_MANY
    ),
    "a job without input is refused": lambda t: t.answered(
        Label.SUBMIT_FAILING, 400, refusal("ResourceNotFound")
    ).without(Label.UNTIL_FAILED, Label.CANCEL_FAILED, Label.AFTER_FAILED),
    "failed job's cancel accepted": lambda t: t.answered(Label.CANCEL_FAILED, 200),
    "the others fail": lambda t: t.edited_everywhere(">Success</State>", ">Failed</State>"),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


TOGETHER = ("ja", "jb", "jc")


def cancelled_together(*states: str, status: int = 200) -> Transcript:
    """Cancels three jobs in one request and describes them in these states."""
    t = conforming()
    for job_id in TOGETHER:
        t = t.exchange(Label.SUBMIT_TOGETHER, response_xml(job_xml(job_id)), method="POST", operation="submit_job")
    target = f"/jobs/{','.join(TOGETHER)}?cancel"
    body = "" if status == 200 else refusal("InvalidArgument")
    t = t.exchange(Label.CANCEL_TOGETHER, body, status=status, method="PUT", target=target, operation="cancel_job")
    jobs = (job_xml(job_id, state) for job_id, state in zip(TOGETHER, states, strict=False))
    return t.exchange(Label.AT_THE_END, response_xml(*jobs), operation="describe_job")


def test_every_id_of_a_cancel_counts() -> None:
    """An accepted cancel of three ids cancels each; a target may reject several ids."""
    assert judged("CAN-011", cancelled_together("Cancel", "Cancel", "Cancel")).kind is Kind.HOLDS
    finding = judged("CAN-011", cancelled_together("Cancel", "Success", "Success"))
    assert finding.kind is Kind.DEVIATES
    assert "jb of 3 ids" in finding.seen
    assert judged("CAN-011", cancelled_together("Cancel", "Cancel")).kind is Kind.DEVIATES
    assert judged("CAN-011", cancelled_together(*["Success"] * 3, status=400)).kind is Kind.UNTESTED
    assert judged("CAN-011", conforming()).kind is Kind.UNTESTED


def test_job_that_was_not_waiting_blocks_the_check() -> None:
    """When the pause leaks, no waiting job was cancelled."""
    leaky = conforming().edited(Label.WAITING, job_xml(VICTIM, "Pause"), job_xml(VICTIM, "Running"))
    for requirement in ("CAN-001", "CAN-002", "CAN-003"):
        assert judged(requirement, leaky).kind is Kind.BLOCKED


def test_callback_of_a_cancelled_job_is_observed() -> None:
    """The finding reports whether a callback was received."""
    assert judged("CAN-007", conforming()).seen.startswith("no callback")
    callbacks_of = conforming().callback(
        CALLBACKS, f"<Response><EventName>TaskFinish</EventName>{CANCELLED}</Response>"
    )
    finding = judged("CAN-007", callbacks_of)
    assert finding.kind is Kind.OBSERVED
    assert "Cancel" in finding.seen


@pytest.mark.parametrize("requirement", [*IDS, "CAN-007"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked; where the target lacks the call it is absent."""
    assert judged(requirement, Transcript("cancel").event("broken", "no answer at all")).kind is Kind.BLOCKED
    assert judged(requirement, Transcript("cancel").event("unsupported", "none waits")).kind is Kind.UNTESTED


def test_silence_at_own_addresses_leaves_final_states_open() -> None:
    """Whether a job's own address works under a rule that is Off is only a note (RUL-009), so nothing is blocked."""
    silent = conforming()
    records = tuple(record for record in silent.records if not isinstance(record, CallbackReceived))
    finding = judged("DEL-010", replace(silent, records=records))
    assert finding.kind is Kind.INCONCLUSIVE
    assert "RUL-009" in finding.reason
