"""Tests of each exit code of `ciq run`, with its message."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ciq, in_process, verdicts_of
from miniature.server import Miniature
from miniature.traits import Traits
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ciq_conformance import judge_run_file
from ciq_conformance.judge import registry
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

ONE = ["--feature", "media", "-k", "QUE-003"]


@pytest.fixture
def target() -> Iterator[MockServer]:
    """A mock without a fault."""
    with MockServer(MockSettings(duration=0.02, activated=(Feature.MEDIA,))) as mock:
        yield mock


def test_exit_0_when_every_selected_must_passes(target: MockServer, tmp_path: Path) -> None:
    """Every selected MUST passed."""
    done = in_process("run", "--target", target.url, *ONE, cwd=tmp_path)
    assert done.code == 0, done.text


def test_exit_1_when_a_must_fails(tmp_path: Path) -> None:
    """A queue in an undocumented state fails QUE-003, and the message names the observed state."""
    queue = (
        "<QueueId>p1</QueueId><Name>queue-1</Name><State>Stopped</State><NotifyConfig><State>Off</State></NotifyConfig>"
        "<MaxSize>1</MaxSize><MaxConcurrent>1</MaxConcurrent>"
    )
    listed = f"<Response><RequestId>r</RequestId><TotalCount>1</TotalCount><QueueList>{queue}</QueueList></Response>"

    def answer(request: Request) -> Response:
        if request.method == "POST":
            return Response("<Error><Code>InternalError</Code></Error>", 500, content_type="application/xml")
        return Response(listed, content_type="application/xml")

    with HTTPServer(host="127.0.0.1", port=0) as wrong:
        wrong.expect_request(re.compile(".*")).respond_with_handler(answer)
        done = in_process("run", "--target", f"http://127.0.0.1:{wrong.port}", *ONE, cwd=tmp_path)
        wrong.check()
    assert done.code == 1, done.text
    verdict = verdicts_of(tmp_path / "ciq-report")["QUE-003-media"]
    assert verdict.outcome == "fail"
    assert "Stopped" in verdict.seen
    assert verdict.witness
    accepted = tmp_path / "flaky.txt"
    accepted.write_text("QUE-003-media # comes and goes\n", encoding="utf-8")
    for files, entry in (({"known_flaky": accepted}, "known flaky"), ({"baseline": accepted}, "baseline"), ({}, "")):
        (again,) = judge_run_file(tmp_path / "ciq-report", **files).verdicts
        assert (again.flaky, again.baseline) == (entry == "known flaky", bool(entry))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "nowhere"], "expected an address like http://127.0.0.1:8080"),
        (["--profile", "none.toml"], "cannot read the profile none.toml"),
        (["--feature", "speach"], "did you mean speech?"),
        (["-k", "PAUSE-1"], "no requirement matches 'PAUSE-1'"),
        (["--baseline", "none.txt"], "cannot read the baseline none.txt"),
        (["--output", "file"], "cannot write to file"),
        (["--no-such"], "No such option"),
        (["--level", "MIGHT"], "MIGHT"),
    ],
)
def test_exit_2_on_a_wrong_option_or_profile(arguments: list[str], message: str, tmp_path: Path) -> None:
    """A wrong flag, profile, choice, baseline or directory is reported before the suite sends a request."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = in_process("run", *arguments, cwd=tmp_path)
    assert done.code == 2, done.text
    assert message in done.err


def test_exit_2_when_the_receiver_cannot_listen(target: MockServer, tmp_path: Path) -> None:
    """A callback address in use is for the operator to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = in_process("run", "--target", target.url, "--callback-bind", bind, *ONE, cwd=tmp_path)
    assert done.code == 2, done.text
    assert f"cannot listen at {bind}" in done.err


def test_exit_3_when_the_target_refuses_connections(tmp_path: Path) -> None:
    """A target that refuses connections is not judged."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    done = ciq("run", "--target", url, *ONE, cwd=tmp_path)
    assert done.code == 3, done.text
    assert f"{url} sent no response: connection refused" in done.err
    assert in_process("doctor", "--target", url, cwd=tmp_path).code == 3


@pytest.mark.slow
def test_exit_3_when_callbacks_cannot_be_delivered(target: MockServer, tmp_path: Path) -> None:
    """An unreachable callback URL differs from a target that sends no callbacks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = f"http://127.0.0.1:{server.getsockname()[1]}"
    arguments = ["--target", target.url, "--feature", "media", "--callback-url", dead, "--timeout-factor", "0.1"]
    done = ciq("run", *arguments, "-k", "DEL-001", cwd=tmp_path)
    assert done.code == 3, done.text
    assert "callback_url must lead to the receiver" in done.err
    assert ciq("run", *arguments, "-k", "QUE-003", cwd=tmp_path).code == 0


def test_exit_4_when_a_check_raises(target: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of a check is not the target's deviation; its traceback is in the run file, not on the console."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("our own mistake")

    from ciq_conformance.registry import load_checks

    load_checks()
    monkeypatch.setitem(registry._CHECKS, "QUE-003", broken)
    done = in_process("run", "--target", target.url, *ONE, cwd=tmp_path)
    assert done.code == 4, done.text
    assert "our own mistake" in done.text
    verdict = verdicts_of(tmp_path / "ciq-report")["QUE-003-media"]
    assert verdict.outcome == "suite-error"
    assert "Traceback" in verdict.reason
    assert "Traceback" not in done.text


def test_exit_4_when_a_scenario_raises(target: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario that raises makes its items suite errors and leaves the others alone."""
    from ciq_conformance.areas.queues import scenario

    def broken(_: object) -> None:
        raise LookupError("scenario mistake")

    monkeypatch.setattr(scenario, "run", broken)
    done = in_process("run", "--target", target.url, *ONE, "-k", "UPD-002", cwd=tmp_path)
    assert done.code == 4, done.text
    outcomes = {name: verdict.outcome for name, verdict in verdicts_of(tmp_path / "ciq-report").items()}
    assert outcomes == {"QUE-003-media": "suite-error", "UPD-002-media": "pass"}


def test_exit_5_when_nothing_is_judged(target: MockServer, tmp_path: Path) -> None:
    """A selection without items, or with skipped items only, proves nothing."""
    arguments = ["run", "--target", target.url, *ONE]
    assert in_process(*arguments, "--level", "NOTE", cwd=tmp_path).code == 5
    assert in_process(*arguments, "--skip", "QUE-*", cwd=tmp_path).code == 5


def test_doctor_proposes_the_features_that_have_a_queue(tmp_path: Path) -> None:
    """A target of one feature gets one line with the run over it."""
    with Miniature(Traits()) as miniature:
        arguments = ("doctor", "--target", miniature.url, "--feature", "media", "--feature", "pic")
        done = in_process(*arguments, cwd=tmp_path)
        (line,) = [line for line in done.out.splitlines() if "ciq run" in line]
        assert line.endswith(f"If it offers media only: ciq run --target {miniature.url} --feature media")
    assert done.code == 1


def test_doctor_passes_on_a_conforming_target(target: MockServer, tmp_path: Path) -> None:
    """The doctor prints its plan and results, and leaves the queue unchanged."""
    before = target.queues
    done = in_process("doctor", "--target", target.url, "--feature", "media", cwd=tmp_path)
    assert done.code == 0, done.text
    for message in (
        "Planned checks",
        "target reachability",
        "callback delivery: callbacks reach",
        "All checks passed. Next: ciq run",
    ):
        assert message in done.out
    assert [(q.state, q.name, q.callback_url) for q in target.queues] == [
        (q.state, q.name, q.callback_url) for q in before
    ]
