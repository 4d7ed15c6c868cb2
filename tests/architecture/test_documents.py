"""Documents agree with the code: links, requirement ids, tables and environment names."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest
from documents import DOCUMENTS, inline_code, links, shell_line_after
from sources import ROOT

from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import ExitCode, Outcome

EXAMPLE_IDS = {"ABC-001"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_link_target_exists(path: Path) -> None:
    """Every link inside the project names an existing file."""
    for target in links(path):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_requirement_ids_in_documents_exist(path: Path) -> None:
    """Every id in a document is a requirement."""
    named = set(re.findall(r"\b[A-Z]{3}-\d{3}\b", path.read_text(encoding="utf-8")))
    assert named - EXAMPLE_IDS <= load_registry().by_id.keys()


def test_verdicts_page_lists_all_outcomes_and_exit_codes() -> None:
    """The README has the same exit codes."""
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == [outcome.value for outcome in Outcome]
    codes = re.findall(r"^\| (\d) \| `([A-Z_]+)` \| (.+) \|$", page, re.MULTILINE)
    assert [(int(code), name) for code, name, _ in codes] == [(code.value, code.name) for code in ExitCode]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d) \| (.+) \|$", readme, re.MULTILINE) == [(code, text) for code, _, text in codes]


def test_readme_lists_options_of_pytest_plugin() -> None:
    """The table has every `--ciq-...` option and no other."""
    source = (ROOT / "conformance" / "ciq_conformance" / "pytest_plugin.py").read_text(encoding="utf-8")
    there = set(re.findall(r'addoption\("(--ciq-[a-z-]+)"', source))
    assert there
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"--ciq-[a-z]+(?:-[a-z]+)*", readme)) == there


def test_tox_environments_in_documents_exist() -> None:
    """Every `tox -e` names an environment of tox.ini, and each of them has a description."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    there = {"py"} | {name.partition(":")[2] for name in tox.sections() if name.startswith("testenv:")}
    for path in DOCUMENTS:
        for code in inline_code(path):
            if found := re.match(r"tox -e (\S+)", code):
                assert set(found.group(1).split(",")) <= there, f"{path.name}: {code}"
    assert set(re.split(r",\s*", tox["tox"]["env_list"])) <= there
    for name in tox.sections():
        if name.startswith("testenv"):
            assert tox[name].get("description"), f"tox.ini: {name} has no description"


def test_ci_entry_runs_command_of_readme(tmp_path: Path) -> None:
    """With another README .ci/run runs another command."""
    assert "pytest" in shell_line_after("the test command")
    clone = tmp_path / "project"
    (clone / ".ci").mkdir(parents=True)
    (clone / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (clone / "README.md").write_text("<!-- the test command -->\n```sh\necho from $PWD && false\n```\n")
    git = ["git", "-C", str(clone), "-c", "user.name=t", "-c", "user.email=t@t"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True)
    run = subprocess.run(["bash", str(clone / ".ci" / "run")], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "+ echo from $PWD && false" in run.stdout
    assert str(clone) not in run.stdout.replace("+ echo from", ""), "it must work in a fresh clone"
