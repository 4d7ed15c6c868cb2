"""Tests of waits that end early when jobs stall."""

from __future__ import annotations

import pytest

from ciq_conformance.driver.stall import BLOCKED_AFTER, SHORT_AFTER, SHORT_AFTER_WAITS, Progress, StallWatch, is_unknown
from ciq_conformance.timeouts import SHORT_GRACE, UNMEASURED, Timeouts


def test_jobs_without_a_change_of_state_have_stalled() -> None:
    """The jobs stall after the given seconds without a change; each change starts the time again."""
    progress = Progress(stall=5.0, unknown=2.0)
    assert not progress.stalled({"a": "Submitted"}, ["a"], 1.0)
    assert not progress.stalled({"a": "Submitted"}, ["a"], 5.9)
    assert not progress.stalled({"a": "Running"}, ["a"], 6.1)
    assert not progress.stalled({"a": "Running"}, ["a"], 11.0)
    assert progress.stalled({"a": "Running"}, ["a"], 11.1)


@pytest.mark.parametrize(("other", "stalled"), [("success", True), ("Success", True), ("Running", False)])
def test_undocumented_states_stall_sooner(other: str, *, stalled: bool) -> None:
    """Undocumented words stall after the shorter time, unless a job with a documented word can still end."""
    progress = Progress(stall=5.0, unknown=2.0)
    states = {"a": "success", "b": other}
    progress.stalled(states, ["a", "b"], 1.0)
    assert progress.stalled(states, ["a", "b"], 3.1) is stalled
    assert is_unknown("success")
    assert not is_unknown("Success")
    assert not is_unknown("")


def test_stalls_in_a_row_shorten_waits_and_block_scenarios() -> None:
    """Waits are short after two scenarios with a stall and the next is blocked after three; a good one ends that."""
    watch = StallWatch()
    for number in range(BLOCKED_AFTER):
        assert watch.short is (number >= SHORT_AFTER)
        assert not watch.blocking
        watch.stalled("jobs", ["j1"])
        watch.scenario_ended(f"s{number}")
    assert watch.blocking == ("s0", "s1", "s2")
    assert watch.gave_up == {"j1"}
    watch.scenario_ended("without jobs")
    assert watch.blocking
    watch.arrived("jobs")
    watch.scenario_ended("good")
    assert not watch.short
    assert not watch.blocking


def test_waits_in_a_row_shorten_the_next() -> None:
    """Three waits in a row in one scenario shorten the next one; the end of a job starts the count again."""
    watch = StallWatch()
    for _ in range(SHORT_AFTER_WAITS):
        assert not watch.short
        watch.stalled("jobs", ["j1"])
    assert watch.short
    watch.arrived("jobs")
    assert not watch.short


def test_callbacks_that_stall_do_not_block() -> None:
    """Scenarios without a callback shorten waits, but the next scenario runs."""
    watch = StallWatch()
    for number in range(BLOCKED_AFTER):
        watch.stalled("callbacks")
        watch.scenario_ended(f"s{number}")
    assert watch.short
    assert not watch.blocking


def test_short_grace_shortens_each_wait() -> None:
    """The short grace replaces the fixed seconds of the waits for jobs and callbacks, not the measured part."""
    plain, short = Timeouts(UNMEASURED), Timeouts(UNMEASURED, grace=SHORT_GRACE)
    assert plain.jobs(1) - short.jobs(1) == plain.callback - short.callback == plain.stall - short.stall == 4.0


def test_confirmed_stall_shortens_waits_until_a_job_ends() -> None:
    """Where no job ended in a scenario, nor until the next one, waits are short at once; the end of a job undoes it."""
    watch = StallWatch()
    watch.stalled("jobs", ["j1"])
    watch.scenario_ended("s0")
    assert watch.nothing_ended
    assert not watch.short
    assert not watch.blocking
    watch.confirm()
    assert watch.short
    assert watch.blocking == ("s0",)
    watch.arrived("jobs")
    assert not watch.short
    assert not watch.blocking
    assert not watch.nothing_ended


def test_scenario_in_which_some_jobs_ended_confirms_no_stall() -> None:
    """A target that loses single jobs keeps its long waits."""
    watch = StallWatch()
    watch.arrived("jobs")
    watch.stalled("jobs", ["j1"])
    watch.scenario_ended("s0")
    assert not watch.nothing_ended
