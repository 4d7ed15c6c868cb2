"""Reports a verdict as the result of a pytest item, and a failure as text.

| verdict | pytest |
| --- | --- |
| pass, warn, note | passed |
| fail, blocked, suite-error; inconclusive on a MUST | failed |
| not-implemented, skipped, untested; inconclusive below MUST; a known deviation of the baseline | skipped |
"""

from collections.abc import Mapping, Sequence

import pytest

from ciq_conformance.runner.execution import RunResult
from ciq_reports.wire_text import curl_line
from ciq_schemas.transcript.records import (
    AnyRecord,
    Body,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Level,
    Outcome,
    Verdict,
)

_LONGEST_BODY = 1200
_MOST_WITNESSES = 4


def report(name: str, run: RunResult) -> None:
    """Passes, skips or fails the pytest item of that name."""
    verdict = next((one for one in run.verdicts if one.item == name), None)
    if verdict is None:
        pytest.fail(f"{name}: the run has no verdict (it stopped earlier)", pytrace=False)
    match verdict.outcome:
        case Outcome.PASS | Outcome.WARN | Outcome.NOTE:
            return
        case Outcome.NOT_IMPLEMENTED | Outcome.SKIPPED | Outcome.UNTESTED:
            pytest.skip(f"{verdict.outcome}: {verdict.reason}")
        case Outcome.INCONCLUSIVE if verdict.level is not Level.MUST:
            pytest.skip(f"inconclusive: {verdict.reason}")
        case Outcome.FAIL | Outcome.BLOCKED | Outcome.INCONCLUSIVE | Outcome.SUITE_ERROR:
            if verdict.baseline:
                pytest.skip(f"known deviation: {verdict.seen or verdict.reason}")
            pytest.fail(verdict_text(verdict, run.records), pytrace=False)


def verdict_text(verdict: Verdict, records: Sequence[AnyRecord]) -> str:
    """Returns a verdict with what was expected and observed, its clause, and the records that show it."""
    by_seq: Mapping[int, Exchange | CallbackReceived | DriverEvent] = {
        record.seq: record for record in records if isinstance(record, (Exchange, CallbackReceived, DriverEvent))
    }
    lines = [f"{verdict.item} {verdict.outcome} ({verdict.level}): {verdict.title}"]
    for label, words in (
        ("expected", verdict.expected),
        ("observed", verdict.seen),
        ("reason", verdict.reason),
        ("power", verdict.power),
        ("clause", verdict.clause),
    ):
        if words:
            lines.append(f"  {label}: {words}")
    for seq in verdict.witness[:_MOST_WITNESSES]:
        if seq in by_seq:
            lines.append(witness_text(by_seq[seq]))  # noqa: PERF401 - reads better
    return "\n".join(lines)


def witness_text(record: Exchange | CallbackReceived | DriverEvent) -> str:
    """Returns a record as text: a request as a curl command with its response, a callback, or a driver event."""
    match record:
        case Exchange():
            curl, _ = curl_line(record)
            response = (
                f"{record.status}{_shown(record.response_body)}" if record.status else f"no response: {record.error}"
            )
            place = f"{record.scenario}/{record.step}"
            return f"  [{record.seq}] at {record.started:.3f} s, {place}\n    {curl}\n    -> {response}"
        case CallbackReceived():
            return (
                f"  [{record.seq}] at {record.started:.3f} s, arrived on {record.channel}\n"
                f"    {record.method} {record.target}{_shown(record.body)}"
            )
        case DriverEvent():
            return f"  [{record.seq}] at {record.at:.3f} s, {record.scenario} {record.name}: {record.text}"


def _shown(body: Body) -> str:
    return f" {_text(body)}" if body.data else " (no body)"


def _text(body: Body) -> str:
    if body.base64:
        return f"({len(body.data)} bytes, not text)"
    cut = body.text[:_LONGEST_BODY]
    return cut if len(cut) == len(body.text) else f"{cut}... ({len(body.text)} characters)"
