"""Labels of the scenario `failure`, shared by scenario and checks."""

from enum import StrEnum

from ciq_schemas.requirement import Format


class Channel(StrEnum):
    """Callback channels: the address in the rule of the queue, and the address in `CallBack` of a job."""

    QUEUE = "queue"
    JOB = "job"


class Label(StrEnum):
    """Labels of the exchanges; submits are in the order in which they are sent."""

    RULE = "rule"
    SUBMIT = "submit-missing-input"
    SUBMIT_NEXT = "submit-valid-after-failing"
    SUBMIT_OWN_JSON = "submit-missing-input-with-own-address-and-json"
    SUBMIT_SILENCED = "submit-missing-input-with-callback-no"
    SUBMIT_MORE = "submit-missing-input-more"
    """As many as are needed so that more jobs fail than the queue has workers."""
    SUBMIT_LAST = "submit-valid-after-all"
    LOOK = "look"
    LAST = "look-at-the-end"
    LISTED = "list-of-failed"
    LISTED_ALL = "list-of-all-states"
    LISTED_PLAIN = "list-without-states"
    RESTORE = "restore"


LOOKS = (Label.LOOK, Label.LAST)
FAILING = (Label.SUBMIT, Label.SUBMIT_OWN_JSON, Label.SUBMIT_SILENCED, Label.SUBMIT_MORE)
VALID = (Label.SUBMIT_NEXT, Label.SUBMIT_LAST)
"""Jobs with an existing input, submitted between failing jobs."""

CALLBACK_FORMATS = {
    Format.XML: (Label.SUBMIT, Label.SUBMIT_MORE, *VALID),
    Format.JSON: (Label.SUBMIT_OWN_JSON,),
}
"""Submits by the expected format of their callbacks."""

LIKE_TRUE = "true"
"""UserData of the job with JSON callbacks: a text that looks like a boolean."""
