"""Tests the whole suite on the independent miniature: it passes every legal variation and detects every fault.

The whole catalogue takes long: `tox -e miniatures`. A few of each are in the fast tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import RunResult, run_suite
from miniature.catalog import FAULTS, LEGAL
from miniature.server import Miniature
from miniature.traits import Traits

PER_JOB = 450.0
"""Seconds for a run, for each second that a job takes: one worker runs the jobs of a feature one after the other."""
QUICK_LEGAL = ("shuffled elements", "running jobs halt", "late callbacks")
QUICK_FAULTS = ("page_repeats", "callback_says_success", "both_addresses")


def _not_green(trial: RunResult) -> list[str]:
    return [
        f"{v.item} {v.outcome}: {v.seen or v.reason}" for v in trial.verdicts if _fails_a_pipeline(v.outcome, v.level)
    ]


def _fails_a_pipeline(outcome: str, level: str) -> bool:
    return outcome in ("fail", "blocked", "suite-error") or (outcome == "inconclusive" and level == "MUST")


def _try_legal(name: str, folder: Path, *arguments: str) -> None:
    with Miniature(LEGAL[name]) as target:
        trial = run_suite(target.url, folder, *arguments, timeout=PER_JOB * max(1.0, LEGAL[name].duration))
    assert _not_green(trial) == []
    assert trial.code == 0, trial.output


def _try_fault(name: str, folder: Path, *arguments: str) -> None:
    wanted = [word for requirement in FAULTS[name] for word in ("--only", requirement)]
    with Miniature(Traits(fault=name)) as target:
        trial = run_suite(target.url, folder, *wanted, *arguments)
    assert set(FAULTS[name]) & trial.red(), trial.output
    assert not trial.with_outcome("suite-error")


@pytest.mark.slow
@pytest.mark.parametrize("name", LEGAL)
def test_legal_variation_passes(name: str, tmp_path: Path) -> None:
    """Whatever the documents leave open, the whole run passes."""
    _try_legal(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_detected(name: str, tmp_path: Path) -> None:
    """A requirement that the fault breaks fails or warns."""
    _try_fault(name, tmp_path)


@pytest.mark.parametrize("name", QUICK_LEGAL)
def test_legal_variation_passes_on_one_feature(name: str, tmp_path: Path) -> None:
    """Some legal variations in the fast tests, on the feature with most freedoms."""
    _try_legal(name, tmp_path, "--feature", "media", "-k", "PRI-00[1267]", "-k", "PAU-*", "-k", "SHP-*")


@pytest.mark.parametrize("name", QUICK_FAULTS)
def test_fault_is_detected_on_one_feature(name: str, tmp_path: Path) -> None:
    """Some faults in the fast tests."""
    _try_fault(name, tmp_path, "--feature", "media")
