"""Steps of the scenario `multi`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PREPARE = "prepare"
    MANY = "many"
    DESCRIBE = "describe"
    WATCH = "watch"
    SEVEN = "seven"
    SEVEN_CANCEL = "seven-cancel"
    SEVEN_WATCH = "seven-watch"


TOLD = "told"
"""Channel of the CallBack address of the request."""

LOOKS = (Step.DESCRIBE, Step.WATCH)
