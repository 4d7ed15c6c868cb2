"""The scripts of `ciq repro` against the faults that made them: a sample here, all of them by `tools.repro_trials`."""

from pathlib import Path

import msgspec
import pytest

from ciq_conformance.repro.request_replay import NOT_BY_REQUESTS
from ciq_conformance.runner.embedded import known_faults
from tools import repro_trials
from tools.repro_trials import JSON, PROGRESS, Trial, Trials, faults_with_script, try_script

PUBLISHED = Path(__file__).parents[2] / "reports" / "published"
SAMPLE = (
    "running-has-ended",
    "list-never-paused",
    "address-before-kept",
    "callback-ends-later",
    "answers-are-text",
    "batch-filters-ignored",
    "user-data-one-short",
    "run-of-other-workflow",
)
"""Faults that need the state of a job, the run's id, the rule of the probe, times, the first responses, created ids."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_script_shows_the_fault_and_nothing_on_the_sound_mock(name: str) -> None:
    """Exit 1 on the faulty mock, 0 on the sound one."""
    (fault,) = [fault for fault in known_faults() if fault.name == name]
    trial = try_script(fault)
    assert (trial.faulty, trial.clean) == (1, 0), trial.text


@pytest.mark.parametrize(
    ("faulty", "clean", "right"),
    [(1, 0, True), (NOT_BY_REQUESTS, NOT_BY_REQUESTS, True), (1, 1, False), (0, 0, False), (None, None, False)],
)
def test_trial_is_right_when_the_script_shows_the_fault_only(
    faulty: int | None, clean: int | None, right: bool
) -> None:
    """Or when it says on both mocks that requests alone cannot show it."""
    assert Trial(fault="f", requirement="QUE-001", feature="media", faulty=faulty, clean=clean).right == right


def test_stopped_program_continues_with_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished trials are read from the file, an incomplete last line is not, and the result is published."""
    faults = faults_with_script()[:2]
    monkeypatch.setattr(repro_trials, "faults_with_script", lambda: faults)
    done = [Trial(fault=one.name, requirement=one.breaks, feature="media", faulty=1, clean=0) for one in faults]
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in done)
    (tmp_path / PROGRESS).write_bytes(lines + lines[:20])
    assert repro_trials.main([str(tmp_path)]) == 0
    published = msgspec.json.decode((tmp_path / JSON).read_bytes(), type=Trials)
    assert published.trials == tuple(done)
    assert not (tmp_path / PROGRESS).exists()


def test_published_trials_are_right() -> None:
    """Most published scripts show their fault and nothing else; the faults are those of the mock."""
    published = msgspec.json.decode((PUBLISHED / JSON).read_bytes(), type=Trials)
    assert published.trials
    names = {fault.name for fault in known_faults()}
    assert {trial.fault for trial in published.trials} <= names
    right = sum(trial.right for trial in published.trials)
    assert right >= 0.85 * len(published.trials)
