"""What a run leaves behind for people and machines: summary, badge, the page of a CI job, a comparison."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import ciq, inside
from lxml import html

from ciq_conformance.cli.compare import _labels
from ciq_conformance.runner.outputs import STEP_SUMMARY, Extras, write_reports
from ciq_conformance.runner.reading import read_run_file

SMALL = ("--feature", "doc", "-k", "QUE-003")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one run made with every extra report, as a job of GitHub Actions would make it."""
    folder = tmp_path_factory.mktemp("made")
    page = folder / "page.md"
    page.write_text("what an earlier step said\n", encoding="utf-8")
    files = ("--summary", "said/summary.md", "--badge", "badge.svg", "-o", "one")
    done = ciq("run", *SMALL, *files, cwd=folder, **{STEP_SUMMARY: str(page)})
    assert done.code == 0, done.text
    for label in ("summary", "badge", "CI step"):
        assert label in done.out
    return folder


def test_a_run_writes_summary_and_badge(made: Path) -> None:
    """The options of `ciq run` name files, whose directories are made; the summary tells the result."""
    assert "conforms" in (made / "said" / "summary.md").read_text(encoding="utf-8")
    assert ElementTree.parse(made / "badge.svg").getroot().tag.endswith("svg")


def test_the_page_of_the_job_gets_the_summary_behind_what_it_has(made: Path) -> None:
    """What an earlier step wrote stays, the summary of the run follows."""
    page = (made / "page.md").read_text(encoding="utf-8")
    assert page.startswith("what an earlier step said\n## ")
    assert page.rstrip().endswith((made / "said" / "summary.md").read_text(encoding="utf-8").rstrip())


def test_a_report_writes_the_same(made: Path, tmp_path: Path) -> None:
    """`ciq report` makes summary and badge of a stored run equal to those that the run made."""
    done = inside("report", str(made / "one"), "--summary", "s.md", "--badge", "b.svg", "-o", "again", cwd=tmp_path)
    assert done.code == 0, done.text
    assert (tmp_path / "s.md").read_bytes() == (made / "said" / "summary.md").read_bytes()
    assert (tmp_path / "b.svg").read_bytes() == (made / "badge.svg").read_bytes()


def test_a_file_that_cannot_be_written_is_named(made: Path, tmp_path: Path) -> None:
    """One unwritable report does not keep the others from being written, and is said in words."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    _, records = read_run_file(made / "one")
    written, problems = write_reports(records, tmp_path / "out", Extras(summary=tmp_path / "taken" / "s.md"))
    assert set(written) == {"JUnit", "report"}
    assert len(problems) == 1
    assert "s.md" in problems[0]


def test_runs_are_compared_on_one_page(made: Path, tmp_path: Path) -> None:
    """`ciq compare` takes run files and directories, names each column, and writes one page."""
    done = inside("compare", str(made / "one"), str(made / "one" / "run.ndjson"), "-o", "c/page.html", cwd=tmp_path)
    assert done.code == 0, done.text
    page = html.fromstring((tmp_path / "c" / "page.html").read_text(encoding="utf-8"))
    assert [cell.text_content() for cell in page.xpath("//thead//th")][2:] == ["one", "one"]
    assert [cell.text_content() for cell in page.xpath("//span[@class='rid']")] == ["QUE-003"]


@pytest.mark.parametrize(("runs", "words"), [(("a",), "expected two runs or more"), (("a", "b"), "cannot read")])
def test_a_comparison_of_nothing_is_refused(tmp_path: Path, runs: tuple[str, ...], words: str) -> None:
    """One run, or files that are not there, end with exit code 2 and a reason; no page is written."""
    done = inside("compare", *runs, cwd=tmp_path)
    assert done.code == 2
    assert words in done.err
    assert not list(tmp_path.iterdir())


def test_columns_are_told_apart() -> None:
    """Directories of one name get as much of their path as it takes."""
    assert _labels([Path("/x/before/out"), Path("/x/after/out/run.ndjson")]) == ["before/out", "after/out"]
    assert _labels([Path("/x/one"), Path("/x/two")]) == ["one", "two"]
