"""`python restartable.py PIDFILE PORT [DIR]`: ends the mock of the last call and starts another with a journal in DIR.

An example of a `--restart-command`. Without DIR the restarted mock has no earlier state.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 20.0


def end(pidfile: Path) -> None:
    """Ends the mock whose process id is in the file, and waits until it has ended."""
    number = int(pidfile.read_text())
    try:
        os.kill(number, signal.SIGTERM)
        limit = time.monotonic() + SECONDS
        while time.monotonic() < limit:
            os.kill(number, 0)
            time.sleep(0.02)
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        pidfile.unlink()


def begin(pidfile: Path, port: str, *data: str) -> None:
    """Starts a mock that outlives this process, and writes its process id."""
    kept = ["--data", *data] if data else []
    command = [sys.executable, "-m", "ciq_mock", "--port", port, "--duration", "0.1", *kept]
    mock = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pidfile.write_text(str(mock.pid))


if __name__ == "__main__":
    if Path(sys.argv[1]).exists():
        end(Path(sys.argv[1]))
    if sys.argv[2] != "0":
        begin(Path(sys.argv[1]), *sys.argv[2:])
