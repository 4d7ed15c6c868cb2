"""HTTPS receivers of callbacks and HTTPS targets of the suite: trusted certificates, and messages about all others."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_bench import send, submit_body
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from ciq_conformance.cli.app import build
from ciq_conformance.driver.trust import CertificateFileError, Trust
from ciq_mock.certificates import Authority
from ciq_mock.cli import _ca_file
from ciq_mock.server import MockServer
from ciq_mock.settings import DeliverySettings, MockSettings, SettingError
from ciq_schemas.features import Feature

OURS = ("CIQ_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[HTTPServer]:
    """An HTTPS receiver whose authority is in `ca.pem`."""
    authority = Authority.create(ca_file=tmp_path / "ca.pem")
    with HTTPServer(ssl_context=authority.default) as server:
        server.expect_request("/cb", method="POST").respond_with_data("ok")
        yield server


def delivered_with(delivery: DeliverySettings, receiver: HTTPServer) -> tuple[bool, str]:
    """Whether the callback of one job was delivered, and why not."""
    settings = MockSettings(activated=(Feature.MEDIA,), duration=0.0, delivery=delivery)
    with MockServer(settings) as mock:
        body = submit_body(extra=f"<CallBack>{receiver.url_for('/cb')}</CallBack>")
        assert send(mock, "POST", "/jobs", body)[0] == 200
        attempt = None
        while attempt is None:
            attempt = next(iter(mock.deliveries), None)
    return attempt.delivered, attempt.error


def test_callback_reaches_https_receiver_of_trusted_authority(receiver: HTTPServer, tmp_path: Path) -> None:
    """The file names it."""
    delivery = DeliverySettings(ca_file=str(tmp_path / "ca.pem"), retry_after=())
    assert delivered_with(delivery, receiver) == (True, "")


def test_callback_to_untrusted_receiver_says_how_to_trust_it(receiver: HTTPServer) -> None:
    """The log of attempts has OpenSSL's reason and the option."""
    delivered, reason = delivered_with(DeliverySettings(retry_after=()), receiver)
    assert not delivered
    assert f"the certificate of localhost:{receiver.port} is not trusted (unable to get local issuer" in reason
    assert "--ca-file FILE or CIQ_CA_FILE" in reason


def test_option_precedes_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL reads SSL_CERT_FILE itself; a missing file is named with its origin."""
    files = {name: tmp_path / name.lower() for name in OURS}
    for name, path in files.items():
        path.touch()
        monkeypatch.setenv(name, str(path))
    assert _ca_file(str(files["SSL_CERT_FILE"])) == str(files["SSL_CERT_FILE"])
    assert _ca_file(None) == str(files["CIQ_CA_FILE"])
    monkeypatch.delenv("CIQ_CA_FILE")
    assert _ca_file(None) == ""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert _ca_file(None) == str(files["REQUESTS_CA_BUNDLE"])
    files["REQUESTS_CA_BUNDLE"].unlink()
    with pytest.raises(SettingError, match=r"REQUESTS_CA_BUNDLE is .*, but there is no such file"):
        _ca_file(None)


def test_file_without_certificates_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not when the first callback is due."""
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(SettingError, match=r"empty\.pem"):
        MockServer(MockSettings(delivery=DeliverySettings(ca_file=str(tmp_path / "empty.pem")))).start()


def test_suite_trusts_file_then_variables(tmp_path: Path) -> None:
    """For HTTPS targets only; a file that has no certificates is an error."""
    Authority.create(ca_file=tmp_path / "ca.pem")
    ca_file, environment = str(tmp_path / "ca.pem"), {}
    assert Trust.of(ca_file, "http://127.0.0.1", environment).verify is True
    assert Trust.of("", "https://127.0.0.1", environment).verify is True
    assert Trust.of(ca_file, "https://127.0.0.1", {"SSL_CERT_FILE": "other"}).verify == ca_file
    assert Trust.of("", "https://127.0.0.1", {"SSL_CERT_FILE": ca_file, "REQUESTS_CA_BUNDLE": "x"}).verify == ca_file
    assert Trust.of("", "https://127.0.0.1", {"REQUESTS_CA_BUNDLE": ca_file}).verify == ca_file
    (tmp_path / "empty.pem").touch()
    for path, message in (("none.pem", "there is no such file"), (str(tmp_path / "empty.pem"), "in PEM form")):
        with pytest.raises(CertificateFileError, match=message):
            Trust.of(path, "https://127.0.0.1", {})


def run_on(mock: MockServer, folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of a small run."""
    command = ["run", "--target", mock.https_url, "--only", "QUE-003", "--feature", "media", "--output", str(folder)]
    result = CliRunner().invoke(build("run"), [*command, *options], env={"COLUMNS": "400", "TERM": "dumb"})
    return result.exit_code, result.output


def test_run_on_https_target(tmp_path: Path) -> None:
    """With the certificate it judges; without it the message says what to do, and nothing is judged."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), duration=0.02), tls=True) as mock:
        code, output = run_on(mock, tmp_path / "trusted", "--ca-file", str(mock.ca_file))
        assert code == 0, output
        code, output = run_on(mock, tmp_path / "untrusted")
        assert code == 3
        assert "its certificate is not trusted (unable to get local issuer certificate" in output
        assert "--ca-file FILE or CIQ_CA_FILE" in output
        code, output = run_on(mock, tmp_path / "missing", "--ca-file", "none.pem")
        assert (code, "there is no such file" in output) == (2, True), output
        exchanges = (tmp_path / "trusted" / "run.ndjson").read_text().splitlines()
        assert any(json.loads(line).get("url", "").startswith("https://") for line in exchanges)


def test_run_on_plain_port_with_https_says_so(tmp_path: Path) -> None:
    """The other way round a plain client gets the answer of the port."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,))) as mock:
        mock_url = mock.url.replace("http:", "https:")
        command = ["run", "--target", mock_url, "--only", "QUE-003", "--feature", "media", "--output", str(tmp_path)]
        result = CliRunner().invoke(build("run"), command, env={"COLUMNS": "400", "TERM": "dumb"})
    assert result.exit_code == 3
    assert "the port seems to serve plain HTTP: use http://" in result.output
