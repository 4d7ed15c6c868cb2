"""Checks of the scenario `explore` (EXP): applies each rule to every played history."""

from itertools import groupby, pairwise

from ciq_conformance.areas.explore import SPEC
from ciq_conformance.areas.explore.histories import RecordedHistory, recorded_histories
from ciq_conformance.areas.explore.labels import CHANNELS, SUBMITS, UPDATES, JobLabel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import ENDED_BY_RUNNING

_CASES = {
    "EXP-001": "job(s) shown to have waited for another",
    "EXP-002": "observation(s) of jobs held in a paused queue",
    "EXP-003": "job(s) followed to their end",
    "EXP-004": "job(s) cancelled while they waited",
    "EXP-005": "change(s) of state",
    "EXP-006": "job(s) whose callback was due or forbidden",
    "EXP-007": "observation(s) of jobs after their callback",
    "EXP-008": "job(s) and queue(s) observed after a restart",
}
"""The cases that each rule counts."""
_IN_STORY = SUBMITS | UPDATES | {Label.CANCEL, Label.RESTART}


def _judge(name: str, evidence: Evidence, item: Item) -> Finding:
    event = evidence.blocking_event(SPEC)
    histories = evidence.derive(recorded_histories)
    results = [(history, history.result(name)) for history in histories]
    deviating = [(history, result.deviations) for history, result in results if result.deviations]
    shown = sum(result.shown for _, result in results)
    jobs = sum(len(history.played.jobs) for history in histories)
    power = f"{len(histories)} histories, {jobs} jobs, {shown} {_CASES[name]}"
    if deviating:
        history, deviations = min(deviating, key=lambda pair: (len(pair[0].played.jobs), len(pair[0].exchanges)))
        return deviates(
            item.requirement.statement,
            f"history {history.number} ({story(history)}): {deviations[0].text}"
            + (f" (and {len(deviations) - 1} more)" if len(deviations) > 1 else ""),
            witness=deviations[0].witness,
            reason=f"{len(deviating)} of {len(histories)} histories show it; explore-{item.name}.py in the output "
            "directory, where it exists, reproduces it",
            power=power,
        )
    if event is not None:
        return blocked(event.text, witness=(event.seq,))
    if name == "EXP-006" and not shown and _callbacks_are_missing(evidence, histories):
        return blocked("no callback arrived at all (see RUL-001, DEL-001)")
    if not shown:
        need = ", on the embedded mock or with --restart-command" if name == "EXP-008" else ""
        return absent(f"no history came to where this can be seen ({power}); more of them may (--explore){need}")
    return holds(power, power=power)


def _callbacks_are_missing(evidence: Evidence, histories: tuple[RecordedHistory, ...]) -> bool:
    """Some job ended by running, but no callback arrived."""
    due = any(job.last_state in ENDED_BY_RUNNING for history in histories for job in history.played.jobs)
    channels = [f"{evidence.feature}.{SPEC}.{channel}" for channel in CHANNELS]
    return due and not evidence.arrivals(*channels)


def story(history: RecordedHistory) -> str:
    """The requests of a history in words: `open first, pause, 5 submit, resume`."""
    requests = [label for label, _ in history.exchanges if label.step in _IN_STORY]
    # After one restart the suite may have requested the list several times.
    once = [one for before, one in pairwise((None, *requests)) if one is not None and not _same_restart(before, one)]
    counted = ((word, len(list(group))) for word, group in groupby(map(_word, once)))
    return ", ".join(word if count == 1 else f"{count} {word}" for word, count in counted)


def _same_restart(before: JobLabel | None, label: JobLabel) -> bool:
    return label.step is Label.RESTART and label == before


def _word(label: JobLabel) -> str:
    return f"{label.step} {label.how}" if label.how and label.step in UPDATES else label.step


@check("EXP-001", SPEC)
def order_holds(evidence: Evidence, item: Item) -> Finding:
    """Order of starts by level and submission in each history."""
    return _judge("EXP-001", evidence, item)


@check("EXP-002", SPEC)
def pauses_hold(evidence: Evidence, item: Item) -> Finding:
    """Jobs seen waiting in a paused queue, until it was resumed."""
    return _judge("EXP-002", evidence, item)


@check("EXP-003", SPEC)
def no_job_is_lost(evidence: Evidence, item: Item) -> Finding:
    """Last state of every job that was not cancelled."""
    return _judge("EXP-003", evidence, item)


@check("EXP-004", SPEC)
def cancelled_jobs_stay(evidence: Evidence, item: Item) -> Finding:
    """States of jobs after the cancel that found them waiting."""
    return _judge("EXP-004", evidence, item)


@check("EXP-005", SPEC)
def states_move_forward(evidence: Evidence, item: Item) -> Finding:
    """Each two consecutive observations of a job."""
    return _judge("EXP-005", evidence, item)


@check("EXP-006", SPEC)
def callbacks_follow_the_rule(evidence: Evidence, item: Item) -> Finding:
    """Callbacks of each job under the rules since its submit."""
    return _judge("EXP-006", evidence, item)


@check("EXP-007", SPEC)
def only_callbacks_follow_the_rule(evidence: Evidence, item: Item) -> Finding:
    """States of each job after its callback."""
    return _judge("EXP-007", evidence, item)


@check("EXP-008", SPEC)
def restarts_lose_nothing(evidence: Evidence, item: Item) -> Finding:
    """Queue and jobs after each restart."""
    return _judge("EXP-008", evidence, item)
