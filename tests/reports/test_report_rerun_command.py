"""The suggested command repeats the options of the run, and the seed for findings of random histories."""

import shlex
from dataclasses import replace

import msgspec
import pytest
import small_run as run

from ciq_reports.next_steps import next_steps, rerun_command
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Footer, Header, Level, Outcome, Setting, Verdict

CHANCE = (
    Setting(name="explore", value="6", origin="--explore"),
    Setting(name="seed", value="77", origin="the run's id"),
)
FLAGS = (
    Setting(name="features", value="media, pic", origin="--feature"),
    Setting(name="timeout_factor", value="2.0", origin="--timeout-factor"),
    Setting(name="region", value="ap-beijing", origin="environment CIQ_REGION"),
    Setting(name="secret_key", value="***", origin="CIQ_SECRET_KEY"),
)


def view(requirement: str, scenario: str, outcome: Outcome, *settings: Setting, embedded: bool = False) -> RunView:
    """A run with one finding."""
    header = msgspec.structs.replace(run.HEADER, features=("media", "pic"), settings=settings)
    target = msgspec.structs.replace(header.target, embedded=embedded)
    level = Level.MUST if outcome is Outcome.FAIL else Level.SHOULD
    verdict = Verdict(requirement=requirement, level=level, outcome=outcome, scenario=scenario, feature="media")
    code = ExitCode.DEVIATES if outcome is Outcome.FAIL else ExitCode.CONFORMS
    footer = Footer(ended_at="2026-01-02T03:04:05Z", duration=1.0, exit_code=code, counts={}, restored=True)
    records: tuple[AnyRecord, ...] = (msgspec.structs.replace(header, target=target), verdict, footer)
    assert isinstance(records[0], Header)
    return RunView.of(records)


def test_command_for_explore_finding_has_number_and_seed() -> None:
    """EXP-* are judged with --explore only, and only the same seed gives the same histories."""
    seen = view("EXP-001", "explore", Outcome.FAIL, *CHANCE, embedded=True)
    command = "ciq run --explore 6 --seed 77 --only EXP-001"
    assert rerun_command(seen, ["EXP-001"]) == command
    assert any(f"`{command}`" in step for step in next_steps(seen))


def test_command_for_fixed_scenario_has_no_seed() -> None:
    """This holds also if the run explored random histories."""
    seen = view("PAU-001", "order", Outcome.FAIL, *CHANCE, embedded=True)
    assert rerun_command(seen, ["PAU-001"]) == "ciq run --only PAU-001"


def test_command_repeats_command_line_options_only() -> None:
    """Environment variables and the profile apply without being repeated."""
    arguments = shlex.split(rerun_command(view("EXP-003", "explore", Outcome.FAIL, *FLAGS, *CHANCE), ["EXP-003"]))
    assert arguments[:4] == ["ciq", "run", "--target", run.URL]
    assert arguments[4:10] == ["--feature", "media", "--feature", "pic", "--timeout-factor", "2.0"]
    assert arguments[10:] == ["--explore", "6", "--seed", "77", "--only", "EXP-003"]


@pytest.mark.parametrize(("scenario", "expected"), [("explore", True), ("order", False)])
def test_warning_of_explore_run_has_a_command(scenario: str, expected: bool) -> None:
    """Without a failure the command is shown for a warning that only this seed shows."""
    steps = next_steps(view("EXP-007", scenario, Outcome.WARN, *CHANCE))
    assert any("After the fix" in step for step in steps) == expected


def test_target_not_restored_is_a_next_step() -> None:
    """A run that could not restore a queue does not report that no action is required."""
    fine = view("QUE-001", "queues", Outcome.PASS)
    assert any("No action required" in step for step in next_steps(fine))
    assert fine.footer is not None
    left = replace(fine, footer=msgspec.structs.replace(fine.footer, restored=False))
    steps = next_steps(left)
    assert not any("No action required" in step for step in steps)
    assert any("was not restored" in step for step in steps)
