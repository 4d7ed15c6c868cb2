"""The published mutants: page and file agree, their number does not fall, and the runs can be continued."""

from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from sources import ROOT

from tools import mutant_trial, mutants, weak_spots
from tools.mutant_list import OPERATORS, Mutant, digest, module_digest, source
from tools.mutant_trial import INCONCLUSIVE, KILLED, NOT_EXECUTED, SILENT, Result, SuiteRun

STORED = weak_spots.from_json((ROOT / "reports" / "published" / "mutants.json").read_bytes())
LEAST_RUN = 44
LEAST_KILLED = 0.5
"""Bounds of the published file. They only rise."""
MODULE = "ciq_mock/engine/queue.py"


def mutant(occurrence: int = 0, line: int = 1) -> Mutant:
    """A mutant of the queue."""
    return Mutant(module=MODULE, operator="core/AddNot", occurrence=occurrence, line=line, definition="f")


def result(one: Mutant, status: str, text: str = "") -> Result:
    """The result of a mutant."""
    return Result(
        key=one.key,
        module=one.module,
        text=text or module_digest(one.module),
        operator="AddNot",
        line=one.line,
        definition=one.definition,
        change="a => not a",
        status=status,
        seen_by=("ABC-001",),
    )


def test_weak_spots_page_is_written_from_published_file() -> None:
    """`python -m tools.mutants` writes both."""
    assert (ROOT / "docs" / "weak-spots.md").read_text(encoding="utf-8") == weak_spots.page(STORED)


def test_published_counts_are_consistent() -> None:
    """Each mutant that has run has one status, and each that was not killed is named."""
    for module in STORED.modules:
        counts = (module.killed, module.silent, module.not_executed, module.equivalent, module.inconclusive)
        assert sum(counts) == module.run <= module.exist, module.module
    for name in ("silent", "not_executed", "equivalent", "inconclusive"):
        assert len(getattr(STORED, name)) == STORED.total(name)
    assert all(spot.note for spot in STORED.equivalent)


def test_published_mutants_do_not_become_fewer_or_weaker() -> None:
    """More mutants may run, and a greater share of them is killed."""
    assert STORED.total("run") >= LEAST_RUN
    assert STORED.killed_share >= LEAST_KILLED


def test_mutated_modules_are_engine_service_delivery_workflow_and_codec() -> None:
    """Every folder has mutants."""
    assert {module.module.rpartition("/")[0] for module in STORED.modules} == set(mutant_trial.MUTATED)


@pytest.mark.parametrize(
    ("operator", "used"),
    [
        ("core/AddNot", True),
        ("core/ReplaceComparisonOperator_Lt_LtE", True),
        ("core/ReplaceComparisonOperator_Is_IsNot", True),
        ("core/ReplaceBinaryOperator_Add_Sub", True),
        ("core/ReplaceBinaryOperator_Add_LShift", False),
        ("core/ReplaceComparisonOperator_Eq_IsNot", False),
    ],
)
def test_operators_that_only_crash_are_left_out(operator: str, used: bool) -> None:
    """`+` becomes `-` and not `<<`."""
    assert bool(OPERATORS.fullmatch(operator)) is used


def test_stopped_runs_continue_from_progress_file(tmp_path: Path) -> None:
    """An incomplete last line is ignored."""
    path = tmp_path / "progress.ndjson"
    first = mutants.Progress(path)
    first.add(mutants._Measured(scenario="order", lines={MODULE: [1, 2]}))
    first.add(mutants._Done(result(mutant(), KILLED)))
    with path.open("ab") as stream:
        stream.write(b'{"type":"done","result":{"key"')
    again = mutants.Progress(path)
    assert again.results == first.results
    assert again.lines == {"order": {MODULE: frozenset({1, 2})}}
    assert again.commit == first.commit


def test_measured_lines_of_other_sources_are_discarded(tmp_path: Path) -> None:
    """The lines that a scenario executes are valid for one state of all sources."""
    path = tmp_path / "progress.ndjson"
    mutants.Progress(path).add(mutants._Measured(scenario="order", lines={MODULE: [1, 2]}))
    path.write_text(path.read_text(encoding="utf-8").replace(digest(), "0" * 16), encoding="utf-8")
    assert not mutants.Progress(path).lines
    mutants.Progress(path).add(mutants._Measured(scenario="pause", lines={MODULE: [3]}))
    assert mutants.Progress(path).lines == {"pause": {MODULE: frozenset({3})}}


def test_result_is_valid_while_its_module_is_unchanged(tmp_path: Path) -> None:
    """A change of another module discards no result; a changed or deleted module discards its own."""
    path = tmp_path / "progress.ndjson"
    progress = mutants.Progress(path)
    gone = Mutant(module="ciq_mock/engine/gone.py", operator="core/AddNot", occurrence=0, line=1, definition="f")
    progress.add(mutants._Done(result(mutant(0), KILLED)))
    progress.add(mutants._Done(result(mutant(1), KILLED, "0" * 16)))
    progress.add(mutants._Done(result(gone, KILLED, "0" * 16)))
    path.write_text(path.read_text(encoding="utf-8").replace(digest(), "0" * 16), encoding="utf-8")
    assert set(mutants.Progress(path).results) == {mutant(0).key}


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (SuiteRun(code=1, red=("PRI-001",), blocked=(), open=()), KILLED),
        (SuiteRun(code=1, red=(), blocked=("ACT-001",), open=()), KILLED),
        (SuiteRun(code=3, red=(), blocked=(), open=()), KILLED),
        (SuiteRun(code=5, red=(), blocked=(), open=("PAU-001",)), INCONCLUSIVE),
        (SuiteRun(code=0, red=("OLD-001",), blocked=(), open=()), SILENT),
        (SuiteRun(code=0, red=(), blocked=(), open=()), SILENT),
    ],
)
def test_mutant_is_killed_if_the_run_deviates(
    run: SuiteRun, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blocked MUST ends a run with exit code 1; what is red without the mutant does not count."""
    monkeypatch.setattr(mutant_trial, "run_suite", lambda *_: run)
    monkeypatch.setattr(mutant_trial, "running_mock", lambda *_: nullcontext("http://127.0.0.1:1"))
    assert mutant_trial._judge(tmp_path, ["queues"], frozenset({"OLD-001"}))[0] == status


def test_killed_mutant_with_a_reason_is_not_equivalent(tmp_path: Path) -> None:
    """A silent mutant with a reason is."""
    progress = mutants.Progress(tmp_path / "progress.ndjson")
    ones = [mutant(number) for number in range(5)]
    for one, status in zip(ones, (KILLED, SILENT, SILENT, NOT_EXECUTED), strict=False):
        progress.add(mutants._Done(result(one, status)))
    found = mutants.published(progress, ones, {ones[0].key: "why", ones[1].key: "why"})
    (module,) = found.modules
    assert (module.exist, module.run) == (5, 4)
    assert (module.killed, module.silent, module.equivalent, module.not_executed) == (1, 1, 1, 1)
    assert found.killed_share == 0.5
    assert "4 of 5 mutants were run" in weak_spots.headline(found)


def test_candidates_are_scenarios_that_execute_the_statement() -> None:
    """A mutant belongs to the statement that contains it; the most specific scenario is first."""
    text = source(MODULE).read_text(encoding="utf-8").splitlines()
    line = next(number for number, one in enumerate(text, 1) if one.startswith("        self."))
    lines = {
        "wide": {MODULE: frozenset({line, 1, 2})},
        "narrow": {MODULE: frozenset({line})},
        "other": {MODULE: frozenset({1})},
    }
    assert mutant_trial.candidates(mutant(line=line), lines) == ["narrow", "wide"]


def test_mutant_that_no_scenario_executes_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree is restored."""
    monkeypatch.setattr(mutant_trial.subprocess, "run", lambda *_, **__: None)
    tree = mutant_trial.make_tree(tmp_path / "tree")
    before = (tree / MODULE).read_bytes()
    found = mutant_trial.try_mutant(mutant(), {}, tree, "cosmic-ray", frozenset())
    assert found.status == NOT_EXECUTED
    assert (tree / MODULE).read_bytes() == before


def test_scenarios_for_one_worker_run_apart() -> None:
    """The first stage has the most specific scenarios only."""
    names = ["queues", "order", "update", "submit", "describe", "cancel"]
    assert mutant_trial.stages(names) == [
        (["queues", "update", "submit", "describe"], 8),
        (["order"], 1),
        (["cancel"], 8),
    ]


def test_published_file_is_readable_json() -> None:
    """It names the tool, the sources and the requirement set."""
    stored = msgspec.json.decode((ROOT / "reports" / "published" / "mutants.json").read_bytes())
    assert stored["tool"] == mutants.TOOL
    assert stored["requirement_set"].startswith("core-")
