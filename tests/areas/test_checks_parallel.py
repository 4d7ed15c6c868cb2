"""Tests of the number of concurrent jobs: only jobs that certainly ran at the same time count."""

from __future__ import annotations

import pytest

from ciq_conformance.areas.order.checks_max_concurrent import most_at_once, most_in_one_answer
from ciq_schemas.transcript.jobs import Bound, JobTimeline, StateObservation
from ciq_schemas.transcript.requests import RequestedJob


def run(first: float, last: float) -> tuple[StateObservation, StateObservation]:
    """Returns a job whose Running state was shown in a response at `first` and requested again at `last`."""
    return (
        StateObservation("Running", first - 0.1, first, int(first * 10), "drain"),
        StateObservation("Running", last, last + 0.1, int(last * 10) + 1, "drain"),
    )


@pytest.mark.parametrize(
    ("runs", "most"),
    [
        ([], 0),
        ([run(1, 2)], 1),
        ([run(1, 2), run(2, 3), run(3, 4)], 1),
        ([run(1, 2.5), run(2, 3.5), run(3, 4)], 2),
        ([run(3, 9), run(1, 5), run(2, 4), run(6, 7)], 3),
    ],
    ids=["none", "one", "one after the other", "two", "three"],
)
def test_only_certain_overlaps_count(runs: list[tuple[StateObservation, StateObservation]], most: int) -> None:
    """A job counts from the response to the first describe until the last describe was sent."""
    count, witness = most_at_once(runs)
    assert count == most
    assert bool(witness) == bool(runs)


def test_states_that_may_be_late_shorten_the_overlap() -> None:
    """Two jobs overlap for half a second; answers that are 0.6 s old could show this without an overlap."""
    runs = [run(1, 2.5), run(2, 3.5)]
    assert most_at_once(runs)[0] == 2
    assert most_at_once(runs, 0.3)[0] == 2
    assert most_at_once(runs, 0.6)[0] == 1


def test_running_jobs_of_one_answer_are_counted() -> None:
    """Where no job was described twice while it ran, the fullest answer gives the number."""
    first = StateObservation("Running", 1.0, 1.1, 7, "drain")
    second = StateObservation("Running", 2.0, 2.1, 8, "drain")
    timelines = [job(index, observation) for index, observation in enumerate((first, first, second))]
    assert most_in_one_answer(timelines) == (2, (7,))
    assert most_in_one_answer([]) == (0, ())


def job(index: int, observation: StateObservation) -> JobTimeline:
    """Returns a job that one answer shows."""
    return JobTimeline(
        job_id=f"j{index}",
        step="submit",
        requested=RequestedJob(level=None, user_data=None, tag=None),
        submit_seq=index,
        submitted_at=0.0,
        accepted_by=0.1,
        not_before=Bound(0.0, index),
        not_after=Bound(observation.received, observation.seq),
        start_stamp=None,
        observations=(observation,),
    )
