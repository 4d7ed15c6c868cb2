"""Steps and channels of the scenario `order`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

    PAUSE = "pause"
    SUBMIT = "submit"
    SUBMIT_MANY = "submit-many"
    SUBMIT_EQUAL = "submit-equal"
    SUBMIT_OTHER_TAG = "submit-other-tag"
    SUBMIT_OTHER_PATH = "submit-other-path"
    SUBMIT_FAILING = "submit-failing"
    TO_CANCEL = "to-cancel"
    CANCEL = "cancel"
    HELD = "held"
    HELD_LIST = "held-list"
    TOUCH = "touch"
    RESUME = "resume"
    RUN = "run"
    FREEZE = "freeze"
    AT_ONCE = "at-once"
    SETTLE = "settle"
    FROZEN = "frozen"
    SUBMIT_LATE = "submit-late"
    SUBMIT_AFTER_RESUME = "submit-after-resume"
    THAW = "thaw"
    DRAIN = "drain"


RULE_CHANNEL = "rule"
"""Channel of the queue's callback rule."""

SUBMITS = tuple(step for step in Label if step.startswith("submit"))
PAUSES = frozenset({Label.PAUSE, Label.TOUCH, Label.FREEZE})
RESUMES = frozenset({Label.RESUME, Label.THAW})
"""Updates of the queue's State."""
