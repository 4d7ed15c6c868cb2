"""Steps of the scenario `queues`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

    SETTLE = "settle"
    PLAIN = "plain"
    BY_ID = "by-id"
    BY_UNKNOWN_ID = "by-unknown-id"
    BY_KNOWN_AND_UNKNOWN_ID = "by-known-and-unknown-id"
    BY_ID_BETWEEN_UNKNOWN_IDS = "by-id-between-unknown-ids"
    BY_ID_OF_OTHER_STATE = "by-id-of-other-state"
    ACTIVE = "active"
    PAUSED = "paused"
    PAUSED_ON_A_PAGE = "paused-on-a-page"
    PAUSE = "pause"
    ACTIVE_WHILE_PAUSED = "active-while-paused"
    PAUSED_WHILE_PAUSED = "paused-while-paused"
    ACTIVE_ON_A_PAGE_WHILE_PAUSED = "active-on-a-page-while-paused"
    PAUSED_ON_A_PAGE_WHILE_PAUSED = "paused-on-a-page-while-paused"
    BY_ID_WHILE_PAUSED = "by-id-while-paused"
    FIRST_OF_ONE = "first-of-one"
    PAST_THE_END = "past-the-end"
    SECOND_PAGE = "second-page"
    EMPTY_PARAMETERS = "empty-parameters"
    ELEVEN_IDS = "eleven-ids"
    PAGE_SIZE_0 = "page-size-0"
    PAGE_SIZE_NEGATIVE = "page-size-negative"
    PAGE_NUMBER_WORD = "page-number-word"
    OWN_CATEGORY = "own-category"
    EXTRA_CATEGORY = "extra-category"
    EVERY_CATEGORY = "every-category"


FOUND = (Label.PLAIN, Label.BY_ID, Label.FIRST_OF_ONE)
"""Lists of the queue in the state that the run found it in."""

WHILE_ACTIVE = (Label.ACTIVE, Label.PAUSED, Label.PAUSED_ON_A_PAGE)
WHILE_PAUSED = (
    Label.PAUSED_WHILE_PAUSED,
    Label.ACTIVE_WHILE_PAUSED,
    Label.PAUSED_ON_A_PAGE_WHILE_PAUSED,
    Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED,
)
"""Lists by state, while the queue has the state found by the run, and while it is paused."""

OUT_OF_RANGE = (Label.PAGE_SIZE_0, Label.PAGE_SIZE_NEGATIVE, Label.PAGE_NUMBER_WORD)
