"""Steps of the scenario `update`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

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
    NAME_ALONE = "name-alone"
    LIST_NAME_ALONE = "list-name-alone"
    STATE_ALONE = "state-alone"
    LIST_STATE_ALONE = "list-state-alone"
    NAME_AT_ONCE = "name-at-once"
    STATE_AT_ONCE = "state-at-once"
    LIST_AT_ONCE = "list-at-once"


GOOD = (
    Label.RENAME,
    Label.RULE,
    Label.RULE_OFF,
    Label.RULE_WITHOUT_STATE,
    Label.LONGEST_NAME,
    Label.PAUSE,
    Label.PAUSE_AGAIN,
    Label.RESUME,
    Label.WITH_QUEUE_ID_UPPER,
    Label.WITH_QUEUE_ID,
    Label.WITHOUT_QUEUE_ID,
    Label.REVERSED,
)
"""Updates that a service accepts."""

SINGLE_ELEMENTS = tuple(step for step in Label if step.endswith(("-alone", "-at-once")))
"""Updates of one element, and the lists after them; a target may reject them."""

BAD_RULE_VALUES = (Label.BAD_RULE_STATE, Label.BAD_RULE_TYPE, Label.BAD_RULE_EVENT, Label.BAD_RULE_FORMAT)
PARTS_OF_RULE = (Label.NO_URL, Label.NO_TYPE, Label.NO_EVENT)
BAD = (Label.UNKNOWN_ID, Label.BAD_STATE, Label.LONG_NAME, Label.OTHER_LETTERS, *PARTS_OF_RULE, *BAD_RULE_VALUES)
"""Updates that a service rejects."""

LISTS = (
    Label.BEFORE,
    Label.LIST_RENAMED,
    Label.LIST_RULE,
    Label.LIST_RULE_OFF,
    Label.LIST_RULE_WITHOUT_STATE,
    Label.LIST_LONGEST_NAME,
    Label.LIST_PAUSED,
    Label.LIST_PAUSED_AGAIN,
    Label.LIST_RESUMED,
    Label.LIST_SETTLED,
)

RULE_CHANNEL = "rule"
"""Channel of the URL in the callback rule; no job runs under this rule."""


def after(step: Label) -> str:
    """Returns the label of the list right after an invalid update: `after-bad-state`."""
    return f"after-{step}"
