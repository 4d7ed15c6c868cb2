"""Generated files are what their sources give: nobody edits them by hand."""

from pathlib import Path

import pytest
from sources import ROOT

from ciq_reports import kill_figures, kill_page
from tools import pages


@pytest.mark.parametrize("name", sorted(pages.render()))
def test_generated_pages_are_fresh(name: str) -> None:
    """Each rendered page of docs/ is what the contract gives today."""
    stored = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert stored == pages.render()[name], f"docs/{name} is stale: run `{pages.COMMAND}`"


def test_the_command_writes_every_page(tmp_path: Path) -> None:
    """The command writes exactly the rendered pages."""
    assert pages.main([str(tmp_path)]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == dict(pages.render())


def test_the_command_refuses_a_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder the command says what it expected and exits 2."""
    assert pages.main([str(tmp_path / "nowhere")]) == 2
    assert "expected the folder" in capsys.readouterr().err


def test_the_figures_of_the_kill_matrix_are_fresh() -> None:
    """What reports cite of the suite is what the published matrix says."""
    matrix = kill_page.from_json((ROOT / "reports" / "published" / "kill-matrix.json").read_bytes())
    stored = (ROOT / "reports" / "ciq_reports" / kill_figures.FILE).read_bytes()
    assert stored == kill_figures.written(kill_figures.figures_of(matrix)), (
        f"{kill_figures.FILE} is stale: run `{kill_figures.COMMAND}`"
    )
    assert (ROOT / kill_figures.PLACE).is_file()


def test_the_figures_need_a_matrix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a matrix the command says what it expected and exits 2."""
    assert kill_figures.main([str(tmp_path / "nowhere.json")]) == 2
    assert "expected the kill matrix" in capsys.readouterr().err
