"""Steps and channels of the scenario `order`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PAUSE = "pause"
    SUBMIT = "submit"
    SUBMIT_MANY = "submit-many"
    SUBMIT_OTHER_TAG = "submit-other-tag"
    HELD = "held"
    HELD_LIST = "held-list"
    TOUCH = "touch"
    RESUME = "resume"
    RUN = "run"
    FREEZE = "freeze"
    SETTLE = "settle"
    FROZEN = "frozen"
    SUBMIT_LATE = "submit-late"
    THAW = "thaw"
    DRAIN = "drain"


TOLD = "told"
"""Channel of the queue's callback rule."""

SUBMITS = (Step.SUBMIT, Step.SUBMIT_MANY, Step.SUBMIT_OTHER_TAG, Step.SUBMIT_LATE)
