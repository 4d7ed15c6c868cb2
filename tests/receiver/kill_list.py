"""The faults of `faulty_receiver`, each with the requirement that it breaks, and a run against one of them."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faulty_receiver

from ciq_conformance.judge.selection import Selection
from ciq_conformance.receiver.execution import ReceiverConfig, receiver_items, run_receiver
from ciq_conformance.runner.execution import RunResult
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format


@dataclass(frozen=True)
class Killed:
    """A fault, the requirement that detects it, and what the run needs."""

    fault: str
    breaks: str
    feature: Feature = Feature.MEDIA
    factor: float = 1.0
    histories: int = 0
    service: bool = False
    """The receiver asks a service beside it."""
    restarts: bool = False


KILLS = (
    Killed("rejects-json", "RCV-001"),
    Killed("failed-job-is-rejected", "RCV-002"),
    Killed("event-name-is-required", "RCV-003"),
    Killed("non-exist-job-ids-crash", "RCV-004"),
    Killed("declaration-is-required", "RCV-005"),
    Killed("json-object-crashes", "RCV-006"),
    Killed("json-object-crashes", "RCV-007", feature=Feature.SPEECH),
    Killed("numbers-crash", "RCV-009"),
    Killed("code-must-come-after-job-id", "RCV-011"),
    Killed("several-jobs-crash", "RCV-012"),
    Killed("unknown-element-crashes", "RCV-013"),
    Killed("non-ascii-crashes", "RCV-014"),
    Killed("long-user-data-crashes", "RCV-015"),
    Killed("workflow-container-crashes", "RCV-016"),
    Killed("workflow-finish-crashes", "RCV-017"),
    Killed("older-workflow-callback-crashes", "RCV-018"),
    Killed("counts-every-job-twice", "RCV-020"),
    Killed("json-object-is-ignored", "RCV-020"),
    Killed("reads-the-first-job-only", "RCV-020"),
    Killed("acknowledges-without-effect", "RCV-020", factor=0.1),
    Killed("blocks-on-slow-work", "RCV-021", factor=0.1),
    Killed("rejects-chunked", "RCV-030"),
    Killed("chunked-body-is-empty", "RCV-030"),
    Killed("rejects-http-1.0", "RCV-031"),
    Killed("rejects-expect", "RCV-032"),
    Killed("second-callback-of-a-connection-fails", "RCV-033"),
    Killed("reads-one-piece", "RCV-034"),
    Killed("header-names-in-title-case", "RCV-035"),
    Killed("content-type-without-parameter", "RCV-036"),
    Killed("acknowledges-without-effect", "RCV-038", factor=0.1),
    Killed("rejects-duplicates", "RCV-040"),
    Killed("counts-duplicates-twice", "RCV-041"),
    Killed("check-then-act", "RCV-042"),
    Killed("loses-the-second-of-two", "RCV-043", factor=0.2),
    Killed("expects-order-of-time", "RCV-044", factor=0.2),
    Killed("closes-finished-runs", "RCV-045", factor=0.2),
    Killed("old-jobs-are-ignored", "RCV-046", factor=0.2),
    Killed("rejects-while-busy", "RCV-047"),
    Killed("counts-broken-deliveries", "RCV-048"),
    Killed("broken-delivery-counts-as-duplicate", "RCV-048", factor=0.2),
    Killed("abandons-work-without-sender", "RCV-049", factor=0.2),
    Killed("remembers-ten-jobs", "RCV-050"),
    Killed("truncated-xml-crashes", "RCV-060"),
    Killed("truncated-json-crashes", "RCV-060"),
    Killed("truncated-body-counts", "RCV-061"),
    Killed("empty-body-crashes", "RCV-062"),
    Killed("unknown-content-type-crashes", "RCV-063"),
    Killed("huge-body-crashes", "RCV-064"),
    Killed("deep-json-crashes", "RCV-065"),
    Killed("deep-xml-crashes", "RCV-065"),
    Killed("entity-bomb-blocks", "RCV-066", factor=0.1),
    Killed("entities-crash", "RCV-066"),
    Killed("follows-external-entity", "RCV-067"),
    Killed("invalid-utf8-crashes", "RCV-068"),
    Killed("json-array-crashes", "RCV-069"),
    Killed("other-root-crashes", "RCV-069"),
    Killed("no-job-crashes", "RCV-069"),
    Killed("no-job-id-crashes", "RCV-069"),
    Killed("unknown-event-crashes", "RCV-070"),
    Killed("long-job-id-crashes", "RCV-071"),
    Killed("dies-of-a-malformed-body", "RCV-073"),
    Killed("loses-the-callback-after-a-malformed-one", "RCV-074", factor=0.2),
    Killed("loses-effects-at-restart", "RCV-080", factor=0.2, restarts=True),
    Killed("forgets-duplicates-at-restart", "RCV-081", restarts=True),
    Killed("believes-every-callback", "RCV-082", service=True),
    Killed("asks-for-existence-only", "RCV-083", service=True),
    Killed("check-then-act", "RCV-090", histories=6),
    Killed("rejects-duplicates", "RCV-091", histories=6),
)


@contextmanager
def receiving(*faults: str, ask: str = "") -> Iterator[str]:
    """Runs the receiver with these faults; yields its address without path."""
    server, _ = faulty_receiver.serve(frozenset(faults), ask=ask)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run_against(
    address: str,
    requirements: Sequence[str] = (),
    *,
    features: tuple[Feature, ...] = (Feature.MEDIA,),
    factor: float = 1.0,
    workflow: bool | None = True,
    seen: bool = True,
    **further: Any,
) -> RunResult:
    """Judges the receiver at an address."""
    formats = (Format.XML, Format.JSON)
    config = ReceiverConfig(
        url=f"{address}/callbacks",
        features=features,
        formats=formats,
        workflow=workflow,
        seen_url=f"{address}/seen/{{job_id}}" if seen else "",
        timeout_factor=factor,
        **further,
    )
    return run_receiver(config, receiver_items(features, formats, Selection(requirements=tuple(requirements))))


def free_port() -> int:
    """A port that nothing uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def restartable(folder: Path, *faults: str) -> Iterator[tuple[str, str]]:
    """Runs the receiver as a process that keeps its counts in a file; yields its address and the restart command."""
    port, pid_file = free_port(), folder / "pid"
    program = Path(faulty_receiver.__file__)
    options = [part for fault in faults for part in ("--fault", fault)]
    serve = [sys.executable, str(program), "--port", str(port), "--data", str(folder / "counts.json"), *options]
    restart = [sys.executable, str(program.with_name("restart_receiver.py")), str(pid_file), *serve]
    subprocess.run(restart, check=True, timeout=60)
    try:
        yield f"http://127.0.0.1:{port}", shlex.join(restart)
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)


def run_of(killed: Killed, folder: Path) -> RunResult:
    """Judges a receiver with the fault by the requirement that it breaks."""
    options = {"features": (killed.feature,), "factor": killed.factor, "histories": killed.histories, "seed": 7}
    if killed.restarts:
        with restartable(folder, killed.fault) as (address, command):
            return run_against(address, [killed.breaks], restart_command=command, **options)
    bind = f"127.0.0.1:{free_port()}" if killed.service else ""
    with receiving(killed.fault, ask=f"http://{bind}" if bind else "") as address:
        return run_against(address, [killed.breaks], service_bind=bind, output=folder, **options)
