"""A stale baseline and accepted deviations in every report."""

import msgspec
import small_run as run
from lxml import etree
from test_report_texts import console_text

from ciq_reports import badge, html, junit, matrix, summary_markdown
from ciq_reports.next_steps import next_steps
from ciq_reports.summary import run_overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Footer, Level, Outcome, StaleEntry, Verdict

STALE = StaleEntry(
    item="PAU-001-media", advice="did not deviate in this run. If the target was corrected, delete the entry"
)
STALE_FOOTER = Footer(ended_at="", duration=8.0, exit_code=1, counts={}, stale=(STALE,))
CONFORMING: tuple[AnyRecord, ...] = (*run.CONFORMING[:-1], STALE_FOOTER)


def with_verdict(outcome: Outcome) -> RunView:
    """The run with the stale entry and one more MUST with an outcome."""
    verdict = Verdict(requirement="QUE-001", level=Level.MUST, outcome=outcome, feature="media")
    return RunView.of((*CONFORMING[:-1], verdict, STALE_FOOTER))


def test_conforming_target_with_a_stale_entry_conforms_in_every_report() -> None:
    """Console, HTML, JUnit, Markdown, comparison and badge name the baseline as the only cause of exit code 1."""
    view = RunView.of(CONFORMING)
    assert run_overall(view).word == "conforms, stale baseline"
    page = html.render(view)
    pages = [page, summary_markdown.render(view), matrix.render([("a", view), ("b", view)]), badge.render(view)]
    for text in pages:
        assert "conforms, stale baseline" in text
        assert "deviates" not in text.split("<main")[0].lower()
    console = console_text(CONFORMING)
    assert "CONFORMS, STALE BASELINE (exit 1): the target conforms apart from accepted deviations" in console
    assert "Baseline entry PAU-001-media: it did not deviate in this run" in " ".join(console.split())
    assert "PAU-001-media" in page
    case = etree.fromstring(junit.render(view)).find(".//testcase[@name='RUN']/error")
    assert case is not None
    assert "1, conforms, stale baseline" in case.get("message", "")
    assert "PAU-001-media did not deviate" in (case.text or "")


def test_stale_entry_beside_a_failed_or_inconclusive_must() -> None:
    """A failed MUST deviates; an inconclusive one proves nothing."""
    assert run_overall(with_verdict(Outcome.FAIL)).word == "deviates"
    assert "stale" in run_overall(with_verdict(Outcome.FAIL)).sentence
    assert run_overall(with_verdict(Outcome.INCONCLUSIVE)).word == "not proven, stale baseline"
    assert run_overall(with_verdict(Outcome.PASS)).word == "conforms, stale baseline"


def test_next_step_of_a_stale_baseline_asks_for_no_correction_of_the_target() -> None:
    """The first step names the cause of the exit code."""
    steps = next_steps(RunView.of(CONFORMING))
    assert steps[0].startswith("No correction of the target is required")
    assert len(steps) == 2


def test_reports_show_why_a_deviation_is_accepted() -> None:
    """Reason, expiry and link of the entry; a known-flaky entry is named as such."""
    accepted = msgspec.structs.replace(run.VERDICTS[3], accepted="ticket 17; until 2027-01-31", flaky=True)
    records = (*run.RUN[:-1], accepted, run.FOOTER)
    view = RunView.of(records)
    for text in (console_text(records), html.render(view), junit.render(view).decode()):
        assert "ticket 17; until 2027-01-31" in text
        assert "known flaky" in text
    assert "known flaky" in summary_markdown.render(view)
