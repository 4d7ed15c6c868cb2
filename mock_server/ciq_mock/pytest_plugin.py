"""The pytest plugin: fixture `ciq_mock`, a running mock in a clean state for each test.

    def test_receiver(ciq_mock):                                  # every feature active, jobs end immediately
        ...submit to ciq_mock.url with a CallBack address...
        ciq_mock.wait_for_callbacks(1)

    @pytest.mark.ciq_mock(workers=1, duration=5.0, clock="auto-advance")  # any field of MockSettings
    def test_order(ciq_mock): ...

A project sets its defaults in its ini file: ciq_mock_workers, ciq_mock_duration, ciq_mock_clock,
ciq_mock_activated. The plugin starts one server per session for each set of settings, and resets it between tests.
Importing the plugin is cheap: it loads the mock when a test first uses the fixture.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ciq_mock.server import MockServer
    from ciq_mock.settings import MockSettings

_MARKER = "ciq_mock"
_INI = {
    "ciq_mock_workers": "jobs of one queue that run at the same time (10)",
    "ciq_mock_duration": "seconds a job runs (0)",
    "ciq_mock_clock": "real, auto-advance or manual (real)",
    "ciq_mock_activated": "features active from the start, comma-separated, or all or none (all)",
}

MockOf = Callable[["MockSettings"], "MockServer"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini options."""
    for name, meaning in _INI.items():
        parser.addini(name, f"ciq_mock: {meaning}", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(**settings): fields of ciq_mock.settings.MockSettings for the fixture ciq_mock"
    )


@pytest.fixture(scope="session")
def _ciq_mocks() -> Iterator[MockOf]:
    """Yield a function that returns the running mock of some settings; stop all of them at the end of the session."""
    from ciq_mock.server import MockServer

    running: list[MockServer] = []

    def mock_of(settings: "MockSettings") -> "MockServer":
        for server in running:
            if server.settings == settings:
                return server
        server = MockServer(settings)
        server.start()
        running.append(server)
        return server

    try:
        yield mock_of
    finally:
        for server in running:
            server.stop()


@pytest.fixture
def ciq_mock(request: pytest.FixtureRequest, _ciq_mocks: MockOf) -> Iterator["MockServer"]:
    """Yield a running mock (`ciq_mock.server.MockServer`) without jobs, with the settings of ini file and marker."""
    server = _ciq_mocks(_settings(request))
    server.reset()
    yield server
    server.reset()


def _settings(request: pytest.FixtureRequest) -> "MockSettings":
    from ciq_mock.settings import MockSettings

    values: dict[str, Any] = {"activated": "all", "duration": 0.0}
    for option in _INI:
        text = str(request.config.getini(option)).strip()
        if text:
            values[option.removeprefix("ciq_mock_")] = text
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"the marker {_MARKER} accepts keyword arguments only, not {marker.args[0]!r}")
        values |= marker.kwargs
    try:
        return MockSettings(**_typed(values))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"settings of {_MARKER}: {error}") from error


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Convert texts of the ini file and of markers to the types of MockSettings."""
    from ciq_mock.clock import ClockKind
    from ciq_schemas.features import Feature

    typed = dict(values)
    if "workers" in typed:
        typed["workers"] = int(typed["workers"])
    typed["duration"] = float(typed["duration"])
    if "clock" in typed:
        typed["clock"] = ClockKind(typed["clock"])
    activated = typed["activated"]
    if isinstance(activated, str):
        names = [name.strip() for name in activated.split(",") if name.strip()]
        activated = tuple(Feature) if names == ["all"] else () if names == ["none"] else names
    typed["activated"] = tuple(Feature(name) for name in activated)
    return typed
