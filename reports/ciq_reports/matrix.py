"""Compares several runs in one HTML table: a row per requirement, a column per run, different results first.

Shows verdicts and does not rank targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ciq_reports.outcomes import WORDS, Overall
from ciq_reports.page_kit import page_environment, style_sheet
from ciq_reports.sanitize import one_line
from ciq_reports.summary import must_share, run_overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Level, Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One run."""

    label: str
    target: str
    overall: Overall
    passed: int
    judged: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The worst outcome of one requirement in one run, with the items that have it."""

    outcome: Outcome
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement; a run that does not have it has None."""

    id: str
    title: str
    level: Level
    cells: tuple[Cell | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs differ."""
        return len({cell.outcome if cell else None for cell in self.cells}) > 1


def write(runs: Sequence[tuple[str, Sequence[AnyRecord]]], path: Path) -> None:
    """Writes the comparison of (label, records) pairs to `path`; raises RunFileError when one has no header."""
    path.write_text(render([(label, RunView.of(records)) for label, records in runs]), encoding="utf-8")


def render(runs: Sequence[tuple[str, RunView]]) -> str:
    """Returns the document."""
    rows = _rows([view for _, view in runs])
    style, style_hash = style_sheet()
    return (
        page_environment()
        .get_template("matrix.html.j2")
        .render(
            columns=[_column(label, view) for label, view in runs],
            rows=sorted(rows, key=lambda row: not row.differs),
            differing=sum(row.differs for row in rows),
            mixed=len({view.header.requirement_set for _, view in runs}) > 1,
            words=WORDS,
            style=style,
            style_hash=style_hash,
        )
    )


def _column(label: str, view: RunView) -> Column:
    passed, judged = must_share(view)
    return Column(
        label=one_line(label, 40),
        target=one_line(view.header.target.url, 200),
        overall=run_overall(view),
        passed=passed,
        judged=judged,
    )


def _rows(views: Sequence[RunView]) -> list[Row]:
    first: dict[str, Verdict] = {}
    by_view: list[dict[str, list[Verdict]]] = []
    for view in views:
        mine: dict[str, list[Verdict]] = {}
        for verdict in view.verdicts:
            first.setdefault(verdict.requirement, verdict)
            mine.setdefault(verdict.requirement, []).append(verdict)
        by_view.append(mine)
    return [
        Row(
            id=one_line(name),
            title=one_line(verdict.title, 120),
            level=verdict.level,
            cells=tuple(_cell(mine.get(name, [])) for mine in by_view),
        )
        for name, verdict in first.items()
    ]


def _cell(verdicts: Sequence[Verdict]) -> Cell | None:
    if not verdicts:
        return None
    worst = min(verdicts, key=lambda verdict: WORDS[verdict.outcome].rank)
    where = ", ".join(v.item for v in verdicts if v.outcome is worst.outcome)
    return Cell(worst.outcome, one_line(f"{where}. {worst.seen or worst.reason}", 300))
