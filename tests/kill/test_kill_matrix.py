"""Tests that every fault of the mock makes the verdict of its requirement fail or warn.

All of them take minutes: `tox -e kill`. A handful, blunt and subtle, is in the fast tests.
"""

from pathlib import Path

import msgspec
import pytest
from _pytest.mark import ParameterSet

from ciq_conformance.runner.embedded import KnownFault, known_faults, uncovered
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings, SettingError
from ciq_mock.variants.faults import FAULTS
from ciq_reports import kill_page
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Level
from tools import kill_matrix

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"
STALE = f"reports/published is stale: run `{kill_matrix.COMMAND}` (or tox -e kill)"
QUICK = (
    "user-data-cut",
    "page-repeats",
    "unknown-job-described",
    "one-id-for-all-queues",
    "callback-before-end",
    "callback-user-data-cut",
    "malformed-taken",
    "expired-signature-admitted",
)
FEWEST = 120
OPEN: dict[str, str] = {
    "speech-stays-paused": "PAU-002 is blocked, not failed: scenario submit stalls, and blocks order after one stall",
}
"""Faults that no verdict detects yet, and why: gaps of the suite. A closed gap must leave this table."""


def fault(name: str) -> KnownFault:
    """Returns the fault of that name."""
    return next(one for one in known_faults() if one.name == name)


def _open(name: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.xfail(reason=OPEN[name]))


@pytest.mark.parametrize("name", QUICK)
def test_fault_is_detected(name: str) -> None:
    """The requirement that the fault breaks fails or warns; another id or a crash is no detection."""
    kill = kill_matrix.try_fault(fault(name))
    assert kill.detected, f"{name}: {kill.requirement} is {kill.outcomes}: {kill.seen}"


def test_same_scenario_without_a_fault_passes() -> None:
    """Without a fault the same run has no failure."""
    registry = load_registry()
    for name in QUICK:
        requirement = registry.get(fault(name).breaks)
        result = kill_matrix.run_against(requirement, requirement.features[0], ())
        assert not [v.item for v in result.verdicts if v.outcome in ("fail", "warn")], name


def test_each_fault_names_the_requirement_it_breaks() -> None:
    """Each fault has a unique name, a sentence, at least one override, and breaks a MUST or SHOULD with a check."""
    registry = load_registry()
    assert len(FAULTS) >= FEWEST
    for name, one in FAULTS.items():
        requirement = registry.get(one.breaks)
        assert name == one.name == name.lower()
        assert one.replaces
        assert one.description.endswith(".")
        assert requirement.level in (Level.MUST, Level.SHOULD), name
        assert not requirement.untested, name
        assert one.shows_on is None or one.shows_on in requirement.features


def test_every_binding_requirement_has_a_fault() -> None:
    """Every MUST and SHOULD of the core, workflows and templates has a fault that breaks it."""
    assert uncovered(known_faults()) == ()


def test_missed_fault_is_repeated_and_counted() -> None:
    """A later run may detect a fault that chance had hidden, and the matrix counts the runs; otherwise it is missed."""
    one = fault("fifo")
    matrix = kill_page.from_json((PUBLISHED / kill_matrix.JSON).read_bytes())
    found = next(kill for kill in matrix.kills if kill.fault == one.name)
    missed = msgspec.structs.replace(found, detected=False, outcomes=("pass",))
    answers = iter((missed, found))
    later = kill_matrix.try_again(one, missed, lambda _fault: next(answers))
    assert (later.detected, later.tries) == (True, kill_matrix.TRIES)
    never = kill_matrix.try_again(one, missed, lambda _fault: missed)
    assert (never.detected, never.tries) == (False, kill_matrix.TRIES)
    page = kill_page.to_html(msgspec.structs.replace(matrix, kills=(later, never)))
    assert "fail, detected in 3 runs" in page
    assert "MISSED (pass), not detected in 3 runs" in page
    assert "1 are detected in a later run only" in page


def test_several_faults_apply_together() -> None:
    """A mock accepts several faults at once; an unknown name is rejected before the mock starts."""
    with MockServer(MockSettings(faults=("fifo", "two-queues", "no-callbacks", "third-callback-lost"))) as mock:
        assert mock.url
    with pytest.raises(SettingError, match="ciq faults"), MockServer(MockSettings(faults=("no-such-fault",))):
        pass


def test_published_matrix_lists_the_current_faults() -> None:
    """Names, sentences, overrides and ids are the current ones, and all but the open faults were detected."""
    matrix = kill_page.from_json((PUBLISHED / kill_matrix.JSON).read_bytes())
    today = [(one.name, one.description, one.replaces, one.breaks) for one in known_faults()]
    assert [(kill.fault, kill.description, kill.replaces, kill.requirement) for kill in matrix.kills] == today, STALE
    assert {kill.fault for kill in matrix.missed} == OPEN.keys()
    assert matrix.uncovered == uncovered(known_faults())
    assert (PUBLISHED / kill_matrix.HTML).read_text(encoding="utf-8") == kill_page.to_html(matrix), STALE


def test_missing_folder_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without a folder the command prints what it expected and exits with 2."""
    assert kill_matrix.main([str(tmp_path / "nowhere")]) == 2
    assert "expected the folder" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", [_open(name) if name in OPEN else name for name in FAULTS])
def test_every_fault_is_detected(name: str) -> None:
    """Runs all faults, one after the other."""
    kill = kill_matrix.try_fault(fault(name))
    assert kill.detected, f"{name}: {kill.requirement} is {kill.outcomes}: {kill.seen}"
