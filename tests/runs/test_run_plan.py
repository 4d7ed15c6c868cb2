"""Which scenarios are played, and in which order."""

import pytest

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.registry import load_scenario, load_specs
from ciq_conformance.runner.plan import plan_scenarios, shuffled
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import SEED_FEATURES, Feature
from ciq_schemas.requirement import BY_OPTION, Capability, load_registry

ALL = dict.fromkeys(Capability, True)


def plan_of(
    *globs: str, features: tuple[Feature, ...] = SEED_FEATURES, **more: object
) -> dict[Feature, tuple[str, ...]]:
    """The plan for some requirements, all options set."""
    items = select_items(load_registry(), features, Selection(requirements=globs, opened=BY_OPTION))
    plan = plan_scenarios(items, capabilities=more.get("capabilities", ALL), skip=more.get("skip", ()))  # type: ignore[arg-type]
    return {feature: tuple(str(spec) for spec in specs) for feature, specs in plan.items()}


def shuffled_names(seed: int) -> dict[Feature, tuple[str, ...]]:
    """The names of the whole plan in the order of a seed."""
    items = select_items(load_registry(), SEED_FEATURES, Selection(opened=BY_OPTION))
    mixed = shuffled(plan_scenarios(items, capabilities=ALL), seed)
    return {feature: tuple(str(spec) for spec in specs) for feature, specs in mixed.items()}


def test_only_what_is_needed_is_played() -> None:
    """One feature alone plays just the scenarios of the chosen requirements."""
    assert plan_of("QUE-*", features=(Feature.DOC,)) == {Feature.DOC: ("queues",)}


def test_several_features_begin_with_isolation() -> None:
    """Side by side they run only after it was seen that they are independent."""
    plan = plan_of("QUE-*")
    assert set(plan.values()) == {("isolation", "queues")}


def test_the_whole_registry_plays_everything_in_order() -> None:
    """Isolation first, deactivation last, no scenario twice, none left out."""
    media = plan_of("*")[Feature.MEDIA]
    assert media == tuple(spec.name for spec in load_specs())
    assert media[0] == "isolation"
    assert media[-1] == "deactivation"
    assert len(set(media)) == len(media)


def test_a_seed_gives_the_same_scenarios_another_order() -> None:
    """Nothing is lost or doubled; isolation stays first, deactivation last; the seed repeats the order."""
    plan = plan_of()
    mixed = shuffled_names(7)
    assert mixed == shuffled_names(7)
    assert mixed not in (plan, shuffled_names(8))
    assert {f: sorted(s) for f, s in mixed.items()} == {f: sorted(s) for f, s in plan.items()}
    assert {(s[0], s[-1]) for s in mixed.values()} == {(s[0], s[-1]) for s in plan.values()}


def test_requirements_on_all_exchanges_get_some() -> None:
    """A choice of nothing but headers still makes exchanges of each kind."""
    assert "submit" in plan_of("HDR-001", features=(Feature.DOC,))[Feature.DOC]


def test_what_is_not_put_to_the_target_is_not_played() -> None:
    """Undeclared capabilities and skipped items need no scenario."""
    assert plan_of("ACT-007", capabilities={Capability.DEACTIVATE: None}) == {}
    assert plan_of("QUE-*", skip=("QUE-*",)) == {}


@pytest.mark.parametrize("scenario", load_specs(), ids=str)
def test_every_scenario_can_be_run(scenario: ScenarioSpec) -> None:
    """Each scenario of the registry can be loaded."""
    assert callable(load_scenario(scenario))
