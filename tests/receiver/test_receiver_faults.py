"""Each fault of a receiver is detected by the requirement that it breaks; a receiver without faults is never blamed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from kill_list import KILLS, Killed, free_port, receiving, restartable, run_against, run_of

from ciq_conformance.judge.selection import items_by_name
from ciq_conformance.judge.verdict import judge_run
from ciq_conformance.runner.execution import RunResult
from ciq_schemas.requirement import RECEIVER, load_registry
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange, Footer, Header, Level, Outcome, Verdict

ANSWERED_BELOW_500 = {f"RCV-0{number}" for number in range(60, 73)} | {"RCV-021"}
SHOWN_BY_STATUS = (
    ANSWERED_BELOW_500
    | {one.id for one in load_registry() if one.set == RECEIVER and "accept" in one.title}
    | {"RCV-073"}
)
QUICK = {"RCV-003", "RCV-006", "RCV-013", "RCV-030", "RCV-041", "RCV-043", "RCV-067"}
RED = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN}


def _name(killed: Killed) -> str:
    return f"{killed.fault}-{killed.breaks}"


def _marked(killed: Killed) -> object:
    marks = [] if killed.breaks in QUICK else [pytest.mark.slow]
    return pytest.param(killed, id=_name(killed), marks=marks)


@pytest.mark.parametrize("killed", [_marked(killed) for killed in KILLS])
def test_receiver_fault_is_detected(killed: Killed, tmp_path: Path) -> None:
    """The requirement fails or warns; another id is no detection."""
    result = run_of(killed, tmp_path)
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


def outcomes(result: RunResult) -> dict[str, str]:
    """The outcome of each item, with the reason of one that is no pass."""
    return {
        v.item: v.outcome.value if v.outcome is Outcome.PASS else f"{v.outcome}: {v.seen or v.reason}"
        for v in result.verdicts
    }


def test_careful_receiver_is_not_blamed(tmp_path: Path) -> None:
    """A receiver that asks the service back counts the jobs that the service has run, and no forged one."""
    bind = f"127.0.0.1:{free_port()}"
    with receiving(ask=f"http://{bind}") as address:
        ids = ["RCV-001", "RCV-002", "RCV-041", "RCV-08[234]"]
        result = run_against(address, ids, workflow=None, service_bind=bind, output=tmp_path)
    assert set(outcomes(result).values()) == {"pass"}, outcomes(result)


def test_persistent_receiver_is_not_blamed_for_a_restart(tmp_path: Path) -> None:
    """What it accepted right before it was killed is counted once."""
    with restartable(tmp_path) as (address, command):
        result = run_against(address, ["RCV-080", "RCV-081"], restart_command=command)
    assert set(outcomes(result).values()) == {"pass"}, outcomes(result)


def test_missing_option_leaves_its_requirements_untested() -> None:
    """Restart, forgeries and histories need their options, and the reason names them."""
    with receiving() as address:
        result = run_against(address, ["RCV-08*", "RCV-09*"])
    for verdict in result.verdicts:
        assert verdict.outcome is Outcome.UNTESTED
        assert "give --" in verdict.reason


def test_deviating_history_is_shrunk_to_a_script(tmp_path: Path) -> None:
    """The script needs only Python: it shows the deviation again, and none on a correct receiver."""
    with receiving("check-then-act") as address:
        result = run_against(address, ["RCV-090"], histories=6, seed=7, output=tmp_path)
        assert result.verdicts[0].outcome is Outcome.WARN
        script = tmp_path / "receiver-RCV-090.py"
        command = [sys.executable, "-I", str(script)]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert "was counted" in shown.stdout
    assert len([line for line in shown.stdout.splitlines() if line.startswith("together")]) == 1
    with receiving() as address:
        place = [f"{address}/callbacks", "--seen-url", f"{address}/seen/{{job_id}}"]
        shown = subprocess.run([*command, *place], capture_output=True, text=True, timeout=60, check=False)
    assert (shown.returncode, "no deviation" in shown.stdout) == (0, True), shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("status", "body", "legitimate"),
    [
        (0, "", {"RCV-064"}),  # a closed connection is allowed there
        (500, "", {"RCV-021"}),  # about the time only
        (200, "", SHOWN_BY_STATUS),
        (404, "", ANSWERED_BELOW_500),
    ],
)
def test_nothing_observed_passes_nothing(status: int, body: str, legitimate: set[str]) -> None:
    """With every response emptied, only what a status shows passes: no effect, no count."""
    with receiving() as address:
        result = run_against(address, histories=2, seed=1)
    emptied = [
        msgspec.structs.replace(r, status=status, response_headers=(), response_body=Body(text=body))
        if isinstance(r, Exchange)
        else r
        for r in result.records
        if not isinstance(r, (Verdict, Footer, CallbackReceived))
    ]
    header = result.records[0]
    assert isinstance(header, Header)
    items = items_by_name(load_registry(), header.selected)
    verdicts = judge_run(emptied, items, declared={"workflow": True})
    assert not [v for v in verdicts if v.outcome is Outcome.SUITE_ERROR]
    assert {v.requirement for v in verdicts if v.outcome is Outcome.PASS} <= legitimate


def test_receiver_without_response_is_blamed_once_per_scenario(tmp_path: Path) -> None:
    """A scenario stops after two steps without response; what it did not send is blocked, not passed."""
    with receiving("dies-after-ten-requests") as address:
        result = run_against(address, factor=0.1, output=tmp_path)
    assert result.exit_code == 1
    later = [v for v in result.verdicts if v.scenario == "receiver-transport"]
    assert {v.outcome for v in later} == {Outcome.BLOCKED}
    assert all("stopped responding in the scenario receiver-forms" in v.reason for v in later)
