"""`python restartable.py PIDFILE PORT [DIR]`: ends the mock of the last call and starts one, with a journal in DIR.

Stands for what an operator would name as `--restart-command`. Without DIR nothing outlives the restart.
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
    """End the mock whose number stands in the file, and wait until it has."""
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
    """Start a mock that outlives this process, and write its number down."""
    kept = ["--data", *data] if data else []
    command = [sys.executable, "-m", "ciq_mock", "--port", port, "--duration", "0.1", *kept]
    mock = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pidfile.write_text(str(mock.pid))


if __name__ == "__main__":
    if Path(sys.argv[1]).exists():
        end(Path(sys.argv[1]))
    if sys.argv[2] != "0":
        begin(Path(sys.argv[1]), *sys.argv[2:])
