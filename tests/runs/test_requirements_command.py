"""Tests of `ciq requirements` and `ciq explain`: filters, forms of output, and usage errors."""

import json
import re

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from ciq_conformance.cli.requirements import explain, requirements
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.seeds import load_seeds
from ciq_schemas.transcript.records import Level

APP = typer.Typer()
APP.command()(requirements)
APP.command()(explain)


def ciq(*arguments: str) -> Result:
    """Runs one of the two commands."""
    return CliRunner(env={"NO_COLOR": "1"}).invoke(APP, arguments)


def listed(*arguments: str) -> list[str]:
    """Returns the ids that `ciq requirements --json` prints."""
    done = ciq("requirements", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [row["id"] for row in json.loads(done.stdout)]


def test_list_has_every_requirement() -> None:
    """Without filters all are listed, as a table and as JSON."""
    assert listed() == list(load_registry().by_id)
    table = ciq("requirements")
    assert table.exit_code == 0
    assert all(requirement.id in table.stdout for requirement in load_registry())


def test_filters_narrow_the_list_together() -> None:
    """Glob, level, feature and area narrow the list, each alone and together."""
    registry = load_registry()
    assert listed("pau-*") == [r.id for r in registry if r.area == "pause"]
    assert listed("--area", "pause") == listed("PAU-*")
    assert listed("--level", "MUST") == [r.id for r in registry if r.level is Level.MUST]
    assert listed("--feature", "doc") == [r.id for r in registry if Feature.DOC in r.features]
    both = listed("PRI-*", "SUB-*", "--feature", "doc", "--level", "MUST")
    assert both == [
        r.id for r in registry if r.id[:3] in {"PRI", "SUB"} and Feature.DOC in r.features and r.level is Level.MUST
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["requirements", "PAUSE-001"], "PAU-001"),
        (["requirements", "--area", "paus"], "pause"),
        (["requirements", "--level", "MAY"], "MUST"),
        (["requirements", "--seeds", "PAU-*"], "remove the filters"),
        (["explain", "PAUSE-002"], "PAU-002"),
        (["explain"], "ID"),
    ],
)
def test_wrong_filter_is_a_usage_error(arguments: list[str], message: str) -> None:
    """A misspelt filter ends with 2, suggests a correction on standard error and prints no list."""
    done = ciq(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not done.stdout


def test_seeds_show_every_sentence() -> None:
    """The seed table shows all sentences of both pages and their requirement ids."""
    pages = json.loads(ciq("requirements", "--seeds", "--json").stdout)
    assert [page["document"] for page in pages] == [page.document for page in load_seeds()]
    assert [len(page["sentence"]) for page in pages] == [page.sentences for page in load_seeds()]
    table = ciq("requirements", "--seeds").stdout
    assert "queue-doc-process-1" in table
    assert "PRI-001" in table


def test_explain_shows_statement_basis_source_and_check() -> None:
    """An explanation has statement, level, basis, each clause, scenario and check of the requirement."""
    text = ciq("explain", "pri-001", "ACT-007").stdout
    printed = " ".join(text.replace("│", " ").split())
    requirement = load_registry().get("PRI-001")
    assert requirement.statement in printed
    assert "MUST: a deviation fails the run" in printed
    assert "documented: a public document states it" in printed
    assert all(clause.document in printed for clause in requirement.clauses)
    assert "Scenario `order`" in printed
    assert "ciq_conformance.areas." in printed
    assert "only with deactivate declared in the profile" in printed


@pytest.mark.parametrize("requirement_id", list(load_registry().by_id))
def test_every_requirement_can_be_explained(requirement_id: str) -> None:
    """Every requirement has a scenario and a check, unless it is declared untested."""
    text = ciq("explain", requirement_id).stdout
    assert requirement_id in text
    assert re.search(r"ciq_conformance\.(areas|receiver)\.", text) or load_registry().get(requirement_id).untested
