"""Tests of the outputs of a run: summary, badge, the page of a CI job, a comparison."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import ciq, in_process
from lxml import html

from ciq_conformance.cli.compare import _labels
from ciq_conformance.runner.outputs import STEP_SUMMARY, Extras, write_reports
from ciq_conformance.runner.reading import read_run_file

SMALL = ("--feature", "doc", "-k", "QUE-003")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one run and every extra report, as a job of GitHub Actions would write it."""
    folder = tmp_path_factory.mktemp("made")
    page = folder / "page.md"
    page.write_text("text of an earlier step\n", encoding="utf-8")
    files = ("--summary", "said/summary.md", "--badge", "badge.svg", "-o", "one")
    done = ciq("run", *SMALL, *files, cwd=folder, **{STEP_SUMMARY: str(page)})
    assert done.code == 0, done.text
    for label in ("summary", "badge", "CI step"):
        assert label in done.out
    return folder


def test_run_writes_summary_and_badge(made: Path) -> None:
    """`ciq run` creates the directories of the named files; the summary states the result."""
    assert "conforms" in (made / "said" / "summary.md").read_text(encoding="utf-8")
    assert ElementTree.parse(made / "badge.svg").getroot().tag.endswith("svg")


def test_summary_is_appended_to_the_page_of_the_job(made: Path) -> None:
    """The page keeps the text of an earlier step."""
    page = (made / "page.md").read_text(encoding="utf-8")
    assert page.startswith("text of an earlier step\n## ")
    assert page.rstrip().endswith((made / "said" / "summary.md").read_text(encoding="utf-8").rstrip())


def test_report_of_a_stored_run_equals_the_first(made: Path, tmp_path: Path) -> None:
    """`ciq report` writes the same summary and badge as the run did."""
    done = in_process("report", str(made / "one"), "--summary", "s.md", "--badge", "b.svg", "-o", "again", cwd=tmp_path)
    assert done.code == 0, done.text
    assert (tmp_path / "s.md").read_bytes() == (made / "said" / "summary.md").read_bytes()
    assert (tmp_path / "b.svg").read_bytes() == (made / "badge.svg").read_bytes()


def test_unwritable_file_is_named(made: Path, tmp_path: Path) -> None:
    """One unwritable report does not prevent the others, and the message names it."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    _, records = read_run_file(made / "one")
    written, problems = write_reports(records, tmp_path / "out", Extras(summary=tmp_path / "taken" / "s.md"))
    assert set(written) == {"JUnit", "report"}
    assert len(problems) == 1
    assert "s.md" in problems[0]


def test_compare_writes_one_page(made: Path, tmp_path: Path) -> None:
    """`ciq compare` reads run files and directories, names each column, and writes one page."""
    done = in_process("compare", str(made / "one"), str(made / "one" / "run.ndjson"), "-o", "c/page.html", cwd=tmp_path)
    assert done.code == 0, done.text
    page = html.fromstring((tmp_path / "c" / "page.html").read_text(encoding="utf-8"))
    assert [cell.text_content() for cell in page.xpath("//thead//th")][2:] == ["one", "one"]
    assert [cell.text_content() for cell in page.xpath("//span[@class='rid']")] == ["QUE-003"]


@pytest.mark.parametrize(("runs", "message"), [(("a",), "expected two runs or more"), (("a", "b"), "cannot read")])
def test_compare_of_fewer_than_two_runs_is_rejected(tmp_path: Path, runs: tuple[str, ...], message: str) -> None:
    """One run, or missing files, end with exit code 2 and a reason; no page is written."""
    done = in_process("compare", *runs, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_columns_of_equal_names_are_distinguished() -> None:
    """Directories of one name get as much of their path as necessary."""
    assert _labels([Path("/x/before/out"), Path("/x/after/out/run.ndjson")]) == ["before/out", "after/out"]
    assert _labels([Path("/x/one"), Path("/x/two")]) == ["one", "two"]
