"""Steps of the scenario `multi`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the story."""

    PREPARE = "prepare"
    MANY = "many"
    RULE = "rule"
    MANY_JSON = "many-json"
    MANY_SILENCED = "many-silenced"
    TOLD_BY_RULE = "told-by-rule"
    DESCRIBE = "describe"
    WATCH = "watch"
    SEVEN = "seven"
    HALF_BAD = "half-bad"
    SEVEN_CANCEL = "seven-cancel"
    SEVEN_WATCH = "seven-watch"
    CONTROL = "control"
    LIST_AFTER = "list-after"
    CONTROL_WATCH = "control-watch"


TOLD = "told"
"""Channel of the CallBack address of the request."""

TOLD_JSON = "told-json"
"""Channel of the CallBack address of the request that wants JSON."""
BY_RULE = "by-rule"
"""Channel of the queue's rule, at which a request with CallBack `no` is not told."""

REFUSED = {
    Label.SEVEN: tuple(f"seven {index}" for index in range(7)),
    Label.HALF_BAD: tuple(f"half {index}" for index in range(3)),
}
"""Labels of the orders in the requests that a service refuses; the bad one of `half-bad` stands in the middle."""

LOOKS = (Label.DESCRIBE, Label.WATCH)
