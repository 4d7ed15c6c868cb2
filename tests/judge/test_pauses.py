"""Tests of certain pauses under concurrent updates: a pause is certain only if every order of the updates gives it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ciq_schemas.transcript.pauses import PauseSpan, StateSetting, certain_pauses, last_requested

INSTANTS = st.integers(0, 40).map(float)
UNTIL = 50.0


@st.composite
def effective_updates(draw: st.DrawFn) -> list[tuple[StateSetting, float]]:
    """Draws updates that may overlap, each with the instant at which it took effect."""
    made = []
    for _ in range(draw(st.integers(1, 7))):
        sent, lasts = draw(INSTANTS), draw(st.integers(1, 9))
        effect = sent + draw(st.floats(0.0, 1.0)) * lasts
        made.append((StateSetting(sent=sent, answered=sent + lasts, paused=draw(st.booleans())), effect))
    return made


def state_at(instant: float, updates: list[tuple[StateSetting, float]]) -> bool | None:
    """Returns the queue's state at an instant: True for Paused, None before any update."""
    done = [(effect, setting.paused) for setting, effect in updates if effect <= instant]
    return max(done)[1] if done else None


@given(updates=effective_updates(), at=st.floats(0.0, 1.0))
def test_certain_pause_holds_for_every_effect_of_the_updates(
    updates: list[tuple[StateSetting, float]], at: float
) -> None:
    """Inside every span the queue is paused, wherever in their intervals the updates took effect."""
    for span in certain_pauses([setting for setting, _ in updates], until=UNTIL):
        assert span.begin < span.end
        assert state_at(span.begin + at * (span.end - span.begin), updates) is not False or at in (0.0, 1.0)


@given(updates=effective_updates())
def test_last_requested_contains_the_final_state(updates: list[tuple[StateSetting, float]]) -> None:
    """Once all updates are answered the state is one of those that `last_requested` allows."""
    assert state_at(UNTIL, updates) in last_requested([setting for setting, _ in updates])


def test_single_pause_lasts_from_its_response_to_the_next_resume() -> None:
    """A pause that no other update overlaps is certain for its whole length."""
    updates = [
        StateSetting(sent=0, answered=1, paused=True),
        StateSetting(sent=5, answered=6, paused=False),
        StateSetting(sent=7, answered=8, paused=True),
    ]
    assert certain_pauses(updates, until=10) == (PauseSpan(1, 5), PauseSpan(8, 10))


def test_pending_resume_makes_a_pause_uncertain() -> None:
    """A resume may take effect until its response, and at any time when no response was received."""
    pause = StateSetting(sent=2, answered=3, paused=True)
    assert certain_pauses([pause, StateSetting(sent=1, answered=4, paused=False)], until=9) == ()
    assert certain_pauses([pause, StateSetting(sent=5, answered=math.inf, paused=False)], until=9) == (PauseSpan(3, 5),)
    assert last_requested([pause, StateSetting(sent=1, answered=math.inf, paused=False)]) == {True, False}
