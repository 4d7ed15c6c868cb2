"""Which scenarios are played, and in which order."""

import pytest

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.registry import MODULES, load_play
from ciq_conformance.runner.plan import SEQUENCE, plan_scenarios, shuffled
from ciq_schemas.features import SEED_FEATURES, Feature
from ciq_schemas.requirement import BY_OPTION, Capability, Scenario, load_registry

ALL = dict.fromkeys(Capability, True)


def plan_of(
    *globs: str, features: tuple[Feature, ...] = SEED_FEATURES, **more: object
) -> dict[Feature, tuple[Scenario, ...]]:
    """The plan for some requirements, all options set."""
    items = select_items(load_registry(), features, Selection(requirements=globs, opened=BY_OPTION))
    return plan_scenarios(items, capabilities=more.get("capabilities", ALL), skip=more.get("skip", ()))  # type: ignore[arg-type]


def test_only_what_is_needed_is_played() -> None:
    """One feature alone plays just the scenarios of the chosen requirements."""
    assert plan_of("QUE-*", features=(Feature.DOC,)) == {Feature.DOC: (Scenario.QUEUES,)}


def test_several_features_begin_with_isolation() -> None:
    """Side by side they run only after it was seen that they are independent."""
    plan = plan_of("QUE-*")
    assert set(plan.values()) == {(Scenario.ISOLATION, Scenario.QUEUES)}


def test_the_whole_registry_plays_everything_in_order() -> None:
    """Isolation first, deactivation last, no scenario twice, none left out."""
    media = plan_of("*")[Feature.MEDIA]
    assert media == (Scenario.ISOLATION, *SEQUENCE)
    assert set(media) == set(Scenario) - {Scenario.EVERY}


def test_a_seed_gives_the_same_scenarios_another_order() -> None:
    """Nothing is lost or doubled; isolation stays first, deactivation last; the seed repeats the order."""
    plan = plan_of("*")
    mixed = shuffled(plan, 7)
    assert mixed == shuffled(plan, 7)
    assert mixed not in (plan, shuffled(plan, 8))
    assert {f: sorted(s) for f, s in mixed.items()} == {f: sorted(s) for f, s in plan.items()}
    assert {(s[0], s[-1]) for s in mixed.values()} == {(s[0], s[-1]) for s in plan.values()}


def test_requirements_on_all_exchanges_get_some() -> None:
    """A choice of nothing but headers still makes exchanges of each kind."""
    assert Scenario.SUBMIT in plan_of("HDR-001", features=(Feature.DOC,))[Feature.DOC]


def test_what_is_not_put_to_the_target_is_not_played() -> None:
    """Undeclared capabilities and skipped items need no scenario."""
    assert plan_of("ACT-007", capabilities={Capability.DEACTIVATE: None}) == {}
    assert plan_of("QUE-*", skip=("QUE-*",)) == {}


@pytest.mark.parametrize("scenario", list(MODULES))
def test_every_scenario_has_its_play(scenario: Scenario) -> None:
    """Each scenario of the registry can be loaded."""
    assert callable(load_play(scenario))
