"""Every fault of the reference mock turns the requirement that it names red, by its verdict.

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
OPEN: dict[str, str] = {}
"""Faults that no verdict names yet, and why: gaps of the suite. One that is closed must leave this table."""


def fault(name: str) -> KnownFault:
    """The fault of that name."""
    return next(one for one in known_faults() if one.name == name)


def _open(name: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.xfail(reason=OPEN[name]))


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_is_seen(name: str) -> None:
    """The requirement that the fault breaks fails or warns; another id or a crash is no detection."""
    kill = kill_matrix.try_fault(fault(name))
    assert kill.detected, f"{name}: {kill.requirement} is {kill.outcomes}: {kill.seen}"


def test_the_same_story_without_a_fault_is_green() -> None:
    """The way of trying faults blames nothing by itself: without one the same run has nothing red."""
    registry = load_registry()
    for name in QUICK:
        requirement = registry.get(fault(name).breaks)
        result = kill_matrix.run_against(requirement, requirement.features[0], ())
        assert not [v.item for v in result.verdicts if v.outcome in ("fail", "warn")], name


def test_faults_name_what_they_break() -> None:
    """Each fault has a name of its own, a sentence, one seam at least, and breaks a MUST or SHOULD with a check."""
    registry = load_registry()
    assert len(FAULTS) >= FEWEST
    for name, one in FAULTS.items():
        requirement = registry.get(one.breaks)
        assert name == one.name == name.lower()
        assert one.seam
        assert one.says.endswith(".")
        assert requirement.level in (Level.MUST, Level.SHOULD), name
        assert not requirement.untested, name
        assert one.shows_on is None or one.shows_on in requirement.features


def test_every_binding_requirement_has_a_fault() -> None:
    """No MUST and no SHOULD, of the core, of workflows and of templates, goes without a fault that breaks it."""
    assert uncovered(known_faults()) == ()


def test_a_missed_fault_is_tried_again_and_told_of() -> None:
    """What chance has hidden is found by a later run, which the matrix counts; what stays hidden is missed."""
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
    assert "fail, seen in 3 runs" in page
    assert "MISSED (pass), not seen in 3 runs" in page
    assert "1 seen in a later run only" in page


def test_faults_compose() -> None:
    """A mock takes several faults at once; a name nobody knows is refused before it answers."""
    with MockServer(MockSettings(faults=("fifo", "two-queues", "no-callbacks", "third-callback-lost"))) as mock:
        assert mock.url
    with pytest.raises(SettingError, match="ciq faults"), MockServer(MockSettings(faults=("no-such-fault",))):
        pass


def test_the_published_matrix_is_of_these_faults() -> None:
    """Names, sentences, seams and ids are those of today, and all but the open ones were detected."""
    matrix = kill_page.from_json((PUBLISHED / kill_matrix.JSON).read_bytes())
    today = [(one.name, one.says, one.seam, one.breaks) for one in known_faults()]
    assert [(kill.fault, kill.says, kill.seam, kill.requirement) for kill in matrix.kills] == today, STALE
    assert {kill.fault for kill in matrix.missed} == OPEN.keys()
    assert matrix.uncovered == uncovered(known_faults())
    assert (PUBLISHED / kill_matrix.HTML).read_text(encoding="utf-8") == kill_page.to_html(matrix), STALE


def test_only_a_folder_takes_a_matrix(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without a folder the command says what it expected and exits 2."""
    assert kill_matrix.main([str(tmp_path / "nowhere")]) == 2
    assert "expected the folder" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", [_open(name) if name in OPEN else name for name in FAULTS])
def test_every_fault_is_seen(name: str) -> None:
    """All faults, one after the other."""
    kill = kill_matrix.try_fault(fault(name))
    assert kill.detected, f"{name}: {kill.requirement} is {kill.outcomes}: {kill.seen}"
