"""Tests of the note that says why features run one after the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ciq_conformance.areas.isolation import SPEC
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds
from ciq_conformance.judge.verdict import verdict_of
from ciq_conformance.runner import session
from ciq_conformance.runner.session import RunSession
from ciq_schemas.features import Feature


def note_for(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> str:
    """Returns the note of a session in which each isolation requirement has this finding; empty without one."""
    monkeypatch.setattr(session, "judge_item", lambda item, *_: verdict_of(item, finding))
    notes: list[str] = []
    recorder = SimpleNamespace(records=[], record_event=lambda *event: notes.append(event[-1]))
    run: Any = SimpleNamespace(recorder=recorder, client=SimpleNamespace(redaction=SimpleNamespace(text=str)))
    session_of_run = object.__new__(RunSession)
    session_of_run.run = cast(Any, run)
    disturbed = session_of_run._features_disturb_each_other([(Feature.MEDIA, SPEC)])
    assert disturbed == bool(notes)
    return notes[0] if notes else ""


def test_dependence_is_claimed_only_where_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deviation says that features are not independent; a blocked scenario says that nothing was judged."""
    seen = note_for(deviates("own queues", "the speech queue is paused as well", witness=(1,)), monkeypatch)
    assert "they are not independent: ONE-008-media: the speech queue is paused as well" in seen
    unknown = note_for(blocked("the suite could not list the other queues"), monkeypatch)
    assert "their isolation was not judged" in unknown
    assert "not independent" not in unknown
    assert note_for(holds("unchanged"), monkeypatch) == ""
