"""Restarts a receiver: `restart_receiver.py PID_FILE COMMAND...` kills the old process and starts the command."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def main(pid_file: Path, command: list[str]) -> None:
    """Returns when the new process answers."""
    port = int(command[command.index("--port") + 1])
    if pid_file.exists():
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
        _wait(port, open_=False)
    new = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    pid_file.write_text(str(new.pid))
    _wait(port, open_=True)


def _wait(port: int, *, open_: bool) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            found = True
        except OSError:
            found = False
        if found is open_:
            return
        time.sleep(0.02)
    sys.exit(f"port {port} is {'not open' if open_ else 'still open'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
