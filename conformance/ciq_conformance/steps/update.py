"""Steps of the scenario `update`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    BEFORE = "before"
    RENAME = "rename"
    LIST_RENAMED = "list-renamed"
    RULE = "rule"
    LIST_RULE = "list-rule"
    RULE_OFF = "rule-off"
    LIST_RULE_OFF = "list-rule-off"
    RULE_WITHOUT_STATE = "rule-without-state"
    LIST_RULE_WITHOUT_STATE = "list-rule-without-state"
    LONGEST_NAME = "longest-name"
    LIST_LONGEST_NAME = "list-longest-name"
    PAUSE = "pause"
    LIST_PAUSED = "list-paused"
    PAUSE_AGAIN = "pause-again"
    LIST_PAUSED_AGAIN = "list-paused-again"
    RESUME = "resume"
    LIST_RESUMED = "list-resumed"
    WITH_QUEUE_ID_UPPER = "with-queue-id-upper"
    WITH_QUEUE_ID = "with-queue-id"
    WITHOUT_QUEUE_ID = "without-queue-id"
    REVERSED = "reversed"
    LIST_SETTLED = "list-settled"
    UNKNOWN_ID = "unknown-id"
    BAD_STATE = "bad-state"
    LONG_NAME = "long-name"
    NO_URL = "no-url"
    NO_TYPE = "no-type"
    NO_EVENT = "no-event"
    OTHER_LETTERS = "other-letters"
    BAD_RULE_STATE = "bad-rule-state"
    BAD_RULE_TYPE = "bad-rule-type"
    BAD_RULE_EVENT = "bad-rule-event"
    BAD_RULE_FORMAT = "bad-rule-format"


GOOD = (
    Step.RENAME,
    Step.RULE,
    Step.RULE_OFF,
    Step.RULE_WITHOUT_STATE,
    Step.LONGEST_NAME,
    Step.PAUSE,
    Step.PAUSE_AGAIN,
    Step.RESUME,
    Step.WITH_QUEUE_ID_UPPER,
    Step.WITH_QUEUE_ID,
    Step.WITHOUT_QUEUE_ID,
    Step.REVERSED,
)
"""Updates that a service accepts."""

BAD_RULE_WORDS = (Step.BAD_RULE_STATE, Step.BAD_RULE_TYPE, Step.BAD_RULE_EVENT, Step.BAD_RULE_FORMAT)
PARTS_OF_RULE = (Step.NO_URL, Step.NO_TYPE, Step.NO_EVENT)
BAD = (Step.UNKNOWN_ID, Step.BAD_STATE, Step.LONG_NAME, Step.OTHER_LETTERS, *PARTS_OF_RULE, *BAD_RULE_WORDS)
"""Updates that a service refuses."""

LISTS = (
    Step.BEFORE,
    Step.LIST_RENAMED,
    Step.LIST_RULE,
    Step.LIST_RULE_OFF,
    Step.LIST_RULE_WITHOUT_STATE,
    Step.LIST_LONGEST_NAME,
    Step.LIST_PAUSED,
    Step.LIST_PAUSED_AGAIN,
    Step.LIST_RESUMED,
    Step.LIST_SETTLED,
)

RULE_CHANNEL = "rule"
"""Channel of the address in the rule; no job runs under it."""


def after(step: Step) -> str:
    """Label of the list made right after a bad update: `after-bad-state`."""
    return f"after-{step}"
