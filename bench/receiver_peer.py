"""The Starlette receiver of the examples as a peer: `python -m bench.receiver_peer` prints its address when ready."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "receivers"))

from counted_jobs import Jobs
from starlette_receiver import application

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(application(Jobs()), log_level="error")).run(sockets=[listener])
