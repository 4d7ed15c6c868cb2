"""Installs the official SDKs of Node, Go and Java into a folder: `python tests/sdk/fetch_sdks.py FOLDER`.

The releases are those of the files in go/ and java/, and the one named here for Node. Exit code 3: a program is missing
or a registry cannot be reached; the message says which, and no test of `tox -e sdk` has run then.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
NODE_SDK = "cos-nodejs-sdk-v5@3.0.0"
UNREACHABLE = 3
_TIMEOUT = 1200


def fetch(what: str, registry: str, command: Sequence[str], folder: Path, **more: str) -> None:
    """Run one command; exit when its program is missing or it fails."""
    if shutil.which(command[0]) is None:
        _give_up(f"{what} needs the program {command[0]}, which is not installed")
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
    if done.returncode:
        _give_up(f"{what} cannot be fetched from {registry}:\n{(done.stderr or done.stdout)[-2000:]}")


def _give_up(message: str) -> None:
    sys.stderr.write(
        f"fetch_sdks: {message}\n"
        "tox -e sdk needs npm, the Go module proxy and Maven Central; the other tests need none of them.\n"
    )
    raise SystemExit(UNREACHABLE)


def main(folder: Path) -> None:
    """Fetch all three."""
    node, libraries = folder / "node", folder / "java"
    for one in (node, libraries):
        one.mkdir(parents=True, exist_ok=True)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(node), NODE_SDK]
    fetch("the SDK of Node", "the npm registry", npm, node)
    fetch(
        "the SDK of Go",
        "the Go module proxy",
        ["go", "build", "-o", str(folder / "go_path"), "."],
        HERE / "go",
        GOFLAGS="",
    )
    maven = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
    shutil.copy(HERE / "java" / "pom.xml", libraries / "pom.xml")
    fetch("the SDK of Java", "Maven Central", maven, libraries)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
