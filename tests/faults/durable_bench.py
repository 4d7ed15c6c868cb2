"""What the crash tests share: plain requests, a mock as a process that can be killed, what one can be asked."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
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
    """A good submit."""
    return SUBMIT.format(source=source, extra=extra).encode()


class Client:
    """One connection to a mock."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, method: str, target: str, body: bytes = b"") -> tuple[int, str]:
        """Status and body of the answer. Raises OSError or HTTPException where there is none."""
        self.connection.request(method, target, body=body or None)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def submit(self, source: str = "in/a.mp4", extra: str = "") -> str:
        """Id of a job that was taken."""
        status, text = self.ask("POST", "/jobs", submit_body(source, extra))
        assert status == 200, text
        return part(text, "JobId")

    def known(self, job_ids: list[str]) -> set[str]:
        """Those of the ids that describe knows."""
        found: set[str] = set()
        for first in range(0, len(job_ids), 10):
            status, text = self.ask("GET", "/jobs/" + ",".join(job_ids[first : first + 10]))
            assert status == 200, text
            details = re.findall(r"<JobsDetail>.*?</JobsDetail>", text, re.DOTALL)
            found.update(part(detail, "JobId") for detail in details)
        return found

    def state(self, job_id: str) -> str:
        """State of a job."""
        return part(self.ask("GET", f"/jobs/{job_id}")[1], "State")


def part(text: str, name: str) -> str:
    """Text of the first element of that name."""
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    assert found, f"no {name} in {text}"
    return found[1]


class MockProcess:
    """A running `python -m ciq_mock`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def kill(self) -> None:
        """End it without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def mock_process(folder: Path, *options: str, most_bytes: int | None = None) -> Iterator[MockProcess]:
    """A mock on a directory; with `most_bytes` none of its files may grow beyond."""
    limit = [] if most_bytes is None else ["bash", "-c", f'ulimit -f {most_bytes // 1024}; exec "$@"', "limited"]
    command = [*limit, sys.executable, "-m", "ciq_mock", "--data", str(folder), "--activated", "media", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment()
    ) as one:
        try:
            assert one.stdout is not None
            line = one.stdout.readline()
            found = re.search(r":(\d+)\s*$", line)
            assert found, (line, one.stderr.read() if one.stderr else "")
            yield MockProcess(one, int(found[1]))
        finally:
            one.kill()
            one.wait(30)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CIQ_")}
