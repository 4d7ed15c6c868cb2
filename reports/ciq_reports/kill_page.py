"""The kill matrix as values, JSON and one HTML page: which faults of the reference mock the suite detects.

Knows the records of the matrix. Must not know how a fault is implemented or run.
"""

from collections.abc import Mapping, Sequence
from html import escape

import msgspec

from ciq_reports.page_kit import style_sheet


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one fault."""

    fault: str
    description: str
    replaces: str
    """Components of the mock that the fault replaces."""
    requirement: str
    level: str
    feature: str
    outcomes: tuple[str, ...]
    """Outcomes of the requirement's items."""
    detected: bool
    """Whether one outcome is `fail` (MUST) or `warn` (SHOULD)."""
    seen: str
    """What the suite observed, from the verdict."""
    beside: tuple[str, ...] = ()
    """Other requirements of the same scenario that failed or warned."""
    seconds: float
    tries: int = 1
    """Number of runs: on a machine under load the first run may not show the fault."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """One fault against all requirements of all features."""

    fault: str
    detected: bool
    """Whether the run of the whole suite detected it too: with eight workers and all other scenarios."""
    beside: tuple[str, ...]
    """Other requirements that failed or warned."""
    blocked: int
    """How many requirements the fault blocked."""
    cut: bool
    """Whether the deadline cut the run short, so that some requirements were not judged."""
    seconds: float


class WholeRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The last runs of the whole suite against every fault."""

    date: str
    commit: str
    requirement_set: str
    items: int
    faults: int
    """How many faults existed; with too little time, fewer of them were run."""
    clean: tuple[str, ...]
    """Requirements that fail or warn without any fault: expected none."""
    blames: tuple[Blame, ...]


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all faults."""

    requirement_set: str
    uncovered: tuple[str, ...]
    """MUST and SHOULD requirements without a fault, except the sets that need an option."""
    kills: tuple[Kill, ...]
    whole: WholeRuns | None = None

    @property
    def blames(self) -> Mapping[str, Blame]:
        """Results of the whole suite by fault; empty without such runs."""
        return {} if self.whole is None else {blame.fault: blame for blame in self.whole.blames}

    @property
    def missed(self) -> tuple[Kill, ...]:
        """Faults that the suite did not detect."""
        return tuple(kill for kill in self.kills if not kill.detected)


def headline(matrix: Matrix) -> str:
    """Returns the result in one line."""
    ids = {kill.requirement for kill in matrix.kills}
    found = len(matrix.kills) - len(matrix.missed)
    alone = sum(kill.detected and not kill.beside for kill in matrix.kills)
    late = sum(kill.detected and kill.tries > 1 for kill in matrix.kills)
    return (
        f"{found} of {len(matrix.kills)} faults are detected by the requirement that they break, over {len(ids)} "
        f"requirements; for {alone} of them no other requirement of the scenario fails"
        + (f"; {late} are detected in a later run only" if late else "")
    )


def whole_headline(matrix: Matrix) -> str:
    """Returns the result of the whole suite in one line; empty when it was not run."""
    whole = matrix.whole
    if whole is None:
        return ""
    blames = whole.blames
    seen = sum(blame.detected for blame in blames)
    alone = sum(blame.detected and not blame.beside for blame in blames)
    counts = sorted(len(blame.beside) for blame in blames)
    clean = ", ".join(whole.clean) or "none"
    cut = sum(blame.cut for blame in blames)
    part = "" if len(blames) == whole.faults else f" that were run, of {whole.faults},"
    return (
        f"whole suite ({whole.items} items over all features, {whole.date}, commit {whole.commit}, "
        f"set {whole.requirement_set}): {seen} of {len(blames)} faults{part} are detected by the requirement that they "
        f"break, {alone} of them by no other; other requirements that fail with a fault: "
        f"median {counts[len(counts) // 2] if counts else 0}, most {counts[-1] if counts else 0}; "
        f"requirements that fail without a fault: {clean}"
        + (f"; {cut} runs cut short by their deadline" if cut else "")
    )


def to_json(matrix: Matrix) -> bytes:
    """Returns the matrix as JSON."""
    return msgspec.json.format(msgspec.json.encode(matrix)) + b"\n"


def from_json(data: bytes) -> Matrix:
    """Reads a matrix from JSON; raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=Matrix)


def to_html(matrix: Matrix) -> str:
    """Returns one page without script: faults that were not detected first, then by requirement."""
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
    "what the faulty mock does",
    "override",
    "verdict",
    "observed",
    "other failures in the same scenario",
    "other failures in the whole suite",
    "seconds",
)
_SHOWN = 12


def _row(kill: Kill, blame: Blame | None) -> str:
    verdict = ", ".join(sorted(set(kill.outcomes))) if kill.detected else f"MISSED ({', '.join(kill.outcomes)})"
    if kill.tries > 1:
        verdict += f", {'detected' if kill.detected else 'not detected'} in {kill.tries} runs"
    cells: Sequence[str] = (
        f"{kill.requirement} {kill.level}",
        kill.fault,
        kill.description,
        kill.replaces,
        verdict,
        kill.seen[:300],
        ", ".join(kill.beside),
        _blamed(blame),
        f"{kill.seconds:.1f}",
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _blamed(blame: Blame | None) -> str:
    if blame is None:
        return "not run"
    ids = ", ".join(blame.beside[:_SHOWN]) + (" and more" if len(blame.beside) > _SHOWN else "")
    others = f"{len(blame.beside)}: {ids}" if blame.beside else "none"
    notes = [
        *(["not detected here"] if not blame.detected else []),
        *([f"{blame.blocked} blocked"] if blame.blocked else []),
        *(["cut short by its deadline"] if blame.cut else []),
    ]
    return f"{others} ({', '.join(notes)})" if notes else others
