"""A bare uvicorn app that responds to everything with an empty Response: the peer of the start-up figure."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn


async def app(scope: Any, _: Any, send: Any) -> None:
    """Respond with 200."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"11")]})
        await send({"type": "http.response.body", "body": b"<Response/>"})


async def serve(certificate: str | None = None) -> None:
    """Serve the app; with a file of certificate and key over TLS."""
    config = uvicorn.Config(
        app,
        port=0,
        log_level="critical",
        access_log=False,
        http="httptools",
        loop="uvloop",
        ssl_certfile=certificate,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    scheme = "https" if certificate else "http"
    print(f"ready on {scheme}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", flush=True)
    await task


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve())
