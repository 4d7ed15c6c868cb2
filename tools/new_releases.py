"""Prints how the packages of this environment differ from the lock, and which newer releases it could not install.

The environment `newest` runs it before the tests. When they fail there and pass with the lock, a package of the first
list is the cause. An upper bound of pyproject.toml or of another package excludes a release of the second list.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "locks" / "test.txt"
_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def normal(name: str) -> str:
    """The name of a package as a lock file spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def changed(locked: dict[str, str], installed: dict[str, str]) -> list[str]:
    """A line for each installed package whose release is not the locked one."""
    return [
        f"{name} {locked.get(name, '(not locked)')} -> {version}"
        for name, version in sorted(installed.items())
        if locked.get(name) != version
    ]


def kept_out() -> list[str]:
    """A line for each package that has a newer release than the installed one."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "list", "--outdated", "--format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [f"unknown: `pip list --outdated` failed: {done.stderr.strip()}"]
    return [
        f"{row['name']} {row['version']}; {row['latest_version']} is released: to test it, run "
        f"`{sys.executable} -m pip install {row['name']}=={row['latest_version']}`, then the tests"
        for row in json.loads(done.stdout)
        if normal(row["name"]) not in {"pip", "setuptools"}
    ]


def main() -> int:
    """Print both lists; returns the exit code."""
    installed = {normal(one.name): one.version for one in distributions()}
    for own in ("ciq-kit", "pip", "setuptools"):
        installed.pop(own, None)
    locked = dict(_PIN.findall(LOCK.read_text(encoding="utf-8")))
    for title, lines in (
        ("Packages that differ from locks/test.txt", changed(locked, installed)),
        ("Newer releases that an upper bound keeps out", kept_out()),
    ):
        print(f"{title}:", *(lines or ["none"]), sep="\n  ", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
