"""Steps of the scenario `batch`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the story."""

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
    HOLD = "hold"
    CREATE_HELD = "create-held"
    CANCEL = "cancel"
    CANCELLED = "cancelled"
    RELEASE = "release"
    NAMELESS = "nameless"
    CLEAN = "clean"
