"""Scenario `cancel`: take held jobs out, let the others run; then cancel an ended job, a stranger, a running job.

One is taken from among its equals, one of level 2 from among lower ones, one from a request that made several.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, Unsupported
from ciq_conformance.scenarios.readiness import found_rule, unknown_job_id
from ciq_conformance.steps.cancel import PAGE, TOLD, Step
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState, QueueState
from ciq_schemas.values import Job

HELD = 3
OF_MANY = 2
BACKLOG_SECONDS = 1.0
MOST = 60
TRIES = 3
MARGIN = timedelta(seconds=2)
"""Beside a window's bounds, of which no document says for sure whether they belong to it."""
Order = Callable[[str], JobOrder]


def play(stage: Stage) -> None:
    """Play the scenario; whatever happens the queue goes on at its end."""
    rule = found_rule(stage)
    address = stage.receiver.address(stage.channel(TOLD))

    def order(label: str) -> JobOrder:
        return stage.order(label, callback=address, callback_format="XML")

    try:
        held = _hold(stage, rule, order)
        victims = held.victims(stage)
        taken = [victim for step, victim in victims.items() if stage.calls.cancel(step, victim).ok]
        gone = list(victims.values())
        stage.watch(
            Step.CANCELLED,
            gone,
            lambda states: all(states.get(victim) == JobState.CANCEL for victim in taken),
            min(5.0, stage.patience.callback),
        )
    finally:
        stage.set_queue(Step.RESUME, rule=rule)
    others = [job_id for job_id in held.ids if job_id not in gone]
    states = stage.watch(
        Step.WATCH,
        [*gone, *others],
        lambda states: all(states.get(job_id) in FINAL_STATES for job_id in others),
        stage.patience.jobs(len(held.ids)),
    )
    ended = [job_id for job_id in others if states.get(job_id) in FINAL_STATES][:1] or others[:1]
    stage.look(Step.ENDED_BEFORE, ended)
    stage.calls.cancel(Step.CANCEL_ENDED, ended[0])
    stage.look(Step.ENDED_AFTER, ended)
    stage.calls.cancel(Step.CANCEL_UNKNOWN, unknown_job_id(stage))
    stage.wait_callbacks(TOLD, others)
    stage.receiver.wait(lambda: False, stage.patience.quiet)
    looked = stage.look(Step.VICTIM_LATER, [*gone, *others])
    _list(stage, [looked[job_id] for job_id in gone if job_id in looked and looked[job_id].state == JobState.CANCEL])
    _cancel_failed(stage, order)
    _cancel_running(stage, order)


def _list(stage: Stage, cancelled: list[Job]) -> None:
    """List by state until the cancelled jobs show: no document promises that a list knows a new state at once."""
    moments = [moment for moment in (times.parse(job.creation_time) for job in cancelled) if moment is not None]
    if not moments:
        return
    window = {
        "tag": stage.order("any").tag,
        "size": str(PAGE),
        "startCreationTime": times.written(min(moments) - MARGIN),
        "endCreationTime": times.written(max(moments) + MARGIN),
    }
    for step, states in ((Step.LIST_CANCEL, "Cancel"), (Step.LIST_SUCCESS_CANCEL, "Success,Cancel")):
        deadline = stage.now() + stage.patience.callback
        while True:
            reply = stage.calls.list_jobs(step, {**window, "states": states})
            listed = {job.job_id for job in reply.jobs}
            shown = listed.issuperset(job.job_id for job in cancelled)
            if shown or not reply.ok or len(reply.jobs) >= PAGE or stage.now() >= deadline:
                break
            stage.pause_thread(stage.patience.poll)


def _cancel_failed(stage: Stage, order: Order) -> None:
    """Cancel a job that ended Failed for want of its input; where such a job is refused, none is cancelled."""
    missing = stage.profile.missing_input.replace("{run_id}", stage.run_id)
    reply = stage.submit(Step.SUBMIT_FAILING, order("failing").with_(input_object=missing))
    ids = reply.job_ids
    states = stage.watch_ended(Step.UNTIL_FAILED, ids) if ids else {}
    failed = [job_id for job_id, state in states.items() if state == JobState.FAILED]
    if failed:
        stage.calls.cancel(Step.CANCEL_FAILED, failed[0])
        stage.look(Step.AFTER_FAILED, failed)


def _cancel_running(stage: Stage, order: Order) -> None:
    """Cancel a job that was just seen Running; where jobs are too short to be seen so, none is cancelled."""
    for attempt in range(TRIES):
        ids = stage.submit(Step.SUBMIT_TO_RUN, order(f"run {attempt}")).job_ids
        states = stage.watch(
            Step.UNTIL_RUNNING,
            ids,
            lambda states: all(state not in WAITING_STATES for state in states.values()),
            stage.patience.jobs(1),
        )
        running = [job_id for job_id, state in states.items() if state == JobState.RUNNING]
        if running:
            stage.calls.cancel(Step.CANCEL_RUNNING, running[0])
            stage.watch_ended(Step.AFTER_RUNNING, running)
            return


@dataclass(frozen=True, slots=True)
class _Held:
    """Jobs that a paused queue holds back: those like one another, and two kinds that a queue may keep elsewhere."""

    equal: list[str]
    leveled: tuple[str, ...] = ()
    """One of level 2, the highest."""
    of_one_request: tuple[str, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [*self.equal, *self.leveled, *self.of_one_request]

    def victims(self, stage: Stage) -> dict[Step, str]:
        """The jobs to cancel, by the step that does."""
        chosen = {Step.CANCEL: _waiting(stage, self)}
        groups = ((Step.CANCEL_LEVEL, self.leveled), (Step.CANCEL_OF_MANY, self.of_one_request))
        return chosen | {step: group[0] for step, group in groups if group}


def _hold(stage: Stage, rule: RuleOrder, order: Order) -> _Held:
    """Hold jobs back in the paused queue.

    Console pages close a paused queue to new jobs (1045/43607). Where it is closed, the jobs go in before the pause,
    so many that some still wait when it comes.
    """
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    first = stage.submit(Step.SUBMIT, order("held 0"))
    if not first.refused:
        ids = first.job_ids
        for index in range(len(ids), HELD):
            ids += stage.submit_or_break(Step.SUBMIT, order(f"held {index}"))
        return _Held(ids, _leveled(stage, order), _of_one_request(stage, order))
    stage.set_queue_or_break(Step.OPEN, rule=rule)
    calibration = stage.patience.calibration
    workers, job = calibration.workers, max(calibration.job_latency, 0.001)
    ids = []
    for index in range(min(MOST, math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / job))):
        ids += stage.submit_or_break(Step.SUBMIT, order(f"open {index}"))
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    return _Held(ids)


def _leveled(stage: Stage, order: Order) -> tuple[str, ...]:
    """One job of the highest level, submitted last; those of level 0 wait before it, and one of level 1."""
    if not stage.spec.has_job_level:
        return ()
    lower = stage.submit_or_break(Step.SUBMIT_LEVELS, order("level 1").with_(level=1))
    return *stage.submit_or_break(Step.SUBMIT_LEVELS, order("level 2").with_(level=2)), *lower


def _of_one_request(stage: Stage, order: Order) -> tuple[str, ...]:
    """Two jobs of one request, where that is documented."""
    if not stage.spec.multi_documented:
        return ()
    reply = stage.submit(Step.SUBMIT_MANY, *(order(f"many {index}") for index in range(OF_MANY)))
    return tuple(reply.job_ids)


def _waiting(stage: Stage, held: _Held) -> str:
    """The job to cancel: from the middle of those that are like one another and wait."""
    seen = stage.look_for(Step.WAITING, held.ids)
    waiting = [job_id for job_id in held.equal if job_id in seen and seen[job_id].state in WAITING_STATES]
    if waiting:
        return waiting[len(waiting) // 2]
    if len(held.equal) == HELD:
        states = ", ".join(str(job.state) for job in seen.values()) or "not described"
        raise Broken(f"no job waits in the paused queue ({states}), so none can be cancelled")
    raise Unsupported(
        "a paused queue takes no job here, and in an active one none waits long enough to be cancelled; "
        "name a larger sample input in the profile"
    )
