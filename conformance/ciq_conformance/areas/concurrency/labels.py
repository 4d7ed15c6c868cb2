"""Labels and channels of the scenario `concurrency`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges; the exchanges of the clients overlap."""

    PAUSE = "pause"
    OPENING = "opening"
    FIRST_SUBMIT = "first-submit"
    FIRST_CANCEL = "first-cancel"
    HELD = "held"
    RESUME = "resume"
    FREEZE = "freeze"
    AT_ONCE = "at-once"
    SETTLE = "settle"
    FROZEN = "frozen"
    THAW = "thaw"
    MIXED_SUBMIT = "mixed-submit"
    MIXED_CANCEL = "mixed-cancel"
    MIXED_PAUSE = "mixed-pause"
    MIXED_RESUME = "mixed-resume"
    LOOK = "look"
    STATE = "state"
    ACTIVE = "active"
    DRAIN = "drain"
    AFTER = "after"


RULE_CHANNEL = "rule"
"""Channel of the queue's callback rule."""

SUBMITS = frozenset({Label.OPENING, Label.FIRST_SUBMIT, Label.MIXED_SUBMIT})
CANCELS = frozenset({Label.FIRST_CANCEL, Label.MIXED_CANCEL})
PAUSES = frozenset({Label.PAUSE, Label.FREEZE, Label.MIXED_PAUSE})
RESUMES = frozenset({Label.RESUME, Label.THAW, Label.MIXED_RESUME, Label.ACTIVE})
"""Updates of the queue's State; all have the same name and callback rule."""
