"""Steps of the scenario `deactivation`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    QUEUES_BEFORE = "queues-before"
    DEACTIVATE = "deactivate"
    QUEUES_WITHOUT = "queues-without"
    REACTIVATE = "reactivate"
    QUEUES_AGAIN = "queues-again"
