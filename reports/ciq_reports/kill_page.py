"""The kill matrix: which fault of the reference mock the suite has seen, by which requirement; JSON and one HTML page.

Knows the records of the matrix. Must not know how a fault is made or tried.
"""

from collections.abc import Mapping, Sequence
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
    tries: int = 1
    """Runs it took: a machine under load may show too little in the first."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """One fault against all requirements of all features."""

    fault: str
    detected: bool
    """Its own requirement went red here as well: with eight workers, and beside all other stories."""
    beside: tuple[str, ...]
    """Other ids that went red."""
    blocked: int
    """How many requirements could not be judged for it."""
    cut: bool
    """The run was cut short by its deadline, so that some were never asked."""
    seconds: float


class WholeRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The last time that the whole suite was run against every fault."""

    date: str
    commit: str
    requirement_set: str
    items: int
    faults: int
    """How many there were; a run without time enough has tried fewer."""
    clean: tuple[str, ...]
    """Ids that go red without any fault: none."""
    blames: tuple[Blame, ...]


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All faults, tried one after the other."""

    requirement_set: str
    uncovered: tuple[str, ...]
    """MUST and SHOULD requirements without a fault, of all sets that no option opens."""
    kills: tuple[Kill, ...]
    whole: WholeRuns | None = None

    @property
    def blames(self) -> Mapping[str, Blame]:
        """What the whole suite said of each fault, where it was asked."""
        return {} if self.whole is None else {blame.fault: blame for blame in self.whole.blames}

    @property
    def missed(self) -> tuple[Kill, ...]:
        """Faults that no verdict names."""
        return tuple(kill for kill in self.kills if not kill.detected)


def headline(matrix: Matrix) -> str:
    """The result in one line."""
    ids = {kill.requirement for kill in matrix.kills}
    found = len(matrix.kills) - len(matrix.missed)
    alone = sum(kill.detected and not kill.beside for kill in matrix.kills)
    late = sum(kill.detected and kill.tries > 1 for kill in matrix.kills)
    return (
        f"{found} of {len(matrix.kills)} faults turn their own requirement red, over {len(ids)} requirements; "
        f"{alone} of them turn no other red in the same story" + (f"; {late} seen in a later run only" if late else "")
    )


def whole_headline(matrix: Matrix) -> str:
    """The result of the whole suite in one line; empty when it was never run."""
    whole = matrix.whole
    if whole is None:
        return ""
    blames = whole.blames
    seen = sum(blame.detected for blame in blames)
    alone = sum(blame.detected and not blame.beside for blame in blames)
    counts = sorted(len(blame.beside) for blame in blames)
    clean = f"{', '.join(whole.clean)} without any" if whole.clean else "nothing without any"
    cut = sum(blame.cut for blame in blames)
    part = "" if len(blames) == whole.faults else f" tried, of {whole.faults},"
    return (
        f"whole suite ({whole.items} items over all features, {whole.date}, commit {whole.commit}, "
        f"set {whole.requirement_set}): {seen} of {len(blames)} faults{part} seen by their own requirement, {alone} of "
        f"them by it alone; other ids that go red beside a fault: median {counts[len(counts) // 2] if counts else 0}, "
        f"most {counts[-1] if counts else 0}; red is {clean}" + (f"; {cut} cut short by their deadline" if cut else "")
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
    blames = matrix.blames
    whole = whole_headline(matrix)
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Kill matrix</title>',
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{digest}'\">",
        f'<style>{style}</style></head><body><main class="kills">',
        "<h1>Kill matrix</h1>",
        f"<p>{escape(headline(matrix))}. Requirement set {escape(matrix.requirement_set)}.</p>",
        f"<p>{escape(whole[:1].upper() + whole[1:])}.</p>" if whole else "",
        f"<p>Without a fault: {escape(', '.join(matrix.uncovered)) or 'none'}.</p>",
        "<table><thead><tr>" + "".join(f"<th>{name}</th>" for name in _HEAD) + "</tr></thead><tbody>",
        *(_row(kill, blames.get(kill.fault)) for kill in rows),
        "</tbody></table></main></body></html>",
    ]
    return "\n".join(lines) + "\n"


_HEAD = (
    "requirement",
    "fault",
    "what the mock does then",
    "seam",
    "verdict",
    "seen",
    "red beside it in the same story",
    "red beside it in the whole suite",
    "seconds",
)
_SHOWN = 12


def _row(kill: Kill, blame: Blame | None) -> str:
    verdict = ", ".join(sorted(set(kill.outcomes))) if kill.detected else f"MISSED ({', '.join(kill.outcomes)})"
    if kill.tries > 1:
        verdict += f", {'seen' if kill.detected else 'not seen'} in {kill.tries} runs"
    cells: Sequence[str] = (
        f"{kill.requirement} {kill.level}",
        kill.fault,
        kill.says,
        kill.seam,
        verdict,
        kill.seen[:300],
        ", ".join(kill.beside),
        _blamed(blame),
        f"{kill.seconds:.1f}",
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _blamed(blame: Blame | None) -> str:
    if blame is None:
        return "not tried"
    ids = ", ".join(blame.beside[:_SHOWN]) + (" and more" if len(blame.beside) > _SHOWN else "")
    told = f"{len(blame.beside)}: {ids}" if blame.beside else "none"
    notes = [
        *(["its own is not red here"] if not blame.detected else []),
        *([f"{blame.blocked} blocked"] if blame.blocked else []),
        *(["cut short by its deadline"] if blame.cut else []),
    ]
    return f"{told} ({', '.join(notes)})" if notes else told
