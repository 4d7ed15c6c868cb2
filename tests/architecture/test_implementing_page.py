"""docs/implementing.md and the service written from it: commands, tables, samples, and a run of the suite."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import commands
from sources import ROOT
from test_commands import PLACEHOLDER, run, shell_environment, stop

from ciq_schemas import read_callback
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Level

DOCUMENT = "docs/implementing.md"
PAGE = (ROOT / DOCUMENT).read_text(encoding="utf-8")
SERVICE = ROOT / "examples" / "media_service"
START = "python examples/media_service/service.py --port 8080"
LONG = {
    f"ciq run --target {PLACEHOLDER} --feature media --level MUST",
    f"ciq run --target {PLACEHOLDER} --feature media",
}
"""Runs of half a minute: narrowed in the fast tests, as printed in the slow ones."""
QUICK = " -k 'QUE-00*' -k SUB-001 -k LIF-002 -k 'SHP-00*'"
SHORT = {
    f"ciq doctor --target {PLACEHOLDER} --feature media",
    f"ciq run --target {PLACEHOLDER} --feature media --area activation --area queues",
    "ciq requirements --feature media --area update",
    "ciq explain LIF-002",
}
MOST_LINES = 500


def start(*options: str) -> tuple[subprocess.Popen[str], str]:
    """Starts the service with the command of the page on a free port; returns it with the address that it prints."""
    command = shlex.split(START.replace("--port 8080", "--port 0"))
    server = subprocess.Popen(
        [sys.executable, *command[1:], *options],
        cwd=ROOT,
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of the running service; its jobs are short."""
    server, found = start("--job-seconds", "0.1")
    yield found
    assert stop(server) == 0


def test_page_has_exactly_the_tested_commands() -> None:
    """A command that is added to the page is added here."""
    assert {command.text for command in commands() if command.document == DOCUMENT} == {START} | SHORT | LONG


@pytest.mark.parametrize("command", sorted(SHORT))
def test_short_command_of_page_exits_with_zero(command: str, address: str, tmp_path: Path) -> None:
    """The commands run against the service as printed."""
    done = run(command.replace(PLACEHOLDER, address), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", sorted(LONG))
def test_narrowed_run_of_page_conforms(command: str, address: str, tmp_path: Path) -> None:
    """Queues, submits and callbacks of the service pass."""
    done = run(command.replace(PLACEHOLDER, address) + QUICK, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    assert (tmp_path / "ciq-report" / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "1"), ("--workers", "10", "--job-seconds", "0.05")])
@pytest.mark.parametrize("command", sorted(LONG))
def test_whole_run_of_page_conforms(command: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """The service passes every MUST and SHOULD, with one worker or many, and after a deactivation."""
    server, found = start(*options)
    try:
        done = run(f"CIQ_DEACTIVATE=true {command.replace(PLACEHOLDER, found)}", tmp_path, timeout=600)
    finally:
        code = stop(server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert code == 0
    assert not re.search(r"^\W*(FAIL|WARN|BLOCKED)", done.stdout, re.MULTILINE), done.stdout


def test_feature_table_of_page_agrees_with_contract() -> None:
    """Paths, elements, names and categories are those of the feature table."""
    rows = re.findall(r"^\| (media|speech|doc) \| (.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for name, cells in rows:
        spec = FEATURES[Feature(name)]
        bucket, queues, jobs, element, queue, category = (re.findall(r"`([^`]+)`", cell) for cell in cells.split(" | "))
        assert (bucket, queues, element) == ([spec.bucket_path], [spec.queue_path], [spec.bucket_element])
        assert jobs == list(spec.job_paths)
        assert (queue, category) == ([spec.queue_names[0]], [spec.categories[0]])


def test_requirements_of_requests_that_must_fail_are_bold_if_they_are_musts() -> None:
    """The levels are those of the registry."""
    section = PAGE.partition("## Requests that must fail")[2].partition("\nNo rejected request")[0]
    found = re.findall(r"(\*\*)?\b([A-Z]{3}-\d{3})\b", section)
    assert len(found) > 20
    wrong = [name for bold, name in found if bool(bold) != (load_registry().get(name).level is Level.MUST)]
    assert not wrong, f"bold in {DOCUMENT} must mean MUST: {wrong}"


def test_callback_samples_of_page_are_valid_and_equal() -> None:
    """The XML and the JSON sample are one callback, which satisfies the contract; JSON omits the empty Message."""
    bodies = re.findall(r"^```(?:xml|json)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    xml, json = (read_callback(body.encode()) for body in bodies if "TaskFinish" in body)
    assert not xml.problems
    assert not json.problems
    assert str(xml.value).replace("'Message': '', ", "") == str(json.value)


def test_service_is_small_and_uses_only_the_standard_library() -> None:
    """It has fewer than 500 lines, blank ones aside, and imports no module of the kit."""
    modules = {path.stem: path.read_text(encoding="utf-8") for path in SERVICE.glob("*.py")}
    lines = [line for text in modules.values() for line in text.splitlines() if line.strip()]
    assert len(lines) < MOST_LINES
    for text in modules.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                )
                for name in names:
                    top = name.partition(".")[0]
                    assert top in sys.stdlib_module_names or top in modules, name
