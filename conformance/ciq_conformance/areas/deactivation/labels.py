"""Steps of the scenario `deactivation`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    QUEUES_BEFORE = "queues-before"
    DRESS = "dress"
    DRESS_WITHOUT_RULE = "dress-without-rule"
    DRESSED = "dressed"
    DEACTIVATE = "deactivate"
    QUEUES_WITHOUT = "queues-without"
    SUBMIT_WITHOUT = "submit-without"
    REACTIVATE = "reactivate"
    QUEUES_AGAIN = "queues-again"
