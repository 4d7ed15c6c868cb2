"""`ciq check`: each rule holds for right material and finds wrong material."""

import json
from pathlib import Path

import msgspec
import pytest
from recordings import Check, described, har, look, messages, pause, queue_list, submit, task_json, task_xml
from transcripts import Transcript, refusal

from ciq_schemas.transcript.records import CallbackReceived

HEADERS = ("HDR-001", "HDR-002", "HDR-004", "HDR-005", "HDR-006")
RIGHT_BODIES = {
    "XML": task_xml(),
    "JSON": json.dumps(task_json()),
    "failed": task_xml(state="Failed", code="InvalidInput"),
    "speech, without times": task_xml(tag="SpeechRecognition").replace("StartTime>", "Old>"),
    "documents": task_xml(tag="DocProcess"),
    "describe, running": described(state="Running"),
    "describe, ended": described(),
    "queue list": queue_list(),
    "error": refusal("NoSuchKey"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT_BODIES)
def test_right_material_has_neither_failure_nor_warning(tmp_path: Path, name: str) -> None:
    """Every documented form passes."""
    outcomes = Check(tmp_path).outcomes(RIGHT_BODIES[name])
    assert set(outcomes.values()) == {"pass", "untested"}


def _without(name: str, text: str) -> str:
    begin, end = text.index(f"<{name}>"), text.index(f"</{name}>") + len(name) + 3
    return text[:begin] + text[end:]


RUN = (
    "<Response><EventName>WorkflowFinish</EventName><WorkflowExecution><RunId>i</RunId><State>Success</State>"
    "</WorkflowExecution></Response>"
)
WRONG_BODIES = [
    ("SHP-001", task_xml()[:-3], "fail"),
    ("SHP-001", json.dumps(task_json())[:-3], "fail"),
    ("SHP-002", _without("QueueId", task_xml()), "fail"),
    ("SHP-002", _without("Operation", task_xml()), "fail"),
    ("SHP-002", json.dumps({"EventName": "TaskFinish"}), "fail"),
    ("SHP-002", json.dumps(task_json(Input="in.mp4")), "fail"),
    ("SHP-003", task_xml().replace("TaskFinish", "JobFinish"), "fail"),
    ("SHP-003", _without("EventName", task_xml()), "warn"),
    ("SHP-004", task_xml(state="Running"), "fail"),
    ("SHP-004", json.dumps(task_json(State="success")), "fail"),
    ("DEL-010", task_xml(state="Cancel"), "warn"),
    ("SHP-007", task_xml(created="2026-01-02 03:04"), "fail"),
    ("SHP-007", _without("CreationTime", task_xml()), "fail"),
    ("SHP-007", _without("EndTime", task_xml()), "warn"),
    ("SHP-011", json.dumps(task_json(Code=0)), "warn"),
    ("DEL-002", task_xml().replace("</Response>", "") + task_xml().partition("</EventName>")[2], "warn"),
    (
        "WFL-016",
        RUN.replace("Success", "Running"),
        "fail",
    ),
    ("DES-007", described(state="Done"), "fail"),
    ("DES-008", described(created="yesterday"), "fail"),
    ("DES-009", described(created="2026-01-03T03:04:05+0800"), "warn"),
    ("DES-011", described(code="Odd"), "warn"),
    ("DES-013", described(created="2026-01-02T03:04:05+08:00"), "warn"),
    ("QUE-002", _without("MaxSize", queue_list()), "fail"),
    ("QUE-003", queue_list(state="Stopped"), "fail"),
    ("QUE-004", queue_list(updated="-"), "fail"),
    ("QUE-023", queue_list(updated="2026-01-02T03:04:05Z"), "warn"),
    ("ERR-001", _without("Code", refusal("x")), "fail"),
]


@pytest.mark.parametrize(("rule", "body", "outcome"), WRONG_BODIES, ids=lambda value: str(value)[:8])
def test_wrong_body_is_found_by_its_rule(tmp_path: Path, rule: str, body: str, outcome: str) -> None:
    """A MUST fails and a SHOULD warns; the command fails for a MUST only."""
    check = Check(tmp_path)
    assert check.outcomes(body)[rule] == outcome
    if outcome == "warn":
        assert check(body).code == 0


def _traffic(created: Transcript | None = None) -> Transcript:
    """Two jobs in a paused queue, the later one with the greater level; both end after the resume."""
    transcript = pause(created or Transcript("recorded"), "Paused")
    transcript = submit(submit(transcript, "j1", "0"), "j2", "2")
    for _ in range(3):
        transcript = look(look(transcript, "j1", "Submitted"), "j2", "Submitted")
    transcript = pause(transcript, "Active")
    transcript = look(look(transcript, "j2", "Running"), "j1", "Submitted")
    for _ in range(3):
        transcript = look(transcript, "j1", "Submitted")
    transcript = look(look(transcript, "j2", "Success"), "j1", "Success")
    return _callback(_callback(transcript, "j2"), "j1")


def _callback(transcript: Transcript, job_id: str) -> Transcript:
    return transcript.callback("rule", task_xml(job_id, user_data=f"data-{job_id}"))


def _har(transcript: Transcript) -> str:
    """The archive, with a Content-Type on each callback."""
    headers = (("Content-Type", "application/xml"),)
    return har(
        msgspec.structs.replace(record, headers=headers) if isinstance(record, CallbackReceived) else record
        for record in messages(transcript)
    )


def test_har_of_right_traffic_passes(tmp_path: Path) -> None:
    """Headers, states, order and, with `--complete`, the pause are judged."""
    outcomes = Check(tmp_path).outcomes(_har(_traffic()), "--complete", name="a.har")
    assert "fail" not in outcomes.values()
    assert "warn" not in outcomes.values()
    names = (*HEADERS, "LIF-001", "UPD-018", "SHP-005", "SHP-006", "SHP-012", "PAU-001")
    assert {name: outcomes[name] for name in names} == dict.fromkeys(names, "pass")


def test_pause_is_untested_unless_the_recording_is_complete(tmp_path: Path) -> None:
    """Another client may have resumed the queue."""
    assert Check(tmp_path).outcomes(_har(_leak()), name="a.har")["PAU-001"] == "untested"
    assert Check(tmp_path).outcomes(_har(_leak()), "--complete", name="a.har")["PAU-001"] == "fail"


def _leak() -> Transcript:
    transcript = submit(pause(Transcript("recorded"), "Paused"), "j1")
    for state in ("Submitted", "Submitted", "Submitted", "Submitted", "Running"):
        transcript = look(transcript, "j1", state)
    return pause(transcript, "Active")


def test_wrong_order_is_found(tmp_path: Path) -> None:
    """A job of level 0 starts seconds before one of level 2 that waits."""
    transcript = submit(submit(Transcript("recorded"), "j1", "0"), "j2", "2")
    transcript = look(look(transcript, "j1", "Submitted"), "j2", "Submitted")
    transcript = look(transcript, "j1", "Running")
    for _ in range(3):
        transcript = look(transcript, "j2", "Submitted")
    assert Check(tmp_path).outcomes(_har(transcript), name="a.har")["PRI-001"] == "fail"
    right = Transcript("recorded", records=transcript.records[:4])
    assert Check(tmp_path).outcomes(_har(right), name="b.har")["PRI-001"] == "untested"


def test_state_that_moves_backwards_is_found(tmp_path: Path) -> None:
    """Success is followed by Running."""
    transcript = look(look(submit(Transcript("recorded"), "j1"), "j1", "Success"), "j1", "Running")
    assert Check(tmp_path).outcomes(_har(transcript), name="a.har")["LIF-001"] == "warn"


@pytest.mark.parametrize(
    ("rule", "old", "new", "outcome"),
    [
        ("HDR-001", '"value": "application/xml"}, {"name": "x-ci-', '"value": "text/html"}, {"name": "x-ci-', "fail"),
        ("HDR-002", "x-ci-request-id", "x-other", "warn"),
        ("HDR-004", " GMT", " UTC", "fail"),
        ("SHP-006", '"headers": [{"name": "Content-Type", "value": "application/xml"}], "postData"',
         '"headers": [{"name": "Content-Type", "value": "text/plain"}], "postData"', "fail"),
    ],
)  # fmt: skip
def test_wrong_header_is_found(tmp_path: Path, rule: str, old: str, new: str, outcome: str) -> None:
    """An archive has the headers."""
    text = _har(_traffic())
    assert old in text
    assert Check(tmp_path).outcomes(text.replace(old, new), name="a.har")[rule] == outcome


def test_callback_that_contradicts_describe_is_found(tmp_path: Path) -> None:
    """The input of the job differs."""
    transcript = look(Transcript("recorded"), "j1", "Success").callback("c", task_xml(source="other.mp4"))
    assert Check(tmp_path).outcomes(_har(transcript), name="a.har")["SHP-005"] == "fail"


def test_user_data_that_changes_is_found(tmp_path: Path) -> None:
    """The submit request is in the archive."""
    for user_data, outcome in (("data-j1", "pass"), ("data-j2", "fail")):
        transcript = submit(Transcript("recorded"), "j1").callback("c", task_xml(user_data=user_data))
        assert Check(tmp_path).outcomes(_har(transcript), name="a.har")["SHP-012"] == outcome


def test_repeated_callback_is_found(tmp_path: Path) -> None:
    """The receiver had answered the first one with 200."""
    once = Transcript("recorded").callback("c", task_xml())
    assert Check(tmp_path).outcomes(_har(once), name="a.har")["DEL-004"] == "pass"
    twice = once.callback("c", task_xml())
    assert Check(tmp_path).outcomes(_har(twice), name="a.har")["DEL-004"] == "warn"


def test_job_that_runs_after_its_callback_is_found(tmp_path: Path) -> None:
    """A describe after the callback shows Running."""
    reported = Transcript("recorded").callback("c", task_xml())
    assert Check(tmp_path).outcomes(_har(look(reported, "j1", "Success")), name="a.har")["DEL-003"] == "pass"
    assert Check(tmp_path).outcomes(_har(look(reported, "j1", "Running")), name="a.har")["DEL-003"] == "warn"


def test_answers_behind_path_prefix_and_in_base64_are_read(tmp_path: Path) -> None:
    """Gateways put the service below a path, and exports encode bodies."""
    text = har(messages(look(submit(Transcript("recorded"), "j1"), "j1", "Done")), base64=True)
    text = text.replace("http://target/", "http://gateway/ci/v1/")
    assert Check(tmp_path).outcomes(text, name="a.har")["DES-007"] == "fail"


def test_answers_from_a_cache_are_left_out(tmp_path: Path) -> None:
    """A cached response repeats the request id of another."""
    archive = json.loads(_har(look(Transcript("recorded"), "j1", "Success")))
    (entry,) = archive["log"]["entries"]
    archive["log"]["entries"].append({**entry, "_fromCache": "disk"})
    check = Check(tmp_path)
    assert check.outcomes(json.dumps(archive), name="a.har")["HDR-006"] == "pass"
    assert "1 entries came from a cache" in check.run("a.har").out


def test_deviation_from_xsd_is_a_remark(tmp_path: Path) -> None:
    """The XSD is stricter than the documents, so it cannot fail a recording."""
    result = Check(tmp_path)(described().replace("<QueueId>", "<Other>").replace("</QueueId>", "</Other>"))
    assert result.code == 0
    assert "remark: job_answer.xsd: line 1: /Response/JobsDetail[1]/QueueId" in result.out


def test_request_is_named_as_such(tmp_path: Path) -> None:
    """A submit request has no rule."""
    result = Check(tmp_path)("<Request><Tag>Snapshot</Tag></Request>")
    assert result.code == 5
    assert "remark: a request: ciq check judges answers and callbacks" in result.out
