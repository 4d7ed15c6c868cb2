"""Steps of the scenario `cancel`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PAUSE = "pause"
    SUBMIT = "submit"
    SUBMIT_LEVELS = "submit-levels"
    SUBMIT_MANY = "submit-many"
    OPEN = "open"
    WAITING = "waiting"
    CANCEL = "cancel"
    CANCEL_LEVEL = "cancel-level"
    CANCEL_OF_MANY = "cancel-of-many"
    CANCELLED = "cancelled"
    RESUME = "resume"
    WATCH = "watch"
    VICTIM_LATER = "victim-later"
    LIST_CANCEL = "list-cancel"
    LIST_SUCCESS_CANCEL = "list-success-cancel"
    SUBMIT_FAILING = "submit-failing"
    UNTIL_FAILED = "until-failed"
    CANCEL_FAILED = "cancel-failed"
    AFTER_FAILED = "after-failed"
    ENDED_BEFORE = "ended-before"
    CANCEL_ENDED = "cancel-ended"
    ENDED_AFTER = "ended-after"
    CANCEL_UNKNOWN = "cancel-unknown"
    SUBMIT_TO_RUN = "submit-to-run"
    UNTIL_RUNNING = "until-running"
    CANCEL_RUNNING = "cancel-running"
    AFTER_RUNNING = "after-running"


SUBMITS = (Label.SUBMIT, Label.SUBMIT_LEVELS, Label.SUBMIT_MANY)
CANCELS = (Label.CANCEL, Label.CANCEL_LEVEL, Label.CANCEL_OF_MANY)
"""Cancels of jobs that wait: one like the others, one of level 2, one of those that a request made together."""
LISTS = (Label.LIST_CANCEL, Label.LIST_SUCCESS_CANCEL)
PAGE = 100
"""Size of their one page; a fuller list of the moment may go on."""

TOLD = "told"
"""Channel of the CallBack address of all jobs."""
