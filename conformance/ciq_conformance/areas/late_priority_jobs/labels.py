"""Labels of the scenario `late`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent."""

    PAUSE = "pause"
    SUBMIT = "submit"
    RESUME = "resume"
    RUN = "run"
    SUBMIT_LATE = "submit-late"
    BACKLOG = "backlog"
    DRAIN = "drain"


SUBMITS = (Label.SUBMIT, Label.SUBMIT_LATE)
