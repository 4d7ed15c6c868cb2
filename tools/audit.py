"""Looks for known vulnerabilities in every package of the lock files, with pip-audit: `tox -e audit`.

pip-audit reads its data from https://pypi.org (or, with `--vulnerability-service osv`, from https://api.osv.dev). Where
these cannot be reached, as on the machines on which the kit was written, nothing is audited: the program says so and
exits 3. An audit that did not happen must not look like one without findings.

Exit codes: 0 no known vulnerability, 1 at least one, 3 not audited. Further arguments go to pip-audit.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("build", "suite", "test", "tools")
NOT_AUDITED = 3
_SECONDS = 600


def findings(output: str) -> list[str] | None:
    """One line for each vulnerability in the JSON of pip-audit; None when the text is no such document."""
    try:
        packages = json.loads(output)["dependencies"]
        return [
            f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or '-'}"
            for package in packages
            for found in package.get("vulns", ())
        ]
    except (ValueError, KeyError, TypeError):
        return None


def audit(lock: Path, arguments: Sequence[str]) -> tuple[list[str] | None, str]:
    """Audits one lock file. Returns the findings, None when it was not audited, and the reason for that."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    options = ["--disable-pip", "--require-hashes", "--requirement", str(lock)]
    try:
        done = subprocess.run(
            [*command, *options, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"pip-audit did not end within {_SECONDS} s"
    found = findings(done.stdout)
    last = (done.stderr.strip().splitlines() or [f"pip-audit exited {done.returncode} without a message"])[-1]
    return found, last


def main(arguments: Sequence[str]) -> int:
    """Audits all lock files; prints the findings; returns the exit code."""
    known: dict[str, None] = {}
    for name in LOCKS:
        lock = ROOT / "locks" / f"{name}.txt"
        found, reason = audit(lock, arguments)
        if found is None:
            print(f"audit: NOT AUDITED: locks/{lock.name}: {reason}", file=sys.stderr)
            print(
                "audit: pip-audit must be installed and reach its data (https://pypi.org, or https://api.osv.dev with "
                "`-- --vulnerability-service osv`). Run `tox -e audit` where the network is.",
                file=sys.stderr,
            )
            return NOT_AUDITED
        known |= dict.fromkeys(found)
    for line in known:
        print(f"audit: {line}")
    print(f"audit: {len(known)} known vulnerabilities in {len(LOCKS)} lock files")
    return 1 if known else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
