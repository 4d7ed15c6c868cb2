"""Histories: what may be done to a queue in any order, as plain values. Pure; knows neither chance nor target.

A history is a sequence of commands that are legal wherever they stand: the player leaves out what makes no sense at
that moment (a second pause, a cancel without a waiting job). So any part of a history is a history too.
"""

from dataclasses import dataclass
from enum import StrEnum

from ciq_conformance.areas.explore.labels import Rule


class Op(StrEnum):
    """What a command does."""

    SUBMIT = "submit"
    """One job a level, each in a request of its own."""
    MANY = "many"
    """One request with several operations."""
    PAUSE = "pause"
    RESUME = "resume"
    FREEZE = "freeze"
    """Resume, and pause again once some have started: started and waiting jobs stand side by side."""
    CANCEL = "cancel"
    RULE = "rule"
    FAILING = "failing"
    """The receiver answers badly for a while."""
    RESTART = "restart"
    """The target is stopped and started again."""


@dataclass(frozen=True, slots=True)
class Command:
    """One step of a history; which fields count depends on `op`."""

    op: Op
    levels: tuple[int | None, ...] = ()
    own: bool = False
    """Submit: the jobs have an address of their own."""
    pick: int = 0
    """Cancel: which of the jobs; failing: the status."""
    rule: Rule = Rule.FIRST
    times: int = 0
    """Failing: for how many callbacks."""

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
    """Whether the target is restarted in it."""
    return any(command.op is Op.RESTART for command in history)


def size_of(history: History) -> tuple[int, int]:
    """What makes a history small: few jobs, then few commands."""
    return jobs_in(history), len(history)


def words(history: History) -> str:
    """A history as one line: `pause; submit 0,2; freeze`."""
    return "; ".join(str(command) for command in history)
