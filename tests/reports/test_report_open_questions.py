"""Blocked and not judged requirements: each cause is reported once with its reason."""

import io

import msgspec
import pytest
import small_run as run
from rich.console import Console

from ciq_reports import html, summary_markdown
from ciq_reports.blocking_causes import FEWEST, BlockingCause, blocking_causes
from ciq_reports.console import ConsoleReporter
from ciq_reports.next_steps import next_steps
from ciq_reports.root_causes import root_causes
from ciq_reports.summary import FindingGroup
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, DriverEvent, ExitCode, Level, Outcome, Verdict

REASON = "http://127.0.0.1:9999 sent no response: connection refused"


def blocked(number: int, *, feature: str = "media", level: Level = Level.MUST, reason: str = REASON) -> Verdict:
    """A blocked verdict."""
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


def split_by_cause(view: RunView) -> tuple[list[BlockingCause], list[FindingGroup]]:
    """Returns the common reasons of a run and the findings that they do not explain."""
    causes = root_causes(view)
    blocking = [cause.blocking for cause in causes if cause.blocking is not None]
    return blocking, [group for cause in causes for group in cause.groups]


def console_text(records: tuple[AnyRecord, ...]) -> str:
    """The console output of a run, in lines wider than the text."""
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=300))
    for record in records:
        reporter.feed(record)
    return stream.getvalue()


def test_live_output_names_the_cause_before_the_blocked_verdicts() -> None:
    """The reader sees why before the list; a second reason has its own line."""
    records = run_of(
        *(blocked(number) for number in range(1, 8)), blocked(9, reason="another reason"), code=ExitCode.DEVIATES
    )
    live = console_text(records).partition("Result")[0].splitlines()
    shown = [index for index, line in enumerate(live) if "blocked" in line and "-media" in line]
    causes = [index for index, line in enumerate(live) if line.strip() in (f"cause {REASON}", "cause another reason")]
    assert len(shown) == 4
    assert causes == [shown[0] - 1, shown[-1] - 1]


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


def test_common_cause_is_reported_once() -> None:
    """The summary of an unreachable target has one cause with its reason, and no finding per requirement."""
    causes, groups = split_by_cause(RunView.of(UNREACHABLE))
    assert [(cause.reason, len(cause.requirements), cause.where) for cause in causes] == [(REASON, 30, "media, doc")]
    assert groups == []
    live, _, summary = console_text(UNREACHABLE).partition("Result")
    assert summary.count(REASON) == 1
    assert live.count(REASON) == 1
    assert live.count("blocked QUE-") == FEWEST
    for text in (summary_markdown.render(RunView.of(UNREACHABLE)), html.render(RunView.of(UNREACHABLE))):
        assert "30 requirements" in text
    assert summary_markdown.render(RunView.of(UNREACHABLE)).count("connection refused") == 1


def test_few_verdicts_with_one_cause_stay_findings() -> None:
    """Below the threshold each requirement is reported with its clause, like any finding."""
    few = run_of(*(blocked(number) for number in range(1, FEWEST)), code=ExitCode.DEVIATES)
    causes, groups = split_by_cause(RunView.of(few))
    assert causes == []
    assert [group.requirement for group in groups] == [f"QUE-{number:03}" for number in range(1, FEWEST)]


def test_other_findings_are_reported_beside_a_cause() -> None:
    """A blocking cause replaces only the findings that it explains."""
    other = run.VERDICTS[0]
    mixed = run_of(*(blocked(number) for number in range(1, 9)), other, code=ExitCode.DEVIATES)
    causes, groups = split_by_cause(RunView.of(mixed))
    assert [len(cause.requirements) for cause in causes] == [8]
    assert [group.requirement for group in groups] == [other.requirement]
    assert [cause.red for cause in blocking_causes([blocked(n, level=Level.NOTE) for n in range(9)])] == [False]


@pytest.mark.parametrize("outcome", [Outcome.UNTESTED, Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED])
def test_must_not_judged_is_named_at_the_end(outcome: Outcome) -> None:
    """The last lines name each such MUST with its reason even if the run is green; a SHOULD is not named."""
    open_must = msgspec.structs.replace(run.CONFORMING[-2], outcome=outcome, level=Level.MUST, reason="no reason given")
    assert isinstance(open_must, Verdict)
    open_should = msgspec.structs.replace(open_must, requirement="HDR-004", level=Level.SHOULD)
    records = run_of(run.VERDICTS[1], open_must, open_should, code=ExitCode.CONFORMS)
    *_, before, last = console_text(records).strip().splitlines()
    assert before.startswith(f"not judged: MUST {open_must.requirement} on {open_must.feature}")
    assert before.endswith("no reason given")
    assert "1 not judged" in last
    text = summary_markdown.render(RunView.of(records))
    assert "### MUST, not judged" in text
    assert "HDR" not in text.partition("### MUST, not judged")[2]


@pytest.mark.parametrize(("outcome", "warned"), [(Outcome.WARN, True), (Outcome.INCONCLUSIVE, False)])
def test_only_warnings_are_called_warnings(outcome: Outcome, warned: bool) -> None:
    """A conforming run with an open SHOULD gets no advice on warnings."""
    verdict = msgspec.structs.replace(blocked(1, level=Level.SHOULD), outcome=outcome)
    steps = next_steps(RunView.of(run_of(verdict, code=ExitCode.CONFORMS)))
    assert any("Warnings do not change the exit code" in step for step in steps) is warned
