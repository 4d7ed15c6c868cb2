"""Defines the suite's pytest options, collects its items and runs them.

pytest loads this plugin in every session of an environment with the kit. It imports the suite only to collect it.
The options become a RunConfig; the session fixture calls `execute`, as `ciq run` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ciq_conformance.judge.registry import Item
    from ciq_conformance.judge.selection import Selection
    from ciq_conformance.runner.execution import RunConfig, RunResult

_CONFIG: pytest.StashKey[RunConfig] = pytest.StashKey()
_SELECTION: pytest.StashKey[Selection] = pytest.StashKey()
_ITEM: pytest.StashKey[Item] = pytest.StashKey()
_MODULE = "ciq_conformance.suite.test_requirements"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the suite for `pytest --pyargs ciq_conformance.suite`."""
    group = parser.getgroup("ciq", "conformance suite for job queues (ciq-kit)")
    group.addoption("--ciq-target", metavar="URL", help="target (default: the embedded mock)")
    group.addoption("--ciq-profile", metavar="FILE", type=Path, help="target profile (default: ciq.toml if present)")
    group.addoption("--ciq-feature", metavar="NAME", action="append", default=[], help="feature; may be repeated")
    group.addoption("--ciq-only", metavar="GLOB", action="append", default=[], help="requirement ids")
    group.addoption("--ciq-area", metavar="NAME", action="append", default=[], help="area; may be repeated")
    group.addoption("--ciq-level", metavar="LEVEL", action="append", default=[], help="MUST, SHOULD or NOTE")
    group.addoption("--ciq-skip", metavar="GLOB", action="append", default=[], help="items to report as skipped")
    group.addoption("--ciq-output", metavar="DIR", type=Path, help="write the run file there")
    group.addoption("--ciq-baseline", metavar="FILE", type=Path, help="known deviations")
    group.addoption("--ciq-known-flaky", metavar="FILE", type=Path, help="deviations that come and go")
    group.addoption("--ciq-deadline", metavar="SECONDS", type=float, help="cut the run short after this time")
    group.addoption("--ciq-explore", metavar="N", type=int, default=0, help="random histories on each feature")
    group.addoption("--ciq-fuzz", metavar="SECONDS", type=float, default=0.0, help="malformed requests to each feature")
    group.addoption("--ciq-seed", metavar="N", type=int, help="seed of the histories and malformed requests")
    group.addoption("--ciq-serial", action="store_true", help="one feature after the other")
    group.addoption("--ciq-shuffle", type=int, metavar="SEED", help="random order of the scenarios")


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> list[pytest.Item] | None:
    """Makes an item for each requirement, feature and format from the suite's one test function."""
    if name != "test_requirement" or getattr(obj, "__module__", "") != _MODULE:
        return None
    if hasattr(collector.config, "workerinput"):
        raise pytest.UsageError("the suite already runs features in parallel: run it without xdist (-n)")
    return [_function(collector, item) for item in _items(collector.config)]


def _function(collector: pytest.Collector, item: Item) -> pytest.Item:
    from ciq_conformance.suite.test_requirements import test_requirement

    def call(ciq_run: RunResult) -> None:
        test_requirement(ciq_run, item)

    call.__doc__ = f"{item.requirement.title}: {item.requirement.statement}"
    function: pytest.Item = pytest.Function.from_parent(collector, name=item.name, callobj=call)
    function.stash[_ITEM] = item
    return function


def _items(config: pytest.Config) -> tuple[Item, ...]:
    from ciq_conformance.judge.selection import Selection, select_items
    from ciq_schemas.requirement import UnknownRequirementError, load_registry
    from ciq_schemas.transcript.records import Level

    if _CONFIG not in config.stash:
        config.stash[_CONFIG] = _run_config(config)
        try:
            levels = tuple(Level(level.upper()) for level in config.getoption("ciq_level"))
        except ValueError as error:
            raise pytest.UsageError(f"--ciq-level: {error}; levels are MUST, SHOULD and NOTE") from error
        config.stash[_SELECTION] = Selection(
            requirements=tuple(config.getoption("ciq_only")),
            areas=tuple(config.getoption("ciq_area")),
            levels=levels,
            skip=tuple(config.getoption("ciq_skip")),
            opened=config.stash[_CONFIG].extra_testing.opened,
        )
    profile = config.stash[_CONFIG].loaded.profile
    try:
        return select_items(load_registry(), profile.features, config.stash[_SELECTION])
    except UnknownRequirementError as error:
        raise pytest.UsageError(str(error)) from error


def _run_config(config: pytest.Config) -> RunConfig:
    from ciq_conformance.driver.extra_testing import ExtraTesting
    from ciq_conformance.profile_loading import ProfileError, load_profile
    from ciq_conformance.runner.execution import RunConfig

    flags: dict[str, tuple[str, object]] = {}
    if config.getoption("ciq_target"):
        flags["url"] = ("--ciq-target", config.getoption("ciq_target"))
    if config.getoption("ciq_feature"):
        flags["features"] = ("--ciq-feature", config.getoption("ciq_feature"))
    try:
        loaded = load_profile(path=config.getoption("ciq_profile"), flags=flags, directory=config.invocation_params.dir)
    except ProfileError as error:
        raise pytest.UsageError(str(error)) from error
    return RunConfig(
        loaded=loaded,
        skip=tuple(config.getoption("ciq_skip")),
        output=config.getoption("ciq_output"),
        baseline=config.getoption("ciq_baseline"),
        known_flaky=config.getoption("ciq_known_flaky"),
        deadline=config.getoption("ciq_deadline"),
        extra_testing=ExtraTesting(
            histories=config.getoption("ciq_explore"),
            fuzz_seconds=config.getoption("ciq_fuzz"),
            seed=config.getoption("ciq_seed"),
            scripts=config.getoption("ciq_output"),
        ),
        serial=config.getoption("ciq_serial"),
        shuffle=config.getoption("ciq_shuffle"),
    )


@pytest.fixture(scope="session")
def ciq_run(request: pytest.FixtureRequest) -> RunResult:
    """Runs all scenarios and judges all items before the first item reports."""
    from ciq_conformance.judge.baseline import BaselineError
    from ciq_conformance.runner.execution import RunConfigError, execute

    config = request.config
    items = [one.stash[_ITEM] for one in request.session.items if _ITEM in one.stash]
    try:
        return execute(config.stash[_CONFIG], items)
    except (RunConfigError, BaselineError) as error:
        pytest.exit(str(error), returncode=2)
