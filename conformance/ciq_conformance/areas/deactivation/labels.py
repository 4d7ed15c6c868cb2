"""Labels of the scenario `deactivation`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which the scenario makes them."""

    QUEUES_BEFORE = "queues-before"
    CHANGE = "change"
    CHANGE_WITHOUT_RULE = "change-without-rule"
    QUEUES_CHANGED = "queues-changed"
    DEACTIVATE = "deactivate"
    QUEUES_WITHOUT = "queues-without"
    SUBMIT_WITHOUT = "submit-without"
    REACTIVATE = "reactivate"
    QUEUES_AGAIN = "queues-again"
