"""Labels of the scenario `describe`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which the scenario makes them."""

    PREPARE = "prepare"
    PAUSE = "pause"
    SUBMIT_HELD = "submit-held"
    HELD = "held"
    RESUME = "resume"
    SUBMIT = "submit"
    FILL = "fill"
    EARLIER = "earlier"
    SINGLE = "single"
    WATCH = "watch"
    KNOWN = "known"
    UP_TO_TEN = "up-to-ten"
    UNKNOWN = "unknown"
    WILDCARD = "wildcard"
    KNOWN_AND_UNKNOWN = "known-and-unknown"
    ELEVEN = "eleven"
    ENDED = "ended"
    TOGETHER = "together"


SUBMITS = (Label.SUBMIT_HELD, Label.SUBMIT, Label.FILL)
LOOKS = (
    Label.HELD,
    Label.SINGLE,
    Label.WATCH,
    Label.KNOWN,
    Label.UP_TO_TEN,
    Label.KNOWN_AND_UNKNOWN,
    Label.ENDED,
    Label.TOGETHER,
)
"""Describes whose responses can contain jobs of this scenario."""
