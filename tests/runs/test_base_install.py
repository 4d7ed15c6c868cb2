"""Tests of the command without the extra `suite`: it helps and names what to install."""

import subprocess
import sys
from pathlib import Path

import pytest
from command import environment

WITHOUT_SUITE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    NAMES = {"pytest", "requests", "pytest_httpserver", "jinja2", "hypothesis", "schemathesis"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import importlib.util
_find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in Absent.NAMES else _find(name, package)
sys.argv[0] = "ciq"
from ciq_conformance.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--help"], 0, "Judge a target"),
        (["run", "--help"], 0, "Exit codes"),
        (["mock", "--help"], 0, "reference mock"),
        (["explain", "QUE-003"], 0, "QUE-003"),
        (["run"], 2, "pip install 'ciq-kit[suite]'"),
        (["doctor"], 2, "pip install 'ciq-kit[suite]'"),
        (["receiver", "http://127.0.0.1:9/"], 2, "pip install 'ciq-kit[suite]'"),
    ],
)
def test_command_without_the_suite_extra_names_what_to_install(
    arguments: list[str], code: int, message: str, tmp_path: Path
) -> None:
    """Help, mock and registry work; commands that need the suite name the extra instead of failing at an import."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SUITE, *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
