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
    ZERO_USER_DATA = "zero-user-data"
    ZEROS_USER_DATA = "zeros-user-data"
    ENCODED_USER_DATA = "encoded-user-data"
    BLANKS_USER_DATA = "blanks-user-data"
    OTHER_SCRIPT = "other-script"
    EQUAL_FIRST = "equal-first"
    EQUAL_SECOND = "equal-second"
    SHUFFLED = "shuffled"
    WITHOUT_QUEUE = "without-queue"
    QUEUES = "queues"
    EXTRA_QUEUES = "extra-queues"
    TO_EXTRA_QUEUE = "to-extra-queue"
    OBJECT_AND_URL = "object-and-url"
    URL_ALONE = "url-alone"
    DESCRIBE = "describe"
    WATCH = "watch"
    ENDED = "ended"


LEVELS = {Step.LEVEL_0: 0, Step.LEVEL_1: 1, Step.LEVEL_2: 2}

MISREAD = {Step.ZERO_USER_DATA: "0", Step.ZEROS_USER_DATA: "007", Step.ENCODED_USER_DATA: "%41+b%20c"}
"""Texts that one who reads numbers or parts of an address into them changes."""

WELL_FORMED = (
    Step.PLAIN,
    *LEVELS,
    Step.SPECIAL_USER_DATA,
    Step.LONG_USER_DATA,
    Step.ZERO_USER_DATA,
    Step.ZEROS_USER_DATA,
    Step.ENCODED_USER_DATA,
    Step.EQUAL_FIRST,
    Step.EQUAL_SECOND,
    Step.SHUFFLED,
)
"""Submits with good input, queue id and documented values: a service accepts them and the jobs succeed."""

SUBMITS = (*WELL_FORMED, Step.BLANKS_USER_DATA, Step.OTHER_SCRIPT, Step.WITHOUT_QUEUE)
LOOKS = (Step.DESCRIBE, Step.WATCH, Step.ENDED)
