"""Each private API of another package that the kit uses exists in the installed release, in the shape it relies on.

A private API may change in any release. Each one is named here, its package has an upper bound in pyproject.toml, and
`tox -e newest` runs these tests against the newest releases that the bounds allow.
"""

import asyncio
import inspect
import re
import socket
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import aiohttp
import httptools
import pytest
import schemathesis
import uvicorn
from aiohttp import client_proto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from packaging.requirements import Requirement
from schemathesis.core.result import Err, Ok
from sources import ROOT, modules
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import ServerState
from werkzeug import Request, Response

from ciq_conformance.driver import hypothesis_backend, receiver

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OTHER_PACKAGES = re.compile(r"(^|\.)(_[a-z]\w*|internal)(\.|$)")
"""An underscore or the word `internal` in the name of an imported module: private by its name."""


@dataclass(frozen=True)
class PrivateApi:
    """A package, the private names of it that the kit imports, and the module of the kit that uses them."""

    package: str
    names: tuple[str, ...]
    used_by: str


UVICORN = PrivateApi(
    "uvicorn",
    ("uvicorn.protocols.http.httptools_impl", "uvicorn.Server.main_loop", "uvicorn.Server.on_tick"),
    "mock_server/ciq_mock/http/protocol.py and serving.py",
)
HYPOTHESIS = PrivateApi(
    "hypothesis",
    ("hypothesis.internal.conjecture.providers",),
    "conformance/ciq_conformance/driver/hypothesis_backend.py",
)
SCHEMATHESIS = PrivateApi(
    "schemathesis",
    ("schemathesis.core.result",),
    "conformance/ciq_conformance/fuzz/generated.py",
)
WERKZEUG = PrivateApi(
    "werkzeug",
    ("environ['werkzeug.socket']",),
    "conformance/ciq_conformance/driver/receiver.py",
)
AIOHTTP = PrivateApi(
    "aiohttp",
    ("aiohttp.client_proto.ResponseHandler", "aiohttp.TCPConnector._factory"),
    "mock_server/ciq_mock/delivery/bounded_connection.py",
)
PRIVATE_APIS = (AIOHTTP, UVICORN, HYPOTHESIS, SCHEMATHESIS, WERKZEUG)


def requirements() -> dict[str, Requirement]:
    """The direct requirements of pyproject.toml, of all extras, by name."""
    texts = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    return {requirement.name: requirement for requirement in map(Requirement, texts)}


def broken(api: PrivateApi, problem: str) -> str:
    """The message of a failure: what the release lacks, who uses it, and which bound to change."""
    installed = version(api.package)
    return (
        f"{api.package} {installed}: {problem}. {api.used_by} relies on it. Either change that module, or lower the "
        f"upper bound of {api.package} in pyproject.toml (now `{requirements()[api.package]}`) to `<{installed}` "
        "and run `tox -e lock`."
    )


def require_parameters(api: PrivateApi, function: Callable[..., object], expected: list[str]) -> None:
    """Fail unless a function has exactly these parameters."""
    found = list(inspect.signature(function).parameters)
    assert found == expected, broken(api, f"{function.__qualname__} has parameters {found}, expected {expected}")


def test_requirement_has_upper_bound_exactly_for_private_api() -> None:
    """The table names the packages with a private API."""
    bounded = {
        name
        for name, requirement in requirements().items()
        if any(one.operator in ("<", "<=", "==", "~=") for one in requirement.specifier)
    }
    assert bounded == {api.package for api in PRIVATE_APIS}


def test_imported_private_module_is_in_table() -> None:
    """This holds for every module that is private by its name."""
    named = tuple(name for api in PRIVATE_APIS for name in api.names)
    for module in modules():
        for name in module.imports():
            if OTHER_PACKAGES.search(name) and not name.startswith(("ciq_", "__future__")):
                assert name.startswith(named), f"{module.place} imports {name}: name it in {__name__}.py"


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("connection_made", ["transport"]),
        ("connection_lost", ["exc"]),
        ("data_received", ["data"]),
        ("on_message_begin", []),
        ("on_headers_complete", []),
        ("on_body", ["body"]),
        ("on_message_complete", []),
        ("on_response_complete", []),
        ("send_400_response", ["msg"]),
    ],
)
def test_uvicorn_protocol_has_the_overridden_methods(method: str, parameters: list[str]) -> None:
    """HttpToolsProtocol has each method that the mock overrides, with the same parameters."""
    overridden = getattr(httptools_impl.HttpToolsProtocol, method, None)
    assert overridden, broken(UVICORN, f"HttpToolsProtocol has no method {method}")
    require_parameters(UVICORN, overridden, ["self", *parameters])


def test_uvicorn_status_lines_cover_every_status_code() -> None:
    """STATUS_LINE maps each code to the bytes of its line."""
    lines = httptools_impl.STATUS_LINE
    assert lines[200] == b"HTTP/1.1 200 OK\r\n", broken(UVICORN, f"STATUS_LINE[200] is {lines[200]!r}")
    assert lines.keys() >= set(range(200, 600)), broken(UVICORN, "STATUS_LINE lacks status codes")


class _Transport(asyncio.Transport):
    """Stores the written bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class _Recorder(httptools_impl.HttpToolsProtocol):
    """Records the attributes that the mock reads while a head is parsed."""

    seen: dict[str, Any]

    def on_headers_complete(self) -> None:
        names = ("url", "headers", "scope", "cycle", "flow", "expect_100_continue", "connections", "server_state")
        self.seen = {name: getattr(self, name, "missing") for name in names}
        super().on_headers_complete()


class _Refuser(httptools_impl.HttpToolsProtocol):
    """Rejects each head from inside a callback of the parser."""

    def on_headers_complete(self) -> None:
        raise httptools.HttpParserError("rejected")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        self.transport.write(b"rejected")


async def _serve(kind: type[httptools_impl.HttpToolsProtocol], request: bytes) -> tuple[Any, _Transport]:
    """Pass a request to a new connection; return the connection and its transport after the response."""

    async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(application, log_config=None, lifespan="off", ws="none")
    protocol = kind(config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop())
    transport = _Transport()
    protocol.connection_made(transport)
    protocol.data_received(request)
    async with asyncio.timeout(10):
        while not transport.written:
            await asyncio.sleep(0)
    protocol.connection_lost(None)
    return protocol, transport


def test_uvicorn_protocol_has_the_read_attributes() -> None:
    """After a head is parsed the connection has the attributes that the mock reads, with the expected values."""
    protocol, transport = asyncio.run(_serve(_Recorder, b"GET /queue?a=b HTTP/1.1\r\nHost: H\r\n\r\n"))
    seen = protocol.seen
    assert "missing" not in seen.values(), broken(UVICORN, f"HttpToolsProtocol lacks attributes: {seen}")
    expected = {"url": b"/queue?a=b", "headers": [(b"host", b"H")], "cycle": None, "expect_100_continue": False}
    found = {name: seen[name] for name in expected}
    assert found == expected, broken(UVICORN, f"the attributes of a connection are {found}, expected {expected}")
    assert seen["scope"]["headers"] is seen["headers"], broken(UVICORN, "scope and connection have unlike headers")
    assert seen["flow"].write_paused is False, broken(UVICORN, "flow.write_paused is not False on a new connection")
    assert seen["connections"] is seen["server_state"].connections, broken(UVICORN, "connections are not shared")
    assert list(seen["server_state"].default_headers) == [], broken(UVICORN, "default_headers is not a sequence")
    assert protocol.cycle.response_complete is True, broken(UVICORN, "cycle.response_complete is not True at the end")
    assert hasattr(protocol, "access_log"), broken(UVICORN, "HttpToolsProtocol has no attribute access_log")
    assert hasattr(protocol, "loop"), broken(UVICORN, "HttpToolsProtocol has no attribute loop")
    assert transport.written.startswith(httptools_impl.STATUS_LINE[204])


def test_uvicorn_parser_error_in_callback_sends_400() -> None:
    """HttpParserError raised in a callback of the parser leads to send_400_response."""
    _, transport = asyncio.run(_serve(_Refuser, b"GET / HTTP/1.1\r\nHost: H\r\n\r\n"))
    assert transport.written == b"rejected", broken(UVICORN, "HttpParserError does not lead to send_400_response")


@pytest.mark.parametrize(("method", "parameters"), [("main_loop", []), ("on_tick", ["counter"])])
def test_uvicorn_server_has_the_overridden_coroutines(method: str, parameters: list[str]) -> None:
    """The mock's server overrides or awaits them."""
    found = getattr(uvicorn.Server, method, None)
    assert inspect.iscoroutinefunction(found), broken(UVICORN, f"Server.{method} is no coroutine function")
    require_parameters(UVICORN, found, ["self", *parameters])


def test_aiohttp_makes_connections_with_the_replaced_factory() -> None:
    """A connector keeps the maker of its connections in `_factory`; each has the methods that the mock overrides."""

    async def factory() -> Any:
        connector = aiohttp.TCPConnector()
        try:
            return getattr(connector, "_factory", None)
        finally:
            await connector.close()

    found = asyncio.run(factory())
    made_by = getattr(found, "func", None)
    assert made_by is client_proto.ResponseHandler, broken(AIOHTTP, f"TCPConnector._factory is {found!r}")
    for method in ("set_response_params", "feed_data", "data_received", "set_exception"):
        assert callable(getattr(made_by, method, None)), broken(AIOHTTP, f"ResponseHandler has no method {method}")


def test_hypothesis_accepts_providers_by_name() -> None:
    """AVAILABLE_PROVIDERS takes the providers of the kit, and `draw_boolean` has the overridden form."""
    assert isinstance(providers.AVAILABLE_PROVIDERS, dict), broken(HYPOTHESIS, "AVAILABLE_PROVIDERS is no dict")
    for name in (hypothesis_backend.EVEN, hypothesis_backend.WHOLE):
        assert name in providers.AVAILABLE_PROVIDERS
        assert settings(backend=name).backend == name, broken(HYPOTHESIS, f"settings(backend={name!r}) is ignored")
    provider = providers.HypothesisProvider
    require_parameters(HYPOTHESIS, provider.draw_boolean, ["self", "p"])
    exists = hasattr(provider, "_maybe_draw_constant")
    assert exists, broken(HYPOTHESIS, "HypothesisProvider has no method _maybe_draw_constant")


class ConstantProvider(providers.HypothesisProvider):
    """Draws the constant 77 wherever Hypothesis draws a constant of the loaded modules."""

    def _maybe_draw_constant(self, *_: object, **__: object) -> Any:
        return 77


def test_hypothesis_draws_constants_through_the_overridden_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Integers come from `_maybe_draw_constant` where it gives one: overriding it keeps the constants out."""
    monkeypatch.setitem(providers.AVAILABLE_PROVIDERS, "constant", f"{__name__}.{ConstantProvider.__name__}")
    found = set()

    @settings(backend="constant", max_examples=20, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers())
    def collect(value: int) -> None:
        found.add(value)

    collect()
    assert 77 in found, broken(HYPOTHESIS, "HypothesisProvider does not call _maybe_draw_constant for an integer")


def test_schemathesis_operations_are_results() -> None:
    """An operation that can be used is an `Ok`, one that cannot is an `Err` whose `err()` is an exception."""
    good = {"responses": {"200": {"description": "done"}}}
    bad = {"parameters": [{"$ref": "#/nowhere"}], **good}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/good": {"get": good}, "/bad": {"get": bad}},
    }
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
    results = list(schema.get_all_operations())
    (ok,) = (one for one in results if isinstance(one, Ok))
    (err,) = (one for one in results if isinstance(one, Err))
    assert ok.ok().path == "/good", broken(SCHEMATHESIS, "Ok.ok() is not the operation")
    assert isinstance(err.err(), Exception), broken(SCHEMATHESIS, "Err.err() is not an exception")


def test_werkzeug_environ_contains_socket_of_request() -> None:
    """A handler of the receiver's server finds the connection in the environ of its request."""
    found: list[object] = []

    def handler(request: Request) -> Response:
        found.append(request.environ.get("werkzeug.socket"))
        return Response(status=204)

    server = receiver._Server(host="127.0.0.1", port=0, threaded=True)
    server.expect_request("/").respond_with_handler(handler)
    with server, socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert b"204" in connection.makefile("rb").readline()
    (kept,) = found
    assert isinstance(kept, socket.socket), broken(WERKZEUG, f"environ['werkzeug.socket'] is {kept!r}")
