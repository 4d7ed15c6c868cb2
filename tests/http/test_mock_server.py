"""MockServer as tests use it: start, wait, time, stop; the command that runs one; the pytest fixture."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from http_bench import send, submit_body
from pytest_httpserver import HTTPServer

from ciq_mock.cli import main
from ciq_mock.clock import ClockKind
from ciq_mock.http.serving import AddressInUseError
from ciq_mock.server import MockServer
from ciq_mock.settings import DeliverySettings, MockSettings
from ciq_schemas.features import Feature

MEDIA = (Feature.MEDIA,)


def submit_with_callback(url: str) -> bytes:
    """A submit with the callback address `url`."""
    return submit_body(extra=f"<CallBack>{url}</CallBack>")


def test_started_mock_responds_until_stopped() -> None:
    """A second stop has no effect."""
    server = MockServer(MockSettings(activated=MEDIA))
    server.start()
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert send(server, "GET", "/queue")[0] == 200
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        send(server, "GET", "/queue")
    with pytest.raises(RuntimeError, match="not running"):
        server.reset()
    with pytest.raises(RuntimeError, match="starts only once"):
        server.start()
    assert "ciq-mock" not in {thread.name for thread in threading.enumerate()}


def test_start_on_used_port_is_refused() -> None:
    """The error names the address."""
    with MockServer() as first, pytest.raises(AddressInUseError, match=f"127.0.0.1:{first.port}"):
        MockServer(port=first.port).start()


def test_wait_for_callbacks_ends_by_number_or_condition(httpserver: HTTPServer) -> None:
    """A timeout reports the numbers of callbacks and attempts."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    httpserver.expect_request("/bad", method="POST").respond_with_data("", status=500)
    settings = MockSettings(activated=MEDIA, duration=0.0, delivery=DeliverySettings(retry_after=()))
    with MockServer(settings) as server:
        for path in ("/cb", "/cb", "/bad"):
            send(server, "POST", "/jobs", submit_with_callback(httpserver.url_for(path)))
        delivered = server.wait_for_callbacks(2)
        assert [attempt.status for attempt in delivered] == [200, 200]
        server.wait_for_callbacks(lambda attempts: len(attempts) == 3)
        with pytest.raises(TimeoutError, match="2 callbacks delivered in 3 attempts"):
            server.wait_for_callbacks(3, timeout=0.01)
        server.reset()
        assert (server.deliveries, server.jobs, server.requests) == ((), (), ())


def test_long_jobs_on_auto_advance_clock_end_at_once(httpserver: HTTPServer) -> None:
    """Three jobs of an hour run one after another; the mock's clock shows three hours later."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    settings = MockSettings(activated=MEDIA, duration=3600.0, workers=1, clock=ClockKind.AUTO_ADVANCE)
    with MockServer(settings) as server:
        began = server.now()
        for _ in range(3):
            send(server, "POST", "/jobs", submit_with_callback(httpserver.url_for("/cb")))
        server.wait_for_callbacks(3)
        assert server.now() - began >= 3 * 3600.0


def test_concurrent_submits_are_accepted_once_each() -> None:
    """Many threads submit to one mock."""
    with MockServer(MockSettings(activated=MEDIA, clock=ClockKind.MANUAL)) as server:
        threads = [
            threading.Thread(target=lambda: [send(server, "POST", "/jobs", submit_body()) for _ in range(10)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({job.job_id for job in server.jobs}) == len(server.jobs) == 80


# --- the command --------------------------------------------------------------------------------------------


def command(*options: str, keys: bool = False) -> "subprocess.Popen[str]":
    """Start `python -m ciq_mock` with options."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("CIQ_")}
    if keys:
        environment |= {"CIQ_SECRET_ID": "ID", "CIQ_SECRET_KEY": "VERY-SECRET"}
    return subprocess.Popen(
        [sys.executable, "-m", "ciq_mock", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_ready_line_and_exits_with_zero(number: signal.Signals) -> None:
    """The line can be parsed, the mock responds, and the signal ends it with code 0."""
    with command("--activated", "media,doc", "--signatures", "--retries", "none", keys=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"ciq mock ready on http://127\.0\.0\.1:(\d+)\n", line)
        assert found is not None, line
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as sock:
            sock.sendall(b"GET /queue HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(12) == b"HTTP/1.1 401"
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--clock", "sundial"), "--clock is 'sundial', but must be one of"),
        (("--clock", "scaled"), "only scaled has a factor"),
        (("--clock", "real:3"), "only scaled has a factor"),
        (("--activated", "media,cooking"), "--activated names 'cooking'"),
        (("--retries", "often"), "--retries is 'often'"),
        (("--port", "65536"), "--port: '65536' is not a number from 0 to 65535"),
        (("--workers", "0"), "workers is 0, but must be at least 1"),
        (("--records", "0"), "records is 0, but must be at least 1"),
        (("--unknown-inputs", "guess"), "choose from 'accept', 'fail', 'refuse'"),
        (("--work", "1"), "unrecognized arguments: --work"),
        (("--signatures",), "needs CIQ_SECRET_ID and CIQ_SECRET_KEY"),
    ],
)
def test_command_with_invalid_option_exits_with_two(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the allowed values."""
    monkeypatch.delenv("CIQ_SECRET_ID", raising=False)
    with pytest.raises(SystemExit) as caught:
        main(options)
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    assert message in output.err


def test_command_on_used_port_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    """The message is one sentence."""
    with MockServer() as other, pytest.raises(SystemExit) as caught:
        main(("--port", str(other.port)))
    assert caught.value.code == 2
    assert f"cannot listen on 127.0.0.1:{other.port}" in capsys.readouterr().err


def test_pytest_plugin_does_not_import_the_mock() -> None:
    """Every pytest run of a project with the kit installed imports the plugin."""
    script = (
        "import sys, pytest; before = set(sys.modules); import ciq_mock.pytest_plugin;"
        "print(sorted({n.split('.')[0] for n in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['ciq_mock']"


# --- the fixture --------------------------------------------------------------------------------------------

pytest_plugins = ["pytester"]


def test_fixture_uses_ini_defaults_and_marker_settings(pytester: pytest.Pytester) -> None:
    """The marker has precedence; each test gets a reset mock."""
    pytester.makeini("[pytest]\nciq_mock_workers = 3\nciq_mock_activated = media, doc\nciq_mock_clock = manual\n")
    pytester.makepyfile(
        """
        import urllib.request
        import pytest

        def post(url, body=b""):
            return urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST")).read()

        def test_ini(ciq_mock):
            assert ciq_mock.settings.workers == 3
            assert {str(queue.feature) for queue in ciq_mock.queues} == {"media", "doc"}
            post(ciq_mock.url + "/asrbucket")
            assert len(ciq_mock.queues) == 3

        def test_clean(ciq_mock):
            assert len(ciq_mock.queues) == 2
            assert ciq_mock.requests == ()

        @pytest.mark.ciq_mock(workers=1, activated=("pic",), bucket="mine-1")
        def test_marker(ciq_mock):
            assert ciq_mock.settings.workers == 1
            assert ciq_mock.bucket == "mine-1"
            assert [str(queue.feature) for queue in ciq_mock.queues] == ["pic"]
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)


def test_marker_with_unknown_setting_is_refused(pytester: pytest.Pytester) -> None:
    """The error names the setting."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.ciq_mock(wrokers=1)
        def test_marker(ciq_mock):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*settings of ciq_mock*wrokers*"])


def test_documented_example_exists_and_is_collected() -> None:
    """The runnable example is in examples/receiver_app."""
    assert (Path(__file__).parents[2] / "examples" / "receiver_app" / "test_receiver.py").is_file()
