"""Steps of the scenario `cancel`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PAUSE = "pause"
    SUBMIT = "submit"
    OPEN = "open"
    WAITING = "waiting"
    CANCEL = "cancel"
    CANCELLED = "cancelled"
    RESUME = "resume"
    WATCH = "watch"
    VICTIM_LATER = "victim-later"
    ENDED_BEFORE = "ended-before"
    CANCEL_ENDED = "cancel-ended"
    ENDED_AFTER = "ended-after"
    CANCEL_UNKNOWN = "cancel-unknown"
    SUBMIT_TO_RUN = "submit-to-run"
    UNTIL_RUNNING = "until-running"
    CANCEL_RUNNING = "cancel-running"
    AFTER_RUNNING = "after-running"


TOLD = "told"
"""Channel of the CallBack address of all jobs."""
