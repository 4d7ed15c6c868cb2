"""Chooses, groups and bounds what the HTML page shows, as values without markup.

Takes statement and area from the registry for ids that this kit knows; for a run of another requirement set, from its
verdicts. Must not know HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ciq_reports.blocking_causes import is_first_occurrence
from ciq_reports.next_steps import next_steps
from ciq_reports.not_judged import NotJudged, not_judged
from ciq_reports.outcomes import WORDS, Overall
from ciq_reports.root_causes import RootCause, root_causes
from ciq_reports.sanitize import one_line, seconds_in_words
from ciq_reports.summary import (
    SimilarVerdicts,
    by_outcome,
    headline,
    result_sentence,
    run_overall,
)
from ciq_reports.transcript import RunView
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Requirement, load_registry
from ciq_schemas.transcript.records import Calibration, DriverEvent, Level, Outcome, Setting, Verdict


@dataclass(frozen=True, slots=True)
class Tile:
    """One outcome and its number of verdicts."""

    outcome: Outcome
    word: str
    sign: str
    count: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Square:
    """One verdict in the overview picture; also a chip in the table."""

    verdict: Verdict
    sign: str
    word: str
    tip: str

    @property
    def known(self) -> str:
        """`baseline` or `known flaky` for an accepted deviation, else empty."""
        if not self.verdict.baseline:
            return ""
        return "known flaky" if self.verdict.flaky else "baseline"


@dataclass(frozen=True, slots=True)
class Area:
    """One row of the overview: squares by feature."""

    name: str
    cells: tuple[tuple[Square, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement of the table."""

    id: str
    level: Level
    title: str
    area: str
    statement: str
    clause: str
    cells: tuple[tuple[Square, ...], ...]
    loose: tuple[Square, ...]
    """Verdicts that concern no single feature."""
    outcomes: tuple[Outcome, ...]
    features: tuple[str, ...]
    search: str

    @property
    def squares(self) -> tuple[Square, ...]:
        """All verdicts of the row."""
        return (*(square for cell in self.cells for square in cell), *self.loose)


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured note: what was observed, and on which features."""

    requirement: str
    title: str
    clause: str
    similar_verdicts: tuple[SimilarVerdicts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole report except pictures and records."""

    overall: Overall
    sentence: str
    headline: str
    exit_code: int | None
    cut_off: bool
    restored: bool
    facts: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]
    tiles: tuple[Tile, ...]
    features: tuple[tuple[str, str], ...]
    areas: tuple[Area, ...]
    causes: tuple[RootCause, ...]
    rows: tuple[Row, ...]
    readings: tuple[Reading, ...]
    calibrations: tuple[Calibration, ...]
    settings: tuple[Setting, ...]
    not_judged: tuple[NotJudged, ...]
    remarks: tuple[DriverEvent, ...]


def page_of(view: RunView) -> Page:
    """Returns what the page of a run shows."""
    known = load_registry().by_id
    rows = tuple(_rows(view, known))
    features = view.features
    return Page(
        overall=run_overall(view),
        sentence=result_sentence(view),
        headline=headline(view),
        exit_code=None if view.footer is None else view.footer.exit_code,
        cut_off=view.cut_off,
        restored=view.footer is None or view.footer.restored,
        facts=tuple(_facts(view)),
        steps=next_steps(view),
        tiles=tuple(
            Tile(outcome, WORDS[outcome].word, WORDS[outcome].sign, count, WORDS[outcome].meaning)
            for outcome, count in by_outcome(view.verdicts).items()
        ),
        features=tuple((name, _feature_title(name)) for name in features),
        areas=tuple(_areas(rows, len(features))),
        causes=root_causes(view),
        rows=rows,
        readings=tuple(_readings(view)),
        calibrations=view.calibrations,
        settings=view.header.settings,
        not_judged=not_judged(view.verdicts),
        remarks=tuple(_remarks(view)),
    )


def _remarks(view: RunView) -> Iterable[DriverEvent]:
    seen: set[tuple[str, str]] = set()
    return (m for m in view.events if m.name not in ("begin", "end") and is_first_occurrence(m, seen))


def _facts(view: RunView) -> Iterable[tuple[str, str]]:
    header, target = view.header, view.header.target
    place = f"embedded mock ({target.url})" if target.embedded else target.url
    yield "Target", one_line(place)
    if not view.of_receiver:
        yield "Bucket", one_line(target.bucket)
        yield "Region", one_line(target.region)
        yield "Requests", "signed" if target.signed else "unsigned"
    yield "Started", one_line(header.started_at)
    yield "Took", seconds_in_words(view.seconds) + (" until cut off" if view.cut_off else "")
    yield "Kit", one_line(header.kit_version)
    yield "Requirement set", one_line(header.requirement_set)
    yield "Run", one_line(header.run_id)
    callbacks = "" if view.of_receiver else f", {len(view.arrivals)} callbacks"
    yield "Evidence", f"{len(view.exchanges)} exchanges{callbacks}"


def _feature_title(name: str) -> str:
    try:
        return FEATURES[Feature(name)].title
    except ValueError:
        return name


def _square(verdict: Verdict) -> Square:
    words = WORDS[verdict.outcome]
    detail = verdict.seen or verdict.reason
    known = f", known ({'known flaky' if verdict.flaky else 'baseline'})" if verdict.baseline else ""
    tip = f"{verdict.item}: {words.word}{known}. {verdict.title}." + (f" {detail}" if detail else "")
    return Square(verdict, words.sign, words.word, one_line(tip, 300))


def _rows(view: RunView, known: Mapping[str, Requirement]) -> Iterable[Row]:
    """Yields rows in the order of the registry; ids that this kit does not know come last, as in the run."""
    mine: dict[str, list[Verdict]] = {}
    for verdict in view.verdicts:
        mine.setdefault(verdict.requirement, []).append(verdict)
    place = {name: number for number, name in enumerate(known)}
    for name in sorted(mine, key=lambda name: place.get(name, len(place))):
        verdicts = mine[name]
        first = verdicts[0]
        requirement = known.get(name)
        squares = [_square(verdict) for verdict in verdicts]
        statement = requirement.statement if requirement else ""
        words = [name, first.level, first.title, statement, first.clause]
        words += [f"{v.feature} {v.format} {v.outcome} {v.seen} {v.reason}" for v in verdicts]
        yield Row(
            id=name,
            level=first.level,
            title=first.title,
            area=_area(name, requirement),
            statement=statement,
            clause=first.clause,
            cells=tuple(tuple(s for s in squares if s.verdict.feature == f) for f in view.features),
            loose=tuple(s for s in squares if not s.verdict.feature),
            outcomes=tuple(dict.fromkeys(v.outcome for v in verdicts)),
            features=tuple(dict.fromkeys(v.feature for v in verdicts if v.feature)),
            search=one_line(" ".join(words).lower(), 1200),
        )


def _area(name: str, requirement: Requirement | None) -> str:
    if requirement is None or not requirement.area:
        return name.partition("-")[0]
    return requirement.area.replace("_", " ").capitalize()


def _areas(rows: Sequence[Row], width: int) -> Iterable[Area]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.area, []).append(row)
    for name, members in by_name.items():
        columns = (tuple(square for row in members for square in row.cells[column]) for column in range(width))
        yield Area(name, tuple(columns))


def _readings(view: RunView) -> Iterable[Reading]:
    mine: dict[str, list[Verdict]] = {}
    for verdict in view.verdicts:
        if verdict.outcome is Outcome.NOTE:
            mine.setdefault(verdict.requirement, []).append(verdict)
    for name, verdicts in mine.items():
        same: dict[tuple[str, str], list[Verdict]] = {}
        for verdict in verdicts:
            same.setdefault((verdict.seen, verdict.reason), []).append(verdict)
        similar_verdicts = tuple(SimilarVerdicts(verdicts=tuple(members)) for members in same.values())
        yield Reading(name, verdicts[0].title, verdicts[0].clause, similar_verdicts)
