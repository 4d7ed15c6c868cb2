"""Steps of the scenario `running`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

    SUBMIT = "submit"
    CATCH = "catch"
    PAUSE = "pause"
    PAUSED = "paused"
    RESUME = "resume"
    DRAIN = "drain"


CALLBACKS = "callbacks"
"""Channel of the Url in the queue's callback rule."""
