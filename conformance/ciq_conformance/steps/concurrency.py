"""Steps and channels of the scenario `concurrency`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges; those of the clients overlap."""

    PAUSE = "pause"
    OPENING = "opening"
    RUSH = "rush"
    RUSH_CANCEL = "rush-cancel"
    HELD = "held"
    RESUME = "resume"
    FREEZE = "freeze"
    SETTLE = "settle"
    FROZEN = "frozen"
    THAW = "thaw"
    CROWD = "crowd"
    CROWD_CANCEL = "crowd-cancel"
    CROWD_PAUSE = "crowd-pause"
    CROWD_RESUME = "crowd-resume"
    LOOK = "look"
    STATE = "state"
    ACTIVE = "active"
    DRAIN = "drain"
    AFTER = "after"


TOLD = "told"
"""Channel of the queue's callback rule."""

SUBMITS = frozenset({Step.OPENING, Step.RUSH, Step.CROWD})
CANCELS = frozenset({Step.RUSH_CANCEL, Step.CROWD_CANCEL})
PAUSES = frozenset({Step.PAUSE, Step.FREEZE, Step.CROWD_PAUSE})
RESUMES = frozenset({Step.RESUME, Step.THAW, Step.CROWD_RESUME, Step.ACTIVE})
"""Updates of the queue's State; all carry the same name and callback rule."""
