"""Tests of the plan: which scenarios run, and in which order."""

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
    """Returns the plan for some requirements with all options set."""
    items = select_items(load_registry(), features, Selection(requirements=globs, opened=BY_OPTION))
    plan = plan_scenarios(items, capabilities=more.get("capabilities", ALL), skip=more.get("skip", ()))  # type: ignore[arg-type]
    return {feature: tuple(str(spec) for spec in specs) for feature, specs in plan.items()}


def shuffled_names(seed: int) -> dict[Feature, tuple[str, ...]]:
    """Returns the names of the whole plan in the order of a seed."""
    items = select_items(load_registry(), SEED_FEATURES, Selection(opened=BY_OPTION))
    mixed = shuffled(plan_scenarios(items, capabilities=ALL), seed)
    return {feature: tuple(str(spec) for spec in specs) for feature, specs in mixed.items()}


def test_plan_has_only_the_needed_scenarios() -> None:
    """For one feature the plan has just the scenarios of the selected requirements."""
    assert plan_of("QUE-*", features=(Feature.DOC,)) == {Feature.DOC: ("queues",)}


def test_plan_of_several_features_begins_with_isolation() -> None:
    """Features run concurrently only after isolation showed that they are independent."""
    plan = plan_of("QUE-*")
    assert set(plan.values()) == {("isolation", "queues")}


def test_plan_of_the_whole_registry_has_every_scenario_in_order() -> None:
    """Isolation first, deactivation last, no scenario twice, none missing."""
    media = plan_of("*")[Feature.MEDIA]
    assert media == tuple(spec.name for spec in load_specs())
    assert media[0] == "isolation"
    assert media[-1] == "deactivation"
    assert len(set(media)) == len(media)


def test_seed_changes_only_the_order_of_scenarios() -> None:
    """No scenario is lost or doubled; isolation stays first, deactivation last; the seed repeats the order."""
    plan = plan_of()
    mixed = shuffled_names(7)
    assert mixed == shuffled_names(7)
    assert mixed not in (plan, shuffled_names(8))
    assert {f: sorted(s) for f, s in mixed.items()} == {f: sorted(s) for f, s in plan.items()}
    assert {(s[0], s[-1]) for s in mixed.values()} == {(s[0], s[-1]) for s in plan.values()}


def test_requirements_on_all_exchanges_need_exchanges() -> None:
    """A selection of header requirements still makes exchanges of each kind."""
    assert "submit" in plan_of("HDR-001", features=(Feature.DOC,))[Feature.DOC]


def test_untested_items_need_no_scenario() -> None:
    """Undeclared capabilities and skipped items need no scenario."""
    assert plan_of("ACT-007", capabilities={Capability.DEACTIVATE: None}) == {}
    assert plan_of("QUE-*", skip=("QUE-*",)) == {}


@pytest.mark.parametrize("scenario", load_specs(), ids=str)
def test_every_scenario_can_be_loaded(scenario: ScenarioSpec) -> None:
    """Each scenario of the registry can be loaded."""
    assert callable(load_scenario(scenario))
