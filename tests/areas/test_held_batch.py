"""Tests of what the scenario `order` notes of a pause, and where it aims the next one."""

from __future__ import annotations

import pytest

from ciq_conformance.areas.order.held_batch import Batch


def batch() -> Batch:
    """Three jobs of level 0, a request of three Operations of level 1, and a late job of level 2."""
    made = Batch()
    made.add(["z0", "z1", "z2"], [0, None, 0])
    made.add(["e0", "e1", "e2"], [1, 1, 1])
    made.requests.append(["e0", "e1", "e2"])
    made.add(["u"], [2])
    made.late.add("u")
    return made


@pytest.mark.parametrize(
    ("waiting", "separated"),
    [
        (["z0", "z1", "z2", "e0", "e1", "e2"], {"late"}),
        (["z0", "z1", "z2", "e1", "e2"], {"late", "request"}),
        (["z0", "z1", "z2"], {"late"}),
        (["z0", "z1", "z2", "e0", "e1", "e2", "u"], set()),
        ([], set()),
    ],
)
def test_pause_separates_late_jobs_and_operations(waiting: list[str], separated: set[str]) -> None:
    """A late job has started while a lesser one waits; an Operation has started while another one waits."""
    made = batch()
    made.record_pause(waiting)
    assert made.proven & {"late", "request"} == separated


def test_next_pause_aims_at_late_jobs_then_at_operations_then_at_the_next_level() -> None:
    """The aim is the number of jobs that must start; 0 when nothing is left to separate."""
    made = batch()
    everything = list(made.levels)
    assert made.next_to_separate(everything, {"late", "request"}) == 1
    assert made.next_to_separate(everything, {"request"}) == 3
    assert made.next_to_separate(everything[:-1], {"late", "request"}) == 2
    assert made.next_to_separate(["z0", "z1"], {"late", "request"}) == 0
    assert made.next_to_separate(everything, {"1>0"}) == 2
    assert made.next_to_separate(["z0", "z1"], {"1>0"}) == 0
    assert made.next_to_separate(everything, set()) == 0
