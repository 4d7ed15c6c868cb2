"""`ciq run --fuzz`: the FUZ requirements are judged only with the option, and a verdict names the defect."""

from __future__ import annotations

from pathlib import Path

from cli_runs import run_suite
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_conformance.judge.selection import Selection, select_items
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Exchange

ON_MEDIA = ("--feature", "media", "--fuzz", "3", "--seed", "1", "-k", "FUZ-*")


def test_the_mock_passes(tmp_path: Path) -> None:
    """The mock fulfils all four requirements for requests of every kind."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), duration=0.01)) as mock:
        trial = run_suite(mock.url, tmp_path, *ON_MEDIA)
    assert trial.code == 0, trial.output
    assert {verdict.outcome for verdict in trial.verdicts} == {"pass"}
    words = {r.step.partition(" ")[0] for r in trial.records if isinstance(r, Exchange) and r.scenario == "fuzz"}
    assert {"schema", "mutated", "hostile", "path", "header", "control"} <= words


def test_a_wrong_error_form_is_named(tmp_path: Path) -> None:
    """A target with another error form gets a warning for FUZ-002."""
    with Miniature(Traits(fault="error_form")) as target:
        trial = run_suite(target.url, tmp_path, *ON_MEDIA)
    assert "FUZ-002" in trial.red(), trial.output


def test_fuzz_requirements_are_judged_only_with_the_option() -> None:
    """Without the option a run of all features does not judge them."""
    chosen = select_items(load_registry(), tuple(Feature), Selection())
    assert not [item.name for item in chosen if item.requirement.set == "fuzz"]
