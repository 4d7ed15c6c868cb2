"""Tests of `ciq run --explore`: random histories find a fault, shrink it, and leave a script that reproduces it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_runs import RunResult, run_suite
from command import in_process, records_of, verdicts_of
from miniature.catalog import LEGAL
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_conformance.driver.scenario_context import PreconditionFailed
from ciq_conformance.explore.script import script_text
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.runner.restart_command import restart_by
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_reports.next_steps import next_steps, rerun_command
from ciq_reports.transcript import RunView
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import DriverEvent, Exchange

ON_MEDIA = ("--feature", "media", "--seed", "3", "-k", "EXP-*")
DETECTED = {
    "two_levels_as_one": "EXP-001",
    "pause_leaks_last": "EXP-002",
    "resume_forgets_last": "EXP-003",
    "cancel_still_runs": "EXP-004",
    "some_callbacks_lost": "EXP-006",
    "callback_before_end": "EXP-007",
}
WARNED = ("EXP-007",)


def replay(script: Path, url: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as its reader would: another folder, no kit on the path (-I), the target in the environment."""
    environment = {"CIQ_TARGET": url, "PATH": os.environ["PATH"], **settings}
    command = [sys.executable, "-I", "-W", "error", str(script)]
    return subprocess.run(command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("fault", DETECTED)
def test_found_fault_is_reproduced_by_its_script(fault: str, tmp_path: Path) -> None:
    """The requirement fails; its script fails on the wrong target and passes on a conforming one."""
    name = DETECTED[fault]
    with Miniature(Traits(fault=fault)) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "12", *ON_MEDIA)
        assert trial.code == (0 if name in WARNED else 1), trial.output
        assert name in trial.red(), trial.output
        script = tmp_path / f"explore-{name}-media.py"
        wrong = replay(script, target.url)
    assert (wrong.returncode, wrong.stderr) == (1, ""), wrong.stdout
    assert "DEVIATES" in wrong.stdout
    with Miniature(Traits()) as target:
        right = replay(script, target.url)
    assert (right.returncode, right.stderr) == (0, ""), right.stdout


@pytest.mark.slow
def test_printed_command_reproduces_the_histories(tmp_path: Path) -> None:
    """Without --seed a run draws its own; the printed command gives the same histories and the same failure."""
    with Miniature(Traits(fault="pause_leaks_high")) as target:
        tries = (
            run_suite(target.url, tmp_path / f"first{number}", "--explore", "4", "--feature", "media", "-k", "EXP-*")
            for number in range(4)
        )
        # The seed is the run's own, so four histories may miss what shows in a pause only.
        first = next(trial for trial in tries if "EXP-002" in trial.red())
        command = rerun_command(RunView.of(first.records), ["EXP-002"])
        assert any(command.partition(" --only")[0] in step for step in next_steps(RunView.of(first.records)))
        ciq, run, to, url, *arguments = shlex.split(command)
        assert (ciq, run, to, url) == ("ciq", "run", "--target", target.url)
        again = run_suite(target.url, tmp_path / "again", *arguments)
    assert again.red() == {"EXP-002"}, again.output
    assert [events_of(one) for one in (again, first)] == [events_of(first)] * 2


def events_of(trial: RunResult) -> str:
    """Returns the events of a run about the histories it played."""
    marks = (record.text for record in trial.records if isinstance(record, DriverEvent))
    return next(text for text in marks if "histories; `--seed" in text)


def restart_command(folder: Path, port: int, *data: str) -> str:
    """Returns an operator's command that restarts a mock."""
    parts = (sys.executable, str(Path(__file__).with_name("restartable.py")), str(folder / "pid"), str(port), *data)
    return shlex.join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("durable", [True, False])
def test_command_restarts_the_target(durable: bool, tmp_path: Path) -> None:
    """A mock with a journal keeps its jobs; one without loses them, which EXP-003 and EXP-008 report."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = restart_command(tmp_path, port, *([str(tmp_path / "journal")] if durable else []))
    restart_by(command, url=f"http://127.0.0.1:{port}", within=30.0, pause=time.sleep)()
    try:
        arguments = ("--explore", "8", "--feature", "media", "--seed", "4", "-k", "EXP-*")
        trial = run_suite(f"http://127.0.0.1:{port}", tmp_path, *arguments, "--restart-command", command)
    finally:
        subprocess.run(shlex.split(restart_command(tmp_path, 0)), check=True)
    assert trial.red() == (set() if durable else {"EXP-003", "EXP-008"}), trial.output
    assert any(isinstance(r, Exchange) and " restart " in r.step for r in trial.records)
    assert not [r for r in trial.records if isinstance(r, Exchange) and not r.status]


def test_restarted_embedded_mock_loses_nothing(tmp_path: Path) -> None:
    """Histories on two features restart the embedded mock concurrently; every rule holds, and no request is lost."""
    done = in_process(
        *("run", "--feature", "media", "--feature", "doc", "--explore", "3", "--seed", "8", "-k", "EXP-*", "-o", "out"),
        cwd=tmp_path,
    )
    assert done.code in (0, 5), done.text
    records = records_of(tmp_path / "out")
    exchanges = [record for record in records if isinstance(record, Exchange)]
    assert any(" restart " in exchange.step for exchange in exchanges)
    assert not [exchange for exchange in exchanges if not exchange.status]
    assert not [v for v in verdicts_of(tmp_path / "out").values() if v.outcome in ("fail", "warn", "blocked")]
    assert not (tmp_path / ".hypothesis").exists()


@pytest.mark.parametrize(
    ("command", "within", "words"),
    [
        (f"{sys.executable} -c 'raise SystemExit(3)'", 30.0, "exit code 3"),
        ("/no/such/command", 30.0, "cannot be run"),
        (f"{sys.executable} -c 'import time; time.sleep(60)'", 0.2, "did not return"),
    ],
)
def test_failed_restart_names_the_command(command: str, within: float, words: str) -> None:
    """Every failure of the operator's command is reported with the command."""
    restart = restart_by(command, url="http://127.0.0.1:1", within=within, pause=time.sleep)
    with pytest.raises(PreconditionFailed, match=words):
        restart()


def test_target_that_stays_away_after_a_restart_is_reported() -> None:
    """A command that succeeds without a reachable target is no restart."""
    restart = restart_by("true", url="http://127.0.0.1:1", within=2.0, pause=time.sleep)
    with pytest.raises(PreconditionFailed, match="does not respond"):
        restart()


def test_conforming_target_passes_and_is_restored(tmp_path: Path) -> None:
    """Histories on a conforming target leave no script, and the queue is as it was before."""
    with Miniature(Traits()) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "2", *ON_MEDIA)
        queue = target.service.queues["media"][0]
        assert (queue.state, queue.rule.get("State", "Off")) == ("Active", "Off")
    assert trial.code == 0, trial.output
    assert not trial.red()
    assert not list(tmp_path.glob("explore-*.py"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "variation", ["workers publish late", "running jobs halt", "closed when paused", "all variations together"]
)
def test_legal_variation_passes(variation: str, tmp_path: Path) -> None:
    """What the documents leave open contradicts nothing, in any order of requests."""
    with Miniature(LEGAL[variation]) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "4", "--seed", "3", "-k", "EXP-*")
    assert trial.code == 0, trial.output
    assert not trial.red()


def test_script_signs_when_keys_are_set(tmp_path: Path) -> None:
    """On a target that checks signatures a script without keys is rejected (2), and with keys it plays (0)."""
    case = {
        "rule": "EXP-003",
        "title": "no job is lost",
        "feature": "media",
        "bucket": "examplebucket-1250000000",
        "region": "ap-chongqing",
        "host": "{bucket}.ci.{region}.myqcloud.com",
        "queue_path": "/queue",
        "queue_names": ["queue-1"],
        "job_path": "/jobs",
        "cancel_path": "/jobs",
        "tag": "Snapshot",
        "container": "<Snapshot><Mode>Interval</Mode></Snapshot>",
        "input": "samples/clip.mp4",
        "input_extra": "",
        "output": "out.jpg",
        "several_ids": True,
        "latency": 0.02,
        "start_latency": 0.01,
        "callback_latency": 0.01,
        "workers": 8,
        "held_by_workers": 9,
        "halting": False,
        "restart_command": "",
        "history": [["submit", [2, None], True], ["cancel", 0], ["rule", "second"], ["many", [0, 1], False]],
    }
    script = tmp_path / "explore-EXP-003-media.py"
    script.write_text(script_text(case), encoding="utf-8")
    keys = Credentials(secret_id="AKIDexample", secret_key="example")
    settings = MockSettings(activated=(Feature.MEDIA,), duration=0.01, credentials=(keys,))
    with MockServer(settings) as mock:
        refused = replay(script, mock.url)
        accepted = replay(script, mock.url, CIQ_SECRET_ID="AKIDexample", CIQ_SECRET_KEY="example")
    assert (refused.returncode, refused.stderr) == (2, ""), refused.stdout
    assert "HTTP 40" in refused.stdout
    assert (accepted.returncode, accepted.stderr) == (0, ""), accepted.stdout


def test_histories_are_judged_only_with_the_option() -> None:
    """Without the option a run has the same verdicts, over all features too, and however they are selected."""
    for features in ((Feature.MEDIA,), tuple(Feature)):
        for selection in (Selection(), Selection(areas=("explore",)), Selection(requirements=("EXP-*",))):
            chosen = select_items(load_registry(), features, selection)
            assert not [item.name for item in chosen if item.requirement.set == "explore"]
    opened = select_items(load_registry(), (Feature.MEDIA,), Selection(opened=frozenset({"explore"})))
    assert "EXP-001-media" in {item.name for item in opened}
