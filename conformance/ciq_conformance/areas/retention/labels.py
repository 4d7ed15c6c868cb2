"""Labels of the scenario `retention`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges."""

    AGAIN = "again"
