"""`ciq receiver` as a user runs it: outputs, exit codes, bad input, a second judgement."""

from __future__ import annotations

from pathlib import Path

import pytest
from kill_list import receiving
from raw_servers import answering, dripping, listening, silent
from typer.testing import CliRunner

from ciq_conformance.cli.app import build
from ciq_schemas.transcript.records import Exchange, Header, Verdict, read_records

RUNNER = CliRunner()


def ciq(*arguments: str) -> tuple[int, str]:
    """Runs a command; returns exit code and all output."""
    done = RUNNER.invoke(build(arguments[0]), list(arguments), env={"COLUMNS": "200"})
    return done.exit_code, " ".join((done.stdout + done.stderr).split())


def receiver(url: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """Runs `ciq receiver` with a small selection unless the arguments name one."""
    only = () if "--only" in arguments else ("--only", "RCV-003")
    return ciq("receiver", url, "--output", str(folder), "--feature", "media", *only, *arguments)


def test_correct_receiver_conforms(tmp_path: Path) -> None:
    """Exit code 0 and three files; the run file has no value of the address's query."""
    with receiving() as url:
        code, text = receiver(f"{url}/callbacks?secret=abc", tmp_path, "--seen-url", f"{url}/seen/{{job_id}}")
    assert code == 0, text
    assert {path.name for path in tmp_path.iterdir()} == {"run.ndjson", "junit.xml", "report.html"}
    run = (tmp_path / "run.ndjson").read_bytes()
    assert b"secret=abc" not in run
    assert "secret=***" in run.decode()


def test_deviation_exits_with_one_and_is_judged_again(tmp_path: Path) -> None:
    """The failed MUST decides; `ciq judge` and `ciq report` read the file; a baseline accepts it."""
    with receiving("event-name-is-required") as url:
        code, text = receiver(f"{url}/callbacks", tmp_path, "--write-baseline", str(tmp_path / "known.txt"))
        assert code == 1, text
        assert "RCV-003" in text
        assert f"ciq receiver {url}/callbacks" in text
        assert "ciq repro" not in text
        again, text = receiver(f"{url}/callbacks", tmp_path / "two", "--baseline", str(tmp_path / "known.txt"))
        assert again == 0, text
    code, text = ciq("judge", str(tmp_path))
    assert code == 1, text
    code, text = ciq("judge", str(tmp_path), "--only", "RCV-003", "--baseline", str(tmp_path / "known.txt"))
    assert code == 0, text
    assert ciq("report", str(tmp_path))[0] == 0


def test_run_without_effects_is_inconclusive_about_them(tmp_path: Path) -> None:
    """Without --seen-url no requirement on effects passes; the reason names the option."""
    with receiving() as url:
        code, _ = receiver(f"{url}/callbacks", tmp_path, "--only", "RCV-04[0-9]", "--only", "RCV-020")
    assert code == 0
    with (tmp_path / "run.ndjson").open("rb") as stream:
        verdicts = [record for record in read_records(stream) if isinstance(record, Verdict)]
    about_effects = [verdict for verdict in verdicts if verdict.requirement != "RCV-040"]
    assert {verdict.outcome for verdict in about_effects} == {"inconclusive"}
    assert all("--seen-url" in verdict.reason for verdict in about_effects)


def test_seen_command_replaces_the_address(tmp_path: Path) -> None:
    """The command's output is the count."""
    with receiving() as url:
        command = """sh -c 'echo {\\"times\\": 1}' {job_id}"""
        options = ("--only", "RCV-041", "--seen-command", command, "--verbose")
        code, text = receiver(f"{url}/callbacks", tmp_path, *options)
    assert (code, "RCV-041-media" in text and "inconclusive" not in text) == (0, True), text


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--seen-command", "false {job_id}", "returned exit code 1"),
        ("--seen-command", "/nowhere {job_id}", "the command cannot be run"),
        ("--seen-command", "echo {job_id}", 'expected {"times": N} or HTTP 404, got HTTP 200'),
        ("--seen-url", "http://127.0.0.1:9/{job_id}", "connection refused"),
    ],
)
def test_effects_that_cannot_be_observed_exit_with_three(option: str, value: str, message: str, tmp_path: Path) -> None:
    """The run does not begin: without counts its verdicts would be worth little."""
    with receiving() as url:
        code, text = receiver(f"{url}/callbacks", tmp_path, option, value)
    assert code == 3, text
    assert "cannot observe effects by" in text
    assert message in text


def test_repro_refers_to_the_command(tmp_path: Path) -> None:
    """Scripts of `ciq repro` are for targets of `ciq run`."""
    with receiving("event-name-is-required") as url:
        receiver(f"{url}/callbacks", tmp_path)
    code, text = ciq("repro", str(tmp_path), "RCV-003")
    assert (code, "ciq receiver URL --only RCV-003" in text) == (2, True), text


@pytest.mark.parametrize(
    ("respond", "message"),
    [
        (silent, "no complete response within 1 s"),
        (dripping, "no complete response within 1 s"),
        (answering(b"SSH-2.0-OpenSSH\r\n"), "the response is not HTTP"),
        (answering(b""), "closed the connection without a response"),
        (
            answering(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
            "redirects the callback (HTTP 302) to /other",
        ),
    ],
    ids=["silent", "dripping", "garbage", "closing", "redirecting"],
)
def test_unusable_receiver_exits_with_three(respond, message: str, tmp_path: Path) -> None:
    """One clear message, and no traceback."""
    with listening(respond) as url:
        code, text = receiver(url, tmp_path, "--timeout-factor", "0.1")
    assert code == 3, text
    assert message in text
    assert "Traceback" not in text


def test_absent_receiver_exits_with_three(tmp_path: Path) -> None:
    """Nothing listens, or the name does not exist."""
    for url in ("http://127.0.0.1:9/callbacks", "http://does-not-exist.invalid/callbacks"):
        code, text = receiver(url, tmp_path)
        assert code == 3, text
        assert "is the receiver running" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ftp://host/x",), "expected an address like"),
        (("not an address",), "expected an address like"),
        (("http://u:p@host/",), "without credentials"),
        (("http://host:99999/",), "expected an address like"),
        (("http://host/", "--seen-url", "http://host/seen"), "expected the placeholder {job_id}"),
        (("http://host/", "--seen-url", "x{job_id}"), "--seen-url is 'x{job_id}', expected an address"),
        (("http://host/", "--seen-url", "http://h/{job_id}", "--seen-command", "a {job_id}"), "give one of them"),
        (("http://host/", "--restart-command", "'open"), "expected a command with arguments"),
        (("http://host/", "--timeout-factor", "0"), "expected a factor"),
        (("http://host/", "--feature", "video"), "--feature: expected one or more of media"),
        (("http://host/", "--only", "RCV-9*"), "no requirement matches"),
        (("http://host/", "--only", "PAU-001"), "no requirement on receivers"),
        (("http://host/", "--baseline", "/nowhere"), "cannot read the baseline"),
        (("http://host/", "--canary-bind", "nonsense"), "expected HOST:PORT"),
    ],
)
def test_wrong_usage_exits_with_two(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """The message names the option; nothing was sent (a selection without items exits with 5)."""
    code, text = ciq("receiver", *arguments, "--output", str(tmp_path / "out"))
    assert code == (5 if "on receivers" in message else 2), text
    assert message in text


def test_output_that_cannot_be_written_exits_with_two(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_text("")
    with receiving() as url:
        code, text = receiver(f"{url}/callbacks", tmp_path / "file")
    assert (code, "cannot write to" in text) == (2, True), text


def test_deadline_cuts_the_run_short(tmp_path: Path) -> None:
    """Requirements whose steps were not sent are inconclusive, not passed."""
    with receiving("blocks-on-slow-work") as url:
        code, text = receiver(f"{url}/callbacks", tmp_path, "--only", "RCV-0*", "--deadline", "1")
    assert code == 5, text
    assert "cut short" in text


def test_workflow_is_found_out_unless_declared(tmp_path: Path) -> None:
    """A receiver that rejects every WorkflowFinish is not blamed before the operator declares the event."""
    for events, code, outcome in (
        ((), 0, "not-implemented"),
        (("--event", "TaskFinish"), 0, "not-implemented"),
        (("--event", "TaskFinish", "--event", "WorkflowFinish"), 1, "fail"),
    ):
        with receiving("workflow-finish-is-rejected") as url:
            found, text = receiver(f"{url}/callbacks", tmp_path, "--only", "RCV-017", "--only", "RCV-001", *events)
        assert found == code, text
        with (tmp_path / "run.ndjson").open("rb") as stream:
            records = list(read_records(stream))
        assert isinstance(records[0], Header)
        verdicts = {r.item: r.outcome for r in records if isinstance(r, Verdict)}
        assert verdicts["RCV-017-media-xml"] == outcome
        sent = any(isinstance(r, Exchange) and r.step == "run-success-xml" for r in records)
        assert sent == (events != ("--event", "TaskFinish"))
