"""Labels of the scenario `explore`: number of the history, action, and detail (`3 submit own`)."""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """Actions and observations of a history."""

    OPEN = "open"
    SUBMIT = "submit"
    MANY = "many"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RULE = "rule"
    RESTART = "restart"
    """Lists of queues after a restart; `how` is the instant at which the restart began."""
    RUN = "run"
    SETTLE = "settle"
    LOOK = "look"
    DRAIN = "drain"
    AFTER = "after"


class Rule(StrEnum):
    """Callback rules that a history sets; the first two are addresses of the receiver."""

    FIRST = "first"
    SECOND = "second"
    OFF = "off"


OWN = "own"
"""Channel of jobs with an own callback address."""
CHANNELS = (Rule.FIRST, Rule.SECOND, OWN)
CALLBACKS = "callbacks"
"""Name of the wait for callbacks in an `expired` event."""
SUBMITS = frozenset({Label.SUBMIT, Label.MANY})
UPDATES = frozenset({Label.OPEN, Label.PAUSE, Label.RESUME, Label.RULE})


@dataclass(frozen=True, slots=True)
class JobLabel:
    """The parts of a label."""

    history: int
    step: Label
    how: str = ""

    def __str__(self) -> str:
        return f"{self.history} {self.step}{f' {self.how}' if self.how else ''}"


def label_of(text: str) -> JobLabel | None:
    """Parse a label; None when the text is not a label."""
    number, _, rest = text.partition(" ")
    word, _, how = rest.partition(" ")
    if not number.isdecimal() or word not in list(Label):
        return None
    return JobLabel(int(number), Label(word), how)
