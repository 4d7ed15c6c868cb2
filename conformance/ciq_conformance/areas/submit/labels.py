"""Steps of the scenario `submit`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

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
    CDATA_USER_DATA = "cdata-user-data"
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


LEVELS = {Label.LEVEL_0: 0, Label.LEVEL_1: 1, Label.LEVEL_2: 2}

ALTERABLE_USER_DATA = {Label.ZERO_USER_DATA: "0", Label.ZEROS_USER_DATA: "007", Label.ENCODED_USER_DATA: "%41+b%20c"}
"""UserData that a faulty target changes, because it parses it as a number or as a part of a URL."""

WELL_FORMED = (
    Label.PLAIN,
    *LEVELS,
    Label.SPECIAL_USER_DATA,
    Label.LONG_USER_DATA,
    Label.ZERO_USER_DATA,
    Label.ZEROS_USER_DATA,
    Label.ENCODED_USER_DATA,
    Label.EQUAL_FIRST,
    Label.EQUAL_SECOND,
    Label.SHUFFLED,
)
"""Submits with valid input, queue id and documented values: a service accepts them and the jobs succeed."""

SUBMITS = (*WELL_FORMED, Label.BLANKS_USER_DATA, Label.CDATA_USER_DATA, Label.OTHER_SCRIPT, Label.WITHOUT_QUEUE)
DESCRIBE_STEPS = (Label.DESCRIBE, Label.WATCH, Label.ENDED)
