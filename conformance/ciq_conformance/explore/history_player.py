"""Runs one history: sends the requests and observes the jobs. Judges nothing.

It skips commands that make no sense at that moment, and it must not know the rules. A history begins with an active
queue and the first callback rule, and ends when all its jobs have ended, with an active queue again.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil

from ciq_conformance.areas.explore.labels import CALLBACKS, OWN, JobLabel, Label, Rule
from ciq_conformance.driver.quiescence import wait_until_idle
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, Restart, ScenarioContext
from ciq_conformance.explore.history import Command, History, Op
from ciq_conformance.explore.restart_wait import Known, wait_for_return
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.parsed import describe_response

MOST_JOBS = 40
FEWEST_JOBS = 6
LONGEST_DRAIN = 8.0
"""Seconds that the jobs of one history may take, estimated from the calibration."""
AT_ONCE = 0.5
"""If all jobs end within this time (seconds), polling is too slow: resume and pause are sent concurrently."""
FREEZE_LOOK = 0.35
"""More than the slack of the order rules: a job that waits this long after another has started was overtaken."""


class QueueLost(Exception):  # noqa: N818 - what a target did, not an error of ours
    """The target does not list the queue after a restart, so the suite runs no more histories."""


def job_limit(ctx: ScenarioContext) -> int:
    """How many jobs a history may have on this target."""
    calibration = ctx.timeouts.calibration
    most = int(LONGEST_DRAIN * max(1, calibration.workers) / max(calibration.job_latency, 0.01))
    size = MOST_JOBS if ctx.several_ids else MOST_JOBS // 2
    return max(FEWEST_JOBS, min(size, most))


@dataclass(kw_only=True)
class HistoryPlayer:
    """One run of a history."""

    ctx: ScenarioContext
    number: int
    _jobs: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    """Every job, with the callback rules since its submit."""
    _own: set[str] = field(default_factory=set)
    _cancelled: set[str] = field(default_factory=set)
    _states: dict[str, str] = field(default_factory=dict)
    _rule: Rule = Rule.FIRST
    _paused: bool = False
    _closed: bool = False
    """The paused queue rejects jobs, which the console pages allow."""
    _gone: set[str] = field(default_factory=set)
    """Jobs that the target did not know after a restart; the run does not wait for them."""

    def run(self, history: History) -> None:
        """Run the history to its end.

        Raises PreconditionFailed when the target rejects a valid request, QueueLost when a restart lost the queue.
        """
        self._put(Label.OPEN, QueueState.ACTIVE, how=self._rule)
        for command in history:
            self._execute(command)
        if self._paused:
            self._resume()
        self._drain()

    def _execute(self, command: Command) -> None:
        match command.op:
            case Op.SUBMIT:
                for level in command.levels:
                    self._submit(level, own=command.own)
            case Op.MANY:
                self._many(command.levels)
            case Op.PAUSE if not self._paused:
                self._pause()
            case Op.RESUME if self._paused:
                self._resume()
            case Op.FREEZE:
                self._freeze()
            case Op.CANCEL:
                self._cancel(command.pick)
            case Op.RULE if command.rule is not self._rule:
                self._rule = command.rule
                self._jobs = {job: (*rules, command.rule) for job, rules in self._jobs.items()}
                self._put(Label.RULE, QueueState.PAUSED if self._paused else QueueState.ACTIVE, how=command.rule)
            case Op.FAILING:
                channel = Rule.FIRST if self._rule is Rule.OFF else self._rule
                self.ctx.receiver.answer(self.ctx.channel(channel), command.pick, command.times)
            case Op.RESTART if self.ctx.restart is not None:
                self._restart(self.ctx.restart)

    @property
    def _open(self) -> list[str]:
        ended = (job for job, state in self._states.items() if state in FINAL_STATES)
        done = self._gone.union(ended)
        return [job for job in self._jobs if job not in done]

    @property
    def _jobs_left(self) -> int:
        """How many more jobs the history may have."""
        return job_limit(self.ctx) - len(self._jobs)

    def _submit(self, level: int | None, *, own: bool) -> None:
        if self._jobs_left <= 0 or (self._paused and self._closed):
            return
        order = self.ctx.job_request(f"h{self.number} {len(self._jobs)}", level=level)
        if own:
            order = order.with_(callback=self.ctx.receiver.address(self.ctx.channel(OWN)))
        response = self.ctx.submit(self._step(Label.SUBMIT, OWN if own else ""), order)
        ids = response.job_ids
        if not response.ok and self._paused:
            self._closed = True
            return
        if not response.ok or len(ids) != 1:
            raise PreconditionFailed(f"submit answered {describe_response(response)} instead of a job")
        self._jobs[ids[0]] = (self._rule,)
        if own:
            self._own.add(ids[0])

    def _many(self, levels: tuple[int | None, ...]) -> None:
        if self._jobs_left < len(levels) or (self._paused and self._closed):
            return
        orders = [self.ctx.job_request(f"h{self.number} many {i}", level=level) for i, level in enumerate(levels)]
        response = self.ctx.submit(self._step(Label.MANY), *orders)
        ids = response.job_ids
        if not response.ok and self._paused:
            self._closed = True
            return
        if not response.ok:
            raise PreconditionFailed(
                f"a request with {len(levels)} operations was answered {describe_response(response)}"
            )
        self._jobs.update(dict.fromkeys(ids, (self._rule,)))

    def _pause(self) -> None:
        self._put(Label.PAUSE, QueueState.PAUSED)
        self.ctx.let_pause_reach_workers()
        self._paused = True

    def _resume(self) -> None:
        self._watch_held()
        self._put(Label.RESUME, QueueState.ACTIVE)
        self._paused = False

    def _watch_held(self) -> None:
        """Observe the jobs in the paused queue: when none runs, and again after a held job could start."""
        if self._open:
            self._settle()
            self.ctx.pause_thread(max(FREEZE_LOOK, self.ctx.timeouts.hold))
            self._look(Label.LOOK)

    def _settle(self) -> None:
        self.ctx.pause_thread(min(2.0, self.ctx.timeouts.calibration.start_latency))
        open_jobs = self._open
        if open_jobs:
            self._states |= wait_until_idle(self.ctx, self._step(Label.SETTLE), open_jobs)

    def _look(self, step: Label) -> None:
        seen = self.ctx.look(self._step(step), self._open)
        self._states |= {job: one.state or "" for job, one in seen.items()}

    def _freeze(self) -> None:
        """Let some jobs start, then hold the others."""
        if not self._open:
            return
        timeouts = self.ctx.timeouts
        rounds = ceil(len(self._open) / max(1, timeouts.calibration.workers))
        if self._paused and rounds * timeouts.calibration.job_latency < AT_ONCE:
            self._resume_and_pause()
        else:
            if self._paused:
                self._resume()

            def some_started(states: dict[str, str]) -> bool:
                return any(state not in WAITING_STATES for state in states.values())

            step = self._step(Label.RUN)
            self._states |= self.ctx.watch(step, self._open, some_started, timeouts.jobs(1))
            self._pause()
        self._watch_held()

    def _resume_and_pause(self) -> None:
        """Send both concurrently, then pause once more so that the last state is certain."""
        self._watch_held()
        with ThreadPoolExecutor(1) as beside:
            resumed = beside.submit(self._put, Label.RESUME, QueueState.ACTIVE)
            self.ctx.pause_thread(0.002)
            self._put(Label.PAUSE, QueueState.PAUSED)
            resumed.result()
        self._put(Label.PAUSE, QueueState.PAUSED)

    def _cancel(self, pick: int) -> None:
        if self._paused and self._open:
            self._settle()
        waiting = [job for job in self._open if job not in self._cancelled]
        if waiting:
            job = waiting[pick % len(waiting)]
            self._cancelled.add(job)
            self.ctx.calls.cancel(self._step(Label.CANCEL, job), job)
            self._look(Label.LOOK)

    def _restart(self, restart: Restart) -> None:
        """Restart the target, then observe the queue and every job."""
        if self._paused and self._open:
            self._settle()  # no document defines what a restart does to a running job
        begin = self.ctx.now()
        restart()
        after = wait_for_return(
            self.ctx,
            self._step(Label.RESTART, f"{begin:.4f}"),
            self._step(Label.LOOK),
            Known(
                jobs=tuple(self._jobs),
                state=QueueState.PAUSED if self._paused else QueueState.ACTIVE,
                address="" if self._rule is Rule.OFF else self.ctx.receiver.address(self.ctx.channel(self._rule)),
            ),
        )
        self._states |= {job: one.state or "" for job, one in after.seen.items()}
        self._gone |= self._jobs.keys() - after.seen.keys()
        if self.ctx.queue_id not in [queue.queue_id for queue in after.listed.queue_list.queues]:
            answer = describe_response(after.listed)
            raise QueueLost(f"after a restart the list of queues answers {answer} without the queue")

    def _drain(self) -> None:
        ctx = self.ctx
        if not self._jobs:
            return
        kept = [job for job in self._jobs if job not in self._cancelled | self._gone]
        ctx.watch_ended(self._step(Label.DRAIN), kept)
        if self._cancelled:
            ctx.look(self._step(Label.AFTER), sorted(self._cancelled))
        due = {job: self._due_at(job) for job in kept if Rule.OFF not in self._jobs[job]}
        channels = [ctx.channel(name) for name in (Rule.FIRST, Rule.SECOND, OWN)]

        def all_received() -> bool:
            notified: dict[str, set[str]] = {}
            for callback in ctx.receiver.arrivals(*channels):
                for job in callback.job_ids:
                    notified.setdefault(job, set()).add(callback.arrival.channel)
            return all(wanted & notified.get(job, set()) for job, wanted in due.items())

        if not ctx.receiver.wait(all_received, ctx.timeouts.callback):
            ctx.record_event(
                "expired", f"{self.number} {CALLBACKS}: waited {ctx.timeouts.callback:.1f} s for callbacks"
            )
        if any(set(rules) == {Rule.OFF} for rules in self._jobs.values()):
            ctx.pause_thread(ctx.timeouts.quiet)
        ctx.look(self._step(Label.AFTER), kept)

    def _due_at(self, job: str) -> set[str]:
        names = (OWN,) if job in self._own else self._jobs[job]
        return {self.ctx.channel(name) for name in names}

    def _put(self, step: Label, state: QueueState, *, how: str = "") -> None:
        rule = CallbackRuleRequest(state="Off")
        if self._rule is not Rule.OFF:
            rule = CallbackRuleRequest(url=self.ctx.receiver.address(self.ctx.channel(self._rule)))
        self.ctx.set_queue_or_fail(self._step(step, how), state=state, rule=rule)

    def _step(self, step: Label, how: str = "") -> str:
        return str(JobLabel(self.number, step, how))
