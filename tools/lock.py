"""Writes the lock files in locks/ from pyproject.toml, with `uv pip compile`.

Run it with `tox -e lock`. It keeps the releases that are locked already and that pyproject.toml still allows;
`tox -e lock -- --upgrade` takes the newest release of everything, `-- --upgrade-package NAME` of one package.
All files are taken from one resolution, so that a package has the same release in each of them.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
PROJECT = ROOT / "pyproject.toml"
CONTENTS = {
    "build": ["--group", f"{PROJECT}:build"],
    "suite": [str(PROJECT), "--extra", "suite"],
    "test": [str(PROJECT), "--extra", "test"],
    "tools": ["--group", f"{PROJECT}:tools"],
}
"""Each lock file and what it is made of."""


def compile_to(target: Path, *arguments: str) -> None:
    """Resolve for every platform and every Python from the oldest that the project supports."""
    with PROJECT.open("rb") as file:
        oldest = tomllib.load(file)["project"]["requires-python"].removeprefix(">=")
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", oldest]
    shown = ["--custom-compile-command", "tox -e lock"]
    subprocess.run([*command, *shown, "--output-file", target, *arguments], cwd=ROOT, check=True)


def pins(path: Path) -> list[str]:
    """The lines `name==version` of a lock file, with their markers and without hashes."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removesuffix("\\").strip() for line in lines if line[:1].isalnum()]


def main(options: list[str]) -> int:
    """Write all lock files; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder) / "everything.txt"
        kept = {pin for path in LOCKS.glob("*.txt") for pin in pins(path)}
        everything.write_text("\n".join(sorted(kept)), encoding="utf-8")
        try:
            compile_to(everything, *(argument for contents in CONTENTS.values() for argument in contents), *options)
            for name, contents in CONTENTS.items():
                # uv keeps the releases that it finds in its output file.
                (Path(folder) / f"{name}.txt").write_text("\n".join(pins(everything)), encoding="utf-8")
                compile_to(Path(folder) / f"{name}.txt", *contents, "--generate-hashes")
        except subprocess.CalledProcessError as error:
            print("tools/lock.py: uv did not resolve pyproject.toml (see above); locks/ is unchanged.", file=sys.stderr)
            return error.returncode
        for name in CONTENTS:
            shutil.copyfile(Path(folder) / f"{name}.txt", LOCKS / f"{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
