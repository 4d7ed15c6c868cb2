"""Runs random histories, shrinks those that deviate, and writes the smallest as a script.

`machine` generates all histories before the first one runs. `shrinking` searches for a smaller part within a budget of
runs and time. One run may last seconds and may deviate by chance, so a part must deviate once more before its script
is written. This module gives no verdict: the checks read all histories from the transcript.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ciq_conformance.areas.explore.histories import recorded_histories, stops_running_jobs
from ciq_conformance.areas.explore.history_rules import RULES, broken_rules
from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.explore.history import History, as_text, jobs_in, restarts, size_of
from ciq_conformance.explore.history_player import HistoryPlayer, QueueLost, job_limit
from ciq_conformance.explore.machine import histories
from ciq_conformance.explore.restart_history import restart_history
from ciq_conformance.explore.script import script_name, write_script
from ciq_conformance.explore.shrinking import shrink
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_schemas.transcript.records import AnyRecord, Calibration, Exchange

SECONDS_EACH = 15.0
LEAST_SECONDS = 60.0
SHRINK_SECONDS = 40.0
MOST_SHRINK_SECONDS = 120.0
"""For all rules together."""
SHRINK_RUNS = 40
"""Budgets on one feature; seconds are multiplied by the timeout factor."""
_CONFIRMATIONS = 3


@dataclass
class _Campaign:
    ctx: ScenarioContext
    runs: int = 0
    known: dict[History, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the rules that each history contradicted."""
    _begin: int = 0
    _before: int = 0
    """Number of records before the last history (`_begin`), and before the previous history (`_before`)."""

    def evidence(self) -> Evidence:
        """The records of the last two histories, with the measurements before them."""
        records = self.ctx.recorder.records
        measured = (r for r in records[: self._before] if _is_measured(r))
        return Evidence(feature=self.ctx.spec.feature, records=(*measured, *records[self._before :]))

    def run(self, history: History) -> tuple[str, ...]:
        """Run a history; return the ids of the rules that it contradicts."""
        self.runs += 1
        number = self.runs
        self._before, self._begin = self._begin, len(self.ctx.recorder.records)
        player = HistoryPlayer(ctx=self.ctx, number=number)
        if restarts(history):
            with self.ctx.exclusive():
                player.run(history)
        else:
            player.run(history)
        evidence = self.evidence()
        recorded = next((one for one in recorded_histories(evidence) if one.number == number), None)
        broken = broken_rules(recorded.observed) if recorded is not None else ()
        self.known[history] = broken
        return broken


def _is_measured(record: AnyRecord) -> bool:
    return isinstance(record, Calibration) or (
        isinstance(record, Exchange) and record.scenario == PAUSE_RUNNING_JOBS.name
    )


def explore(ctx: ScenarioContext) -> None:
    """Run the requested number of histories; shrink those that deviate and write scripts."""
    extra_testing = ctx.extra_testing
    generated = histories(
        ctx.spec, extra_testing.histories, extra_testing.seed_of(ctx.run_id), may_restart=ctx.restart is not None
    )
    fixed: tuple[History, ...] = ()
    if ctx.restart is not None:
        workers = max(1, ctx.timeouts.calibration.workers)
        fixed = (restart_history(ctx.spec, workers=workers, job_limit=job_limit(ctx)),)
    # Histories with restarts run last: a target may not survive a restart.
    planned = sorted((*fixed, *generated), key=restarts)
    _remove_old_scripts(ctx)
    campaign = _Campaign(ctx)
    try:
        _run_all(campaign, planned, fixed)
    except QueueLost as gone:
        ctx.record_event("note", f"{gone}: the suite runs no more histories and writes no script")


def _run_all(campaign: _Campaign, planned: Sequence[History], always: Sequence[History]) -> None:
    ctx, scale = campaign.ctx, campaign.ctx.profile.timeout_factor
    end = ctx.now() + max(LEAST_SECONDS, SECONDS_EACH * len(planned)) * scale
    for history in planned:
        if ctx.now() <= end or history in always:
            campaign.run(history)
    begin = ctx.extra_testing.seed_of(ctx.run_id)
    ctx.record_event("note", f"ran {campaign.runs} of {len(planned)} histories; `--seed {begin}` reproduces them")
    if not ctx.extra_testing.shrink:
        return
    end = ctx.now() + MOST_SHRINK_SECONDS * scale
    for name in RULES:
        failing = [history for history, broken in campaign.known.items() if name in broken]
        if failing:
            _reproduce(campaign, name, min(failing, key=size_of), end)


def _remove_old_scripts(ctx: ScenarioContext) -> None:
    """Remove the scripts of an earlier run from the output directory."""
    if ctx.extra_testing.scripts is not None:
        for rule in RULES:
            (ctx.extra_testing.scripts / script_name(rule, ctx.spec.feature)).unlink(missing_ok=True)


def _reproduce(campaign: _Campaign, name: str, history: History, end: float) -> None:
    """Shrink a history that contradicts a rule, run the result again, and write the script if it deviates again."""
    ctx = campaign.ctx
    candidates = _deviating_parts(campaign, name, history, end)
    again = candidates[: -_CONFIRMATIONS - 1 : -1]
    chosen = next((one for one in again if name in campaign.run(one)), None)
    if chosen is None:
        ctx.record_event(
            "note", f"{name}: {as_text(again[0])} deviated once, but not again; the suite writes no script"
        )
        return
    ctx.record_event(
        "note",
        f"{name}: {len(history)} commands with {jobs_in(history)} jobs were reduced to: {as_text(chosen)}",
    )
    if ctx.extra_testing.scripts is not None:
        evidence = campaign.evidence()
        job_path = evidence.calibration.job_path if evidence.calibration else ctx.spec.job_path
        halting = evidence.derive(stops_running_jobs)
        held = evidence.derive(worker_allowance).jobs
        path = write_script(ctx, name, chosen, job_path=job_path, halting=halting, held_by_workers=held)
        ctx.record_event("note", f"{name}: run {path} to reproduce the deviation")


def _deviating_parts(campaign: _Campaign, name: str, history: History, end: float) -> list[History]:
    """The history and smaller parts of it that contradicted the rule, the smallest last."""
    ctx = campaign.ctx
    end = min(end, ctx.now() + SHRINK_SECONDS * ctx.profile.timeout_factor)
    last_run = campaign.runs + SHRINK_RUNS
    candidates = [history]
    errors: list[Exception] = []

    def deviates(part: History) -> bool:
        if part in campaign.known:
            broken = campaign.known[part]
        elif errors or ctx.now() > end or campaign.runs >= last_run:
            return False
        else:
            try:
                broken = campaign.run(part)
            except Exception as error:  # any error: not a deviation, and Hypothesis must not shrink it
                errors.append(error)
                return False
        if name in broken:
            candidates.append(part)
        return name in broken

    smallest = shrink(history, deviates)
    if errors:
        raise errors[0]
    return [*(one for one in candidates if one != smallest), smallest]
