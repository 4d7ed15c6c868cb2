"""`ciq check`: formats, outputs, exit codes, and input that cannot be read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import in_process
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import Check, described, har, look, messages, queue_list, submit, task_json, task_xml
from transcripts import Transcript, refusal

from ciq_conformance.judge.body_paths import UnreadableBody, read_body
from ciq_conformance.recorded.format_guess import guess
from ciq_conformance.recorded.reading import MAX_FILE
from ciq_conformance.recorded.recording import RecordedFormat, UnreadableFileError
from ciq_schemas.codec import ProblemKind, looks_like_json, read_callback
from ciq_schemas.transcript.parsed import ParsedCallback
from ciq_schemas.transcript.records import Body, CallbackReceived
from ciq_schemas.xml_parser import MAX_BYTES

BOM = b"\xef\xbb\xbf"
GIB = 1024 * 1024 * 1024
WORKFLOW = (
    "<Response><EventName>WorkflowFinish</EventName><WorkflowExecution><RunId>i1</RunId><State>Success</State>"
    "</WorkflowExecution></Response>"
)
FORMATS = {
    "XML callback": (task_xml(), "callback"),
    "JSON callback": (json.dumps(task_json()), "callback"),
    "JSON callback on several lines": (json.dumps(task_json(), indent=1), "callback"),
    "JSON callback with a byte order mark": (BOM + json.dumps(task_json()).encode(), "callback"),
    "XML callback with a byte order mark": (BOM + task_xml().encode(), "callback"),
    "callback in UTF-16": (f'<?xml version="1.0" encoding="utf-16"?>{task_xml()}'.encode("utf-16"), "callback"),
    "callback of a workflow without root": (
        WORKFLOW.removeprefix("<Response>").removesuffix("</Response>"),
        "callback",
    ),
    "older callback": (task_xml().replace("<EventName>TaskFinish</EventName>", ""), "callback"),
    "callback of a workflow": (WORKFLOW, "callback"),
    "answer": (described("j1", "Running"), "answer"),
    "queue list": (queue_list(), "answer"),
    "error": (refusal("NoSuchKey"), "answer"),
    "NDJSON": (f"{json.dumps(task_json())}\n{json.dumps(task_json('j2'))}\n", "ndjson"),
    "NDJSON of strings": (f"{json.dumps(task_xml())}\n", "ndjson"),
    "HAR": (har(messages(look(Transcript("x"), "j1", "Success"))), "har"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_guessed_and_shown(tmp_path: Path, name: str) -> None:
    """Every form conforms, and the first line of the output names the format."""
    content, form = FORMATS[name]
    result = Check(tmp_path)(content)
    assert result.code == 0, result.text
    assert f"recorded.xml: {form} (guessed: " in result.out


def test_named_format_is_not_guessed(tmp_path: Path) -> None:
    """`--format` decides, and the output does not call it a guess."""
    result = Check(tmp_path)(described(), "--format", "answer")
    assert result.code == 0
    assert "recorded.xml: answer, 1 message" in result.out


def test_run_file_is_judged_by_checks_of_run(tmp_path: Path) -> None:
    """The verdicts are those of `ciq judge`."""
    in_process("run", "--feature", "media", "--only", "QUE-00*", "--output", "out", cwd=tmp_path)
    result = Check(tmp_path).run("out/run.ndjson", "--verbose")
    assert result.code == 0, result.text
    assert "run (guessed: the first line is the header" in result.out
    assert "pass QUE-003-media" in result.out


def test_exchanges_and_callbacks_of_run_file_are_read_as_ndjson(tmp_path: Path) -> None:
    """Single lines of a run file keep their headers and times."""
    in_process("run", "--feature", "media", "--only", "DEL-001", "--output", "out", cwd=tmp_path)
    lines = (tmp_path / "out" / "run.ndjson").read_text().splitlines()
    kept = [line for line in lines if '"kind":"exchange"' in line or '"kind":"arrival"' in line]
    outcomes = Check(tmp_path).outcomes("\n".join(kept), name="part.ndjson")
    assert {outcomes[name] for name in ("SHP-001", "SHP-005", "HDR-001", "SHP-006", "DEL-003")} == {"pass"}


def test_standard_input_is_read(tmp_path: Path) -> None:
    """Without a file, as a whole command."""
    command = [sys.executable, "-m", "ciq_conformance", "check", "-q"]
    done = subprocess.run(command, input=task_xml().encode(), capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"standard input: ok")


def test_quiet_output_is_one_line_per_file(tmp_path: Path) -> None:
    """A folder is read with its folders; hidden files and other suffixes are left out, the latter with a message."""
    for name, content in {
        "a.json": json.dumps(task_json()),
        "b/c.xml": task_xml(state="Done"),
        "b/d.txt": "text",
        ".e.xml": "x",
        "f.xml": task_xml().replace("<EventName>TaskFinish</EventName>", ""),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    result = Check(tmp_path).run("-q", ".")
    assert result.code == 1
    assert [line.partition(" [")[0] for line in result.out.splitlines()] == [
        "a.json: ok",
        "b/c.xml: FAIL",
        "f.xml: ok, 1 warning",
    ]
    assert "SHP-004: State is Done" in result.out
    assert result.err == ".: 1 files with other suffixes were left out\n"


def test_failure_names_rule_place_and_source(tmp_path: Path) -> None:
    """The text has the requirement, the line of the file and the document."""
    lines = f"{json.dumps(task_json())}\n{json.dumps(task_json('j2', State='Done'))}\n"
    result = Check(tmp_path)(lines, name="all.ndjson")
    assert result.code == 1
    assert "FAIL SHP-004 State is Success or Failed\n       line 2: State is Done\n       source: " in result.out


def test_what_the_file_cannot_show_is_untested_with_reason(tmp_path: Path) -> None:
    """A body has neither headers nor times, and one message has no order."""
    out = Check(tmp_path)(task_xml()).out
    assert "untested SHP-006, HDR-001, HDR-002, HDR-004, HDR-005, HDR-006: this format has no headers" in out
    assert "untested PRI-001, PRI-002: no two jobs certainly waited" in out
    assert "untested PAU-001: the file does not show which queue was paused for certain; --complete says" in out


def test_files_of_one_recording_are_compared_with_together(tmp_path: Path) -> None:
    """Without `--together` two samples with the same id are not compared."""
    (tmp_path / "a.xml").write_text(described())
    (tmp_path / "b.xml").write_text(task_xml(user_data="x"))
    (tmp_path / "a.xml").write_text(described(user_data="y"))
    check = Check(tmp_path)
    assert check.run("a.xml", "b.xml").code == 0
    result = check.run("--together", "a.xml", "b.xml")
    assert result.code == 1
    assert "UserData of job j1 is 'x' in the callback and 'y' in describe" in result.out


UNREADABLE = {
    "nothing": (b"", "the file is empty"),
    "blanks": (BOM + b" \n", "the file is empty"),
    "gzip": (b"\x1f\x8b\x08\x00", "gzip-compressed: decompress it first"),
    "text": (b"hello", "neither XML nor JSON: the file begins with 'hello'"),
    "zeros": (b"\0" * 100_000, "neither XML nor JSON"),
    "HAR without entries": (b'{"log": {}}', "no HTTP archive: "),
    "deep HAR": (b'{"log": {"entries": ' + b"[" * 100_000, "no HTTP archive: "),
    "broken run file": (b'{"kind":"header"}\n{}\n', "line 1 is not a record of a run file"),
    "broken string": (b'"a\n', "line 1 is no JSON string"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_is_usage_error_with_reason(tmp_path: Path, name: str) -> None:
    """Exit code 2, one line on stderr, no traceback."""
    content, reason = UNREADABLE[name]
    result = Check(tmp_path)(content)
    assert (result.code, result.out) == (2, "")
    assert reason in result.err
    assert result.err.count("\n") == 1


def test_missing_file_is_usage_error_and_other_files_are_judged(tmp_path: Path) -> None:
    """One file that cannot be read does not hide the deviation of another."""
    (tmp_path / "a.xml").write_text(task_xml(state="Done"))
    result = Check(tmp_path).run("-q", "none.xml", "a.xml")
    assert result.code == 1
    assert result.err == "none.xml: cannot read it: No such file or directory\n"
    assert "a.xml: FAIL" in result.out
    assert Check(tmp_path).run("-q", "none.xml").code == 2


MALFORMED = {
    "deep JSON": (b'{"JobsDetail":' * 100_000, "too deep"),
    "deep XML": (b"<Response><EventName/>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</Response>", "SHP-001"),
    "entities": (b'<!DOCTYPE x [<!ENTITY a "b">]><Response><EventName>&a;</EventName></Response>', "SHP-001"),
    "cut JSON": (json.dumps(task_json())[:-9].encode(), "SHP-001"),
    "cut XML": (task_xml()[:-9].encode(), "SHP-001"),
    "JSON array": (b"[]", "a JSON array where an object is expected"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_body_is_deviation(tmp_path: Path, name: str) -> None:
    """A body that no receiver can read is a finding about the sender, not a usage error."""
    content, reason = MALFORMED[name]
    result = Check(tmp_path)(content)
    assert (result.code, result.err) == (1, "")
    assert reason in result.out


HUGE = {
    "a.xml": (b"<Response>", f"more than {MAX_BYTES // 2**20} MiB, the most that ciq check reads as a callback"),
    "b.json": (b'{"EventName": 1', f"more than {MAX_BYTES // 2**20} MiB, the most that ciq check reads as a callback"),
    "c.har": (b'{"log": {"entries": [', f"more than {MAX_FILE // 2**20} MiB, the most that ciq check reads as an HTTP"),
    "d.ndjson": (b'{"kind":"header"}\n', f"more than {MAX_FILE // 2**20} MiB, the most that ciq check reads as a run"),
    "e.ndjson": (b'{}\n{"a": "', f"line 2 has more than {MAX_BYTES // 2**20} MiB"),
}


def test_gigabyte_is_refused_with_bounded_memory(tmp_path: Path) -> None:
    """Sparse files of 1 GiB; the command may allocate 700 MiB."""
    for name, (begin, _) in HUGE.items():
        with (tmp_path / name).open("wb") as stream:
            stream.write(begin)
            stream.truncate(GIB)
    command = "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (700 << 20, 700 << 20))\n"
    command += f"from ciq_conformance.cli import main; sys.argv = ['ciq', 'check', *{list(HUGE)}]; main()"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(HUGE), done.stderr
    for line, (name, (_, reason)) in zip(lines, HUGE.items(), strict=True):
        assert line.startswith(f"{name}: ")
        assert reason in line


def test_har_without_bodies_names_the_export_option(tmp_path: Path) -> None:
    """Browsers export archives without content by default; nothing is judged then but the headers."""
    archive = json.loads(har(messages(look(submit(Transcript("x"), "j1"), "j1", "Success"))))
    for entry in archive["log"]["entries"]:
        del entry["response"]["content"]["text"]
    result = Check(tmp_path)(json.dumps(archive), name="a.har")
    assert result.code == 0
    assert "remark: 2 of 2 entries have no body: export the archive with content" in result.out
    assert "untested DES-007, DES-008" in result.out


def test_har_of_other_site_has_nothing_to_judge(tmp_path: Path) -> None:
    """Exit code 5, as for every command that judged nothing."""
    archive = har(messages(Transcript("x").exchange("s", "<html/>", target="/favicon.ico", operation="")))
    result = Check(tmp_path)(archive, "-q", name="a.har")
    assert result.code == 5
    assert "nothing judged [har]" in result.out


def test_control_characters_are_not_printed(tmp_path: Path) -> None:
    """A recorded body cannot control the terminal."""
    result = Check(tmp_path)(json.dumps(task_json(State="\x1b[31mred\x07")))
    assert result.code == 1
    assert "\x1b" not in result.out
    assert "\x07" not in result.out


def test_folder_without_recorded_files_is_named(tmp_path: Path) -> None:
    """Exit code 5 and the suffixes that are read."""
    result = Check(tmp_path).run(".")
    assert (result.code, result.out) == (5, "")
    assert result.err.startswith("no file to check: ")


BODIES = st.one_of(
    st.binary(max_size=30),
    st.builds(bytes.__add__, st.sampled_from([b"", BOM, BOM + b" ", b" " + BOM, b"\n"]), st.sampled_from(
        [b"{}", b"[]", b"{", b"<Response/>", b"<Response><EventName/></Response>", b'{"EventName":"TaskFinish"}', b"x"]
    )),
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=150)
@given(BODIES)
def test_detectors_of_the_format_agree(data: bytes) -> None:
    """The codec, the judge, the parsed callback and `ciq check` decide alike between JSON and XML."""
    arrival = CallbackReceived(seq=1, started=0, ended=0, method="POST", target="/", body=Body.of(data))
    is_json = looks_like_json(data)
    assert ParsedCallback(arrival).is_json is is_json
    try:
        read_body(data)
        readable = True
        reason = ""
    except UnreadableBody as error:
        readable, reason = False, str(error)
    assert readable or ("JSON" in reason) is is_json
    malformed = {problem.kind for problem in read_callback(data).problems} & {
        ProblemKind.MALFORMED, ProblemKind.EMPTY, ProblemKind.OVERSIZED, ProblemKind.FORBIDDEN
    }  # fmt: skip
    if is_json and data.lstrip(BOM + b" \t\r\n")[:1] == b"{":
        assert readable is not bool(malformed)
    try:
        form = guess(data).format
    except UnreadableFileError:
        assert not is_json
        return
    if form is RecordedFormat.ANSWER:
        assert not is_json
