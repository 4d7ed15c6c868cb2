"""Making up histories and shrinking them: pure, the same for the same seed, and always legal."""

from __future__ import annotations

import pytest

from ciq_conformance.explore.history import Command, History, Op, histories, jobs_in, shrink, smaller
from ciq_schemas.features import FEATURES, Feature


def test_a_seed_gives_the_same_histories() -> None:
    """What a run has played can be played again; another seed gives others."""
    media = FEATURES[Feature.MEDIA]
    assert histories(media, 5, 7) == histories(media, 5, 7)
    assert histories(media, 5, 7) != histories(media, 5, 8)


@pytest.mark.parametrize("feature", list(Feature))
def test_histories_keep_to_what_is_documented_for_the_feature(feature: Feature) -> None:
    """Levels, cancels, own addresses and many operations only where a page of that feature has them."""
    spec = FEATURES[feature]
    made = histories(spec, 60, 1)
    assert len(made) == 60
    commands = [command for history in made for command in history]
    assert spec.has_job_level or all(set(command.levels) <= {None} for command in commands)
    assert spec.cancel_documented == any(command.op is Op.CANCEL for command in commands)
    assert spec.multi_documented == any(command.op is Op.MANY for command in commands)
    assert spec.job_callback_documented == any(command.own for command in commands)
    assert {Op.SUBMIT, Op.PAUSE, Op.FREEZE, Op.RULE, Op.FAILING} <= {command.op for command in commands}


def test_proposals_are_smaller() -> None:
    """Each proposal has fewer commands, fewer jobs or plainer ones, so that shrinking ends."""
    for history in histories(FEATURES[Feature.MEDIA], 10, 3):
        for proposal in smaller(history):
            assert weight(proposal) < weight(history)


def weight(history: History) -> tuple[int, int, int, int]:
    """Commands, jobs, and how plain they are."""
    many = sum(command.op is Op.MANY for command in history)
    return len(history), jobs_in(history), many, sum(command.own for command in history)


def test_shrinking_finds_what_matters() -> None:
    """Of a long history the three commands are left that a fault needs, with no job too many."""

    def fails(history: History) -> bool:
        ops = [command.op for command in history]
        held = Op.PAUSE in ops and Op.FREEZE in ops[ops.index(Op.PAUSE) :]
        return held and any(2 in command.levels for command in history)

    long = (
        Command(Op.RULE),
        Command(Op.SUBMIT, (1, 0)),
        Command(Op.PAUSE),
        Command(Op.SUBMIT, (0, 1, 2, 0, 1)),
        Command(Op.CANCEL, pick=3),
        Command(Op.FREEZE),
        Command(Op.RESUME),
    )
    found = shrink(long, fails, lambda: True)
    assert found == (Command(Op.PAUSE), Command(Op.SUBMIT, (2,)), Command(Op.FREEZE))


def test_shrinking_keeps_its_budget() -> None:
    """When the plays are used up the best so far is given back."""
    left = [3]

    def fails(_: History) -> bool:
        left[0] -= 1
        return False

    history = histories(FEATURES[Feature.MEDIA], 1, 5)[0]
    assert shrink(history, fails, lambda: left[0] > 0) == history
    assert left == [0]
