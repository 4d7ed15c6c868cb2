"""A callback receiver with Starlette: `python starlette_receiver.py --port 8000 [--data FILE]`."""

import argparse

import uvicorn
from counted_jobs import LARGEST, Jobs, RejectedError, jobs_of
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


def application(jobs: Jobs) -> Starlette:
    """Returns the application: POST /callbacks, GET /seen/JOB."""

    async def callbacks(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return PlainTextResponse("too large", status_code=413, headers={"Connection": "close"})
        try:
            for job in jobs_of(body):
                jobs.count(job)
        except RejectedError as error:
            return PlainTextResponse(str(error), status_code=400)
        return PlainTextResponse("ok")

    async def seen(request: Request) -> Response:
        times = jobs.times(request.path_params["job"])
        return JSONResponse({"times": times}, status_code=200 if times else 404)

    return Starlette(
        routes=[Route("/callbacks", callbacks, methods=["POST"]), Route("/seen/{job:path}", seen, methods=["GET"])]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", default=":memory:", help="database file; without one a restart forgets all jobs")
    given = parser.parse_args()
    uvicorn.run(application(Jobs(given.data)), port=given.port, log_level="warning")
