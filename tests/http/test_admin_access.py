"""Who may use the admin pages: Host, Origin and token of every request; and how uploads are served beside them."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from http_bench import send, send_raw, submit_body

from ciq_mock.server import MockServer
from ciq_mock.settings import AdminSettings, DeliverySettings, MockSettings, SettingError
from ciq_schemas.features import Feature

TOKEN = "a-token-of-the-tests-0123"
PATHS = ("", "health", "state", "clock", "deliveries", "requests", "no-such-page")


@pytest.fixture(scope="module")
def local() -> Iterator[MockServer]:
    """A mock on loopback with one more admin host."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), admin=AdminSettings(hosts=("Mock.Test",)))) as server:
        yield server


@pytest.fixture(scope="module")
def exposed() -> Iterator[MockServer]:
    """A mock that listens on all interfaces."""
    settings = MockSettings(activated=(Feature.MEDIA,), admin=AdminSettings(token=TOKEN))
    with MockServer(settings, host="0.0.0.0") as server:
        yield server


def status_of(server: MockServer, path: str = "health", *, method: str = "GET", **headers: str) -> int:
    """Send an admin request with these headers (`_` for `-`); return the status."""
    given = {name.replace("_", "-"): value.replace("PORT", str(server.port)) for name, value in headers.items()}
    return send(server, method, f"/_ciq/{path}", b"", given)[0]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:PORT", "LOCALHOST.:PORT", "127.0.0.1:9", "127.3.2.1", "[::1]:PORT", "mock.test"]
)
def test_admin_request_under_own_name_is_answered(local: MockServer, host: str) -> None:
    """Loopback addresses, localhost and the names in the settings are accepted, with any port (forwarded ports)."""
    assert status_of(local, Host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "attacker.example:PORT",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example",
        "b-1.localhost:PORT",
        "192.168.1.5:PORT",
        "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com",
        "[::1",
        "localhost:PORT:80",
        "user@localhost",
        "",
    ],
)
@pytest.mark.parametrize("path", ["health", "reset"])
def test_admin_request_under_foreign_name_is_refused(local: MockServer, host: str, path: str) -> None:
    """A name that another site has pointed at this machine (DNS rebinding) reaches no admin page."""
    assert status_of(local, path, method="POST" if path == "reset" else "GET", Host=host) == 403


def test_admin_request_with_no_host_or_two_hosts_is_refused(local: MockServer) -> None:
    """The second Host is not ignored."""
    for hosts in (b"", b"Host: localhost\r\nHost: attacker.example\r\n"):
        raw = b"GET /_ciq/health HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n"
        assert send_raw(local, raw)[0] in {400, 403}
    raw = b"GET http://localhost/_ciq/health HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n"
    assert send_raw(local, raw)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:PORT"},
        {"Origin": "file://"},
        {"Origin": "http://127.0.0.1:PORT.attacker.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
)
def test_post_from_page_of_another_site_is_refused(local: MockServer, headers: dict[str, str]) -> None:
    """The mock keeps its state."""
    assert send(local, "POST", "/jobs", submit_body())[0] == 200
    before = len(local.jobs)
    assert status_of(local, "reset", method="POST", **headers) == 403
    assert len(local.jobs) == before


def test_request_of_own_page_or_followed_link_is_answered(local: MockServer) -> None:
    """Browsers send these headers for the admin page itself, and for a link to it on another site."""
    own = {"Origin": "http://127.0.0.1:PORT", "Host": "127.0.0.1:PORT", "Sec_Fetch_Site": "same-origin"}
    assert status_of(local, "reset", method="POST", **own) == 200
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert status_of(local, "", **link) == 200
    image = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}
    assert status_of(local, "state", **image) == 403


@pytest.mark.parametrize("path", PATHS)
def test_request_beyond_loopback_needs_token(exposed: MockServer, path: str) -> None:
    """No page, known or not, answers without the token; Bearer and the password of Basic are accepted."""
    wanted = 404 if path == "no-such-page" else 200
    basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
    assert status_of(exposed, path, Authorization=f"Bearer {TOKEN}") == wanted
    assert status_of(exposed, path, Authorization=f"Basic {basic}") == wanted
    for wrong in (
        "",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer ",
        "Basic !",
        "Basic é",
        f"Token {TOKEN}",
    ):
        assert status_of(exposed, path, Authorization=wrong) == 401, wrong
    status, headers, _ = send(exposed, "GET", f"/_ciq/{path}")
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic")


def test_token_does_not_replace_checks_of_host_and_origin(exposed: MockServer) -> None:
    """Beyond loopback any IP address is a possible name of the mock; a host name is not."""
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert status_of(exposed, Host="192.168.1.5:PORT", **token) == 200
    assert status_of(exposed, Host="attacker.example", **token) == 403
    assert status_of(exposed, "reset", method="POST", Origin="http://attacker.example", **token) == 403


def test_mock_beyond_loopback_makes_token_of_its_own() -> None:
    """Two mocks have different tokens; on loopback there is none; a chosen token is required there too."""
    with MockServer(host="0.0.0.0") as first, MockServer(host="0.0.0.0") as second:
        assert len(first.admin_token) >= 32
        assert first.admin_token != second.admin_token
        assert status_of(first) == 401
        assert status_of(first, Authorization=f"Bearer {first.admin_token}") == 200
        assert status_of(second, Authorization=f"Bearer {first.admin_token}") == 401
    with MockServer() as plain, MockServer(MockSettings(admin=AdminSettings(token=TOKEN))) as chosen:
        assert plain.admin_token == ""
        assert status_of(plain) == 200
        assert status_of(chosen) == 401
    for weak in ("short", "with\nline" * 4, "ünïcode-ünïcode-ünïcode"):
        with pytest.raises(SettingError, match=r"admin\.token") as error:
            AdminSettings(token=weak)
        assert weak not in str(error.value)
    assert TOKEN not in repr(MockSettings(admin=AdminSettings(token=TOKEN)))


@pytest.mark.parametrize("chosen", ["", TOKEN])
def test_command_prints_made_token_once(chosen: str) -> None:
    """A token from the environment is not printed."""
    command = [sys.executable, "-m", "ciq_mock", "--host", "0.0.0.0"]
    environment = os.environ | {"CIQ_ADMIN_TOKEN": chosen}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ciq mock ready on http://0.0.0.0:")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors.count("admin token") == (0 if chosen else 1)
    assert TOKEN not in errors


def test_admin_answers_cannot_be_framed_or_sniffed(local: MockServer) -> None:
    """Refusals, errors and pages have the same protection."""
    for path, host in (("", "localhost"), ("none", "localhost"), ("state", "attacker.example")):
        _, headers, _ = send(local, "GET", f"/_ciq/{path}", b"", {"Host": host})
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("disposition", ["", "inline"])
@pytest.mark.parametrize("path", ["", "?response-content-type=text/html", "?response-content-disposition=inline"])
def test_uploaded_page_is_served_in_sandbox(local: MockServer, path: str, disposition: str) -> None:
    """An upload with the type text/html never runs as a page of the mock's origin, whatever upload and request say."""
    sent = {"Content-Type": "text/html"} | ({"Content-Disposition": disposition} if disposition else {})
    assert send(local, "PUT", "/_objects/b-1/page.html", b"<script>fetch('/_ciq/state')</script>", sent)[0] == 200
    for method, extra in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-3"})):
        status, headers, _ = send(local, method, f"/_objects/b-1/page.html{path}", b"", extra)
        assert status in {200, 206}
        assert headers["Content-Security-Policy"].startswith("sandbox;")
        assert "allow" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        if not disposition and "inline" not in path:
            assert headers["Content-Disposition"] == "attachment"


def test_delivery_log_beyond_loopback_shows_no_cause_and_no_time() -> None:
    """An attempt to a closed port and one to a port that is no web server look alike."""
    settings = MockSettings(
        activated=(Feature.MEDIA,),
        duration=0.0,
        admin=AdminSettings(token=TOKEN),
        delivery=DeliverySettings(networks=("127.0.0.0/8",), retry_after=()),
    )
    with MockServer(settings, host="0.0.0.0") as server:
        send(server, "POST", "/jobs", submit_body(extra="<CallBack>http://127.0.0.1:1/</CallBack>"))
        server.wait_for_callbacks(lambda attempts: bool(attempts))
        assert "no connection" in server.deliveries[0].error
        _, _, body = send(server, "GET", "/_ciq/deliveries", b"", {"Authorization": f"Bearer {TOKEN}"})
        (shown,) = json.loads(body)["newest"]
        assert (shown["error"], shown["started"], "ended" in shown) == ("no HTTP answer", None, False)


def test_private_callback_beyond_loopback_is_refused(exposed: MockServer, local: MockServer) -> None:
    """On loopback it is accepted; link-local addresses count as private."""
    for host in ("127.0.0.1:1", "10.0.0.1", "169.254.169.254", "localhost", "[::1]:8", "[fe80::1]"):
        body = submit_body(extra=f"<CallBack>http://{host}/</CallBack>")
        status, _, answer = send(exposed, "POST", "/jobs", body)
        assert status == 400, host
        assert b"intranet" in answer
    assert send(local, "POST", "/jobs", submit_body(extra="<CallBack>http://127.0.0.1:1/</CallBack>"))[0] == 200
