"""The pytest plugin: fixture `ciq_mock`, a running mock in a clean state for each test.

    def test_receiver(ciq_mock):                                  # every feature active, jobs end immediately
        ...submit to ciq_mock.url with a CallBack address...
        ciq_mock.wait_for_callbacks(1)

    @pytest.mark.ciq_mock(workers=1, duration=5.0, clock="auto-advance")  # any field of MockSettings
    def test_order(ciq_mock): ...

    @pytest.mark.ciq_mock(tls=True)                                # HTTPS too: ciq_mock.https_url, ciq_mock.ca_file
    def test_https(ciq_mock): ...

A test fails during which the mock has refused a request for a host outside the service: in production it would have
left the machine. `@pytest.mark.ciq_mock(foreign_hosts=True)` accepts such requests, which are refused all the same.

A project sets its defaults in its ini file: ciq_mock_workers, ciq_mock_duration, ciq_mock_clock,
ciq_mock_activated, ciq_mock_tls, ciq_mock_foreign_hosts. The plugin starts one server per session for each set of
settings, and resets it between tests.
Importing the plugin is cheap: it loads the mock when a test first uses the fixture.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ciq_mock.http.hosts import ForeignRequest
    from ciq_mock.server import MockServer
    from ciq_mock.settings import MockSettings

_MARKER = "ciq_mock"
_INI = {
    "ciq_mock_workers": "jobs of one queue that run at the same time (10)",
    "ciq_mock_duration": "seconds a job runs (0)",
    "ciq_mock_clock": "real, auto-advance or manual (real)",
    "ciq_mock_activated": "features active from the start, comma-separated, or all or none (all)",
    "ciq_mock_tls": "yes: HTTPS and CONNECT beside HTTP (no)",
    "ciq_mock_foreign_hosts": "yes: a refused request for a host outside the service does not fail the test (no)",
}
_YES = frozenset({"yes", "true", "on", "1"})

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test during which the mock of its fixture has refused requests for hosts outside the service."""
    result = yield
    server = getattr(item, "funcargs", {}).get("ciq_mock")
    if server is not None and not _values(item)["foreign_hosts"] and (foreign := _foreign(server)):
        hosts = ", ".join(sorted({f"{one.host} ({one.place})" for one in foreign}))
        pytest.fail(
            f"the mock refused {len(foreign)} requests for hosts outside the service: {hosts}. Without the mock they "
            "would have left this machine. If the test expects them: @pytest.mark.ciq_mock(foreign_hosts=True)",
            pytrace=False,
        )
    return result


def _foreign(server: "MockServer") -> "tuple[ForeignRequest, ...]":
    """Return the refused requests; none when the test has stopped the mock."""
    try:
        return server.foreign_requests
    except RuntimeError:
        return ()


@pytest.fixture
def ciq_mock(request: pytest.FixtureRequest, _ciq_mocks: MockOf) -> Iterator["MockServer"]:
    """Yield a running mock (`ciq_mock.server.MockServer`) without jobs, with the settings of ini file and marker."""
    server = _ciq_mocks(_settings(request.node))
    server.reset()
    yield server
    server.reset()


def _values(item: pytest.Item) -> dict[str, Any]:
    """Return what ini file and markers say, by the names of the marker's arguments."""
    values: dict[str, Any] = {"activated": "all", "duration": 0.0, "tls": False, "foreign_hosts": False}
    for option in _INI:
        text = str(item.config.getini(option)).strip()
        if text:
            values[option.removeprefix("ciq_mock_")] = text
    for marker in reversed(list(item.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"the marker {_MARKER} accepts keyword arguments only, not {marker.args[0]!r}")
        values |= marker.kwargs
    for name in ("tls", "foreign_hosts"):
        if isinstance(values[name], str):
            values[name] = values[name].lower() in _YES
    return values


def _settings(item: pytest.Item) -> "MockSettings":
    from ciq_mock.settings import MockSettings

    values = _values(item)
    try:
        return MockSettings(**_typed(values))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"settings of {_MARKER}: {error}") from error


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Convert texts of the ini file and of markers to the types of MockSettings."""
    from ciq_mock.clock import ClockKind
    from ciq_mock.settings import TlsSettings
    from ciq_schemas.features import Feature

    typed = dict(values)
    del typed["foreign_hosts"]
    if isinstance(typed["tls"], bool):
        typed["tls"] = TlsSettings(enabled=typed["tls"])
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
