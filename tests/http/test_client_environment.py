"""What leads clients to a mock with TLS: `ciq mock --tls`, `ciq mock env`, and the pytest fixture."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ciq_mock.cli import main
from ciq_mock.client_environment import variables

pytest_plugins = ["pytester"]
SCRIPT = """
import urllib.request, urllib.error
print(urllib.request.urlopen("https://examplebucket-1250000000.ci.ap-chongqing.myqcloud.com/queue").status)
try:
    urllib.request.urlopen("https://api.github.com/")
except urllib.error.URLError as error:
    print(error)
"""


def test_command_and_environment_lead_a_program_to_the_mock(tmp_path: Path) -> None:
    """The printed lines are ready for `eval`; the paths may have blanks."""
    ca_file = tmp_path / "a folder" / "ca.pem"
    ca_file.parent.mkdir()
    command = [sys.executable, "-m", "ciq_mock"]
    options = ["--tls", "--tls-ca", str(ca_file), "--activated", "media"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as mock:
        assert mock.stdout is not None
        ready = mock.stdout.readline()
        assert mock.stdout.readline() == f"ciq mock authority: {ca_file}\n"
        found = re.fullmatch(r"ciq mock ready on (http://127\.0\.0\.1:(\d+)) and https://127\.0\.0\.1:\2\n", ready)
        assert found is not None, ready
        printed = subprocess.run(
            [*command, "env", "--url", found[1], "--tls-ca", str(ca_file)], capture_output=True, text=True, check=True
        )
        shell = 'eval "$PRINTED"; exec "$PYTHON" -c "$SCRIPT"'
        done = subprocess.run(
            ["sh", "-c", shell],
            env={"PATH": os.environ["PATH"], "PRINTED": printed.stdout, "PYTHON": sys.executable, "SCRIPT": SCRIPT},
            capture_output=True,
            text=True,
            check=True,
        )
        mock.send_signal(signal.SIGTERM)
        assert mock.wait(20) == 0
    status, refused = done.stdout.splitlines()
    assert status == "200"
    assert "api.github.com is not a host of the service" in refused


def test_environment_has_the_variables_of_every_language(tmp_path: Path) -> None:
    """Without a certificate file only the proxy is set."""
    plain = variables("http://127.0.0.1:8080", None)
    assert plain["https_proxy"] == plain["HTTP_PROXY"] == "http://127.0.0.1:8080"
    assert "-Dhttps.proxyPort=8080" in plain["JAVA_TOOL_OPTIONS"]
    assert "SSL_CERT_FILE" not in plain
    encrypted = variables("http://127.0.0.1:8080", tmp_path / "ca.pem")
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "CIQ_CA_FILE"):
        assert encrypted[name] == str(tmp_path / "ca.pem")
    assert f"-Djavax.net.ssl.trustStore={tmp_path / 'ca.p12'}" in encrypted["JAVA_TOOL_OPTIONS"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env", "--tls-ca", "none.pem"], "there is no file none.pem: start the mock first"),
        (["env", "--url", "127.0.0.1:80"], "expected http://HOST:PORT"),
        (["env", "--url", "https://127.0.0.1:80"], "expected http://HOST:PORT"),
        (["--tls-ca", "ca.pem"], "need --tls"),
        (["--tls-name", "x y", "--tls"], "tls.names is 'x y'"),
        (["--fault", "tls-expired"], "need --tls"),
    ],
)
def test_wrong_usage_of_tls_is_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_dotenv_has_no_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """docker and GITHUB_ENV read plain lines."""
    (tmp_path / "ca.pem").touch()
    with pytest.raises(SystemExit):
        main(["env", "--dotenv", "--tls-ca", str(tmp_path / "ca.pem")])
    lines = capsys.readouterr().out.splitlines()
    assert f"SSL_CERT_FILE={tmp_path / 'ca.pem'}" in lines
    assert not any(line.startswith("export") for line in lines)


def test_fixture_serves_https(pytester: pytest.Pytester) -> None:
    """By marker, and for a whole project by ini."""
    pytester.makeini("[pytest]\nciq_mock_tls = yes\n")
    pytester.makepyfile(
        """
        import pytest, ssl, urllib.request

        def status(mock):
            context = ssl.create_default_context(cafile=str(mock.ca_file))
            return urllib.request.urlopen(mock.https_url + "/queue", context=context).status

        def test_ini(ciq_mock):
            assert status(ciq_mock) == 200

        @pytest.mark.ciq_mock(tls=False)
        def test_marker(ciq_mock):
            with pytest.raises(RuntimeError, match="tls=True"):
                status(ciq_mock)
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_fixture_fails_a_test_that_left_the_service(pytester: pytest.Pytester) -> None:
    """The test itself fails and names the host; the marker accepts such requests; the next test is not affected."""
    pytester.makepyfile(
        """
        import pytest, urllib.error, urllib.request

        def ask(mock, url):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": mock.url, "https": mock.url}))
            with pytest.raises(urllib.error.URLError):
                opener.open(url)

        def test_http(ciq_mock):
            ask(ciq_mock, "http://api.github.com/")

        def test_https(ciq_mock):
            ask(ciq_mock, "https://metrics.example.com/")

        @pytest.mark.ciq_mock(foreign_hosts=True)
        def test_accepted(ciq_mock):
            ask(ciq_mock, "http://api.github.com/")

        def test_next(ciq_mock):
            assert ciq_mock.foreign_requests == ()
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*refused 1 requests for hosts outside the service: api.github.com (target)*",
            "*metrics.example.com (CONNECT)*",
        ]
    )
