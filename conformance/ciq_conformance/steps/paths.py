"""Steps of the scenario `paths`, shared by scenario and checks: the same four for each documented path family."""

from enum import StrEnum

from ciq_schemas.features import SHARED_JOB_PATH


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

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


SUBMITS = (Step.OWN_SUBMIT, Step.SHARED_SUBMIT)
"""With the queue's id."""
BY_TAG = (Step.OWN_BY_TAG, Step.SHARED_BY_TAG)
"""Without it: tag and path alone pick the queue."""
DESCRIBES = {Step.OWN_SUBMIT: Step.OWN_DESCRIBE, Step.SHARED_SUBMIT: Step.SHARED_DESCRIBE}
LISTS = {Step.OWN_SUBMIT: Step.OWN_LIST, Step.SHARED_SUBMIT: Step.SHARED_LIST}


def family(path: str) -> tuple[Step, Step, Step, Step]:
    """Submit, submit by tag, describe and list of a path family."""
    if path == SHARED_JOB_PATH:
        return Step.SHARED_SUBMIT, Step.SHARED_BY_TAG, Step.SHARED_DESCRIBE, Step.SHARED_LIST
    return Step.OWN_SUBMIT, Step.OWN_BY_TAG, Step.OWN_DESCRIBE, Step.OWN_LIST
