"""Labels of the scenario `explore`: number of the history, what was done, and how (`3 submit own`)."""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a history does to the target, and when it looks."""

    OPEN = "open"
    SUBMIT = "submit"
    MANY = "many"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RULE = "rule"
    RESTART = "restart"
    """The first look at the queue after a restart; `how` is the instant at which the restart began."""
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
"""Channel of jobs with an address of their own."""
CHANNELS = (Rule.FIRST, Rule.SECOND, OWN)
TOLD = "told"
"""Word in the mark of a wait for callbacks that ran out."""
SUBMITS = frozenset({Label.SUBMIT, Label.MANY})
UPDATES = frozenset({Label.OPEN, Label.PAUSE, Label.RESUME, Label.RULE})


@dataclass(frozen=True, slots=True)
class JobLabel:
    """A label taken apart."""

    history: int
    step: Label
    how: str = ""

    def __str__(self) -> str:
        return f"{self.history} {self.step}{f' {self.how}' if self.how else ''}"


def label_of(text: str) -> JobLabel | None:
    """Take a label apart; None for a text that is none."""
    number, _, rest = text.partition(" ")
    word, _, how = rest.partition(" ")
    if not number.isdecimal() or word not in list(Label):
        return None
    return JobLabel(int(number), Label(word), how)
