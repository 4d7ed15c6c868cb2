"""Plays random histories, shrinks those that deviate, and writes the smallest as a script.

`machine` draws all histories before the first is played. `shrinking` searches for a smaller part within a budget of
plays and time. One play may last seconds and may deviate by chance, so a part must deviate once more before its script
is written. This module gives no verdict: the judge reads all played histories from the transcript.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ciq_conformance.areas.explore.histories import recorded_histories, stops_running_jobs
from ciq_conformance.areas.explore.history_rules import RULES, broken_rules
from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.explore.history import History, jobs_in, restarts, size_of, words
from ciq_conformance.explore.history_player import HistoryPlayer, QueueLost, job_limit
from ciq_conformance.explore.machine import histories
from ciq_conformance.explore.restart_history import restart_history
from ciq_conformance.explore.script import script_name, write_script
from ciq_conformance.explore.shrinking import shrink
from ciq_conformance.judge.evidence import Evidence
from ciq_schemas.transcript.records import AnyRecord, Calibration, Exchange

SECONDS_EACH = 15.0
LEAST_SECONDS = 60.0
SHRINK_SECONDS = 40.0
MOST_SHRINK_SECONDS = 120.0
"""For all rules together."""
SHRINK_PLAYS = 40
"""Budgets on one feature; seconds are multiplied by the timeout factor."""
_CONFIRMATIONS = 3


@dataclass
class _Campaign:
    ctx: ScenarioContext
    played: int = 0
    known: dict[History, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the rules that each played history contradicts."""
    _begin: int = 0
    _before: int = 0
    """Number of records before the last history, and before the one before it."""

    def evidence(self) -> Evidence:
        """The records of the last two histories, with the measurements before them."""
        records = self.ctx.recorder.records
        measured = (r for r in records[: self._before] if _is_measured(r))
        return Evidence(feature=self.ctx.spec.feature, records=(*measured, *records[self._before :]))

    def play(self, history: History) -> tuple[str, ...]:
        """Play a history; ids of the rules that it contradicts."""
        self.played += 1
        number = self.played
        self._before, self._begin = self._begin, len(self.ctx.recorder.records)
        player = HistoryPlayer(ctx=self.ctx, number=number)
        if restarts(history):
            with self.ctx.exclusive():
                player.play(history)
        else:
            player.play(history)
        evidence = self.evidence()
        history_seen = next((one for one in recorded_histories(evidence) if one.number == number), None)
        broken = broken_rules(history_seen.played) if history_seen is not None else ()
        self.known[history] = broken
        return broken


def _is_measured(record: AnyRecord) -> bool:
    return isinstance(record, Calibration) or (
        isinstance(record, Exchange) and record.scenario == PAUSE_RUNNING_JOBS.name
    )


def explore(ctx: ScenarioContext) -> None:
    """Play the requested number of histories; shrink those that deviate and write scripts."""
    extra_testing = ctx.extra_testing
    drawn = histories(
        ctx.spec, extra_testing.histories, extra_testing.seed_of(ctx.run_id), may_restart=ctx.restart is not None
    )
    directed: tuple[History, ...] = ()
    if ctx.restart is not None:
        workers = max(1, ctx.timeouts.calibration.workers)
        directed = (restart_history(ctx.spec, workers=workers, job_limit=job_limit(ctx)),)
    # Restarts come last: a target that does not survive one has been observed by then.
    planned = sorted((*directed, *drawn), key=restarts)
    _take_away_old_scripts(ctx)
    explorer = _Campaign(ctx)
    try:
        _play_all(explorer, planned, directed)
    except QueueLost as gone:
        ctx.record_event("note", f"{gone}: no more histories, and no script")


def _play_all(explorer: _Campaign, planned: Sequence[History], always: Sequence[History]) -> None:
    ctx, scale = explorer.ctx, explorer.ctx.profile.timeout_factor
    end = ctx.now() + max(LEAST_SECONDS, SECONDS_EACH * len(planned)) * scale
    for history in planned:
        if ctx.now() <= end or history in always:
            explorer.play(history)
    begin = ctx.extra_testing.seed_of(ctx.run_id)
    ctx.record_event(
        "note", f"{explorer.played} of {len(planned)} histories played; --seed {begin} gives the same ones"
    )
    if not ctx.extra_testing.shrink:
        return
    end = ctx.now() + MOST_SHRINK_SECONDS * scale
    for name in RULES:
        failing = [history for history, broken in explorer.known.items() if name in broken]
        if failing:
            _pin_down(explorer, name, min(failing, key=size_of), end)


def _take_away_old_scripts(ctx: ScenarioContext) -> None:
    """Remove the scripts of an earlier run from the directory."""
    if ctx.extra_testing.scripts is not None:
        for rule in RULES:
            (ctx.extra_testing.scripts / script_name(rule, ctx.spec.feature)).unlink(missing_ok=True)


def _pin_down(explorer: _Campaign, name: str, history: History, end: float) -> None:
    """Shrink a history that contradicts a rule, play the result again, and write the script if it deviates again."""
    ctx = explorer.ctx
    candidates = _smaller_ones(explorer, name, history, end)
    again = candidates[: -_CONFIRMATIONS - 1 : -1]
    chosen = next((one for one in again if name in explorer.play(one)), None)
    if chosen is None:
        ctx.record_event("note", f"{name}: seen in {words(again[0])}, and not again; there is no script")
        return
    ctx.record_event(
        "note", f"{name}: of {len(history)} commands and {jobs_in(history)} jobs these are left: {words(chosen)}"
    )
    if ctx.extra_testing.scripts is not None:
        evidence = explorer.evidence()
        job_path = evidence.calibration.job_path if evidence.calibration else ctx.spec.job_path
        halting = evidence.derive(stops_running_jobs)
        path = write_script(ctx, name, chosen, job_path=job_path, halting=halting)
        ctx.record_event("note", f"{name}: {path} shows it again")


def _smaller_ones(explorer: _Campaign, name: str, history: History, end: float) -> list[History]:
    """The history and smaller parts of it that contradicted the rule, the smallest last."""
    ctx = explorer.ctx
    end = min(end, ctx.now() + SHRINK_SECONDS * ctx.profile.timeout_factor)
    last_play = explorer.played + SHRINK_PLAYS
    candidates = [history]
    troubles: list[Exception] = []

    def deviates(part: History) -> bool:
        if part in explorer.known:
            broken = explorer.known[part]
        elif troubles or ctx.now() > end or explorer.played >= last_play:
            return False
        else:
            try:
                broken = explorer.play(part)
            except Exception as trouble:  # any error: not a deviation, and Hypothesis must not shrink it
                troubles.append(trouble)
                return False
        if name in broken:
            candidates.append(part)
        return name in broken

    smallest = shrink(history, deviates)
    if troubles:
        raise troubles[0]
    return [*(one for one in candidates if one != smallest), smallest]
