"""Labels of the scenario `multi`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent."""

    PREPARE = "prepare"
    MANY = "many"
    RULE = "rule"
    MANY_JSON = "many-json"
    MANY_SILENCED = "many-silenced"
    NOTIFIED_BY_RULE = "notified-by-rule"
    DESCRIBE = "describe"
    WATCH = "watch"
    SEVEN = "seven"
    HALF_BAD = "half-bad"
    SEVEN_CANCEL = "seven-cancel"
    SEVEN_WATCH = "seven-watch"
    CONTROL = "control"
    LIST_AFTER = "list-after"
    CONTROL_WATCH = "control-watch"


OWN_XML = "own-xml"
"""Channel of the CallBack address in the request with CallBackFormat XML."""

OWN_JSON = "own-json"
"""Channel of the CallBack address in the request with CallBackFormat JSON."""
BY_RULE = "by-rule"
"""Channel of the queue's rule, which must receive nothing for a request with CallBack `no`."""

REJECTED = {
    Label.SEVEN: tuple(f"seven {index}" for index in range(7)),
    Label.HALF_BAD: tuple(f"half {index}" for index in range(3)),
}
"""Labels of the jobs in the requests that a service must reject; in `half-bad` only the second job is bad."""
