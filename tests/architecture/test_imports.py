"""Each package imports only packages below it (docs/architecture.md), and pure modules import no network or clock."""

import pytest
from sources import PACKAGES, Module, below, modules

MAY_IMPORT = {
    "ciq_schemas": {"ciq_schemas"},
    "ciq_mock": {"ciq_mock", "ciq_schemas"},
    "ciq_reports": {"ciq_reports", "ciq_schemas"},
    "ciq_conformance": set(PACKAGES),
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
CLOCK_AND_RANDOM = {"random", "secrets", "time", "uuid"}

PURE = {
    "ciq_schemas": (NETWORK | CLOCK_AND_RANDOM, "the contract does no network I/O and does not wait"),
    "ciq_mock.engine": (
        NETWORK | CLOCK_AND_RANDOM | {"ciq_mock.delivery", "ciq_mock.http", "ciq_mock.service", "sqlite3"},
        "the engine gets time and ids as arguments and does no I/O",
    ),
    "ciq_conformance.judge": (
        NETWORK | CLOCK_AND_RANDOM | {"ciq_mock", "ciq_conformance.driver"},
        "the judge sees the transcript only: a shared oracle would hide its own mistakes",
    ),
    "ciq_reports": (NETWORK | CLOCK_AND_RANDOM, "reports only read"),
}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_module_imports_packages_below_only(module: Module) -> None:
    """A module may import its own package too."""
    package = module.name.partition(".")[0]
    wrong = {name for name in module.imports() if name.partition(".")[0] in PACKAGES.keys() - MAY_IMPORT[package]}
    assert not wrong, f"{module.place} must not import {sorted(wrong)}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_pure_module_imports_no_network_clock_or_random(module: Module) -> None:
    """It does not import packages that have them either."""
    for prefix, (banned, reason) in PURE.items():
        if below(module.name, prefix):
            wrong = {name for name in module.imports() if any(below(name, ban) for ban in banned)}
            assert not wrong, f"{module.place} must not import {sorted(wrong)}: {reason}"


def test_judge_and_checks_import_no_network() -> None:
    """Indirect imports through other modules of the kit count."""
    imports = {module.name: module.imports() for module in modules()}
    reached = [
        name
        for name in imports
        if below(name, "ciq_conformance.judge")
        or (below(name, "ciq_conformance.areas") and name.rpartition(".")[2].startswith("checks"))
    ]
    assert reached, "judge and checks have moved: add their new folder here"
    why = dict.fromkeys(reached, "")
    for name in reached:
        for other in imports[name] & imports.keys() - why.keys():
            why[other] = name
            reached.append(other)
    for name, importer in why.items():
        wrong = {found for found in imports[name] if any(below(found, ban) for ban in NETWORK)}
        assert not wrong, f"{name} imports {sorted(wrong)} and is itself imported by {importer or 'judge or checks'}"


def test_suite_imports_mock_in_one_module() -> None:
    """Besides the command line one module imports it, to start the embedded target."""
    known = {
        module.name
        for module in modules()
        if below(module.name, "ciq_conformance") and any(below(name, "ciq_mock") for name in module.imports())
    }
    outside_cli = {name for name in known if not below(name, "ciq_conformance.cli")}
    assert len(outside_cli) <= 1, f"ciq_mock is imported by {sorted(known)}"
