"""The picture of a queue: bars, pauses and callbacks at their places, names escaped."""

import re

from lxml import etree

from ciq_mock.console.timeline import Bar, Words, pauses, picture
from ciq_schemas.lifecycle import JobState, QueueState

WORDS = Words(title="T", paused="paused", callback="callback", level="level")


def bar(label: str, created: float, started: float | None, ended: float | None, state: JobState) -> Bar:
    """A job of level 1 with one callback at its end."""
    calls = () if ended is None else ((ended, True),)
    return Bar(label=label, level=1, state=state, created=created, started=started, ended=ended, callbacks=calls)


def widths(svg: str, kind: str) -> list[float]:
    """The widths of the bars of one kind."""
    return [float(found) for found in re.findall(rf'class="{kind}" x="[\d.]+" y="\d+" width="([\d.]+)"', svg)]


def test_picture_shows_waiting_running_and_end() -> None:
    """Widths follow the times; an unfinished job reaches to now."""
    bars = [
        bar("a", 0.0, 10.0, 40.0, JobState.SUCCESS),
        bar("b", 0.0, None, 20.0, JobState.CANCEL),
        bar("c", 0.0, 40.0, None, JobState.RUNNING),
    ]
    svg = picture(bars, [(10.0, 30.0)], 100.0, WORDS, "p")
    etree.fromstring(svg)
    assert widths(svg, "wait") == [77.0, 154.0, 308.0]
    assert widths(svg, "run") == [231.0, 462.0]
    assert svg.count('class="callback"') == 2
    assert "✓" in svg
    assert "⊘" in svg
    assert 'class="paused"' in svg
    assert "20.00 s" in svg


def test_labels_are_escaped_and_empty_picture_is_valid() -> None:
    """A label is text."""
    svg = picture([bar("<b>&", 0.0, 1.0, 2.0, JobState.FAILED)], [], 2.0, WORDS, "p")
    etree.fromstring(svg)
    assert "&lt;b&gt;&amp;" in svg
    etree.fromstring(picture([], [], 2.0, WORDS, "p"))


def test_pauses_are_spans_between_pause_and_enable() -> None:
    """A repeated pause is no second one; an open pause ends now."""
    changes = [
        (1.0, QueueState.PAUSED),
        (2.0, QueueState.PAUSED),
        (3.0, QueueState.ACTIVE),
        (4.0, QueueState.ACTIVE),
        (5.0, QueueState.PAUSED),
    ]
    assert pauses(changes, 9.0) == [(1.0, 3.0), (5.0, 9.0)]
    assert pauses([], 9.0) == []
