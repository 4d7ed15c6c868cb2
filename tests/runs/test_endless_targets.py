"""Targets whose responses or callbacks never end: the run ends by a deadline, and the first SIGTERM ends it at once."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import ciq, environment, records_of
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_schemas.transcript.records import CallbackReceived, DriverEvent, Footer

ENDLESS = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
AT_ONCE = 2.0
"""Seconds between the first SIGTERM and the end of the process."""


class DrippingTarget:
    """Sends `first`, and then `drop` again and again until the client closes the connection."""

    def __init__(self, first: bytes, drop: bytes) -> None:
        self.first, self.drop = first, drop
        self.requested = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(self.first)
                self.requested.set()
                while True:
                    connection.sendall(self.drop)
                    time.sleep(0.02)
            except OSError:
                return


@pytest.fixture
def dripping() -> Iterator[Callable[[str], DrippingTarget]]:
    """Starts targets and closes them after the test."""
    made: list[DrippingTarget] = []

    def start(name: str) -> DrippingTarget:
        made.append(DrippingTarget(*ENDLESS[name]))
        return made[-1]

    yield start
    for target in made:
        target.listener.close()


@pytest.mark.parametrize("command", ["run", "doctor"])
@pytest.mark.parametrize("name", ENDLESS)
def test_endless_response_ends_the_command(
    dripping: Callable[[str], DrippingTarget], tmp_path: Path, name: str, command: str
) -> None:
    """Without a complete response the target is not reachable: exit 3 after the limit of one response."""
    url = dripping(name).url
    done = ciq(command, "--target", url, "--feature", "media", "--timeout-factor", "0.1", cwd=tmp_path, timeout=60)
    assert done.code == 3, done.text
    assert f"{url} sent no response: no complete response within" in done.text


def stop_at_once(url: str, command: str, cwd: Path, when: threading.Event) -> tuple[int, str, float]:
    """Starts the command and sends SIGTERM when `when` is set; returns exit code, output and the seconds to the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ciq_conformance", command, "--target", url],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert when.wait(60)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        took = time.monotonic() - began
    finally:
        process.kill()
        process.wait()
    return process.returncode, output, took


@pytest.mark.parametrize("command", ["run", "doctor"])
@pytest.mark.parametrize("name", ENDLESS)
def test_first_sigterm_ends_the_command_at_once(
    dripping: Callable[[str], DrippingTarget], tmp_path: Path, name: str, command: str
) -> None:
    """The command does not wait for the response; the run file and the reports have what was recorded."""
    target = dripping(name)
    code, output, took = stop_at_once(target.url, command, tmp_path, target.requested)
    assert "stopped by SIGTERM" in output
    assert took < AT_ONCE * _slowness(), output
    if command == "run":
        assert code == 5, output
        assert isinstance(records_of(tmp_path / "ciq-report")[-1], Footer)
        assert (tmp_path / "ciq-report" / "junit.xml").exists()
    else:
        assert code == 4, output


def _slowness() -> float:
    """How much slower this machine is now than an idle one: a process that only imports needs half a second there."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import ciq_conformance.runner.execution"], check=True)
    return max(1.0, (time.monotonic() - began) / 0.5)


def test_flood_of_callbacks_ends_at_the_deadline_with_bounded_memory(tmp_path: Path) -> None:
    """A target that repeats each callback without end is judged by what the receiver stored."""
    flood = (
        "from ciq_conformance.driver import receiver; receiver.MAX_OF_CHANNEL = 200; "
        "from ciq_conformance.cli import main; main()"
    )
    with Miniature(Traits(callback_copies=600)) as target:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", flood, "run", "--target", target.url, "--feature", "media", "--deadline", "15"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        took = time.monotonic() - began
    assert done.returncode in (1, 5), done.stdout + done.stderr
    assert took < 15 + 15 * _slowness()
    records = records_of(tmp_path / "ciq-report")
    by_channel: dict[str, int] = {}
    for record in records:
        if isinstance(record, CallbackReceived):
            by_channel[record.channel] = by_channel.get(record.channel, 0) + 1
    assert max(by_channel.values()) == 200
    notes = [r.text for r in records if isinstance(r, DriverEvent) and r.scenario == "receiver"]
    assert any("more callbacks than the receiver stores" in text for text in notes)
