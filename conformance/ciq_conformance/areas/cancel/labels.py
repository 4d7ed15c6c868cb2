"""Labels of the scenario `cancel`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which the scenario makes them."""

    PAUSE = "pause"
    SUBMIT = "submit"
    SUBMIT_LEVELS = "submit-levels"
    SUBMIT_MANY = "submit-many"
    SUBMIT_TOGETHER = "submit-to-cancel-together"
    OPEN = "open"
    WAITING = "waiting"
    CANCEL = "cancel"
    CANCEL_LEVEL = "cancel-level"
    CANCEL_OF_MANY = "cancel-of-many"
    CANCEL_TOGETHER = "cancel-together"
    CANCELLED = "cancelled"
    RESUME = "resume"
    WATCH = "watch"
    AT_THE_END = "at-the-end"
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
"""Cancels of waiting jobs: one of the equal jobs, one of level 2, one of a request with several jobs."""
LISTS = (Label.LIST_CANCEL, Label.LIST_SUCCESS_CANCEL)
PAGE = 100
"""Page size of the lists; a full page may continue on the next one."""

CALLBACKS = "callbacks"
"""Channel of the CallBack address of all jobs."""
