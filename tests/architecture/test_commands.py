"""Every command in the documents runs here, or the table names the test that runs it."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import DOCUMENTS, commands, inline_code
from sources import ROOT

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings

PLACEHOLDER = "http://127.0.0.1:8080"
SMALL = {
    "ciq run --target http://127.0.0.1:8080 --output ciq-report": "-k QUE-003 --feature media",
    "ciq run --target http://127.0.0.1:8080 -k 'PRI-*' --level MUST --feature media": "",
    "ciq run --target http://127.0.0.1:8080 --baseline known.txt": "-k QUE-003 --feature media",
    "ciq run --target http://127.0.0.1:8080 --explore 10 --fuzz 20": "-k EXP-003 --feature doc --explore 1 --fuzz 1",
}
"""Runs in the documents, with the options that make them small here."""

AS_THEY_ARE = {
    "ciq explain PRI-001",
    "ciq requirements --area pause",
    "ciq show ciq-report --record 4",
    "ciq report ciq-report --summary summary.md --badge badge.svg",
    "ciq compare before after --output comparison.html",
    "ciq dialects",
    "ciq faults 'PAU-*'",
    "ciq doctor --target http://127.0.0.1:8080",
    "ciq judge ciq-report/run.ndjson",
    "ciq check ciq-report/run.ndjson",
    "ciq schema list",
    "pytest --pyargs ciq_conformance.suite --ciq-target http://127.0.0.1:8080 --ciq-feature media --ciq-only 'QUE-00*'",
}
RECEIVER = {
    "ciq receiver http://127.0.0.1:8000/callbacks": "--only RCV-003 --feature media",
    "ciq receiver http://127.0.0.1:8000/callbacks --seen-url 'http://127.0.0.1:8000/seen/{job_id}'": "--only RCV-041",
}
"""Runs against the example that the page starts, with the options that make them small here."""

EXAMPLE = "python3 examples/receivers/starlette_receiver.py --port 8000"

AFTER_A_FAILURE = {
    "ciq repro ciq-report QUE-002 --output repro.py": 0,
    "python3 repro.py http://127.0.0.1:8080": 1,
}
"""Commands that need a run with a failure, in this order, with their exit codes."""

SERVERS = {
    shown: re.sub(r"--port \d+", "--port 0", shown)
    for shown in (
        "ciq mock --port 8443 --tls --tls-ca ca.pem",
        "ciq mock --port 8080",
        "ciq mock --port 8080 --activated all",
        "ciq mock --port 8080 --activated all --workers 1 --clock manual",
        "ciq mock --port 8080 --unknown-inputs refuse --object-mib 4 --store-mib 64",
        "ciq mock --port 8080 --data var/mock",
        "ciq mock --port 8080 --fault last-of-many-leaks",
        "ciq mock --port 8080 --dialect held-shows-submitted --dialect shuffled-elements",
    )
}
IN_A_SHELL = {'eval "$(ciq mock env --url http://127.0.0.1:8443 --tls-ca ca.pem)"'}
"""tests/http/test_client_environment.py runs it, with another port and file."""
OURS = ("CIQ_", "PYTEST_", "GITHUB_STEP_SUMMARY")
ELSEWHERE = "docs/implementing.md"
"""Its commands run in test_implementing_page.py, against the service of that page."""

INSTALLS = "python3 tools/setup_env.py "
"""Install lines run in test_package.py (slow) in a fresh clone; `.ci/run` runs the test command too."""

REFRESHES = "tox -e lock"
"""Needs the network; test_locks.py checks that tox.ini has this environment."""


def shell_environment() -> dict[str, str]:
    """The environment of a user whose PATH starts with the installed kit, without CIQ_ variables."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    return clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def start_mock(folder: Path, command: str = "ciq mock --port 8080") -> tuple[subprocess.Popen[str], str]:
    """Start a mock with a documented command on a free port; return it with the address that it prints."""
    server = subprocess.Popen(
        shlex.split(SERVERS[command]),
        cwd=folder,
        env=shell_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"http://[\w.]+:\d+", line)
    if not found:
        server.kill()
        pytest.fail(f"no address in {line!r}: {server.communicate()[1]}")
    return server, found.group()


def stop(server: subprocess.Popen[str]) -> int:
    """Stop a server; return its exit code."""
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)
    return server.returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all commands of the module: `judge` reads the files of an earlier run."""
    made = tmp_path_factory.mktemp("user")
    (made / "known.txt").write_text("# nothing is known\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Address of the mock that replaces the placeholder of the documents."""
    server, found = start_mock(folder)
    yield found
    stop(server)


def run(command: str, folder: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=shell_environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_documented_commands_are_exactly_the_tested_ones() -> None:
    """The shell blocks contain the commands listed here and install lines, nothing else."""
    here = [command.text for command in commands() if command.document != ELSEWHERE]
    shown = {text for text in here if not text.startswith((INSTALLS, REFRESHES))}
    assert (
        shown
        == SMALL.keys()
        | AS_THEY_ARE
        | SERVERS.keys()
        | AFTER_A_FAILURE.keys()
        | RECEIVER.keys()
        | {EXAMPLE}
        | IN_A_SHELL
    )


@pytest.mark.parametrize("command", sorted(SMALL))
def test_documented_run_conforms_and_writes_three_files(command: str, folder: Path, address: str) -> None:
    """The run is made small."""
    done = run(f"{command.replace(PLACEHOLDER, address)} {SMALL[command]}", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.name for path in (folder / "ciq-report").iterdir()}
    assert written >= {"run.ndjson", "junit.xml", "report.html"}


@pytest.mark.parametrize("command", sorted(AS_THEY_ARE))
def test_documented_command_exits_with_zero(command: str, folder: Path, address: str) -> None:
    """The command prints something."""
    for name in ("ciq-report", "before", "after"):
        if name in command and not (folder / name / "run.ndjson").exists():
            made = run(f"ciq run --target {address} -k QUE-003 --feature media --output {name}", folder)
            assert made.returncode == 0, made.stdout + made.stderr
    done = run(command.replace(PLACEHOLDER, address), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_documented_commands_reproduce_a_failure(tmp_path: Path) -> None:
    """A run of a mock with a fault leaves the failure; the script shows it again."""
    with MockServer(MockSettings(faults=("queue-without-max-size",))) as target:
        run(f"ciq run --target {target.url} -k QUE-002 --feature media --output ciq-report", tmp_path)
        for command, code in AFTER_A_FAILURE.items():
            done = run(command.replace(PLACEHOLDER, target.url), tmp_path, 240)
            assert done.returncode == code, done.stdout + done.stderr


def listens(port: int) -> bool:
    """Whether a server accepts connections at the port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_documented_receiver_runs_conform(tmp_path: Path) -> None:
    """The example starts as documented, and each run against it passes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    started = shlex.split(EXAMPLE.replace("8000", port))
    with subprocess.Popen(started, cwd=ROOT, env=shell_environment(), stderr=subprocess.DEVNULL) as example:
        try:
            while not listens(int(port)):
                assert example.poll() is None
                time.sleep(0.05)
            for command, small in RECEIVER.items():
                done = run(f"{command.replace('8000', port)} {small}", tmp_path)
                assert done.returncode == 0, done.stdout + done.stderr
        finally:
            example.kill()


@pytest.mark.parametrize("command", sorted(SERVERS))
def test_documented_server_starts_and_stops(command: str, tmp_path: Path) -> None:
    """It uses a free port, prints its address and ends without an error."""
    server, found = start_mock(tmp_path, command)
    assert found.startswith("http://")
    assert stop(server) == 0


def test_documented_fixture_example_passes(tmp_path: Path) -> None:
    """The README's example passes exactly as printed."""
    (example,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_shown.py").write_text(example, encoding="utf-8")
    done = run("pytest -q -p no:cacheprovider -W error", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_command_in_running_text_exists() -> None:
    """Every `ciq something` in running text is a command of `ciq --help`."""
    listed = run("ciq --help", Path.cwd())
    assert listed.returncode == 0, listed.stderr
    known = set(re.findall(r"^\W*([a-z]+)\b", listed.stdout, re.MULTILINE))
    for path in DOCUMENTS:
        for code in inline_code(path):
            if found := re.match(r"ciq ([a-z]+)", code):
                assert found.group(1) in known, f"{path.name}: {code}"
