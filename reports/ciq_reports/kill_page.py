"""The kill matrix: which fault of the reference mock the suite has seen, by which requirement; JSON and one HTML page.

Knows the records of the matrix. Must not know how a fault is made or tried.
"""

from collections.abc import Sequence
from html import escape

import msgspec

from ciq_reports.page_kit import style_sheet


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, tried."""

    fault: str
    says: str
    seam: str
    requirement: str
    level: str
    feature: str
    outcomes: tuple[str, ...]
    """Of the requirement's items."""
    detected: bool
    """One of them is `fail` (MUST) or `warn` (SHOULD)."""
    seen: str
    """What the suite says it saw."""
    beside: tuple[str, ...] = ()
    """Other ids that went red, of those which the same story answers."""
    seconds: float


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All faults, tried one after the other."""

    requirement_set: str
    uncovered: tuple[str, ...]
    """MUST and SHOULD requirements of the core set without a fault."""
    kills: tuple[Kill, ...]

    @property
    def missed(self) -> tuple[Kill, ...]:
        """Faults that no verdict names."""
        return tuple(kill for kill in self.kills if not kill.detected)


def headline(matrix: Matrix) -> str:
    """The result in one line."""
    ids = {kill.requirement for kill in matrix.kills}
    found = len(matrix.kills) - len(matrix.missed)
    alone = sum(kill.detected and not kill.beside for kill in matrix.kills)
    return (
        f"{found} of {len(matrix.kills)} faults turn their own requirement red, over {len(ids)} requirements; "
        f"{alone} of them turn no other red in the same story"
    )


def to_json(matrix: Matrix) -> bytes:
    """The matrix as JSON, for machines and for comparing."""
    return msgspec.json.format(msgspec.json.encode(matrix)) + b"\n"


def from_json(data: bytes) -> Matrix:
    """Read it back. Raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=Matrix)


def to_html(matrix: Matrix) -> str:
    """One page without script: missed ones first, then by requirement."""
    style, digest = style_sheet()
    rows = sorted(matrix.kills, key=lambda kill: (kill.detected, kill.requirement, kill.fault))
    head = ("requirement", "fault", "what the mock does then", "seam", "verdict", "seen", "red beside it", "seconds")
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Kill matrix</title>',
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{digest}'\">",
        f"<style>{style}</style></head><body><main>",
        "<h1>Kill matrix</h1>",
        f"<p>{escape(headline(matrix))}. Requirement set {escape(matrix.requirement_set)}.</p>",
        f"<p>Without a fault: {escape(', '.join(matrix.uncovered)) or 'none'}.</p>",
        "<table><thead><tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr></thead><tbody>",
        *(_row(kill) for kill in rows),
        "</tbody></table></main></body></html>",
    ]
    return "\n".join(lines) + "\n"


def _row(kill: Kill) -> str:
    verdict = ", ".join(sorted(set(kill.outcomes))) if kill.detected else f"MISSED ({', '.join(kill.outcomes)})"
    cells: Sequence[str] = (
        f"{kill.requirement} {kill.level}",
        kill.fault,
        kill.says,
        kill.seam,
        verdict,
        kill.seen[:300],
        ", ".join(kill.beside),
        f"{kill.seconds:.1f}",
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
