"""The arrows between the rooms point down only (docs/architecture.md), and what is pure stays pure."""

import pytest
from sources import ROOMS, Module, below, modules

MAY_IMPORT = {
    "ciq_schemas": {"ciq_schemas"},
    "ciq_mock": {"ciq_mock", "ciq_schemas"},
    "ciq_reports": {"ciq_reports", "ciq_schemas"},
    "ciq_conformance": set(ROOMS),
}

NETWORK = {
    "aiohttp",
    "asyncio",
    "http.client",
    "http.server",
    "pytest",
    "pytest_httpserver",
    "requests",
    "selectors",
    "socket",
    "ssl",
    "starlette",
    "urllib.request",
    "urllib3",
    "uvicorn",
    "werkzeug",
}
CHANCE = {"random", "secrets", "time", "uuid"}

PURE = {
    "ciq_schemas": (NETWORK | CHANCE, "the contract neither talks nor waits"),
    "ciq_mock.engine": (
        NETWORK | CHANCE | {"ciq_mock.delivery", "ciq_mock.http", "ciq_mock.service", "sqlite3"},
        "time and ids come into the engine as arguments, and it does no I/O",
    ),
    "ciq_conformance.judge": (
        NETWORK | CHANCE | {"ciq_mock", "ciq_conformance.driver"},
        "the judge sees the transcript only: a shared oracle would hide its own mistakes",
    ),
    "ciq_reports": (NETWORK | CHANCE, "reports only read"),
}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_arrows_point_down(module: Module) -> None:
    """A module imports from its own room and from those below it, nothing else of ours."""
    room = module.name.partition(".")[0]
    wrong = {name for name in module.imports() if name.partition(".")[0] in ROOMS.keys() - MAY_IMPORT[room]}
    assert not wrong, f"{module.place} must not import {sorted(wrong)}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_pure_modules_stay_pure(module: Module) -> None:
    """What is declared pure imports no network, clock or chance, and none of the rooms that have them."""
    for prefix, (banned, reason) in PURE.items():
        if below(module.name, prefix):
            wrong = {name for name in module.imports() if any(below(name, ban) for ban in banned)}
            assert not wrong, f"{module.place} must not import {sorted(wrong)}: {reason}"


def test_judging_pulls_in_no_network() -> None:
    """Whatever checks and judge import, through any number of our modules, none of it talks to the network."""
    imports = {module.name: module.imports() for module in modules()}
    reached = [
        name
        for name in imports
        if below(name, "ciq_conformance.judge")
        or (below(name, "ciq_conformance.areas") and name.rpartition(".")[2].startswith("checks"))
    ]
    assert reached, "judge and checks have moved: name their new place here"
    why = dict.fromkeys(reached, "")
    for name in reached:
        for other in imports[name] & imports.keys() - why.keys():
            why[other] = name
            reached.append(other)
    for name, importer in why.items():
        wrong = {found for found in imports[name] if any(below(found, ban) for ban in NETWORK)}
        assert not wrong, f"{name} imports {sorted(wrong)} and is itself imported by {importer or 'judge or checks'}"


def test_the_mock_is_known_in_one_place() -> None:
    """Besides the command line one module of the suite knows the mock: it starts the embedded target."""
    known = {
        module.name
        for module in modules()
        if below(module.name, "ciq_conformance") and any(below(name, "ciq_mock") for name in module.imports())
    }
    outside_cli = {name for name in known if not below(name, "ciq_conformance.cli")}
    assert len(outside_cli) <= 1, f"ciq_mock is imported by {sorted(known)}"
