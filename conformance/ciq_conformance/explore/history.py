"""Histories: sequences of commands on a queue, as plain values. Pure; independent of random choices and the target.

Each command is legal at any position: `HistoryPlayer` skips a command that makes no sense at that moment (a second
pause, a cancel without a waiting job). So any part of a history is a history too.
"""

from dataclasses import dataclass
from enum import StrEnum

from ciq_conformance.areas.explore.labels import Rule


class Op(StrEnum):
    """What a command does."""

    SUBMIT = "submit"
    """One job for each level, each in its own request."""
    MANY = "many"
    """One request with several operations."""
    PAUSE = "pause"
    RESUME = "resume"
    FREEZE = "freeze"
    """Resume, and pause again when some jobs have started: then some jobs have started and others wait."""
    CANCEL = "cancel"
    RULE = "rule"
    FAILING = "failing"
    """The receiver answers some callbacks with an error."""
    RESTART = "restart"
    """The target is stopped and started again."""


@dataclass(frozen=True, slots=True)
class Command:
    """One step of a history; `op` decides which fields are used."""

    op: Op
    levels: tuple[int | None, ...] = ()
    own: bool = False
    """Submit: the request names a callback address for the jobs."""
    pick: int = 0
    """Cancel: index of the job; failing: the status."""
    rule: Rule = Rule.FIRST
    times: int = 0
    """Failing: number of callbacks."""

    def __str__(self) -> str:
        match self.op:
            case Op.SUBMIT | Op.MANY:
                shown = ",".join("-" if level is None else str(level) for level in self.levels)
                return f"{self.op} {shown}{' own' if self.own else ''}"
            case Op.CANCEL:
                return f"{self.op} {self.pick}"
            case Op.RULE:
                return f"{self.op} {self.rule}"
            case Op.FAILING:
                return f"{self.op} {self.pick} x{self.times}"
            case _:
                return str(self.op)


History = tuple[Command, ...]


def jobs_in(history: History) -> int:
    """How many jobs a history submits."""
    return sum(len(command.levels) for command in history)


def restarts(history: History) -> bool:
    """Whether a history restarts the target."""
    return any(command.op is Op.RESTART for command in history)


def size_of(history: History) -> tuple[int, int]:
    """Size for comparison: number of jobs, then number of commands."""
    return jobs_in(history), len(history)


def as_text(history: History) -> str:
    """A history as one line: `pause; submit 0,2; freeze`."""
    return "; ".join(str(command) for command in history)
