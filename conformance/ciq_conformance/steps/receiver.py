"""Labels of the receiver scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum


class Channel(StrEnum):
    """Addresses whose receiver fails at first: by an answer 500, by closing the connection unanswered."""

    ERROR = "error"
    HANGUP = "hangup"


class Step(StrEnum):
    """What is asked of the target."""

    RULE_ERROR = "rule-to-the-receiver-that-answers-500"
    SUBMIT_ERROR = "submit-told-to-500"
    RULE_HANGUP = "rule-to-the-receiver-that-hangs-up"
    SUBMIT_HANGUP = "submit-told-to-hang-up"
    LOOK = "look"
    LAST = "look-at-the-end"
    RESTORE = "restore"


SUBMITS = {Step.SUBMIT_ERROR: Channel.ERROR, Step.SUBMIT_HANGUP: Channel.HANGUP}
"""Submits with the address that their rule has."""
LOOKS = (Step.LOOK, Step.LAST)

FAILURES = 2
"""So many requests are answered badly before the receiver comes round."""
