"""A run against a target behind a gateway that serves it below a path, with callback addresses that have prefixes."""

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from command import in_process, verdicts_of

from ciq_mock import Credentials, MockServer, MockSettings
from ciq_schemas.transcript.records import Outcome

PREFIX = "/gate/ci"


class Gateway(BaseHTTPRequestHandler):
    """Removes the prefix and passes a request on with its own Host."""

    protocol_version = "HTTP/1.1"
    port = 0

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith(PREFIX):
            self.send_error(404)
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(self.command, self.path.removeprefix(PREFIX), body or None, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    """Address of a gateway in front of a mock that verifies signatures."""
    with MockServer(MockSettings(credentials=(Credentials(secret_id="id", secret_key="key"),), duration=0.05)) as mock:
        handler = type("Handler", (Gateway,), {"port": mock.port})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def test_target_behind_gateway_conforms(gateway: str, tmp_path: Path) -> None:
    """Signatures cover the path without the prefix; callbacks arrive at two addresses with prefixes."""
    port = free_port()
    (tmp_path / "ciq.toml").write_text(
        f'url = "{gateway}"\ncallback_bind = "127.0.0.1:{port}"\n'
        f'callback_url = "http://127.0.0.1:{port}/hooks,http://localhost:{port}/other"\n'
        '[credentials]\nsecret_id = "id"\nsecret_key = "key"\n'
    )
    only = ["QUE-003", "SUB-001", "DEL-001", "DEL-008", "ERR-012", "LST-016", "HDR-002"]
    arguments = [word for name in only for word in ("--only", name)]
    result = in_process("run", "--feature", "media", *arguments, "--output", "out", cwd=tmp_path)
    verdicts = verdicts_of(tmp_path / "out")
    assert result.code == 0, result.text
    assert {verdict.requirement for verdict in verdicts.values() if verdict.outcome is Outcome.PASS} == set(only)
