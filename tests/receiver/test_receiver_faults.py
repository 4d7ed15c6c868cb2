"""Each fault of a receiver is detected by the requirement that it breaks; a receiver without faults is never blamed."""

from __future__ import annotations

import pytest
from kill_list import KILLS, Killed, receiving, run_against

from ciq_schemas.requirement import RECEIVER, load_registry
from ciq_schemas.transcript.records import Level, Outcome

QUICK = {"RCV-003", "RCV-006", "RCV-013", "RCV-030", "RCV-041", "RCV-043", "RCV-067"}
RED = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN}


def _name(killed: Killed) -> str:
    return f"{killed.fault}-{killed.breaks}"


def _marked(killed: Killed) -> object:
    marks = [] if killed.breaks in QUICK else [pytest.mark.slow]
    return pytest.param(killed, id=_name(killed), marks=marks)


@pytest.mark.parametrize("killed", [_marked(killed) for killed in KILLS])
def test_receiver_fault_is_detected(killed: Killed) -> None:
    """The requirement fails or warns; another id is no detection."""
    with receiving(killed.fault) as address:
        result = run_against(address, [killed.breaks], features=(killed.feature,), factor=killed.factor)
    level = load_registry().get(killed.breaks).level
    assert RED[level] in {verdict.outcome for verdict in result.verdicts}, [
        (verdict.outcome, verdict.seen or verdict.reason) for verdict in result.verdicts
    ]


def test_receiver_without_fault_is_not_blamed() -> None:
    """Every requirement passes, notes excepted."""
    with receiving() as address:
        result = run_against(address)
    wrong = [v for v in result.verdicts if v.outcome is not Outcome.PASS and v.level is not Level.NOTE]
    assert [(v.item, v.outcome, v.seen or v.reason) for v in wrong if v.outcome is not Outcome.UNTESTED] == []


def test_list_has_forty_faults_and_breaks_every_binding_requirement() -> None:
    """Every MUST and SHOULD on receivers has a fault."""
    assert len({killed.fault for killed in KILLS}) >= 40
    binding = {one.id for one in load_registry() if one.set == RECEIVER and one.level is not Level.NOTE}
    assert binding - {killed.breaks for killed in KILLS} == set()
