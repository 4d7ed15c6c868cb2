"""Which module may import which: no cycles, checks without driver, variants handed in. See docs/architecture.md.

Imports inside functions and under `TYPE_CHECKING` count. A known exception that is no longer needed fails its test.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pytest
from sources import below, modules

Edge = tuple[str, str]
"""Importing module, imported module."""


@cache
def internal_imports() -> Mapping[str, frozenset[str]]:
    """Each module of the four packages with the modules of them that it imports."""
    known = {module.name: module for module in modules()}
    packages = {name for name, module in known.items() if module.path.name == "__init__.py"}
    graph = {}
    for name, module in known.items():
        imported = module.imports() & known.keys() - {name}
        # `from package import submodule` depends on the submodule, not on what the package itself defines.
        with_submodule = {one for one in imported & packages if any(below(other, one) for other in imported - {one})}
        graph[name] = frozenset(
            imported - {package for package in with_submodule if not module.uses_names_of(package, known.keys())}
        )
    return graph


def edges() -> Iterator[Edge]:
    """Every import between two modules of the four packages."""
    for importer, imported in internal_imports().items():
        for name in sorted(imported):
            yield importer, name


def cycles(graph: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """Sets of modules that import each other, directly or through others (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = lowest[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], index[other])
        if lowest[name] == index[name]:
            start = stack.index(name)
            component = frozenset(stack[start:])
            del stack[start:]
            if len(component) > 1:
                found.append(component)

    for name in graph:
        if name not in index:
            visit(name)
    return found


def test_packages_have_no_import_cycle() -> None:
    """Imports inside functions and under TYPE_CHECKING count."""
    found = [sorted(cycle) for cycle in cycles(internal_imports())]
    assert not found, f"import cycles: {found}"


def is_check(name: str) -> bool:
    """Whether a module holds checks of an area or of receivers."""
    return below_any(name, ("ciq_conformance.areas", "ciq_conformance.receiver")) and name.rpartition(".")[
        2
    ].startswith("checks")


def is_scenario(name: str) -> bool:
    """Whether a module sends: the scenario of an area, or a part of receiver runs."""
    return (below(name, "ciq_conformance.areas") and name.rpartition(".")[2] == "scenario") or below_any(name, SENDERS)


def below_any(name: str, prefixes: Iterable[str]) -> bool:
    """Whether a module is one of the prefixes or below one."""
    return any(below(name, prefix) for prefix in prefixes)


SENDERS = tuple(f"ciq_conformance.receiver.{name}" for name in ("wire", "player", "session", "effects", "execution"))
VARIANTS = "ciq_mock.variants"
MAY_KNOW_VARIANTS = (
    VARIANTS,
    "ciq_mock.server",
    "ciq_mock.cli",
    "ciq_mock.pytest_plugin",
    "ciq_conformance.runner.embedded",
)
DRIVER_AND_JUDGE = ("ciq_conformance.driver", "ciq_conformance.judge")
AREA_PACKAGES = ("ciq_conformance.areas", "ciq_conformance.runner", "ciq_conformance.explore")


@dataclass(frozen=True)
class Rule:
    """A kind of import that must not exist, with the imports that are still to be removed."""

    name: str
    forbids: Callable[[str, str], bool]
    reason: str
    known: frozenset[Edge] = frozenset()


RULES = (
    Rule(
        "checks import neither driver nor scenario",
        lambda importer, name: is_check(importer) and (below(name, "ciq_conformance.driver") or is_scenario(name)),
        "a check judges the transcript: it shares labels with the scenario and nothing else",
    ),
    Rule(
        "variants are handed in",
        lambda importer, name: below(name, VARIANTS) and not below_any(importer, MAY_KNOW_VARIANTS),
        "faults and dialects are overrides that the server receives; no part of the mock asks for one",
    ),
    Rule(
        "driver and judge know no area",
        lambda importer, name: below_any(importer, DRIVER_AND_JUDGE) and below_any(name, AREA_PACKAGES),
        "areas, runner and explore use driver and judge, not the other way round",
    ),
    Rule(
        "the mock does not read transcripts",
        lambda importer, name: below(importer, "ciq_mock") and below(name, "ciq_schemas.transcript"),
        "an oracle that shares code with the service it judges shares its mistakes",
    ),
)


def test_shipped_module_imports_no_unshipped_module() -> None:
    """No module of the wheel imports tools, tests or bench."""
    wrong = {
        (module.name, name)
        for module in modules()
        for name in module.imports()
        if name.partition(".")[0] in {"tools", "tests", "bench"}
    }
    assert not wrong


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_forbidden_import_does_not_exist(rule: Rule) -> None:
    """Known imports are excepted; each of them still exists."""
    found = {edge for edge in edges() if rule.forbids(*edge)}
    new, gone = sorted(found - rule.known), sorted(rule.known - found)
    assert not new, f"{rule.name}: {new}; {rule.reason}"
    assert not gone, f"{rule.name}: these imports are gone, remove them from the known ones: {gone}"


def test_cycle_over_three_modules_is_found() -> None:
    """A chain is not a cycle."""
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert cycles(graph) == [frozenset("abc")]
