"""Steps of the scenario `describe`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
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


SUBMITS = (Step.SUBMIT_HELD, Step.SUBMIT, Step.FILL)
LOOKS = (
    Step.HELD,
    Step.SINGLE,
    Step.WATCH,
    Step.KNOWN,
    Step.UP_TO_TEN,
    Step.KNOWN_AND_UNKNOWN,
    Step.ENDED,
    Step.TOGETHER,
)
"""Describes that can hold jobs of this scenario."""
