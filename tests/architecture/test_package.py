"""Wheel and sdist are complete and work in an empty environment. Slow: builds and installs."""

import json
import os
import re
import subprocess
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from documents import commands, shell_line_after
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sources import PACKAGES, ROOT
from test_commands import INSTALLS

from ciq_schemas.requirement import load_registry
from tools import sbom

pytestmark = pytest.mark.slow

CLEAN = {
    key: value for key, value in os.environ.items() if not key.startswith(("CIQ_", "PYTHON", "PYTEST_", "VIRTUAL_"))
}


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without this test's own environment; the assertion shows its output."""
    done = subprocess.run(arguments, cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done


def empty_environment(folder: Path, *requirements: str | Path) -> Path:
    """A new virtual environment with these packages only; returns its bin folder."""
    venv.create(folder, with_pip=True)
    bin_folder = folder / "bin"
    run(bin_folder / "pip", "install", "-q", *requirements, cwd=folder)
    return bin_folder


def fresh_clone(folder: Path) -> Path:
    """A clone with the committed files only."""
    run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder), cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with wheel and sdist, the wheel built from the sdist."""
    work = tmp_path_factory.mktemp("dist")
    tools = empty_environment(work / "tools", "build")
    run(tools / "python", "-m", "build", "--outdir", work / "out", fresh_clone(work / "clone"), cwd=work)
    return work / "out"


def test_wheel_contains_exactly_the_files_of_the_packages(dist: Path) -> None:
    """Data files and type markers are included."""
    (wheel,) = dist.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = run("git", "ls-files", *(str(path) for path in PACKAGES.values()), cwd=ROOT).stdout.split()
    assert names == {name.partition("/")[2] for name in tracked}
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_wheel_contains_bill_of_materials(dist: Path) -> None:
    """It is that of the committed lock file."""
    (wheel,) = dist.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/sboms/ciq-kit.cdx.json")]
    assert archive.read(name).decode() == sbom.written()


def test_sdist_contains_tests_and_documents(dist: Path) -> None:
    """The kit can be tested from it."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "tox.ini", "docs/requirements.md", "tests/architecture/test_package.py"} <= names


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_wheel_with_suite_extra_runs_in_empty_environment(kind: str, dist: Path, tmp_path: Path) -> None:
    """`ciq` shows its help, finds its data files, and the embedded mock conforms."""
    (archive,) = dist.glob(kind)
    ciq = empty_environment(tmp_path / "env", f"{archive}[suite]") / "ciq"
    assert "requirements" in run(ciq, "--help", cwd=tmp_path).stdout
    listed = json.loads(run(ciq, "requirements", "--json", cwd=tmp_path).stdout)
    assert [row["id"] for row in listed] == list(load_registry().by_id)
    run(ciq, "run", "-k", "QUE-00?", "--feature", "media", "--output", tmp_path / "out", cwd=tmp_path)
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000


def test_wheel_without_extras_provides_contract_mock_and_plugin(dist: Path, tmp_path: Path) -> None:
    """All three can be imported."""
    (wheel,) = dist.glob("*.whl")
    python = empty_environment(tmp_path / "env", wheel) / "python"
    program = "import ciq_schemas.codec, ciq_mock.server; print(ciq_mock.server.MockServer.__name__)"
    assert run(python, "-c", program, cwd=tmp_path).stdout.strip() == "MockServer"


def installed(clone: Path) -> dict[str, str]:
    """The packages of the environment in a clone and their releases, without the kit and pip."""
    listed = json.loads(run(clone / ".venv" / "bin" / "pip", "list", "--format=json", cwd=clone).stdout)
    found = {canonicalize_name(row["name"]): row["version"] for row in listed}
    return {name: version for name, version in found.items() if name not in ("ciq-kit", "pip")}


def locked(*names: str) -> dict[str, str]:
    """The packages that lock files give to this Python, and their releases."""
    texts = [(ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8") for name in names]
    pins = [Requirement(pin) for text in texts for pin in re.findall(r"^(\w[^\\#\n]*?) *\\$", text, re.MULTILINE)]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def test_first_command_of_readme_works_in_fresh_clone(tmp_path: Path) -> None:
    """It runs the embedded mock, which conforms, and writes the report."""
    clone = fresh_clone(tmp_path / "clone")
    done = run("bash", "-c", shell_line_after("the first run"), cwd=clone)
    assert done.stdout.strip()
    assert installed(clone) == locked("build", "suite")
    assert (clone / "ciq-report" / "report.html").is_file()


def test_other_documented_install_lines_work(tmp_path: Path) -> None:
    """`.ci/run` covers the test command itself."""
    known = {shell_line_after("the first run"), shell_line_after("the test command")}
    lines = {command.text for command in commands() if command.text.startswith(INSTALLS)} - known
    assert lines, "CONTRIBUTING.md has lost its install line"
    for number, line in enumerate(sorted(lines)):
        clone = fresh_clone(tmp_path / f"clone{number}")
        run("bash", "-c", line, cwd=clone)
        assert installed(clone) == locked("build", "test", "tools")
        run(clone / ".venv" / "bin" / "ciq", "--help", cwd=clone)
