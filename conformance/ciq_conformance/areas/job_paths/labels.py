"""Labels of the scenario `paths`, shared by scenario and checks: the same four for each documented path family."""

from enum import StrEnum

from ciq_schemas.features import SHARED_JOB_PATH


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent."""

    PREPARE = "prepare"
    QUEUES = "queues"
    OWN_SUBMIT = "own-submit"
    OWN_BY_TAG = "own-by-tag"
    OWN_DESCRIBE = "own-describe"
    OWN_LIST = "own-list"
    SHARED_SUBMIT = "shared-submit"
    SHARED_BY_TAG = "shared-by-tag"
    SHARED_DESCRIBE = "shared-describe"
    SHARED_LIST = "shared-list"


SUBMITS = (Label.OWN_SUBMIT, Label.SHARED_SUBMIT)
"""Submits with the id of the queue."""
BY_TAG = (Label.OWN_BY_TAG, Label.SHARED_BY_TAG)
"""Submits without queue id: tag and path select the queue."""
DESCRIBES = {Label.OWN_SUBMIT: Label.OWN_DESCRIBE, Label.SHARED_SUBMIT: Label.SHARED_DESCRIBE}
LISTS = {Label.OWN_SUBMIT: Label.OWN_LIST, Label.SHARED_SUBMIT: Label.SHARED_LIST}


def family(path: str) -> tuple[Label, Label, Label, Label]:
    """The labels for submit, submit by tag, describe and list on a path family."""
    if path == SHARED_JOB_PATH:
        return Label.SHARED_SUBMIT, Label.SHARED_BY_TAG, Label.SHARED_DESCRIBE, Label.SHARED_LIST
    return Label.OWN_SUBMIT, Label.OWN_BY_TAG, Label.OWN_DESCRIBE, Label.OWN_LIST
