"""Labels of the scenario `batch`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges."""

    FIRST = "first"
    WORKFLOW = "workflow"
    CREATE = "create"
    WATCH = "watch"
    DESCRIBED = "described"
    UNKNOWN = "unknown"
    LISTED = "listed"
    RUNS = "runs"
    CREATE_JOBS = "create-jobs"
    WATCH_JOBS = "watch-jobs"
    JOBS = "jobs"
    PAUSE = "pause"
    CREATE_HELD = "create-held"
    CANCEL = "cancel"
    CANCELLED = "cancelled"
    RESUME = "resume"
    NAMELESS = "nameless"
    DELETE_WORKFLOW = "delete-workflow"
