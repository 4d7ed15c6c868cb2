"""Steps of the scenario `list`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PREPARE = "prepare"
    SUBMIT = "submit"
    SUBMIT_LATER = "submit-later"
    CREATED = "created"
    COUNT = "count"
    FILL = "fill"
    WATCH = "watch"
    WINDOW = "window"
    ASCENDING = "ascending"
    PAGE_OF_THREE = "page-of-three"
    DEFAULT = "default"
    OTHER_TAG = "other-tag"
    SUCCESS = "success"
    SUCCESS_OR_FAILED = "success-or-failed"
    FAILED_OR_CANCEL = "failed-or-cancel"
    BEFORE_THE_RUN = "before-the-run"
    AFTER_THE_RUN = "after-the-run"
    SIZE_100 = "size-100"
    SIZE_101 = "size-101"
    EMPTY_VALUES = "empty-values"
    OWN_QUEUE = "own-queue"
    UNKNOWN_QUEUE = "unknown-queue"
    ENDED = "ended"


SUBMITS = (Step.SUBMIT, Step.SUBMIT_LATER, Step.FILL)
