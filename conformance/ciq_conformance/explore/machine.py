"""Generates histories with a Hypothesis state machine over a model of the queue. Pure; uses no target.

The machine only records commands, so a seed gives the same histories on every target. `campaign` runs them and
`shrinking` shrinks them. Hypothesis cannot shrink them here: when it omits a step it generates all later steps anew,
and each try is a run that may last seconds.
"""

import sys
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ciq_conformance.areas.explore.labels import Rule
from ciq_conformance.driver.hypothesis_backend import EVEN, exclusive
from ciq_conformance.explore.history import Command, History, Op, jobs_in
from ciq_schemas.features import FeatureSpec

STEPS = 10
"""Number of machine rules in a history; some rules add two commands, some none."""
LEVELS = (0, 1, 2, None)
FAILURES = (500, 503, 0)
"""Statuses of a failing receiver; 0 closes the connection without an answer."""
MOST_JOBS = 40
FEWEST_JOBS = 2
_DRAWS_EACH = 3
"""Generated examples per requested history: some are equal or have no jobs."""

_ONE = st.sampled_from(LEVELS)
_FEW = st.lists(_ONE, min_size=1, max_size=3).map(tuple)
_MANY = st.lists(_ONE, min_size=2, max_size=4).map(tuple)
_BURST = st.lists(_ONE, min_size=5, max_size=14).map(tuple)
_RARELY = st.sampled_from((False, False, False, True))
_PICK = st.sampled_from(range(8))


class HistoryMachine(RuleBasedStateMachine):
    """Model of a queue: the commands so far decide which commands make sense next."""

    def __init__(self, spec: FeatureSpec, done: Callable[[History], None], *, may_restart: bool) -> None:
        super().__init__()
        self.spec = spec
        self.history: History = ()
        self.jobs = 0
        self.held = 0
        """Jobs submitted to the paused queue."""
        self.paused = False
        self.rule_now = Rule.FIRST
        self.failing = False
        self.may_restart = may_restart
        self._done = done
        self._outside = sys.exception()

    def _add(self, command: Command) -> None:
        self.history += (command,)
        self.jobs += len(command.levels)
        self.held += len(command.levels) if self.paused else 0

    def _submit(self, op: Op, levels: tuple[int | None, ...], *, own: bool = False) -> None:
        levels = levels[: MOST_JOBS - self.jobs]
        if not self.spec.has_job_level:
            levels = (None,) * len(levels)
        self._add(Command(op, levels, own and self.spec.job_callback_documented))

    def _pause(self) -> None:
        if not self.paused:
            self._add(Command(Op.PAUSE))
            self.paused, self.held = True, 0

    @rule()
    def do_nothing(self) -> None:
        """Add no command, so that some histories are short."""

    @precondition(lambda self: self.jobs < MOST_JOBS)
    @rule(levels=_FEW, own=_RARELY)
    def submit(self, levels: tuple[int | None, ...], own: bool) -> None:
        """Submit a few jobs."""
        self._submit(Op.SUBMIT, levels, own=own)

    @precondition(lambda self: self.jobs < MOST_JOBS)
    @rule(levels=_BURST)
    def burst(self, levels: tuple[int | None, ...]) -> None:
        """Submit more jobs than a queue usually has workers."""
        self._submit(Op.SUBMIT, levels)

    @precondition(lambda self: self.jobs < MOST_JOBS)
    @rule(levels=_BURST)
    def fill(self, levels: tuple[int | None, ...]) -> None:
        """Pause the queue and submit many jobs: later their order of starts is observable."""
        self._pause()
        self._submit(Op.SUBMIT, levels)

    @precondition(lambda self: self.spec.multi_documented and self.jobs < MOST_JOBS - 1)
    @rule(levels=_MANY)
    def many(self, levels: tuple[int | None, ...]) -> None:
        """Submit several jobs in one request."""
        self._submit(Op.MANY, levels)

    @precondition(lambda self: not self.paused)
    @rule()
    def pause(self) -> None:
        """Pause the queue."""
        self._pause()

    @precondition(lambda self: self.paused)
    @rule()
    def resume(self) -> None:
        """Resume the queue."""
        self._add(Command(Op.RESUME))
        self.paused = False

    @precondition(lambda self: self.jobs > 0)
    @rule()
    def freeze(self) -> None:
        """Resume until some jobs start, then pause the rest again."""
        self._add(Command(Op.FREEZE))
        self.paused, self.held = True, 0

    @precondition(lambda self: self.held > 1)
    @rule()
    def freeze_waiting_jobs(self) -> None:
        """The same as `freeze`; a second rule makes it more frequent when waiting jobs can reveal ordering errors."""
        self.freeze()

    @precondition(lambda self: self.spec.cancel_documented and self.jobs > 0)
    @rule(pick=_PICK)
    def cancel(self, pick: int) -> None:
        """Cancel a job that may have started."""
        self._add(Command(Op.CANCEL, pick=pick))

    @precondition(lambda self: self.spec.cancel_documented and self.held > 0)
    @rule(pick=_PICK)
    def cancel_held(self, pick: int) -> None:
        """Cancel a job that certainly waits."""
        self._add(Command(Op.CANCEL, pick=pick))

    @rule(to=st.sampled_from(list(Rule)))
    def change_rule(self, to: Rule) -> None:
        """Set another callback rule."""
        if to is not self.rule_now:
            self.rule_now = to
            self._add(Command(Op.RULE, rule=to))

    @precondition(lambda self: not self.failing)
    @rule(status=st.sampled_from(FAILURES), times=st.sampled_from((1, 2, 3)), now=_RARELY)
    def failing_receiver(self, status: int, times: int, now: bool) -> None:
        """Let the receiver answer with errors. Rare, because afterwards a missing callback proves nothing."""
        if now:
            self.failing = True
            self._add(Command(Op.FAILING, pick=status, times=times))

    @precondition(lambda self: self.may_restart and self.jobs > 0)
    @rule()
    def restart(self) -> None:
        """Restart the target, at most once in a history."""
        self.may_restart = False
        self._add(Command(Op.RESTART))

    def teardown(self) -> None:
        """Deliver the history, unless Hypothesis aborted the example."""
        if sys.exception() is self._outside:
            self._done(self.history)


def histories(spec: FeatureSpec, count: int, begin: int, *, may_restart: bool = False) -> tuple[History, ...]:
    """At most `count` different histories for a feature; the same for the same `begin` and `may_restart`."""
    made: list[History] = []

    def done(history: History) -> None:
        if len(made) < count and jobs_in(history) >= FEWEST_JOBS and history not in made:
            made.append(history)

    @seed(begin)
    class Machine(HistoryMachine):
        """The machine of this call."""

        def __init__(self) -> None:
            super().__init__(spec, done, may_restart=may_restart)

    chosen = settings(
        max_examples=_DRAWS_EACH * count + 10,
        stateful_step_count=STEPS,
        phases=(Phase.generate,),
        backend=EVEN,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    with exclusive():
        try:
            run_state_machine_as_test(Machine, settings=chosen)
        except Unsatisfiable:  # Hypothesis found no example in which a rule was enabled
            return ()
    return tuple(made)
