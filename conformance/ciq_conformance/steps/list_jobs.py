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
    ASCENDING_BY_THREE = "ascending-by-three"
    PAGE_OF_THREE = "page-of-three"
    DEFAULT = "default"
    NO_TAG = "no-tag"
    OTHER_TAG = "other-tag"
    SUCCESS = "success"
    FAILED_SUCCESS_CANCEL = "failed-success-cancel"
    SUCCESS_OR_FAILED = "success-or-failed"
    FAILED_OR_CANCEL = "failed-or-cancel"
    BEFORE_THE_RUN = "before-the-run"
    AFTER_THE_RUN = "after-the-run"
    START_ALONE = "start-alone"
    START_ALONE_LATER = "start-alone-later"
    END_ALONE = "end-alone"
    END_ALONE_EARLIER = "end-alone-earlier"
    OTHER_ZONE = "other-zone"
    OTHER_ZONE_EARLIER = "other-zone-earlier"
    OWN_INPUT = "own-input"
    PART_OF_INPUT = "part-of-input"
    SIZE_100 = "size-100"
    SIZE_101 = "size-101"
    EMPTY_VALUES = "empty-values"
    OWN_QUEUE = "own-queue"
    UNKNOWN_QUEUE = "unknown-queue"
    TOGETHER = "together"
    TOGETHER_OTHER_STATES = "together-other-states"
    TOGETHER_EARLIER = "together-earlier"
    TOGETHER_OTHER_TAG = "together-other-tag"
    ENDED = "ended"
    PAUSE = "pause"
    SUBMIT_HELD = "submit-held"
    HELD = "held"
    WAITING = "waiting"
    OF_ITS_STATE = "of-its-state"
    NOT_WAITING = "not-waiting"
    HELD_STILL = "held-still"
    RESUME = "resume"
    WATCH_HELD = "watch-held"


SUBMITS = (Step.SUBMIT, Step.SUBMIT_LATER, Step.FILL)

ENDED_LISTS = (Step.SUCCESS, Step.FAILED_SUCCESS_CANCEL, Step.SUCCESS_OR_FAILED, Step.FAILED_OR_CANCEL)
"""Lists by state once the own jobs have ended."""
HELD_LISTS = (Step.WAITING, Step.OF_ITS_STATE, Step.NOT_WAITING)
"""Lists by state while one job is held in the paused queue."""
