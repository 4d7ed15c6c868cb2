"""Steps of the scenario `describe`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the story."""

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
"""Describes that can hold jobs of this scenario."""
