"""Labels of the failure scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum


class Channel(StrEnum):
    """The one address given out."""

    QUEUE = "queue"


class Step(StrEnum):
    """What is asked of the target."""

    RULE = "rule"
    SUBMIT = "submit-missing-input"
    LOOK = "look"
    LAST = "look-at-the-end"
    RESTORE = "restore"


LOOKS = (Step.LOOK, Step.LAST)
