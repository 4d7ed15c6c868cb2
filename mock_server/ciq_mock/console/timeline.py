"""Draws the timeline of a queue as an inline SVG picture: one row per job, paused spans behind them. Pure.

The picture is legible without colour: waiting is hollow, running solid, an end a sign, a callback a triangle, a paused
span hatched. It has no style attributes, because the pages' content security policy allows none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from ciq_schemas.lifecycle import JobState, QueueState

WIDTH = 1000
MOST_JOBS = 40
_LEFT = 210
_RIGHT = 20
_ROW = 22
_BAR = 12
_AXIS = 28
_SIGNS = {JobState.SUCCESS: "✓", JobState.FAILED: "✗", JobState.CANCEL: "⊘"}
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The life of one job; times are epoch seconds, None until the event."""

    label: str
    level: int
    state: JobState
    created: float
    started: float | None
    ended: float | None
    callbacks: tuple[tuple[float, bool], ...] = ()
    """Time of each attempt, and whether the receiver accepted it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the picture, in the language of the page."""

    title: str
    paused: str
    callback: str
    level: str


def pauses(changes: Iterable[tuple[float, QueueState]], now: float) -> list[tuple[float, float]]:
    """Return the spans in which a queue was paused; an open one ends now."""
    found: list[tuple[float, float]] = []
    since: float | None = None
    for at, state in changes:
        if state is QueueState.PAUSED:
            since = at if since is None else since
        elif since is not None:
            found.append((since, at))
            since = None
    if since is not None:
        found.append((since, now))
    return found


def picture(bars: Sequence[Bar], paused: Sequence[tuple[float, float]], now: float, words: Words, name: str) -> str:
    """Return the `<svg>` element; `name` must be unique on the page."""
    return "".join(_Drawing(bars, paused, now, words, name).parts())


class _Drawing:
    def __init__(
        self, bars: Sequence[Bar], paused: Sequence[tuple[float, float]], now: float, words: Words, name: str
    ) -> None:
        self.name = name
        self.bars = bars
        self.words = words
        self.start = min((bar.created for bar in bars), default=now - 1)
        last = [moment for bar in bars for moment, _ in bar.callbacks]
        done = [bar.ended for bar in bars if bar.ended is not None]
        open_ones = len(done) < len(bars)
        self.end = max([now] if open_ones else [*done, *last, self.start + 0.01])
        self.scale = (WIDTH - _LEFT - _RIGHT) / max(self.end - self.start, 0.01)
        self.paused = [(a, b) for a, b in paused if b > self.start and a < self.end]
        self.bottom = 4 + _ROW * len(bars)

    def x(self, moment: float) -> float:
        return round(_LEFT + (min(max(moment, self.start), self.end) - self.start) * self.scale, 1)

    def parts(self) -> Iterator[str]:
        height = self.bottom + _AXIS
        yield (
            f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{self.name}-title">'
            f'<title id="{self.name}-title">{escape(self.words.title)}</title>'
            f'<defs><pattern id="{self.name}-hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>'
        )
        for begin, end in self.paused:
            left, width = self.x(begin), max(self.x(end) - self.x(begin), 1)
            yield (
                f'<rect class="paused" fill="url(#{self.name}-hatch)" x="{left}" y="0" width="{width:.1f}" '
                f'height="{self.bottom}">'
                f"<title>{escape(self.words.paused)} {max(end - begin, 0):.2f} s</title></rect>"
            )
        for row, bar in enumerate(self.bars):
            yield from self.row(row, bar)
        yield from self.axis()
        yield "</svg>"

    def row(self, row: int, bar: Bar) -> Iterator[str]:
        top = 4 + row * _ROW
        middle = top + _BAR - 2
        label = escape(f"{bar.label[:20]} · {self.words.level} {bar.level}")
        yield f'<text class="label" x="4" y="{middle}">{label}</text>'
        begun = bar.started if bar.started is not None else bar.ended if bar.ended is not None else self.end
        yield self.bar("wait", bar.created, begun, top)
        if bar.started is not None:
            yield self.bar("run", bar.started, self.end if bar.ended is None else bar.ended, top)
        if bar.ended is not None:
            state = escape(bar.state.value)
            sign = _SIGNS.get(bar.state, "?")
            yield f'<text class="end" x="{self.x(bar.ended) + 2}" y="{middle}">{sign}<title>{state}</title></text>'
        for moment, accepted in bar.callbacks:
            kind = "callback" if accepted else "callback refused"
            x = self.x(moment)
            yield (
                f'<path class="{kind}" d="M{x - 4} {top + _BAR + 6}h8l-4 -7z"><title>{escape(self.words.callback)}'
                f"</title></path>"
            )

    def bar(self, kind: str, begin: float, end: float, top: int) -> str:
        left = self.x(begin)
        width = max(self.x(end) - left, 1)
        title = f"{max(end - begin, 0):.3f} s"
        return (
            f'<rect class="{kind}" x="{left}" y="{top}" width="{width:.1f}" height="{_BAR}">'
            f"<title>{title}</title></rect>"
        )

    def axis(self) -> Iterator[str]:
        span = self.end - self.start
        step = next((step for step in _STEPS if span / step <= 8), _STEPS[-1] * max(1, round(span / _STEPS[-1] / 8)))
        tick = 0.0
        while tick <= span:
            x = self.x(self.start + tick)
            yield f'<line class="axis" x1="{x}" y1="0" x2="{x}" y2="{self.bottom + 5}"/>'
            yield f'<text class="tick" x="{x}" y="{self.bottom + 20}">{tick:g} s</text>'
            tick = round(tick + step, 6)
