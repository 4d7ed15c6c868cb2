"""`ciq run --explore`: random histories find a fault, shrink it, and leave a script that shows it to anyone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from miniature.catalog import LEGAL
from miniature.server import Miniature
from miniature.traits import Traits
from trial import run_suite

from ciq_conformance.explore.script import script_text
from ciq_conformance.judge.selection import Selection, select_items
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry

ON_MEDIA = ("--feature", "media", "--seed", "3", "-k", "EXP-*")
CAUGHT = {"two_levels_as_one": "EXP-001", "pause_leaks_last": "EXP-002", "cancel_still_runs": "EXP-004"}


def replay(script: Path, url: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a script as its reader would: another folder, no kit on the path (-I), the target in the environment."""
    environment = {"CIQ_TARGET": url, "PATH": os.environ["PATH"], **settings}
    command = [sys.executable, "-I", "-W", "error", str(script)]
    return subprocess.run(command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("fault", CAUGHT)
def test_a_fault_is_found_and_shown_by_a_script(fault: str, tmp_path: Path) -> None:
    """The requirement turns red by its verdict; its script fails on the wrong target and passes on a right one."""
    name = CAUGHT[fault]
    with Miniature(Traits(fault=fault)) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "4", *ON_MEDIA)
        assert trial.code == 1, trial.output
        assert name in trial.red(), trial.output
        script = tmp_path / f"explore-{name}-media.py"
        wrong = replay(script, target.url)
    assert (wrong.returncode, wrong.stderr) == (1, ""), wrong.stdout
    assert "DEVIATES" in wrong.stdout
    with Miniature(Traits()) as target:
        right = replay(script, target.url)
    assert (right.returncode, right.stderr) == (0, ""), right.stdout


def test_a_right_target_passes_and_is_put_back(tmp_path: Path) -> None:
    """Histories on a right target contradict nothing, leave no script, and the queue is as it was found."""
    with Miniature(Traits()) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "2", *ON_MEDIA)
        queue = target.service.queues["media"][0]
        assert (queue.state, queue.rule.get("State", "Off")) == ("Active", "Off")
    assert trial.code == 0, trial.output
    assert not trial.red()
    assert not list(tmp_path.glob("explore-*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("dress", ["workers publish late", "running jobs halt", "closed when paused", "everything odd"])
def test_a_legal_dress_passes(dress: str, tmp_path: Path) -> None:
    """What the documents leave free contradicts nothing, whatever is done in which order."""
    with Miniature(LEGAL[dress]) as target:
        trial = run_suite(target.url, tmp_path, "--explore", "4", "--seed", "3", "-k", "EXP-*")
    assert trial.code == 0, trial.output
    assert not trial.red()


def test_a_script_signs_where_there_are_keys(tmp_path: Path) -> None:
    """On a target that checks signatures a script is refused without keys (2) and plays with them (0)."""
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
        played = replay(script, mock.url, CIQ_SECRET_ID="AKIDexample", CIQ_SECRET_KEY="example")
    assert (refused.returncode, refused.stderr) == (2, ""), refused.stdout
    assert "HTTP 40" in refused.stdout
    assert (played.returncode, played.stderr) == (0, ""), played.stdout


def test_histories_are_judged_only_on_request() -> None:
    """Without the option a run has the same verdicts as ever, over all features too, and however they are named."""
    for features in ((Feature.MEDIA,), tuple(Feature)):
        for selection in (Selection(), Selection(areas=("explore",)), Selection(requirements=("EXP-*",))):
            chosen = select_items(load_registry(), features, selection)
            assert not [item.name for item in chosen if item.requirement.set == "explore"]
    opened = select_items(load_registry(), (Feature.MEDIA,), Selection(opened=frozenset({"explore"})))
    assert "EXP-001-media" in {item.name for item in opened}
