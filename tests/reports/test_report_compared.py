"""The badge, and the comparison of runs."""

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import small_run as run
from lxml import html as lxml_html

from ciq_reports import badge, matrix
from ciq_reports.transcript import RunView


def test_badge_shows_result_and_share(tmp_path: Path) -> None:
    """The badge is well-formed; a cut-off run is never green."""
    badge.write(run.CONFORMING, tmp_path / "badge.svg")
    text = (tmp_path / "badge.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "conforms 2/2" in text
    cut = badge.render(RunView.of(run.CONFORMING[:-1]))
    assert "cut off" in cut
    assert "#1a7f46" not in cut


def test_comparison_shows_differences_first(tmp_path: Path) -> None:
    """Each requirement is a row, each run a column."""
    path = tmp_path / "matrix.html"
    matrix.write([("good", run.CONFORMING), ("bad", run.RUN)], path)
    tree = lxml_html.document_fromstring(path.read_text(encoding="utf-8"))
    rows = [e.text_content() for e in tree.xpath("//span[@class='rid']")]
    assert set(rows) == {verdict.requirement for verdict in run.VERDICTS}
    assert rows[-1] in {"PAU-001", "PAU-004"}
    assert [e.text_content() for e in tree.xpath("//thead//th")][2:] == ["good", "bad"]
    assert not tree.xpath("//script")
    assert not tree.xpath("//*[@role='alert']")


def test_comparison_of_different_requirement_sets_has_a_warning() -> None:
    """Labels are escaped."""
    other = msgspec.structs.replace(run.HEADER, requirement_set="core-other")
    views = [("<b>a</b>", RunView.of(run.RUN)), ("b", RunView.of([other, *run.RUN[1:]]))]
    tree = lxml_html.document_fromstring(matrix.render(views))
    assert "different requirement sets" in tree.xpath("//*[@role='alert']")[0].text_content()
    assert not tree.xpath("//th/b")
