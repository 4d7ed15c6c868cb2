"""The lock files in locks/ are current with pyproject.toml, and the script that installs them runs on every Python.

Works without the network: it compares texts and does not resolve anything.
"""

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sources import ROOT

REFRESH = "run `tox -e lock`"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUP = ROOT / "tools" / "setup_env.py"
_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?P<rest>.*(?:\n[ ]+.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One package of a lock file."""

    name: str
    version: str
    hashes: int
    direct: bool
    """Whether uv wrote that pyproject.toml itself requires it."""


def pins(lock: str) -> dict[str, list[Pin]]:
    """The packages of a lock file by name; several where the release depends on the Python."""
    found: dict[str, list[Pin]] = {}
    for entry in _ENTRY.finditer((ROOT / "locks" / f"{lock}.txt").read_text(encoding="utf-8")):
        rest = entry["rest"]
        pin = Pin(entry["name"], entry["version"], rest.count("--hash=sha256:"), "ciq-kit (" in rest)
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def required(lock: str) -> dict[str, Requirement]:
    """The requirements of pyproject.toml that a lock file must satisfy, by name."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    texts = {
        "build": PYPROJECT["dependency-groups"]["build"],
        "suite": [*project["dependencies"], *extras["suite"]],
        "test": [*project["dependencies"], *extras["suite"], *extras["test"]],
        "tools": PYPROJECT["dependency-groups"]["tools"],
    }[lock]
    parsed = map(Requirement, texts)
    return {canonicalize_name(one.name): one for one in parsed if one.name != project["name"]}


LOCKS = ("build", "suite", "test", "tools")


def test_locks_folder_has_exactly_four_files() -> None:
    """They are the files that are compared here."""
    assert sorted(path.name for path in (ROOT / "locks").iterdir()) == [f"{lock}.txt" for lock in LOCKS]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_pyproject(lock: str) -> None:
    """Each requirement has an allowed locked release, and each directly required package is still required."""
    locked, wanted = pins(lock), required(lock)
    for name, requirement in wanted.items():
        assert name in locked, f"locks/{lock}.txt lacks {name}, which pyproject.toml requires: {REFRESH}"
        for pin in locked[name]:
            allowed = requirement.specifier.contains(pin.version, prereleases=True)
            assert allowed, (
                f"locks/{lock}.txt has {name} {pin.version}, pyproject.toml requires {requirement}: {REFRESH}"
            )
    direct = {name for name, found in locked.items() if any(pin.direct for pin in found)}
    assert direct == set(wanted), f"locks/{lock}.txt and pyproject.toml require unlike packages: {REFRESH}"


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_release_has_hashes(lock: str) -> None:
    """pip --require-hashes accepts the file."""
    assert [pin.name for found in pins(lock).values() for pin in found if not pin.hashes] == []


def test_package_has_same_release_in_all_lock_files() -> None:
    """This holds for each package that several lock files contain."""
    releases: dict[str, dict[str, list[str]]] = {}
    for lock in LOCKS:
        for name, found in pins(lock).items():
            releases.setdefault(name, {})[lock] = sorted(pin.version for pin in found)
    unlike = {name: by_lock for name, by_lock in releases.items() if len({tuple(one) for one in by_lock.values()}) > 1}
    assert unlike == {}, REFRESH


def test_build_backend_of_pyproject_is_locked() -> None:
    """The backend that builds the kit comes from locks/build.txt."""
    for text in PYPROJECT["build-system"]["requires"]:
        assert Requirement(text).name in required("build")


def test_tox_has_lock_environments() -> None:
    """Messages and documents name them."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert tox.has_section("testenv:lock")
    assert tox.has_section("testenv:newest")


def test_setup_script_parses_on_old_python() -> None:
    """tools/setup_env.py has no syntax that Python 2.7 or 3.4 lacks, so that they print a message."""
    tree = ast.parse(SETUP.read_text(encoding="utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.YieldFrom, ast.Nonlocal)
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, newer)] == []
    displays = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple | ast.Set)]
    unpacked = [node.lineno for node in displays if any(isinstance(one, ast.Starred) for one in node.elts)]
    assert unpacked == [], "Python 2 has no unpacking inside a list"
    assert all(not node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_setup_script_imports_standard_library_only() -> None:
    """tools/setup_env.py runs without installed packages."""
    tree = ast.parse(SETUP.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported <= sys.stdlib_module_names


def run_setup(*arguments: str, version: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script's main, as if another Python ran it when a version is given."""
    program = (
        "import sys, runpy; path, version, *rest = sys.argv[1:]; sys.argv = [path, *rest]\n"
        "if version: sys.version_info = tuple(map(int, version.split('.')))\n"
        "runpy.run_path(path, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", program, str(SETUP), version, *arguments], capture_output=True, text=True, check=False
    )


def test_setup_script_on_old_python_exits_with_two() -> None:
    """Python 3.10 gets a message with the expected and the found release."""
    done = run_setup("suite", version="3.10.13")
    assert done.returncode == 2
    assert "expected: Python 3.11 or newer" in done.stderr
    assert "found:    Python 3.10.13" in done.stderr
    assert "tools/setup_env.py suite`" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("suite", "test")])
def test_setup_script_with_unknown_arguments_exits_with_two(arguments: tuple[str, ...]) -> None:
    """A missing, unknown or second name gives the list of names; no environment is created."""
    done = run_setup(*arguments)
    assert done.returncode == 2
    assert "expected: one of suite, test, dev, newest" in done.stderr


def test_setup_script_and_pyproject_name_same_oldest_python() -> None:
    """The setting is `requires-python`."""
    found = re.search(r"^OLDEST = \((\d+), (\d+)\)$", SETUP.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert PYPROJECT["project"]["requires-python"] == f">={found[1]}.{found[2]}"
