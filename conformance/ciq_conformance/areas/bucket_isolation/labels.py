"""Labels of the scenario `buckets`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent. Those with OTHER go to the second bucket."""

    PREPARE = "prepare"
    OTHER_QUEUES = "other-queues"
    OTHER_ACTIVATE = "other-activate"
    OWN_QUEUES = "own-queues"
    OTHER_QUEUES_BY_ID = "other-queues-by-id"
    SUBMIT = "submit"
    OWN_JOB = "own-job"
    OTHER_DESCRIBE = "other-describe"
    WATCH = "watch"
