"""Checks of the scenario `explore` (EXP): apply each rule to every history of the run."""

from itertools import groupby, pairwise

from ciq_conformance.areas.explore import SPEC
from ciq_conformance.areas.explore.histories import RecordedHistory, recorded_histories
from ciq_conformance.areas.explore.labels import CHANNELS, SUBMITS, UPDATES, JobLabel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds, untested
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import ENDED_BY_RUNNING

_CASES = {
    "EXP-001": "job(s) that provably waited for another",
    "EXP-002": "observation(s) of waiting jobs in a paused queue",
    "EXP-003": "job(s) observed until their end",
    "EXP-004": "job(s) cancelled while waiting",
    "EXP-005": "change(s) of state",
    "EXP-006": "job(s) whose callback was due or forbidden",
    "EXP-007": "observation(s) of jobs after their callback",
    "EXP-008": "job(s) and queue(s) observed after a restart",
}
"""Each EXP requirement, and the cases that its rule counts."""
_SUMMARIZED = SUBMITS | UPDATES | {Label.CANCEL, Label.RESTART}


def _judge(name: str, cases: str, evidence: Evidence, item: Item) -> Finding:
    event = evidence.blocking_event(SPEC)
    histories = evidence.derive(recorded_histories)
    results = [(history, history.result(name)) for history in histories]
    deviating = [(history, result.deviations) for history, result in results if result.deviations]
    observed_cases = sum(result.cases for _, result in results)
    jobs = sum(len(history.observed.jobs) for history in histories)
    power = f"{len(histories)} histories, {jobs} jobs, {observed_cases} {cases}"
    if deviating:
        history, deviations = min(deviating, key=lambda pair: (len(pair[0].observed.jobs), len(pair[0].exchanges)))
        return deviates(
            item.requirement.statement,
            f"history {history.number} ({request_summary(history)}): {deviations[0].text}"
            + (f" (and {len(deviations) - 1} more)" if len(deviations) > 1 else ""),
            witness=deviations[0].witness,
            reason=f"{len(deviating)} of {len(histories)} histories deviate; if the output directory contains "
            f"explore-{item.name}.py, that script reproduces the deviation",
            power=power,
        )
    if event is not None:
        return blocked(event.text, witness=(event.seq,))
    if name == "EXP-006" and not observed_cases and _callbacks_are_missing(evidence, histories):
        return blocked("no callback arrived (see RUL-001, DEL-001)")
    if not observed_cases:
        need = ", on the embedded mock or with --restart-command" if name == "EXP-008" else ""
        return untested(f"no history contained such a case ({power}); run more histories (--explore){need}")
    return holds(power, power=power)


def _callbacks_are_missing(evidence: Evidence, histories: tuple[RecordedHistory, ...]) -> bool:
    """Whether some job ran to its end, but no callback arrived."""
    due = any(job.last_state in ENDED_BY_RUNNING for history in histories for job in history.observed.jobs)
    channels = [f"{evidence.feature}.{SPEC}.{channel}" for channel in CHANNELS]
    return due and not evidence.arrivals(*channels)


def request_summary(history: RecordedHistory) -> str:
    """The requests of a history as text: `open first, pause, 5 submit, resume`."""
    requests = [label for label, _ in history.exchanges if label.step in _SUMMARIZED]
    # After one restart the suite may request the list several times.
    once = [one for before, one in pairwise((None, *requests)) if one is not None and not _same_restart(before, one)]
    counted = ((word, len(list(group))) for word, group in groupby(map(_word, once)))
    return ", ".join(word if count == 1 else f"{count} {word}" for word, count in counted)


def _same_restart(before: JobLabel | None, label: JobLabel) -> bool:
    return label.step is Label.RESTART and label == before


def _word(label: JobLabel) -> str:
    return f"{label.step} {label.how}" if label.how and label.step in UPDATES else label.step


def _register(requirement: str, cases: str) -> None:
    @check(requirement, SPEC)
    def every_history_fulfils_the_rule(evidence: Evidence, item: Item) -> Finding:
        """Every history of the run fulfils the rule of the requirement in `history_rules`."""
        return _judge(requirement, cases, evidence, item)


for _requirement, _cases in _CASES.items():
    _register(_requirement, _cases)
