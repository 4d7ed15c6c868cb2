"""Steps of the scenario `describe`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PREPARE = "prepare"
    SUBMIT = "submit"
    FILL = "fill"
    EARLIER = "earlier"
    SINGLE = "single"
    WATCH = "watch"
    KNOWN = "known"
    UP_TO_TEN = "up-to-ten"
    UNKNOWN = "unknown"
    KNOWN_AND_UNKNOWN = "known-and-unknown"
    ELEVEN = "eleven"
    ENDED = "ended"


LOOKS = (Step.SINGLE, Step.WATCH, Step.KNOWN, Step.UP_TO_TEN, Step.KNOWN_AND_UNKNOWN, Step.ENDED)
"""Describes that can hold jobs of this scenario."""
