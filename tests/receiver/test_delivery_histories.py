"""Random histories of deliveries: the rule, the draw and the shrinking, without a receiver."""

from __future__ import annotations

import pytest

from ciq_conformance.receiver.counting import times_counted
from ciq_conformance.receiver.histories import History, draw_histories, shrink
from ciq_conformance.receiver.history_replay import (
    CUT,
    LEFT,
    ONE,
    TOGETHER,
    Move,
    changed,
    deviations,
    expected_times,
    sent_by,
)
from ciq_conformance.receiver.wire import Answer, Delivery

OK, FAILED, NONE = Answer(status=200), Answer(status=503), Answer(error="no complete response within 1 s")


def states_of(*moves: tuple[str, tuple[int, ...], tuple[Answer, ...]]):
    """What these moves did to each job."""
    history = [Move(kind, jobs) for kind, jobs, _ in moves]
    return sent_by(history, [answers for _, _, answers in moves])


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([(ONE, (0,), (OK,))], 1),
        ([(ONE, (0,), (OK,)), (TOGETHER, (0, 0), (OK, OK))], 1),
        ([(CUT, (0,), (NONE,))], 0),
        ([(CUT, (0,), (NONE,)), (ONE, (0,), (OK,))], 1),
        ([(LEFT, (0,), (NONE,))], None),
        ([(LEFT, (0,), (NONE,)), (ONE, (0,), (OK,))], 1),
        ([(ONE, (0,), (FAILED,))], None),
    ],
)
def test_expected_count_follows_from_what_was_accepted(moves: list, expected: int | None) -> None:
    """Accepted: once; only broken off: never; otherwise both are right."""
    assert expected_times(states_of(*moves)[0]) == expected


def test_deviations_name_job_and_count() -> None:
    """A wrong count and a rejected callback deviate; an unknown count does not."""
    states = states_of((TOGETHER, (0, 1), (OK, FAILED)), (CUT, (2,), (NONE,)), (LEFT, (3,), (NONE,)))
    assert deviations(states, {0: 1, 1: None, 2: 0, 3: 1}) == ["the callback of job 1 was not accepted: HTTP 503"]
    assert deviations(states, {0: 0, 2: 1, 3: 2})[0] == "job 0 was counted 0 times, expected 1"
    assert len(deviations(states, {0: 2, 2: 1, 3: 2})) == 4


def test_cut_and_left_change_the_delivery() -> None:
    """The body stays the same; the way it is sent changes."""
    plain = Delivery(url="http://x/", body=b"12345678")
    assert changed(CUT, plain).cut == 6
    assert changed(LEFT, plain).leave
    assert changed(ONE, plain) == plain


def test_same_seed_draws_the_same_histories() -> None:
    """Another seed draws others; every kind of move occurs."""
    first = draw_histories(20, 1)
    assert first == draw_histories(20, 1)
    assert first != draw_histories(20, 2)
    assert {move.kind for history in first for move in history} == {ONE, TOGETHER, CUT, LEFT}


def test_history_is_shrunk_to_its_cause() -> None:
    """Only the two deliveries of one job remain, of a history in which many moves do not matter."""
    history: History = (
        Move(ONE, (1,)),
        Move(TOGETHER, (0, 2, 0, 3)),
        Move(CUT, (2,)),
        Move(LEFT, (1,)),
        Move(TOGETHER, (1, 2)),
    )
    tried: list[History] = []

    def deviates(part: History) -> bool:
        tried.append(part)
        return any(move.kind == TOGETHER and move.jobs.count(0) == 2 for move in part)

    assert shrink(history, deviates) == (Move(TOGETHER, (0, 0)),)
    assert len(tried) == len(set(tried)) <= 40


@pytest.mark.parametrize(
    ("status", "body", "times"),
    [
        (200, b'{"times": 3}', 3),
        (200, b'{"times": 0, "more": 1}', 0),
        (404, b"anything", 0),
        (200, b'{"times": "3"}', None),
        (200, b'{"times": true}', None),
        (200, b'{"times": -1}', None),
        (200, b"<html>", None),
        (200, b"[" * 100_000, None),
        (500, b'{"times": 3}', None),
        (0, b"", None),
    ],
)
def test_answer_about_effects_is_a_count_or_none(status: int, body: bytes, times: int | None) -> None:
    """Only a number that is not negative, or 404."""
    assert times_counted(status, body) == times
