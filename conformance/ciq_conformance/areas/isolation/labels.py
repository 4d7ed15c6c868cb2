"""Labels of the scenario `isolation`, shared by scenario and checks.

Exchanges with another feature's queue are recorded under that feature; their label contains the tested feature.
"""

from enum import StrEnum

from ciq_schemas.features import Feature


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent."""

    OWN = "own"
    FOREIGN_LIST = "foreign-list"
    FOREIGN_SUBMIT = "foreign-submit"
    FOREIGN_UPDATE = "foreign-update"
    CHANGE = "change"
    OWN_CHANGED = "own-changed"
    PAUSE = "pause"
    OWN_PAUSED = "own-paused"
    BEFORE = "before"
    AFTER_FOREIGN = "after-foreign"
    TOUCH = "touch"
    CHANGED = "changed"
    PAUSED = "paused"
    PAUSED_ONLY = "paused-only"
    SUBMIT = "submit"
    RUN = "run"


def beside(subject: Feature, step: Label) -> str:
    """Label of an exchange with another feature's queue while `subject` is tested: `media:before`."""
    return f"{subject}:{step}"
