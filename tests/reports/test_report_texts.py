"""JUnit, Markdown and console reports: golden files, and rules that hold for any run."""

import io
from pathlib import Path

import msgspec
import pytest
import small_run as run
from lxml import etree
from report_golden import assert_golden
from rich.console import Console

from ciq_reports import html, junit, summary_markdown
from ciq_reports.console import ConsoleReporter
from ciq_reports.kill_figures import Figures
from ciq_reports.outcomes import is_red, overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Level, Outcome

FIGURES = Figures(kit_version="0.0.9", requirement_set="core-older", faults=200, found=199, requirements=150)
RUNS = {"run": run.RUN, "cut-off": run.CUT_OFF, "conforming": run.CONFORMING}


def console_text(records: tuple[AnyRecord, ...], *, terminal: bool = False, width: int = 100) -> str:
    """The console output of a run that is passed record by record."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, legacy_windows=False)
    reporter = ConsoleReporter(console)
    for record in records:
        reporter.feed(record)
    if records[-1] is not run.FOOTER and records is run.CUT_OFF:
        reporter.end(None)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("name", RUNS)
def test_junit_of_small_run_equals_golden_file(name: str) -> None:
    """The small runs include a cut-off one."""
    assert_golden(f"{name}.junit.xml", junit.render(RunView.of(RUNS[name])).decode())


@pytest.mark.parametrize("name", RUNS)
def test_markdown_of_small_run_equals_golden_file(name: str) -> None:
    """The small runs include a cut-off one."""
    assert_golden(f"{name}.md", summary_markdown.render(RunView.of(RUNS[name]), figures=FIGURES))


def test_footer_cites_kill_matrix_of_same_requirement_set() -> None:
    """Both reports end with the shipped figures of the suite. For another set they state the difference."""
    view = RunView.of(run.RUN)
    cited = "This suite detects 199 of 200 deliberate faults, over 150 requirements"
    other = f"set core-older, this run by {view.header.requirement_set}"
    for text in (html.render(view, figures=FIGURES), summary_markdown.render(view, figures=FIGURES).replace("\\", "")):
        assert cited in text
        assert other in text
        assert "reports/published/kill-matrix.html" in text
    same = msgspec.structs.replace(FIGURES, requirement_set=view.header.requirement_set)
    assert "this run by" not in html.render(view, figures=same)
    assert "This suite detects" in html.render(view)


@pytest.mark.parametrize("name", RUNS)
def test_console_of_small_run_equals_golden_file(name: str) -> None:
    """The small runs include a cut-off one."""
    assert_golden(f"{name}.console.txt", console_text(RUNS[name]))


def test_junit_test_case_name_starts_with_requirement_id() -> None:
    """Each verdict is one test case."""
    root = etree.fromstring(junit.render(RunView.of(run.RUN)))
    names = [case.get("name", "") for case in root.iter("testcase")]
    assert sorted(name.split(" ")[0] for name in names) == sorted(verdict.item for verdict in run.VERDICTS)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("baseline", [False, True])
def test_junit_case_fails_exactly_for_verdicts_that_fail_the_run(
    outcome: Outcome, level: Level, *, baseline: bool
) -> None:
    """These are the verdicts that keep the run from exit code 0."""
    verdict = msgspec.structs.replace(run.VERDICTS[0], outcome=outcome, level=level, baseline=baseline)
    view = RunView.of([run.HEADER, verdict, run.FOOTER])
    (case, *_) = etree.fromstring(junit.render(view)).iter("testcase")
    red = case.find("failure") is not None or case.find("error") is not None
    assert red is is_red(verdict)
    expected_red = outcome is Outcome.SUITE_ERROR or (
        level is Level.MUST
        and (outcome is Outcome.INCONCLUSIVE or (outcome in (Outcome.FAIL, Outcome.BLOCKED) and not baseline))
    )
    assert red is expected_red


def test_junit_counts_equal_number_of_test_cases() -> None:
    """The counts of the root are the sums of those of the suites."""
    root = etree.fromstring(junit.render(RunView.of(run.RUN)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        for suite in root.iter("testsuite"):
            assert int(suite.get(attribute, "-1")) == len(list(suite.iter(tag)))
        assert int(root.get(attribute, "-1")) == len(list(root.iter(tag)))


@pytest.mark.parametrize("code", [code for code in ExitCode if code is not ExitCode.CONFORMS])
def test_junit_of_failed_run_has_a_failed_test_case(code: ExitCode) -> None:
    """A run with another exit code than 0 has one although every verdict passed."""
    footer = msgspec.structs.replace(run.FOOTER, exit_code=code)
    root = etree.fromstring(junit.render(RunView.of([*run.CONFORMING[:-1], footer])))
    (error,) = root.iter("error")
    assert str(int(code)) in (error.text or "")


def test_junit_of_cut_off_run_has_a_failed_test_case() -> None:
    """The test case names the reason."""
    root = etree.fromstring(junit.render(RunView.of(run.CONFORMING[:-1])))
    (error,) = root.iter("error")
    assert "cut off" in (error.text or "")


def test_junit_of_run_without_verdicts_has_a_failed_test_case() -> None:
    """The file is neither empty nor green."""
    footer = msgspec.structs.replace(run.FOOTER, exit_code=ExitCode.NOTHING_PROVEN)
    root = etree.fromstring(junit.render(RunView.of([run.HEADER, footer])))
    assert (root.get("tests"), root.get("errors")) == ("1", "1")


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_a_description(code: ExitCode) -> None:
    """No exit code is described as unknown."""
    assert overall(code).word != "unknown"


def test_unknown_exit_code_is_not_shown_as_conformance() -> None:
    """A later kit may have further codes."""
    assert overall(42).tone == "unsure"


def test_console_with_no_color_writes_no_color_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is a terminal."""
    assert "\x1b[1;31m" in console_text(run.RUN, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    text = console_text(run.RUN, terminal=True)
    assert "31m" not in text
    assert "✗ FAIL" in text.replace("\x1b[1m", "").replace("\x1b[0m", "")


def test_console_escapes_control_sequences_of_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences and markup are shown as text."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    hostile = msgspec.structs.replace(run.VERDICTS[0], seen="\x1b[2J[bold]gone[/bold] \x9b2J \u202egnp")
    text = console_text((run.HEADER, hostile, run.FOOTER))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "[bold]gone[/bold]" in text
    assert "\u202e" not in text


def test_verbose_console_shows_passing_verdicts() -> None:
    """They are printed as they arrive."""
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=100), verbose=True)
    for record in run.CONFORMING:
        reporter.feed(record)
    assert "✓ pass PAU-001-media" in stream.getvalue()


@pytest.mark.parametrize("total", [None, 3])
def test_terminal_shows_and_removes_progress_line(total: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line shows and counts the running scenarios."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=100, force_terminal=True))
    reporter.begin(run.HEADER, total)
    for record in run.CONFORMING[1:]:
        reporter.feed(record)
    assert f"1{'' if total is None else ' of 3'} scenarios finished" in stream.getvalue()
    assert "played order on media" not in stream.getvalue()


def test_console_names_output_files() -> None:
    """The files are named at the end with their labels."""
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=100))
    for record in run.CONFORMING[:-1]:
        reporter.feed(record)
    footer = run.CONFORMING[-1]
    assert footer.__class__.__name__ == "Footer"
    reporter.end(footer, {"report": Path("out/report.html")})  # type: ignore[arg-type]
    assert "out/report.html" in stream.getvalue()
    assert stream.getvalue().rstrip().splitlines()[-1].startswith("CONFORMS (exit 0)")


def test_markdown_escapes_text_of_target() -> None:
    """Pipes, tags, links and line breaks do not become structure."""
    hostile = msgspec.structs.replace(run.VERDICTS[0], seen="a|b\n| c | <img src=x> [l](http://x) `x` @team #1")
    lines = summary_markdown.render(RunView.of([run.HEADER, hostile, run.FOOTER])).splitlines()
    (row,) = [line for line in lines if "PRI" in line and line.startswith("|")]
    assert "<img" not in row
    assert "[l](" not in row
    assert row.replace("\\|", "").count("|") == 7


def test_write_stores_rendered_document(tmp_path: Path) -> None:
    """This holds for both text reports."""
    junit.write(run.RUN, tmp_path / "junit.xml")
    summary_markdown.write(run.RUN, tmp_path / "summary.md")
    assert etree.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("## ")
