"""Steps of the scenario `submit`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PREPARE = "prepare"
    PLAIN = "plain"
    LEVEL_0 = "level-0"
    LEVEL_1 = "level-1"
    LEVEL_2 = "level-2"
    SPECIAL_USER_DATA = "special-user-data"
    LONG_USER_DATA = "long-user-data"
    OTHER_SCRIPT = "other-script"
    EQUAL_FIRST = "equal-first"
    EQUAL_SECOND = "equal-second"
    SHUFFLED = "shuffled"
    WITHOUT_QUEUE = "without-queue"
    QUEUES = "queues"
    EXTRA_QUEUES = "extra-queues"
    TO_EXTRA_QUEUE = "to-extra-queue"
    OBJECT_AND_URL = "object-and-url"
    DESCRIBE = "describe"
    WATCH = "watch"
    ENDED = "ended"


LEVELS = {Step.LEVEL_0: 0, Step.LEVEL_1: 1, Step.LEVEL_2: 2}

WELL_FORMED = (
    Step.PLAIN,
    *LEVELS,
    Step.SPECIAL_USER_DATA,
    Step.LONG_USER_DATA,
    Step.EQUAL_FIRST,
    Step.EQUAL_SECOND,
    Step.SHUFFLED,
)
"""Submits with good input, queue id and documented values: a service accepts them and the jobs succeed."""

SUBMITS = (*WELL_FORMED, Step.OTHER_SCRIPT, Step.WITHOUT_QUEUE)
LOOKS = (Step.DESCRIBE, Step.WATCH, Step.ENDED)
