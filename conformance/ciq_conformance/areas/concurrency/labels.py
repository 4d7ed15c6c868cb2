"""Steps and channels of the scenario `concurrency`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
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

SUBMITS = frozenset({Label.OPENING, Label.RUSH, Label.CROWD})
CANCELS = frozenset({Label.RUSH_CANCEL, Label.CROWD_CANCEL})
PAUSES = frozenset({Label.PAUSE, Label.FREEZE, Label.CROWD_PAUSE})
RESUMES = frozenset({Label.RESUME, Label.THAW, Label.CROWD_RESUME, Label.ACTIVE})
"""Updates of the queue's State; all carry the same name and callback rule."""
