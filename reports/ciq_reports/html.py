"""The HTML report: one file that opens anywhere, offline, with and without JavaScript.

Knows the template and how values become markup. Must not choose what is shown (`page_model`, `exhibits`) nor read
bodies. Everything a target sent is escaped by jinja2's autoescape or by `svg`; the page's policy allows no script but
its own.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from ciq_reports import svg
from ciq_reports.exhibits import Exhibit, ExhibitRoom
from ciq_reports.job_log import read_log
from ciq_reports.outcomes import WORDS
from ciq_reports.page_model import page_of
from ciq_reports.printable import one_line, printable
from ciq_reports.scenes import EVERY, Scene, scene_of, scenes
from ciq_reports.summary import FindingGroup, Strand
from ciq_reports.timeline import Timeline, Timelines
from ciq_reports.transcript import RunView
from ciq_schemas.run import AnyRecord, Verdict

MOST_CARDS = 120
"""Strands shown as cards with records; further ones are in the table only."""
MOST_PICTURES = 60
LANES_IN_CARD = 18
_LONGEST_TEXT = 4_000
_DOCUMENT = re.compile(r"\b(1045|436|460)/(\d{4,6})\b")
_SITES = {
    "1045": "https://www.tencentcloud.com/document/product/1045/",
    "436": "https://www.tencentcloud.com/document/product/436/",
    "460": "https://cloud.tencent.com/document/product/460/",
}
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Card:
    """One strand of a finding with its evidence."""

    strand: Strand
    verdict: Verdict
    exhibits: tuple[Exhibit, ...]
    picture: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of findings and its cards."""

    group: FindingGroup
    cards: tuple[Card, ...]
    unshown: int


@dataclass(frozen=True, slots=True)
class ScenePicture:
    """A scenario's timeline for the collection at the end."""

    scene: Scene
    jobs: int
    picture: Markup
    caption: str


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Write the report of a run to `path`; RunFileError when `records` hold no header."""
    path.write_text(render(RunView.of(records)), encoding="utf-8")


def render(view: RunView) -> str:
    """The document."""
    script, style = _asset("report.js"), _asset("report.css")
    room = ExhibitRoom(view)
    timelines = Timelines(view, read_log(view))
    played = scenes(view)
    page = page_of(view)
    found = tuple(_findings(view, page.groups, room, timelines, played))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            findings=found,
            scenes=tuple(_scene_pictures(view, timelines, played.values())),
            left_out=room.left_out,
            words=WORDS,
            script=Markup(script),  # noqa: S704 - our own file
            style=Markup(style),  # noqa: S704 - our own file
            script_hash=_hash(script),
            style_hash=_hash(style),
        )
    )


def _findings(
    view: RunView,
    groups: Iterable[FindingGroup],
    room: ExhibitRoom,
    timelines: Timelines,
    played: Mapping[tuple[str, str], Scene],
) -> Iterator[Finding]:
    cards_left, pictures_left = MOST_CARDS, MOST_PICTURES
    for group in groups:
        cards: list[Card] = []
        for strand in group.strands[:cards_left]:
            verdict = strand.first
            scene = played.get(scene_of(view, verdict))
            line = None
            if scene is not None and pictures_left > 0:
                line = timelines.of(scene, [verdict], most_lanes=LANES_IN_CARD)
                pictures_left -= line is not None
            name = f"w{len(cards)}-{_name(verdict.item)}-{group.outcome}"
            picture = Markup(svg.picture(line, name)) if line else Markup("")  # noqa: S704 - svg escapes
            caption = _caption(line) if line else ""
            cards.append(Card(strand, verdict, tuple(room.of(strand.verdicts)), picture, caption))
        cards_left -= len(cards)
        yield Finding(group, tuple(cards), len(group.strands) - len(cards))


def _scene_pictures(view: RunView, timelines: Timelines, played: Iterable[Scene]) -> Iterator[ScenePicture]:
    bad = [verdict for verdict in view.verdicts if WORDS[verdict.outcome].rank <= 1]
    for scene in played:
        mine = [v for v in bad if scene_of(view, v) == (scene.feature, scene.scenario)]
        line = timelines.of(scene, mine)
        if line is not None:
            picture = Markup(svg.picture(line, f"s-{_name(scene.name)}"))  # noqa: S704 - svg escapes
            yield ScenePicture(scene, len(line.lanes) + line.left_out, picture, _caption(line))


def _caption(line: Timeline) -> str:
    return one_line(line.sentence())


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def _asset(name: str) -> str:
    return (files("ciq_reports") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_asset),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    environment.filters["line"] = one_line
    environment.filters["clause"] = _clause
    environment.filters["step"] = _step
    environment.filters["anchor"] = _name
    environment.globals["EVERY"] = EVERY
    return environment


def _plain(text: str) -> str:
    """Text of any origin, bounded and without control characters; the template escapes it."""
    shown = printable(text)
    if len(shown) > _LONGEST_TEXT:
        return f"{shown[:_LONGEST_TEXT]}… ({len(shown)} characters, cut here)"
    return shown


def _clause(text: str) -> Markup:
    """A clause with its documents as links: text to click, nothing that is loaded."""
    linked = _DOCUMENT.sub(
        lambda found: f'<a href="{_SITES[found[1]]}{found[2]}" rel="noreferrer noopener">{found[0]}</a>',
        str(escape(_plain(text))),
    )
    return Markup(linked)  # noqa: S704 - escaped above


def _step(text: str) -> Markup:
    """A sentence of ours with its `commands` as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_plain(text)))))  # noqa: S704 - escaped
