"""Histories: what may be done to a queue in any order, and how to make them up at random. Pure.

A history is a sequence of commands that are legal wherever they stand: the player leaves out what makes no sense at
that moment (a second pause, a cancel without a waiting job). So any part of a history is a history too, and shrinking
is leaving out: `smaller` proposes, one step at a time, because each proposal costs a play on a target that may be slow.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from hypothesis import strategies as st

from ciq_conformance.driver.chance import draw
from ciq_conformance.steps.explore import Rule
from ciq_schemas.features import FeatureSpec

FEWEST, MOST = 4, 11
"""Commands in a free history."""
LEVELS = (0, 1, 2, None)
BURST = (5, 14)
FAILURES = (500, 503, 0)
"""Answers of a failing receiver; 0 closes the connection unanswered."""


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


def _submits(spec: FeatureSpec, fewest: int, most: int, op: Op = Op.SUBMIT) -> st.SearchStrategy[Command]:
    level = st.sampled_from(LEVELS if spec.has_job_level else (None,))
    levels = st.lists(level, min_size=fewest, max_size=most).map(tuple)
    may_own = op is Op.SUBMIT and spec.job_callback_documented
    own = st.sampled_from((False, False, False, True) if may_own else (False,))
    return st.builds(Command, st.just(op), levels, own)


def _cancels() -> st.SearchStrategy[Command]:
    return st.builds(Command, st.just(Op.CANCEL), pick=st.sampled_from(range(8)))


def _commands(spec: FeatureSpec) -> st.SearchStrategy[Command]:
    kinds: list[st.SearchStrategy[Command]] = [
        _submits(spec, 1, 3),
        _submits(spec, *BURST),
        st.just(Command(Op.PAUSE)),
        st.just(Command(Op.RESUME)),
        st.just(Command(Op.FREEZE)),
        st.builds(Command, st.just(Op.RULE), rule=st.sampled_from(list(Rule))),
        st.builds(Command, st.just(Op.FAILING), pick=st.sampled_from(FAILURES), times=st.sampled_from((1, 2, 3))),
    ]
    if spec.multi_documented:
        kinds.append(_submits(spec, 2, 4, Op.MANY))
    if spec.cancel_documented:
        kinds.append(_cancels())
    return st.sampled_from(range(len(kinds))).flatmap(kinds.__getitem__)


def _histories(spec: FeatureSpec) -> st.SearchStrategy[History]:
    """Free ones, and more often such as fill a paused queue and let go of it: there order can be seen."""
    command = _commands(spec)
    burst = _submits(spec, *BURST)
    pause, freeze = st.just(Command(Op.PAUSE)), st.just(Command(Op.FREEZE))
    few = st.lists(command, max_size=3).map(tuple)
    one = int(spec.cancel_documented)
    cancels = st.lists(_cancels(), min_size=one, max_size=2 * one).map(tuple)
    held = st.tuples(few, st.tuples(pause, burst), few, cancels, st.tuples(burst, freeze), few)
    free = st.lists(command, min_size=FEWEST, max_size=MOST).map(tuple)
    return st.one_of(free, *[held.map(lambda parts: sum(parts, ()))] * 3)


def histories(spec: FeatureSpec, count: int, begin: int) -> tuple[History, ...]:
    """At most `count` different histories for a feature; the same for the same `begin`, whatever the target does."""
    made: list[History] = []
    for history in draw(_histories(spec), 2 * count + 2, begin):
        if jobs_in(history) > 1 and history not in made:
            made.append(history)
    return tuple(made[-count:])  # the first ones are the plainest


def jobs_in(history: History) -> int:
    """How many jobs a history submits."""
    return sum(len(command.levels) for command in history)


def smaller(history: History) -> Iterator[History]:
    """Proposals for a smaller history, the boldest first: halves, quarters, single commands, then fewer jobs."""
    size = len(history) // 2
    while size:
        for start in range(0, len(history), size):
            yield history[:start] + history[start + size :]
        size //= 2
    for index, command in enumerate(history):
        for plainer in _plainer(command):
            yield (*history[:index], plainer, *history[index + 1 :])


def _plainer(command: Command) -> Iterator[Command]:
    levels = command.levels
    least = 2 if command.op is Op.MANY else 1
    if len(levels) > least:
        half = max(least, len(levels) // 2)
        yield replace(command, levels=levels[:half])
        yield replace(command, levels=levels[-half:])
        if half < len(levels) - 1:
            yield replace(command, levels=levels[:-1])
    if command.own:
        yield replace(command, own=False)
    if command.op is Op.MANY:
        yield replace(command, op=Op.SUBMIT)


def shrink(history: History, still_fails: Callable[[History], bool], may_go_on: Callable[[], bool]) -> History:
    """The smallest history found that still fails, while `may_go_on`; takes each success as the new beginning."""
    best = history
    tried = {history}
    progress = True
    while progress and may_go_on():
        progress = False
        for proposal in smaller(best):
            if not may_go_on():
                break
            if proposal in tried or not jobs_in(proposal):
                continue
            tried.add(proposal)
            if still_fails(proposal):
                best, progress = proposal, True
                break
    return best
