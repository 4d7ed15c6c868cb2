"""The load figure of callback receivers: callbacks with duplicates and in another order, one effect each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import uvloop

from bench.figures import Figure
from bench.load import http_post
from bench.processes import peer
from ciq_conformance.receiver.messages import JobMaker, task_callback
from ciq_conformance.runner.embedded import results_of
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format

GOAL = 10.0
"""Seconds for 10,000 callbacks."""
_DUPLICATES = 0.2
_CONNECTIONS = 16


def callbacks(count: int, host: str) -> tuple[list[str], list[bytes]]:
    """Returns the ids of the jobs, and `count` requests in random order of which a fifth are duplicates."""
    maker = JobMaker(
        run_id="bench", now=lambda: datetime.now(UTC), bucket="b-1250000000", region="ap-guangzhou", results=results_of
    )
    jobs = [maker.job(Feature.MEDIA, str(number)) for number in range(round(count * (1 - _DUPLICATES)))]
    requests = [http_post("/callbacks", host, task_callback([job], Format.XML)) for job in jobs]
    order = random.Random(17)
    requests += order.choices(requests, k=count - len(requests))
    order.shuffle(requests)
    return [job.job_id for job in jobs], requests


def received(rounds: int, count: int) -> list[Figure]:
    """Seconds until the receiver has accepted all callbacks; raises RuntimeError unless each job counts once."""
    seconds = []
    for _ in range(rounds):
        with peer("bench.receiver_peer") as receiver:
            place = urlsplit(receiver.url)
            jobs, requests = callbacks(count, place.netloc)
            began = time.perf_counter()
            statuses = uvloop.run(_send(receiver.url, requests))
            seconds.append(time.perf_counter() - began)
            if set(statuses) != {b"200"}:
                raise RuntimeError(f"the receiver answered {sorted(set(statuses))}")
            asks = [f"GET /seen/{job} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode() for job in jobs]
            bodies = uvloop.run(_send(receiver.url, asks, bodies=True))
            if set(bodies) != {b'{"times":1}'}:
                raise RuntimeError(f"not every job has one effect: {sorted(set(bodies))[:3]}")
    slowest = max(seconds)
    goal = GOAL * count / 10_000
    return [
        Figure(
            f"{count:,} callbacks with duplicates, in another order: one effect each",
            f"{slowest:.1f} s",
            f"{goal:g} s",
            slowest / goal,
            "≤ 1",
            slowest <= goal,
        )
    ]


async def _send(url: str, requests: Sequence[bytes], *, bodies: bool = False) -> list[bytes]:
    """Sends each request once over kept connections; returns the statuses, or the bodies."""
    place = urlsplit(url)
    left: Iterator[bytes] = iter(requests)
    found: list[bytes] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        for request in left:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            body = await reader.readexactly(length)
            found.append(body if bodies else head.split(b" ", 2)[1])
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(connection() for _ in range(_CONNECTIONS))), 300)
    return found
