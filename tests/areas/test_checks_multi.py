"""Checks of the scenario `multi`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

import json
from functools import cache

import pytest
from transcripts import Change, Transcript, job_xml, judged, operation_xml, refusal, response_xml, submit_xml

from ciq_conformance.areas.multi_operation_submit.labels import BY_RULE, OWN_JSON, OWN_XML, REJECTED, Label
from ciq_conformance.areas.multi_operation_submit.scenario import LEVELS
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import CallbackReceived

OWN = tuple(f"j{number:032x}" for number in range(len(LEVELS)))
CONTROL, MADE = "j" + "c" * 32, "j" + "d" * 32


def _job(index: int, state: str = "Submitted") -> str:
    level = LEVELS[index]
    job = job_xml(
        OWN[index], state, user_data=f"run many {index}", level=str(level or 0), output=f"run/many {index}/out.jpg"
    )
    return job.replace("<Tag>Snapshot</Tag>", "").replace("<Operation>", "<Operation><Tag>Snapshot</Tag>")


def _callback(*indices: int) -> str:
    return f"<Response><EventName>TaskFinish</EventName>{''.join(_job(i, 'Success') for i in indices)}</Response>"


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    operations = [
        operation_xml(
            tag="Snapshot",
            user_data=f"run many {i}",
            level=None if level is None else str(level),
            output=f"run/many {i}/out.jpg",
        )
        for i, level in enumerate(LEVELS)
    ]
    t = Transcript("multi").exchange(
        Label.MANY,
        response_xml(*map(_job, range(len(LEVELS)))),
        request=submit_xml(*operations, tag=None),
        method="POST",
        operation="submit_job",
    )
    t = t.exchange(
        Label.DESCRIBE,
        response_xml(*map(_job, range(len(LEVELS)))),
        target=f"/jobs/{','.join(OWN)}",
        operation="describe_job",
    )
    for index in (2, 0, 3, 1, 5, 4):
        t = t.callback(OWN_XML, _callback(index))
    t = _with_other_callbacks(t)
    for step, labels in REJECTED.items():
        request = submit_xml(*(operation_xml(tag="Snapshot", user_data=f"run {label}") for label in labels), tag=None)
        no = refusal("InvalidArgument")
        t = t.exchange(step, no, status=400, request=request, method="POST", operation="submit_job")
    request = submit_xml(operation_xml(user_data="run control", output="run/control/out.jpg"))
    control = response_xml(_other(CONTROL, "control"))
    t = t.exchange(Label.CONTROL, control, request=request, method="POST", operation="submit_job")
    return t.exchange(Label.LIST_AFTER, control, operation="list_jobs")


JSON, SILENCED, PLAIN = ("ja1", "ja2"), ("jb1", "jb2"), "jc1"


def _with_other_callbacks(t: Transcript) -> Transcript:
    """Adds two jobs with JSON callbacks, two without callbacks, and one with a callback by the queue's rule."""
    t = t.exchange(Label.RULE, response_xml(), method="PUT", operation="update_queue")
    for step, ids in ((Label.MANY_JSON, JSON), (Label.MANY_SILENCED, SILENCED), (Label.NOTIFIED_BY_RULE, (PLAIN,))):
        t = t.exchange(
            step, response_xml(*(job_xml(i, output="callback.png") for i in ids)), method="POST", operation="submit_job"
        )
    for job_id in reversed(JSON):
        t = t.callback(OWN_JSON, _in_json(job_id))
    return t.callback(BY_RULE, _in_xml(PLAIN))


def _in_json(job_id: str) -> str:
    return json.dumps({"EventName": "TaskFinish", "JobsDetail": [{"JobId": job_id, "State": "Success"}]})


def _in_xml(job_id: str) -> str:
    return f"<Response><EventName>TaskFinish</EventName>{job_xml(job_id, 'Success')}</Response>"


def _without_arrivals(t: Transcript, channel: str) -> Transcript:
    kept = tuple(r for r in t.records if not (isinstance(r, CallbackReceived) and r.channel.endswith(f".{channel}")))
    return Transcript(t.scenario, t.feature, kept)


def _other(job_id: str, label: str) -> str:
    return job_xml(job_id, user_data=f"run {label}", output=f"run/{label}/out.jpg")


def _with_leftover_job(job: str) -> Change:
    return lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{job}<JobsDetail>")


IDS = tuple(f"MUL-{n:03}" for n in range(1, 9))


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


def _without_callbacks_of(transcript: Transcript, job_id: str) -> Transcript:
    kept = tuple(r for r in transcript.records if not (hasattr(r, "channel") and job_id in r.body.text))
    return Transcript(transcript.scenario, transcript.feature, kept)


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "json requested, xml sent": (
        "MUL-007",
        lambda t: _without_arrivals(t, OWN_JSON).callback(OWN_JSON, _in_json("ja1")).callback(OWN_JSON, _in_xml("ja2")),
    ),
    "json for one of two": (
        "MUL-007",
        lambda t: _without_arrivals(t, OWN_JSON).callback(OWN_JSON, _in_json("ja2")),
    ),
    "json refused": ("MUL-007", lambda t: t.answered(Label.MANY_JSON, 400, refusal("InvalidArgument"))),
    "second silenced job has a callback": ("MUL-008", lambda t: t.callback(BY_RULE, _in_xml("jb2"))),
    "silenced job has a callback under a silent rule": (
        "MUL-008",
        lambda t: _without_arrivals(t, BY_RULE).callback(OWN_XML, _in_xml("jb1")),
    ),
    "answered 202": ("MUL-001", lambda t: t.status(Label.MANY, 202)),
    "one job for all": ("MUL-001", lambda t: t.answered(Label.MANY, 200, response_xml(_job(0)))),
    "one id for two": ("MUL-001", lambda t: t.edited(Label.MANY, OWN[3], OWN[0])),
    "refused": ("MUL-001", lambda t: t.answered(Label.MANY, 400, refusal("InvalidArgument"))),
    "level of the first for all": ("MUL-002", lambda t: t.edited(Label.MANY, "<JobLevel>1<", "<JobLevel>2<")),
    "describe shows parameters of another job": (
        "MUL-002",
        lambda t: t.edited(Label.DESCRIBE, "run many 3", "run many 0"),
    ),
    "tag lost": ("MUL-002", lambda t: t.edited(Label.MANY, "<Tag>Snapshot</Tag>", "")),
    "backwards": ("MUL-003", lambda t: t.answered(Label.MANY, 200, response_xml(*map(_job, (5, 4, 3, 2, 1, 0))))),
    "ended at once": ("MUL-001", lambda t: t.edited(Label.MANY, ">Submitted<", ">Success<")),
    "output of the first for all": ("MUL-002", lambda t: t.edited(Label.MANY, "run/many 3/", "run/many 0/")),
    "one of seven runs": ("MUL-006", _with_leftover_job(_other(MADE, "seven 6"))),
    "valid operation next to the bad one runs": ("MUL-006", _with_leftover_job(_other(MADE, "half 0"))),
    "valid operation runs without its user data": (
        "MUL-006",
        _with_leftover_job(job_xml(MADE, output="run/half 2/out.jpg")),
    ),
    "valid operation runs without any parameter": ("MUL-006", _with_leftover_job(job_xml(MADE, output=""))),
    "one callback missing": ("MUL-004", lambda t: _without_callbacks_of(t, OWN[1])),
    "two jobs in one callback": (
        "MUL-004",
        lambda t: _without_callbacks_of(_without_callbacks_of(t, OWN[1]), OWN[2]).callback(OWN_XML, _callback(1, 2)),
    ),
    "seven accepted": ("MUL-005", lambda t: t.answered(Label.SEVEN, 200, response_xml(_job(0)))),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "tag outside Operation": lambda t: t.edited_everywhere(
        "<Operation><Tag>Snapshot</Tag>", "<Tag>Snapshot</Tag><Operation>"
    ),
    "no level where none was given": lambda t: t.edited_everywhere(
        "<UserData>run many 1</UserData><JobLevel>0</JobLevel>", "<UserData>run many 1</UserData>"
    ),
    "callback sent twice": lambda t: t.callback(OWN_XML, _callback(1)).callback(OWN_XML, _callback(1)),
    "no output in the answer": lambda t: t.edited_everywhere(
        "<Object>run/many", "<Object/><Name>run/many"
    ).edited_everywhere("out.jpg</Object>", "out.jpg</Name>"),
    "described in another order": lambda t: t.answered(Label.DESCRIBE, 200, response_xml(*map(_job, (2, 0, 3, 1)))),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", IDS)
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    assert judged(requirement, Transcript("multi").event("broken", "no answer at all")).kind is Kind.BLOCKED


def test_silence_needs_a_control_and_a_value_of_newer_pages() -> None:
    """Without other callbacks a missing one proves nothing; a target of the older pages rejects `no`."""
    assert judged("MUL-008", _without_arrivals(conforming(), BY_RULE)).kind is Kind.BLOCKED
    refused = conforming().answered(Label.MANY_SILENCED, 400, refusal("InvalidArgument"))
    assert judged("MUL-008", refused).kind is Kind.OBSERVED
