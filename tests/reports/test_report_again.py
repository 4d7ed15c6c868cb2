"""The command that looks again: it repeats what the run was told, and the seed of what was by chance."""

import shlex
from dataclasses import replace

import msgspec
import pytest
import small_run as run

from ciq_reports.summary import next_steps, rerun_command
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


def test_a_find_of_an_exploring_run_is_repeated_by_number_and_seed() -> None:
    """EXP-* are judged with --explore only, and only the same seed gives the same histories."""
    seen = view("EXP-001", "explore", Outcome.FAIL, *CHANCE, embedded=True)
    command = "ciq run --explore 6 --seed 77 --only EXP-001"
    assert rerun_command(seen, ["EXP-001"]) == command
    assert any(f"`{command}`" in step for step in next_steps(seen))


def test_a_fixed_scenario_needs_no_seed() -> None:
    """Beside an exploring run a requirement of the core set is looked at again without it."""
    seen = view("PAU-001", "order", Outcome.FAIL, *CHANCE, embedded=True)
    assert rerun_command(seen, ["PAU-001"]) == "ciq run --only PAU-001"


def test_flags_are_given_again_and_nothing_else() -> None:
    """Features and patience of the command line count again; environment and profile do so by themselves."""
    asked = shlex.split(rerun_command(view("EXP-003", "explore", Outcome.FAIL, *FLAGS, *CHANCE), ["EXP-003"]))
    assert asked[:4] == ["ciq", "run", "--target", run.URL]
    assert asked[4:10] == ["--feature", "media", "--feature", "pic", "--timeout-factor", "2.0"]
    assert asked[10:] == ["--explore", "6", "--seed", "77", "--only", "EXP-003"]


@pytest.mark.parametrize(("scenario", "wanted"), [("explore", True), ("order", False)])
def test_a_warning_by_chance_has_its_command(scenario: str, wanted: bool) -> None:
    """Where nothing is red a warning that only this seed brought about is not lost."""
    steps = next_steps(view("EXP-007", scenario, Outcome.WARN, *CHANCE))
    assert any("After the fix" in step for step in steps) == wanted


def test_a_target_left_changed_leaves_something_to_do() -> None:
    """Whatever the verdicts, a run that could not put a queue back does not say that nothing must be done."""
    fine = view("QUE-001", "queues", Outcome.PASS)
    assert any("No action required" in step for step in next_steps(fine))
    assert fine.footer is not None
    left = replace(fine, footer=msgspec.structs.replace(fine.footer, restored=False))
    steps = next_steps(left)
    assert not any("No action required" in step for step in steps)
    assert any("was not restored" in step for step in steps)
