"""The bare app of `bench.bare` with the TLS of uvicorn, for the figure of start-up. Argument: certificate file."""

from __future__ import annotations

import sys

import uvloop

from bench.bare import serve

if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
