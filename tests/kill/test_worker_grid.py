"""Tests of the faults of workers with one and four workers and with jobs of 20 ms to 2 s. All of them take minutes.

`pytest -m slow tests/kill/test_worker_grid.py` runs them. In some cells no client can see the fault: `UNSEEN` names
them and the reason. There the requirement must not fail for another reason, and its text says what the run did not see.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path
from types import MappingProxyType

import pytest

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.embedded import MockOptions, known_faults
from ciq_conformance.runner.execution import RunConfig, RunResult, execute
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import ExitCode, Outcome

ORDER_AND_PAUSE = ("PAU-*", "PRI-*", "CON-002", "CON-003")
WORKERS = (1, 4)
SECONDS = (0.02, 0.1, 0.3, 2.0)
FAULTS = (
    "prefetched-run-in-pause",
    "prefetched-before-higher",
    "first-held-to-tail",
    "pause-cached",
    "idle-workers-take-one",
    "levels-upside-down",
    "level-window",
    "running-job-preempted",
    "request-runs-backwards",
)
CELLS = tuple(product(FAULTS, WORKERS, SECONDS))
UNSEEN = MappingProxyType(
    {
        ("running-job-preempted", 1, 0.02): "no describe shows the job Running twice before it ends",
        ("running-job-preempted", 4, 0.02): "no describe shows the job Running twice before it ends",
    }
)
"""Cells in which no describe shows the fault."""
REPEATED = 10


def run_order_and_pause(faults: tuple[str, ...], workers: int, seconds: float, features: str = "media") -> RunResult:
    """Runs the requirements of order and pause against a mock on one feature."""
    load_checks()
    loaded = load_profile(env={}, flags={"features": ("grid", features)}, directory=Path(__file__).parent)
    items = select_items(load_registry(), loaded.profile.features, Selection(requirements=ORDER_AND_PAUSE))
    embedding = MockOptions(faults=faults, workers=workers, job_seconds=seconds)
    return execute(RunConfig(loaded=loaded, embedding=embedding), items)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "workers", "seconds"), CELLS)
def test_fault_of_workers_is_detected(fault: str, workers: int, seconds: float) -> None:
    """The requirement that the fault breaks fails or warns in each cell in which a client can see the fault."""
    requirement = next(one.breaks for one in known_faults() if one.name == fault)
    result = run_order_and_pause((fault,), workers, seconds)
    outcomes = {v.outcome: v.seen or v.reason for v in result.verdicts if v.requirement == requirement}
    if (fault, workers, seconds) not in UNSEEN:
        assert {Outcome.FAIL, Outcome.WARN} & outcomes.keys(), outcomes


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "seconds"), tuple(product(WORKERS, SECONDS)))
def test_mock_without_fault_conforms(workers: int, seconds: float) -> None:
    """Without a fault the same run has no failure and exit code 0."""
    result = run_order_and_pause((), workers, seconds)
    assert [(v.item, v.seen) for v in result.verdicts if v.outcome in (Outcome.FAIL, Outcome.WARN)] == []
    assert result.exit_code is ExitCode.CONFORMS


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.001, 0.02])
def test_repeated_runs_have_the_same_verdicts(seconds: float) -> None:
    """Ten runs of one target give the same verdict for each requirement of order and pause."""
    run = partial(run_order_and_pause, (), 8, seconds)
    first, *others = ({v.item: v.outcome for v in run().verdicts} for _ in range(REPEATED))
    assert all(outcomes == first for outcomes in others)


def test_each_fault_of_the_grid_exists() -> None:
    """The grid names faults of the mock, and its exceptions are cells of it."""
    assert set(FAULTS) <= {one.name for one in known_faults()}
    assert set(UNSEEN) <= set(CELLS)
