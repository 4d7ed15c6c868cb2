"""Labels of the failure scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum

from ciq_schemas.requirement import Format


class Channel(StrEnum):
    """Addresses given out: the queue's in its rule, the jobs' own in `CallBack`."""

    QUEUE = "queue"
    JOB = "job"


class Label(StrEnum):
    """What is asked of the target; submits in the order in which they are made."""

    RULE = "rule"
    SUBMIT = "submit-missing-input"
    SUBMIT_NEXT = "submit-good-after-it"
    SUBMIT_OWN_JSON = "submit-missing-input-with-own-address-and-json"
    SUBMIT_SILENCED = "submit-missing-input-with-callback-no"
    SUBMIT_MORE = "submit-missing-input-more"
    """So many that with them more jobs fail than the queue has workers."""
    SUBMIT_LAST = "submit-good-after-all"
    LOOK = "look"
    LAST = "look-at-the-end"
    LISTED = "list-of-failed"
    RESTORE = "restore"


LOOKS = (Label.LOOK, Label.LAST)
FAILING = (Label.SUBMIT, Label.SUBMIT_OWN_JSON, Label.SUBMIT_SILENCED, Label.SUBMIT_MORE)
GOOD = (Label.SUBMIT_NEXT, Label.SUBMIT_LAST)
"""Jobs with good input amid those that fail."""

TOLD_IN = {
    Format.XML: (Label.SUBMIT, Label.SUBMIT_MORE, *GOOD),
    Format.JSON: (Label.SUBMIT_OWN_JSON,),
}
"""Submits by the form that their callbacks are to have."""

LIKE_TRUE = "true"
"""UserData of the job told in JSON: a text, though it looks like a truth value."""
