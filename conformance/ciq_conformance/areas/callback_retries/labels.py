"""Labels of the scenario `receiver`, used by the scenario and its checks."""

from enum import StrEnum


class Channel(StrEnum):
    """Callback addresses: a slow receiver, another one, and two that fail at first.

    The failing receivers answer 500, or close the connection without a response.
    """

    SLOW = "slow"
    OTHER = "other"
    ERROR = "error"
    HANGUP = "hangup"


class Label(StrEnum):
    """Labels of the exchanges."""

    RULE_SLOW = "rule-with-slow-receiver"
    SUBMIT_SLOW = "submit-for-slow-receiver"
    RULE_OTHER = "rule-with-other-receiver"
    SUBMIT_OTHER = "submit-for-other-receiver"
    RULE_ERROR = "rule-with-receiver-that-answers-500"
    SUBMIT_ERROR = "submit-for-receiver-that-answers-500"
    RULE_HANGUP = "rule-with-receiver-that-closes"
    SUBMIT_HANGUP = "submit-for-receiver-that-closes"
    LOOK = "look"
    LAST = "look-at-the-end"
    RESTORE = "restore"


SUBMITS = {Label.SUBMIT_ERROR: Channel.ERROR, Label.SUBMIT_HANGUP: Channel.HANGUP}
"""Submits whose callbacks go to a failing receiver, with its address."""
LOOKS = (Label.LOOK, Label.LAST)

FAILURES = 2
"""The receiver fails this many requests and then answers 200."""

ANSWER_DELAY = 1.0
"""Seconds after which the slow receiver answers: less than any reasonable timeout for a callback."""
OTHER_JOBS = 2
