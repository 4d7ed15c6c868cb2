"""The console: how long a page takes with many jobs, and what an open page costs a submit."""

from __future__ import annotations

import http.client
import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from bench.figures import BODY, HOST, MOCK, Figure
from bench.load import drive, http_post
from bench.processes import peer

BUCKET = "/_ciq/console/examplebucket-1250000000"
MOST_SECONDS = 0.1
"""A page, 95th percentile (issue of the console)."""
REFRESH = 1.0
"""Seconds between two refreshes of an open page, as its script does."""


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _get(url: str, path: str) -> tuple[float, bytes]:
    """Seconds and body of one page."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    passed = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return passed, body


def pages(jobs: int, visits: int) -> list[Figure]:
    """The slowest page's 95th percentile with so many waiting jobs."""
    post = http_post("/jobs", HOST, BODY)
    with peer(*MOCK, "--duration", "3600", "--workers", "1") as mock:
        drive(mock.url, post, count=jobs)
        _, queues = _get(mock.url, f"{BUCKET}/queues")
        _, listed = _get(mock.url, f"{BUCKET}/jobs")
        count = re.findall(rb'class="number">(\d+)<', queues)[0]
        if int(count) != jobs - 1:
            raise RuntimeError(f"the page counts {count!r} waiting jobs, expected {jobs - 1}")
        (queue, *_) = re.findall(rb'href="(/[^"]+/queues/p\w+)"', queues)
        (job, *_) = re.findall(rb'id="job-(\w+)"', listed)
        paths = {
            "buckets": "/_ciq/",
            "queues": f"{BUCKET}/queues",
            "jobs": f"{BUCKET}/jobs",
            "jobs, filter without a match": f"{BUCKET}/jobs?level=0",
            "waiting line": queue.decode(),
            "timeline": f"{BUCKET}/timeline",
            "job": f"{BUCKET}/jobs/{job.decode()}",
        }
        seconds = {name: _p95([_get(mock.url, path)[0] for _ in range(visits)]) for name, path in paths.items()}
    return [
        Figure(
            f"console page `{name}` with {jobs:,} jobs, p95",
            f"{value * 1000:.1f} ms",
            f"{MOST_SECONDS * 1000:.0f} ms",
            value / MOST_SECONDS,
            "≤ 1",
            value <= MOST_SECONDS,
        )
        for name, value in seconds.items()
    ]


@contextmanager
def _open_page(url: str) -> Iterator[None]:
    """A page that is open: its stream of events, and a refresh of the list every second."""
    closed = threading.Event()

    def follow() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.request("GET", "/_ciq/console/events")
        answer = connection.getresponse()
        while not closed.is_set():
            answer.readline()
        connection.close()

    def refresh() -> None:
        while not closed.wait(REFRESH):
            _get(url, f"{BUCKET}/jobs")

    threads = [threading.Thread(target=work, daemon=True) for work in (follow, refresh)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        closed.set()
        for thread in threads:
            thread.join(5)


def submit_beside(rounds: int, jobs: int, count: int) -> list[Figure]:
    """The 95th percentile of a submit with an open page, against the same without one."""
    post = http_post("/jobs", HOST, BODY)
    with peer(*MOCK, "--duration", "3600", "--workers", "1") as mock:
        drive(mock.url, post, count=jobs)

        def latencies() -> float:
            return _p95([drive(mock.url, post, count=50, connections=1).seconds / 50 for _ in range(count // 50)])

        latencies()
        ratios, alone, beside = [], [], []
        for _ in range(rounds):
            alone.append(latencies())
            with _open_page(mock.url):
                beside.append(latencies())
            ratios.append(beside[-1] / alone[-1])
    ratio = statistics.median(ratios)
    return [
        Figure(
            f"submit beside an open console, {jobs:,} jobs, p95",
            f"{statistics.median(beside) * 1e6:,.0f} µs",
            f"{statistics.median(alone) * 1e6:,.0f} µs",
            ratio,
            "≤ 1.5",
            ratio <= 1.5,
        )
    ]
