"""Makes the HTML report: one file that works offline, with and without JavaScript.

Knows the template and how values become markup. `page_model` and `evidence_records` choose the content. jinja2's
autoescape and `svg` escape everything that a target sent; the page's policy allows only the page's own script.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
from markupsafe import Markup

from ciq_reports import kill_figures, svg
from ciq_reports.evidence_records import EvidenceRecord, EvidenceSection
from ciq_reports.job_log import read_log
from ciq_reports.next_steps import rerun_command
from ciq_reports.outcomes import WORDS
from ciq_reports.page_kit import anchor, page_environment, script, style_sheet
from ciq_reports.page_model import page_of
from ciq_reports.root_causes import RootCause
from ciq_reports.sanitize import one_line
from ciq_reports.scenario_runs import ScenarioRun, scenario_of, scenario_runs
from ciq_reports.summary import FindingGroup, SimilarVerdicts
from ciq_reports.timeline import Timeline, Timelines
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Verdict

MOST_CARDS = 120
"""Most groups of similar verdicts shown as cards with records; the table contains the others too."""
MOST_PICTURES = 60
JOBS_IN_CARD = 18
MOST_FLAGS = 16
"""Evidence records that a timeline flags; the list below it has them all."""


@dataclass(frozen=True, slots=True)
class Card:
    """Similar verdicts of a finding with their evidence."""

    similar: SimilarVerdicts
    verdict: Verdict
    evidence_records: tuple[EvidenceRecord, ...]
    picture: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of findings and its cards."""

    group: FindingGroup
    cards: tuple[Card, ...]
    unshown: int


@dataclass(frozen=True, slots=True)
class CauseSection:
    """A root cause and its findings; `again` is the command that tests all its requirements again."""

    cause: RootCause
    findings: tuple[Finding, ...]
    again: str

    @property
    def headed(self) -> bool:
        """Whether the section shows more than its only finding."""
        return bool(self.cause.diagnoses or self.cause.consequences) or len(self.findings) > 1


@dataclass(frozen=True, slots=True)
class ScenarioTimeline:
    """A scenario's timeline for the section at the end."""

    scenario_run: ScenarioRun
    jobs: int
    picture: Markup
    caption: str


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Writes the report of a run to `path`; raises RunFileError when `records` contain no header."""
    path.write_text(render(RunView.of(records)), encoding="utf-8")


def render(view: RunView, *, figures: kill_figures.Figures | None = None) -> str:
    """Returns the document; `figures` are those of the kill matrix, None for the shipped ones."""
    style, style_hash = style_sheet()
    code, script_hash = script()
    evidence = EvidenceSection(view)
    timelines = Timelines(view, read_log(view))
    played = scenario_runs(view)
    page = page_of(view)
    groups = tuple(group for cause in page.causes for group in cause.groups)
    found = iter(tuple(_findings(view, groups, evidence, timelines, played)))
    sections = tuple(
        CauseSection(cause, tuple(islice(found, len(cause.groups))), rerun_command(view, cause.requirements))
        for cause in page.causes
    )
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            sections=sections,
            number_of_findings=len(groups),
            scenario_runs=tuple(_scenario_pictures(view, timelines, played.values())),
            left_out=evidence.left_out,
            words=WORDS,
            script=code,
            style=style,
            script_hash=script_hash,
            style_hash=style_hash,
            # The kill matrix has faults of services only.
            proof=""
            if view.of_receiver
            else kill_figures.sentence(figures or kill_figures.shipped(), view.header.requirement_set),
            place=kill_figures.PLACE,
        )
    )


def _findings(
    view: RunView,
    groups: Iterable[FindingGroup],
    evidence: EvidenceSection,
    timelines: Timelines,
    played: Mapping[tuple[str, str], ScenarioRun],
) -> Iterator[Finding]:
    cards_left, pictures_left = MOST_CARDS, MOST_PICTURES
    for group in groups:
        cards: list[Card] = []
        for similar in group.similar_verdicts[:cards_left]:
            verdict = similar.first
            scenario_run = played.get(scenario_of(view, verdict))
            line = None
            if scenario_run is not None and pictures_left > 0:
                flagged = msgspec.structs.replace(verdict, witness=verdict.witness[:MOST_FLAGS])
                line = timelines.of(scenario_run, [flagged], most_jobs=JOBS_IN_CARD, closely=True)
                pictures_left -= line is not None
            name = f"w{len(cards)}-{anchor(verdict.item)}-{group.outcome}"
            picture = Markup(svg.picture(line, name)) if line else Markup("")  # noqa: S704 - svg escapes
            caption = _caption(line) if line else ""
            cards.append(Card(similar, verdict, tuple(evidence.of(similar.verdicts)), picture, caption))
        cards_left -= len(cards)
        yield Finding(group, tuple(cards), len(group.similar_verdicts) - len(cards))


def _scenario_pictures(
    view: RunView, timelines: Timelines, played: Iterable[ScenarioRun]
) -> Iterator[ScenarioTimeline]:
    bad = [verdict for verdict in view.verdicts if WORDS[verdict.outcome].rank <= 1]
    for scenario_run in played:
        mine = [v for v in bad if scenario_of(view, v) == (scenario_run.feature, scenario_run.scenario)]
        line = timelines.of(scenario_run, mine)
        if line is not None:
            picture = Markup(svg.picture(line, f"s-{anchor(scenario_run.name)}"))  # noqa: S704 - svg escapes
            yield ScenarioTimeline(scenario_run, len(line.jobs) + line.left_out, picture, _caption(line))


def _caption(line: Timeline) -> str:
    return one_line(line.sentence())
