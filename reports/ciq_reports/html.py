"""The HTML report: one file that opens anywhere, without network."""

from collections.abc import Sequence
from pathlib import Path

from ciq_reports.transcript import RunView
from ciq_schemas.run import AnyRecord


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Write the report of a run to `path`; RunFileError when `records` hold no header."""
    path.write_text(render(RunView.of(records)), encoding="utf-8")


def render(view: RunView) -> str:
    """The document."""
    return f"<!doctype html><title>ciq</title><p>{len(view.verdicts)}</p>"
