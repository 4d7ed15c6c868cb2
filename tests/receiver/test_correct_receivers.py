"""Correct receivers in different frameworks are never blamed: the examples, the standard library, aiohttp."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kill_list import free_port, run_against

from ciq_schemas.transcript.records import Level, Outcome

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "receivers"
HERE = Path(__file__).parent
NODE = shutil.which("node")
PROGRAMS = {
    "starlette": [sys.executable, str(EXAMPLES / "starlette_receiver.py")],
    "flask": [sys.executable, str(EXAMPLES / "flask_receiver.py")],
    "node": [NODE or "node", str(EXAMPLES / "node_receiver.mjs")],
    "http.server": [sys.executable, str(HERE / "faulty_receiver.py")],
    "aiohttp": [sys.executable, str(HERE / "aiohttp_receiver.py")],
}
SLOW = {"flask", "http.server", "aiohttp"}
NEEDS_NODE = pytest.mark.skipif(NODE is None, reason="node is not installed")


def _marked(name: str) -> object:
    marks = [NEEDS_NODE] if name == "node" else []
    return pytest.param(name, marks=[*marks, pytest.mark.slow] if name in SLOW else marks)


@contextmanager
def program(name: str, *options: str) -> Iterator[str]:
    """Runs a receiver on a free port; yields its address."""
    port = free_port()
    command = [*PROGRAMS[name], "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < end:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.mark.parametrize("name", [_marked(name) for name in PROGRAMS])
def test_correct_receiver_is_not_blamed(name: str, tmp_path: Path) -> None:
    """No MUST fails, no SHOULD warns, and every requirement is judged that needs no further option."""
    with program(name) as address:
        result = run_against(address, histories=4, seed=1, output=tmp_path)
    assert result.trouble == ""
    blamed = [
        (verdict.item, verdict.outcome, verdict.seen or verdict.reason)
        for verdict in result.verdicts
        if verdict.level is not Level.NOTE and verdict.outcome not in (Outcome.PASS, Outcome.UNTESTED)
    ]
    assert blamed == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["starlette", "flask", pytest.param("node", marks=NEEDS_NODE)])
def test_example_keeps_its_counts_over_a_restart(name: str, tmp_path: Path) -> None:
    """With a data file nothing accepted is lost or counted again."""
    port, pid_file = free_port(), tmp_path / "pid"
    serve = [*PROGRAMS[name], "--port", str(port), "--data", str(tmp_path / "data")]
    restart = [sys.executable, str(HERE / "restart_receiver.py"), str(pid_file), *serve]
    subprocess.run(restart, check=True, timeout=60)
    try:
        result = run_against(f"http://127.0.0.1:{port}", ["RCV-080", "RCV-081"], restart_command=" ".join(restart))
    finally:
        subprocess.run(["kill", "-9", pid_file.read_text()], check=True)
    assert [verdict.outcome for verdict in result.verdicts] == [Outcome.PASS] * 2, result.verdicts
