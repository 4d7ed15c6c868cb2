"""Generated files equal what their sources generate."""

from pathlib import Path

import pytest
from sources import ROOT

from ciq_reports import kill_figures, kill_page
from tools import pages


@pytest.mark.parametrize("name", sorted(pages.render()))
def test_generated_page_is_current(name: str) -> None:
    """Each rendered page of docs/ equals what the contract generates."""
    stored = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert stored == pages.render()[name], f"docs/{name} is stale: run `{pages.COMMAND}`"


def test_pages_command_writes_every_page(tmp_path: Path) -> None:
    """It writes exactly the rendered pages."""
    assert pages.main([str(tmp_path)]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == dict(pages.render())


def test_pages_command_without_folder_exits_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the expected arguments."""
    assert pages.main([str(tmp_path / "nowhere")]) == 2
    assert "expected the folder" in capsys.readouterr().err


def test_kill_figures_are_current() -> None:
    """The figures in the reports equal those of the published matrix."""
    matrix = kill_page.from_json((ROOT / "reports" / "published" / "kill-matrix.json").read_bytes())
    stored = (ROOT / "reports" / "ciq_reports" / kill_figures.FILE).read_bytes()
    assert stored == kill_figures.written(kill_figures.figures_of(matrix)), (
        f"{kill_figures.FILE} is stale: run `{kill_figures.COMMAND}`"
    )
    assert (ROOT / kill_figures.PLACE).is_file()


def test_figures_command_without_matrix_exits_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the expected arguments."""
    assert kill_figures.main([str(tmp_path / "nowhere.json")]) == 2
    assert "expected the kill matrix" in capsys.readouterr().err
