"""Labels of the receiver scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum


class Channel(StrEnum):
    """Addresses: one whose receiver takes its time, one beside it, and those whose receivers fail at first - by an
    answer 500, by closing the connection unanswered."""

    SLOW = "slow"
    BESIDE = "beside-slow"

    ERROR = "error"
    HANGUP = "hangup"


class Label(StrEnum):
    """What is asked of the target."""

    RULE_SLOW = "rule-to-the-receiver-that-answers-late"
    SUBMIT_SLOW = "submit-told-late"
    RULE_BESIDE = "rule-to-a-receiver-beside-it"
    SUBMIT_BESIDE = "submit-told-beside-it"
    RULE_ERROR = "rule-to-the-receiver-that-answers-500"
    SUBMIT_ERROR = "submit-told-to-500"
    RULE_HANGUP = "rule-to-the-receiver-that-hangs-up"
    SUBMIT_HANGUP = "submit-told-to-hang-up"
    LOOK = "look"
    LAST = "look-at-the-end"
    RESTORE = "restore"


SUBMITS = {Label.SUBMIT_ERROR: Channel.ERROR, Label.SUBMIT_HANGUP: Channel.HANGUP}
"""Submits with the address that their rule has, of those whose receiver fails."""
LOOKS = (Label.LOOK, Label.LAST)

FAILURES = 2
"""So many requests are answered badly before the receiver comes round."""

LATE = 1.0
"""Seconds in which the slow receiver answers: less than any time-out for a callback should be."""
JOBS_BESIDE = 2
