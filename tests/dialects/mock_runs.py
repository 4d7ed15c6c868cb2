"""Runs the suite in this process against a mock with dialects and faults, and reads the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.runner.execution import RunConfig, RunResult, execute
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Level, Outcome

WORKERS = 4
JOB_SECONDS = 0.03
CLOSED = "paused-queue-closed"
LONGER_SECONDS = 0.2
"""Duration of a job in a queue that accepts none while it is paused.

Jobs must wait behind each other there, because they cannot wait for a resume.
"""
WHILE_RUNNING = "callback-before-end"
"""Only a describe during the job shows this fault; on a busy machine it comes later than after `JOB_SECONDS`."""
FAILING = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR})


def judged(
    dialects: Sequence[str],
    *,
    features: Sequence[str],
    requirements: Sequence[str] = (),
    areas: Sequence[str] = (),
    faults: Sequence[str] = (),
    signed: bool = False,
) -> RunResult:
    """Judge a mock that has the dialects and faults, through its address; `signed` adds keys."""
    keys = Credentials(secret_id="AKIDEXAMPLE", secret_key="example-key")
    settings = MockSettings(
        workers=WORKERS,
        duration=LONGER_SECONDS if CLOSED in dialects or WHILE_RUNNING in faults else JOB_SECONDS,
        dialects=tuple(dialects),
        faults=tuple(faults),
        credentials=(keys,) if signed else (),
    )
    with MockServer(settings) as server:
        flags: dict[str, tuple[str, object]] = {
            "url": ("--target", server.url),
            "features": ("--feature", list(features)),
        }
        if signed:
            flags["credentials.secret_id"] = ("--secret-id", keys.secret_id)
            flags["credentials.secret_key"] = ("--secret-key", keys.secret_key)
            flags["capabilities.signature"] = ("--capability", "true")
        loaded = load_profile(env={}, flags=flags)
        selection = Selection(requirements=tuple(requirements), areas=tuple(areas))
        items = select_items(load_registry(), loaded.profile.features, selection)
        return execute(RunConfig(loaded=loaded), items)


def failing(result: RunResult) -> list[str]:
    """Verdicts that fail a pipeline, each with what was observed."""
    return [
        f"{verdict.item} {verdict.outcome}: {verdict.seen or verdict.reason}"
        for verdict in result.verdicts
        if verdict.outcome in FAILING or (verdict.outcome is Outcome.INCONCLUSIVE and verdict.level is Level.MUST)
    ] + [result.trouble] * bool(result.trouble)


def failed_or_warned(result: RunResult) -> set[str]:
    """Ids of the requirements with the verdict fail or warn."""
    return {verdict.requirement for verdict in result.verdicts if verdict.outcome in (Outcome.FAIL, Outcome.WARN)}
