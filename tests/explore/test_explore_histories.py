"""Tests of generating and shrinking histories: deterministic for a seed, and always legal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ciq_conformance.areas.explore.labels import Rule
from ciq_conformance.explore.history import Command, History, Op, jobs_in
from ciq_conformance.explore.machine import FEWEST_JOBS, MOST_JOBS, histories
from ciq_conformance.explore.restart_history import restart_history
from ciq_conformance.explore.shrinking import shrink
from ciq_schemas.features import FEATURES, Feature

MEDIA = FEATURES[Feature.MEDIA]
LONG = (
    Command(Op.RULE, rule=Rule.SECOND),
    Command(Op.SUBMIT, (1, 0), own=True),
    Command(Op.PAUSE),
    Command(Op.MANY, (0, 1, 2, 0, 1)),
    Command(Op.CANCEL, pick=3),
    Command(Op.FREEZE),
    Command(Op.RESUME),
)


def test_same_seed_gives_the_same_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same histories in any thread; another seed gives others."""
    monkeypatch.chdir(tmp_path)
    found: dict[int, tuple[History, ...]] = {}

    def make(place: int, seed: int) -> None:
        found[place] = histories(MEDIA, 5, seed)

    threads = [threading.Thread(target=make, args=(place, 7 + place % 2)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found[0] == found[2] == histories(MEDIA, 5, 7)
    assert found[1] == found[3]
    assert found[0] != found[1]
    assert not list(tmp_path.iterdir())


def test_more_histories_of_a_seed_begin_with_the_same_ones() -> None:
    """A larger number of histories of a seed starts with those of a smaller number."""
    assert histories(MEDIA, 12, 3)[:4] == histories(MEDIA, 4, 3)


@pytest.mark.parametrize("feature", list(Feature))
def test_histories_use_only_documented_commands_of_the_feature(feature: Feature) -> None:
    """Levels, cancels, own addresses and several operations occur only where a page of the feature has them."""
    spec = FEATURES[feature]
    made = histories(spec, 30, 1)
    assert len(set(made)) == 30
    commands = [command for history in made for command in history]
    assert spec.has_job_level or all(set(command.levels) <= {None} for command in commands)
    assert spec.cancel_documented == any(command.op is Op.CANCEL for command in commands)
    assert spec.multi_documented == any(command.op is Op.MANY for command in commands)
    assert spec.job_callback_documented == any(command.own for command in commands)
    assert {Op.SUBMIT, Op.PAUSE, Op.RESUME, Op.FREEZE, Op.RULE, Op.FAILING} <= {command.op for command in commands}


def test_histories_have_no_pointless_commands() -> None:
    """No pause of a paused queue, no resume of an active one, no cancel or freeze before the first job."""
    for history in histories(MEDIA, 25, 2):
        paused, jobs, rule = False, 0, Rule.FIRST
        for command in history:
            assert command.op is not Op.PAUSE or not paused
            assert command.op is not Op.RESUME or paused
            assert command.op not in (Op.CANCEL, Op.FREEZE) or jobs
            assert command.op is not Op.RULE or command.rule is not rule
            paused = command.op in (Op.PAUSE, Op.FREEZE) or (paused and command.op is not Op.RESUME)
            rule = command.rule if command.op is Op.RULE else rule
            jobs += len(command.levels)
        assert FEWEST_JOBS <= jobs <= MOST_JOBS


@pytest.mark.parametrize("feature", list(Feature))
@pytest.mark.parametrize(("workers", "job_limit"), [(1, 6), (8, 40), (100, 20)])
def test_restart_history_covers_everything_a_restart_may_lose(feature: Feature, workers: int, job_limit: int) -> None:
    """A rule, an ended job and a paused queue with waiting jobs precede the restart; submits and their order follow."""
    spec = FEATURES[feature]
    history = restart_history(spec, workers=workers, job_limit=job_limit)
    assert FEWEST_JOBS <= jobs_in(history) <= job_limit
    ops = [command.op for command in history]
    middle = ops.index(Op.RESTART)
    assert ops[:4] == [Op.SUBMIT, Op.RULE, Op.PAUSE, Op.SUBMIT]
    assert (Op.CANCEL in ops[:middle]) == spec.cancel_documented
    assert ops[middle + 1 :] == [Op.SUBMIT, Op.FREEZE, Op.FREEZE]
    levels = history[3].levels
    assert len(levels) >= min(3 * workers, job_limit - 3, 24)
    assert levels.count(levels[0]) > 1
    assert len(set(levels)) == (2 if spec.has_job_level else 1)


def held_level_2(history: History) -> bool:
    """A fault that shows when a job of level 2 was held and released."""
    ops = [command.op for command in history]
    held = Op.PAUSE in ops and Op.FREEZE in ops[ops.index(Op.PAUSE) :]
    return held and any(2 in command.levels for command in history)


def test_shrinking_keeps_only_the_commands_a_fault_needs() -> None:
    """A long history shrinks to the three commands that the fault needs, in plain form, without extra jobs."""
    assert shrink(LONG, held_level_2) == (Command(Op.PAUSE), Command(Op.SUBMIT, (2,)), Command(Op.FREEZE))


def test_shrinking_keeps_the_form_a_fault_needs() -> None:
    """The one request for several jobs and the own address stay when the fault needs them."""
    many = shrink(LONG, lambda history: any(c.op is Op.MANY and len(c.levels) > 1 for c in history))
    assert [(command.op, len(command.levels)) for command in many] == [(Op.MANY, 2)]
    own = shrink(LONG, lambda history: any(command.own for command in history))
    assert own in [(Command(Op.SUBMIT, (level,), own=True),) for level in (0, 1)]


def counted(fails: Callable[[History], bool], budget: int) -> tuple[Callable[[History], bool], list[History]]:
    """Returns a player that fails for at most `budget` plays, and the histories it played."""
    played: list[History] = []

    def play(history: History) -> bool:
        if len(played) >= budget:
            return False
        played.append(history)
        return fails(history)

    return play, played


@pytest.mark.parametrize("budget", [0, 1, 7])
def test_spent_budget_returns_the_best_history_so_far(budget: int) -> None:
    """When no plays are left the shrinker returns the smallest failing history, although later plays would pass."""
    play, played = counted(held_level_2, budget)
    found = shrink(LONG, play)
    assert found == next((h for h in reversed(played) if held_level_2(h)), LONG)
    assert len(played) == budget


def test_shrinking_plays_each_part_once() -> None:
    """A play is expensive: the shrinker plays each part once, and no part is larger than the whole."""
    play, played = counted(held_level_2, 1000)
    shrink(LONG, play)
    assert len(set(played)) == len(played) <= 40
    assert all(len(part) <= len(LONG) and jobs_in(part) + len(part) > 0 for part in played)


def test_forty_plays_shrink_to_a_few_commands() -> None:
    """Generated histories shrink to a few commands and jobs within the budget of a run."""
    found = 0
    for history in histories(MEDIA, 12, 5):
        if held_level_2(history):
            play, _ = counted(held_level_2, 40)
            small = shrink(history, play)
            assert (len(small), jobs_in(small)) <= (4, 3), [str(command) for command in small]
            found += 1
    assert found > 1


def test_random_failures_shrink_to_a_part_that_failed() -> None:
    """With a target that fails one play in three the search ends with a part that was observed to fail."""
    seen: dict[History, bool] = {}

    def play(history: History) -> bool:
        assert history not in seen
        seen[history] = len(seen) % 3 == 0
        return seen[history]

    found = shrink(LONG, play)
    assert found == LONG or seen[found]
