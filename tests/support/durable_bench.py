"""Requests and a killable mock process for the tests of crashes and full disks."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

MEDIA = MockSettings(activated=(Feature.MEDIA,), workers=1, duration=3600.0)
"""One job runs, all others wait."""
OUTPUT = "<Output><Region>ap-test</Region><Bucket>b-1</Bucket><Object>out.jpg</Object></Output>"
SUBMIT = (
    "<Request><Tag>Snapshot</Tag><Input><Object>{source}</Object></Input><Operation>"
    f"<Snapshot><Mode>Interval</Mode></Snapshot>{OUTPUT}</Operation>{{extra}}</Request>"
)


def submit_body(source: str = "in/a.mp4", extra: str = "") -> bytes:
    """The body of a valid submit."""
    return SUBMIT.format(source=source, extra=extra).encode()


class Client:
    """One connection to a mock."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, target: str, body: bytes = b"") -> tuple[int, str]:
        """Send a request and return status and body. Raises OSError or HTTPException without a response."""
        self.connection.request(method, target, body=body or None)
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def submit(self, source: str = "in/a.mp4", extra: str = "") -> str:
        """Submit a job and return its id."""
        status, text = self.send("POST", "/jobs", submit_body(source, extra))
        assert status == 200, text
        return part(text, "JobId")

    def known(self, job_ids: list[str]) -> set[str]:
        """The ids that describe returns."""
        found: set[str] = set()
        for first in range(0, len(job_ids), 10):
            status, text = self.send("GET", "/jobs/" + ",".join(job_ids[first : first + 10]))
            assert status == 200, text
            details = re.findall(r"<JobsDetail>.*?</JobsDetail>", text, re.DOTALL)
            found.update(part(detail, "JobId") for detail in details)
        return found

    def state(self, job_id: str) -> str:
        """The state of a job."""
        return part(self.send("GET", f"/jobs/{job_id}")[1], "State")


def part(text: str, name: str) -> str:
    """The text of the first element with that name."""
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    assert found, f"no {name} in {text}"
    return found[1]


class MockProcess:
    """A running `python -m ciq_mock`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def kill(self) -> None:
        """End the process by SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def mock_process(
    folder: Path, *options: str, most_bytes: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[MockProcess]:
    """Start a mock on a directory; with `most_bytes` none of its files can grow beyond."""
    limit = [] if most_bytes is None else ["bash", "-c", f'ulimit -f {most_bytes // 1024}; exec "$@"', "limited"]
    command = [*limit, sys.executable, "-m", "ciq_mock", "--data", str(folder), "--activated", "media", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment(environment or {})
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r":(\d+)\s*$", line)
            assert found, (line, process.stderr.read() if process.stderr else "")
            yield MockProcess(process, int(found[1]))
        finally:
            process.kill()
            process.wait(30)


def _environment(further: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CIQ_")} | dict(further)
