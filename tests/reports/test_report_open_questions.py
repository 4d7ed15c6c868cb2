"""What could not be asked, and what was not judged: told once, with its reason, and never overlooked."""

import io

import msgspec
import pytest
import small_run as run
from rich.console import Console

from ciq_reports import html, summary_markdown
from ciq_reports.blocking_causes import FEWEST, blocking_causes, split_by_cause
from ciq_reports.console import ConsoleReporter
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, DriverEvent, ExitCode, Level, Outcome, Verdict

REASON = "http://127.0.0.1:9999 gave no answer: connection refused"


def blocked(number: int, *, feature: str = "media", level: Level = Level.MUST, reason: str = REASON) -> Verdict:
    """A verdict that could not be reached."""
    return msgspec.structs.replace(
        run.VERDICTS[0],
        requirement=f"QUE-{number:03}",
        feature=feature,
        level=level,
        outcome=Outcome.BLOCKED,
        seen="",
        reason=reason,
        witness=(3,),
    )


def run_of(*verdicts: Verdict, code: ExitCode, marks: tuple[DriverEvent, ...] = ()) -> tuple[AnyRecord, ...]:
    """A run that ended with these verdicts."""
    return (run.HEADER, *marks, *verdicts, msgspec.structs.replace(run.FOOTER, exit_code=code))


def console_text(records: tuple[AnyRecord, ...]) -> str:
    """The console of a run, line ends of the terminal taken away."""
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=300))
    for record in records:
        reporter.feed(record)
    return stream.getvalue()


BROKEN = tuple(
    DriverEvent(seq=seq, scenario="queues", feature=feature, at=0.1, name="broken", text=REASON)
    for seq, feature in enumerate(("media", "doc"), start=3)
)
UNREACHABLE = run_of(
    *(blocked(number, feature=feature) for number in range(1, 31) for feature in ("media", "doc")),
    blocked(31, reason="the target answered nothing on this feature"),
    code=ExitCode.UNREACHABLE,
    marks=BROKEN,
)


def test_one_reason_is_told_once() -> None:
    """Of an unreachable target the summary tells one obstacle with its reason, and no finding for each requirement."""
    told, groups = split_by_cause(RunView.of(UNREACHABLE))
    assert [(obstacle.reason, len(obstacle.requirements), obstacle.where) for obstacle in told] == [
        (REASON, 30, "media, doc")
    ]
    assert groups == ()
    live, _, summary = console_text(UNREACHABLE).partition("Result")
    assert summary.count(REASON) == 1
    assert live.count(REASON) == 1
    assert live.count("blocked QUE-") == FEWEST
    for text in (summary_markdown.render(RunView.of(UNREACHABLE)), html.render(RunView.of(UNREACHABLE))):
        assert "30 requirements" in text
    assert summary_markdown.render(RunView.of(UNREACHABLE)).count("connection refused") == 1


def test_a_few_of_one_reason_stay_findings() -> None:
    """Below the threshold each requirement is told with its clause, as any finding."""
    few = run_of(*(blocked(number) for number in range(1, FEWEST)), code=ExitCode.DEVIATES)
    told, groups = split_by_cause(RunView.of(few))
    assert told == ()
    assert [group.requirement for group in groups] == [f"QUE-{number:03}" for number in range(1, FEWEST)]


def test_other_findings_stay_beside_an_obstacle() -> None:
    """An obstacle takes away only what it explains."""
    other = run.VERDICTS[0]
    mixed = run_of(*(blocked(number) for number in range(1, 9)), other, code=ExitCode.DEVIATES)
    told, groups = split_by_cause(RunView.of(mixed))
    assert [len(obstacle.requirements) for obstacle in told] == [8]
    assert [group.requirement for group in groups] == [other.requirement]
    assert [obstacle.red for obstacle in blocking_causes([blocked(n, level=Level.NOTE) for n in range(9)])] == [False]


@pytest.mark.parametrize("outcome", [Outcome.UNTESTED, Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED])
def test_a_must_that_was_not_judged_is_told_at_the_end(outcome: Outcome) -> None:
    """However green the run, the last lines name each MUST left open, with its reason; a SHOULD is not told there."""
    open_must = msgspec.structs.replace(run.CONFORMING[-2], outcome=outcome, level=Level.MUST, reason="nobody said")
    assert isinstance(open_must, Verdict)
    open_should = msgspec.structs.replace(open_must, requirement="HDR-004", level=Level.SHOULD)
    records = run_of(run.VERDICTS[1], open_must, open_should, code=ExitCode.CONFORMS)
    *_, before, last = console_text(records).strip().splitlines()
    assert before.startswith(f"not judged: MUST {open_must.requirement} on {open_must.feature}")
    assert before.endswith("nobody said")
    assert "1 not judged" in last
    text = summary_markdown.render(RunView.of(records))
    assert "### MUST, not judged" in text
    assert "HDR" not in text.partition("### MUST, not judged")[2]
