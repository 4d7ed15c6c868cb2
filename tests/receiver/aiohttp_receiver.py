"""A correct receiver with aiohttp that does its work after the response."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "receivers"))
from counted_jobs import LARGEST, RejectedError, jobs_of

LATE = 0.2


def application() -> web.Application:
    """Counts jobs in memory, a moment after it has answered."""
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    tasks: set[asyncio.Task[None]] = set()

    async def work(job: str) -> None:
        await asyncio.sleep(LATE)
        counts[job] += 1

    async def callbacks(request: web.Request) -> web.Response:
        try:
            jobs = jobs_of(await request.read())
        except RejectedError as error:
            return web.Response(status=400, text=str(error))
        for job in jobs:
            if job not in seen:
                seen.add(job)
                task = asyncio.create_task(work(job))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        return web.Response(status=202)

    async def show(request: web.Request) -> web.Response:
        times = counts[request.match_info["job"]]
        return web.json_response({"times": times}, status=200 if times else 404)

    app = web.Application(client_max_size=LARGEST)
    app.add_routes([web.post("/callbacks", callbacks), web.get("/seen/{job:.+}", show)])
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    web.run_app(application(), host="127.0.0.1", port=parser.parse_args().port, print=None)
