"""Draws a timeline as an inline SVG picture: one row per job. Pure; the page's style sheet gives colours and fonts.

The picture is legible without colour: waiting is hollow, running solid, a change between observations a dashed line,
an end a sign in a ring, a callback a triangle, a paused queue hatched. A flag with the record number marks evidence.
This module escapes the target's text.
"""

from collections.abc import Iterator
from html import escape

from ciq_reports.sanitize import one_line
from ciq_reports.timeline import Flag, Phase, Span, Timeline, TimelineJob, paused_in_words
from ciq_schemas.lifecycle import JobState

WIDTH = 1000
GUTTER = 232
RIGHT = 26
ROW_HEIGHT = 22
FLAG_ROW = 17
AXIS = 26
PAUSE_LABEL = 92
"""Width of the label at a paused span."""
_BAR = 11
_CHARACTER = 6.2
_ENDS = {JobState.SUCCESS: "✓", JobState.FAILED: "✗", JobState.CANCEL: "⊘"}
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_CLASSES = {
    Phase.ACCEPTING: "acc",
    Phase.WAITING: "wait",
    Phase.RUNNING: "run",
    Phase.UNSEEN: "unseen",
    Phase.OTHER: "other",
}


def picture(timeline: Timeline, name: str) -> str:
    """Returns the `<svg>` element; `name` must be unique on the page (letters, digits, dashes)."""
    return "".join(_Drawing(timeline, name).parts())


def _clean(text: str, limit: int = 0) -> str:
    return escape(one_line(text, limit), quote=True)


class _Drawing:
    """Computes the geometry of one picture: x grows with time, y with jobs."""

    def __init__(self, timeline: Timeline, name: str) -> None:
        self.timeline = timeline
        self.name = name
        span = max(timeline.ended - timeline.started, 0.01)
        self.scale = (WIDTH - GUTTER - RIGHT) / span
        self.flag_places = list(self._place_flags())
        rows = max((row for _, row, _ in self.flag_places), default=-1) + 1
        self.top = 6 + rows * FLAG_ROW + (14 if timeline.paused else 0)
        self.bottom = self.top + ROW_HEIGHT * len(timeline.jobs)
        self.height = self.bottom + AXIS

    def x(self, seconds: float) -> float:
        inside = min(max(seconds, self.timeline.started), self.timeline.ended)
        return round(GUTTER + (inside - self.timeline.started) * self.scale, 1)

    def parts(self) -> Iterator[str]:
        line = self.timeline
        title = f"Timeline of scenario {line.scenario} on {line.feature}"
        yield (
            f'<svg class="timeline" viewBox="0 0 {WIDTH} {self.height}" role="img" '
            f'aria-labelledby="{self.name}-t {self.name}-d" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{self.name}-t">{_clean(title)}</title>'
            f'<desc id="{self.name}-d">{_clean(line.sentence())}</desc>'
            f'<defs><pattern id="{self.name}-h" width="7" height="7" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern></defs>'
        )
        yield from self.axis()
        yield from self.pauses()
        yield from self.flag_spans()
        for place, job in enumerate(line.jobs):
            yield from self.job_row(job, self.top + ROW_HEIGHT * place)
        yield from self.flag_labels()
        yield "</svg>"

    def axis(self) -> Iterator[str]:
        line = self.timeline
        span = max(line.ended - line.started, 0.01)
        step = next((step for step in _STEPS if span / step <= 10), _STEPS[-1])
        digits = 2 if step < 0.1 else 1 if step < 1 else 0
        first = int(line.started / step)
        yield f'<path class="axis" d="M{GUTTER} {self.bottom}H{WIDTH - RIGHT}"/>'
        for number in range(first, first + int(span / step) + 3):
            at = number * step
            if line.started <= at <= line.ended:
                x = self.x(at)
                yield f'<path class="grid" d="M{x} {self.top}V{self.bottom + 4}"/>'
                yield f'<text class="tick" x="{x}" y="{self.bottom + 16}">{at:.{digits}f} s</text>'

    def pauses(self) -> Iterator[str]:
        for paused in self.timeline.paused:
            left = self.x(paused.started)
            right = self.x(self.timeline.ended if paused.ended is None else paused.ended)
            height = self.bottom - self.top
            yield (
                f'<rect class="paused" x="{left}" y="{self.top}" width="{max(right - left, 1):.1f}" '
                f'height="{height}" fill="url(#{self.name}-h)"><title>queue paused</title></rect>'
                f'<path class="pause-edge" d="M{left} {self.top - 2}V{self.bottom}"/>'
                f'<path class="pause-edge" d="M{right} {self.top - 2}V{self.bottom}"/>'
            )
        for x, words in self.pause_labels():
            yield f'<text class="pause-label" x="{x}" y="{self.top - 3}">❚❚ {words}</text>'

    def pause_labels(self) -> Iterator[tuple[float, str]]:
        """Yields a label for each paused span, or one label for all of them when a span is too narrow."""
        paused = self.timeline.paused
        edges = [(self.x(p.started), self.x(self.timeline.ended if p.ended is None else p.ended)) for p in paused]
        if all(right - left >= PAUSE_LABEL for left, right in edges) or len(edges) == 1:
            for left, _ in edges:
                yield min(left + 4, WIDTH - PAUSE_LABEL), "queue paused"
        else:
            yield GUTTER + 4, paused_in_words(self.timeline)

    def job_row(self, job: TimelineJob, y: float) -> Iterator[str]:
        middle = y + ROW_HEIGHT / 2
        yield f'<g class="job{" in-evidence" if job.witness else ""}"><title>{_clean(_words(job))}</title>'
        yield f'<rect class="row" x="0" y="{y}" width="{WIDTH}" height="{ROW_HEIGHT}"/>'
        yield from self.job_label(job, middle)
        for span in job.spans:
            yield self.span(span, middle)
        if job.start_window is not None:
            left, right = (self.x(edge) for edge in job.start_window)
            if right > left:
                yield f'<path class="start-window" d="M{left} {y + ROW_HEIGHT - 2.5}H{right}"/>'
        for at in job.cancels:
            yield f'<text class="cancel" x="{self.x(at)}" y="{middle + 4}">⊘</text>'
        yield from self.ending(job, middle)
        for event in job.callbacks:
            x = self.x(event.at)
            yield (
                f'<path class="callback" d="M{x - 4.5} {y + 2}h9l-4.5 8z">'
                f"<title>callback #{event.seq}: {_clean(event.state)}, {event.at:.2f} s</title></path>"
            )
        yield "</g>"

    def job_label(self, job: TimelineJob, middle: float) -> Iterator[str]:
        level = f"L{one_line(job.level, 3)} " if job.level else ""
        label = one_line(job.label, 22) or "job"
        yield f'<text class="job-label" x="12" y="{middle + 4}">{escape(label)}</text>'
        if level:
            yield f'<text class="job-level" x="156" y="{middle + 4}">{escape(level)}</text>'
        tail = one_line(job.job_id)[-5:]
        yield f'<text class="job-id" x="{GUTTER - 8}" y="{middle + 4}">…{escape(tail)}</text>'
        if job.witness:
            yield f'<path class="evidence-mark" d="M3 {middle - 5}l6 5l-6 5z"/>'

    def span(self, span: Span, middle: float) -> str:
        left, right = self.x(span.started), self.x(span.ended)
        name = _CLASSES[span.phase]
        match span.phase:
            case Phase.UNSEEN:
                return f'<path class="{name}" d="M{left} {middle}H{right}"/>'
            case Phase.ACCEPTING | Phase.WAITING | Phase.RUNNING | Phase.OTHER:
                width = max(right - left, 2)
                return (
                    f'<rect class="{name}" x="{left}" y="{middle - _BAR / 2}" '
                    f'width="{width:.1f}" height="{_BAR}" rx="2"/>'
                )

    def ending(self, job: TimelineJob, middle: float) -> Iterator[str]:
        if job.ending is None:
            return
        x = self.x(job.ending.by)
        try:
            state = JobState(job.ending.state)
        except ValueError:
            return
        sign = _ENDS.get(state, "?")
        yield (
            f'<circle class="end end-{state.lower()}" cx="{x}" cy="{middle}" r="6.5"/>'
            f'<text class="end-sign" x="{x}" y="{middle + 3.5}">{sign}</text>'
        )

    def _place_flags(self) -> Iterator[tuple[Flag, int, str]]:
        """Yields each flag with its row; flags whose labels would touch have different rows."""
        ends: list[float] = []
        for flag in sorted(self.timeline.flags, key=lambda flag: flag.started):
            text = f"⚑ #{flag.seq} {one_line(flag.what, 18)}"
            x = self.label_x(flag, text)
            row = next((number for number, end in enumerate(ends) if end < x), len(ends))
            if row == len(ends):
                ends.append(0.0)
            ends[row] = x + len(text) * _CHARACTER + 8
            yield flag, row, text

    def label_x(self, flag: Flag, text: str) -> float:
        """Returns the left edge of a flag's label: at its record, but inside the picture."""
        return min(self.x(flag.started), WIDTH - len(text) * _CHARACTER - 10)

    def flag_spans(self) -> Iterator[str]:
        for flag, row, _ in self.flag_places:
            y = 18 + row * FLAG_ROW
            left, right = self.x(flag.started), self.x(flag.ended)
            yield (
                f'<rect class="flag-span" x="{left}" y="{y}" '
                f'width="{max(right - left, 1.5):.1f}" height="{self.bottom - y}"/>'
            )

    def flag_labels(self) -> Iterator[str]:
        for flag, row, text in self.flag_places:
            y = 4 + row * FLAG_ROW
            label = self.label_x(flag, text)
            yield (
                f'<g class="flag"><rect class="flag-label" x="{label}" y="{y}" rx="3" height="14" '
                f'width="{len(text) * _CHARACTER + 6:.1f}"/>'
                f'<text class="flag-text" x="{label + 4}" y="{y + 10.5}">{escape(text)}</text></g>'
            )


def _words(job: TimelineJob) -> str:
    """Describes one job in a sentence, for pointer and screen reader."""
    parts = [f"{job.label or 'job'} {job.job_id}"]
    if job.level:
        parts.append(f"level {job.level}")
    parts.append(f"accepted {job.accepted[0]:.2f} to {job.accepted[1]:.2f} s")
    for span in job.spans[1:]:
        match span.phase:
            case Phase.UNSEEN:
                parts.append(f"changed between observations, from {span.started:.2f} and {span.ended:.2f} s")
            case _:
                parts.append(f"{span.phase} {span.started:.2f} to {span.ended:.2f} s")
    if job.ending is not None:
        parts.append(f"{job.ending.state} by {job.ending.by:.2f} s")
    parts.extend(f"callback #{event.seq} at {event.at:.2f} s" for event in job.callbacks)
    return "; ".join(parts)
