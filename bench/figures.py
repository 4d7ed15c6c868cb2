"""The measurements. Each measures the kit and its peer alternately in several rounds and yields ratios of one round."""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import aiohttp
import trustme

from bench.load import drive, http_post
from bench.processes import Peer, peer

HOST = "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"
BODY = (
    '<?xml version="1.0" encoding="utf-8"?><Request><Tag>Snapshot</Tag><Input><Object>samples/clip.mp4</Object>'
    "</Input><Operation><Snapshot><Mode>Interval</Mode><Start>0</Start><TimeInterval>5</TimeInterval>"
    "<Count>3</Count><Width>1280</Width><Height>720</Height></Snapshot><Output><Region>ap-chongqing</Region>"
    "<Bucket>examplebucket-1250000000</Bucket><Object>out/a-fairly-long-folder-name/s-${Number}.jpg</Object>"
    "</Output><UserData>"
    + "bench " * 20
    + "</UserData><JobLevel>1</JobLevel></Operation><CallBackFormat>XML</CallBackFormat></Request>"
).encode()
MOCK = ("ciq_mock", "--port", "0", "--activated", "media", "--clock", "real", "--max-size", "10000000")
SQS_HOST = "sqs.us-east-1.amazonaws.com"
SQS_SCOPE = (
    "Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
    "SignedHeaders=host, Signature=0\r\n"
)
"""moto selects the service by the scope and does not check the signature."""


def _sqs_post(path: str, body: bytes) -> bytes:
    return http_post(path, SQS_HOST, body, "application/x-www-form-urlencoded", SQS_SCOPE)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    name: str
    ours: str
    peer: str
    ratio: float
    goal: str
    met: bool | None


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _rounds(measure: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each alternately (A B A B) after one round that is not counted."""
    for run in measure.values():
        run()
    found: dict[str, list[float]] = {name: [] for name in measure}
    for _ in range(rounds):
        for name, run in measure.items():
            found[name].append(run())
    return found


def submit(rounds: int, count: int) -> list[Figure]:
    """Submit throughput against the bound and the peers."""
    post = http_post("/jobs", HOST, BODY)
    with ExitStack() as stack:
        mock = stack.enter_context(peer(*MOCK, "--duration", "3600"))
        bound = stack.enter_context(peer("bench.bound"))
        handler = stack.enter_context(peer("bench.handler_peer"))
        moto = stack.enter_context(peer("moto.server", port_argument=True))
        fresh = itertools.count()

        def sqs() -> float:
            """A new queue each round, because moto becomes slower as a queue fills."""
            name = f"bench{next(fresh)}"
            drive(moto.url, _sqs_post("/", f"Action=CreateQueue&QueueName={name}".encode()), count=1, connections=1)
            address = f"http%3A%2F%2Fx%2F123456789012%2F{name}"
            message = f"Action=SendMessage&QueueUrl={address}&MessageBody={'x' * 600}".encode()
            return run(moto.url, _sqs_post(f"/123456789012/{name}", message), max(50, count // 40))()

        def run(url: str, request: bytes, number: int) -> Callable[[], float]:
            def measure() -> float:
                load = drive(url, request, count=number)
                if load.refused:
                    raise RuntimeError(f"{url} refused {load.refused} of {load.requests} requests")
                return load.rate

            return measure

        rates = _rounds(
            {
                "mock": run(mock.url, post, count),
                "bound": run(bound.url, post, count),
                "moto": sqs,
                "handler": run(handler.url, post, max(50, count // 20)),
            },
            rounds,
        )

    def row(name: str, label: str, goal: float) -> Figure:
        ratios = [a / b for a, b in zip(rates["mock"], rates[name], strict=True)]
        ratio = _median(ratios)
        return Figure(
            label,
            f"{_median(rates['mock']):,.0f}/s",
            f"{_median(rates[name]):,.0f}/s",
            ratio,
            f"≥ {goal}",
            ratio >= goal,
        )

    return [
        row("bound", "submit, against a bare uvicorn + lxml app", 0.8),
        row("moto", "submit, against moto_server SQS SendMessage (fresh queue)", 30),
        row("handler", "submit, against a pytest-httpserver handler", 4),
    ]


def durable(rounds: int, count: int) -> list[Figure]:
    """Submit throughput with the journal on a disk, compared with memory."""
    post = http_post("/jobs", HOST, BODY)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        memory = stack.enter_context(peer(*MOCK, "--duration", "3600"))
        journal = stack.enter_context(peer(*MOCK, "--duration", "3600", "--data", folder))

        def rate(url: str) -> float:
            load = drive(url, post, count=count)
            if load.refused:
                raise RuntimeError(f"{url} refused {load.refused} of {load.requests} requests")
            return load.rate

        rates = _rounds({"journal": lambda: rate(journal.url), "memory": lambda: rate(memory.url)}, rounds)
    ratio = _median([a / b for a, b in zip(rates["journal"], rates["memory"], strict=True)])
    return [
        Figure(
            "submits with the durable journal, against memory",
            f"{_median(rates['journal']):,.0f}/s",
            f"{_median(rates['memory']):,.0f}/s",
            ratio,
            "≥ 0.7",
            ratio >= 0.7,
        )
    ]


async def _bare_loop(url: str, body: bytes, count: int, concurrency: int) -> float:
    """The bare aiohttp client loop: the same bodies to the same sink."""
    numbers = itertools.count()
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker() -> None:
            while next(numbers) < count:
                async with session.post(url, data=body, headers={"Content-Type": "application/xml"}) as answer:
                    await answer.read()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return count / (time.perf_counter() - began)


def _get(url: str, method: str = "GET") -> str:
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def _put_queue(mock: Peer, queue_id: str, state: str, url: str) -> None:
    body = (
        f"<Request><Name>queue-1</Name><State>{state}</State><NotifyConfig><Url>{url}</Url><State>On</State>"
        "<Type>Url</Type><Event>TaskFinish</Event></NotifyConfig></Request>"
    ).encode()
    request = urllib.request.Request(f"{mock.url}/queue/{queue_id}", data=body, method="PUT", headers={"Host": HOST})
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def callbacks(rounds: int, count: int) -> list[Figure]:
    """Callbacks delivered by the mock from resume to last arrival, compared with the bare loop with equal bodies."""
    import uvloop

    with peer("bench.sink") as sink, peer(*MOCK, "--duration", "0", "--workers", "64") as mock:
        request = urllib.request.Request(f"{mock.url}/queue", headers={"Host": HOST})
        with urllib.request.urlopen(request, timeout=60) as answer:
            listing = answer.read().decode()
        queue_id = listing.split("<QueueId>")[1].split("<")[0]
        post = http_post("/jobs", HOST, BODY)

        def ours() -> float:
            _get(sink.url, "DELETE")
            _put_queue(mock, queue_id, "Paused", f"{sink.url}/cb")
            drive(mock.url, post, count=count)
            _put_queue(mock, queue_id, "Active", f"{sink.url}/cb")
            deadline = time.monotonic() + 120
            while True:
                total, seconds = _get(sink.url).split()
                if int(total) >= count:
                    return int(total) / float(seconds)
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {total} of {count} callbacks arrived")
                time.sleep(0.05)

        def bare() -> float:
            sample = _get(f"{sink.url}/body").encode()
            return uvloop.run(_bare_loop(f"{sink.url}/cb", sample, count, 64))

        rates = _rounds({"mock": ours, "bare": bare}, rounds)
    ratio = _median([a / b for a, b in zip(rates["mock"], rates["bare"], strict=True)])
    return [
        Figure(
            "callbacks delivered, against the bare aiohttp client loop",
            f"{_median(rates['mock']):,.0f}/s",
            f"{_median(rates['bare']):,.0f}/s",
            ratio,
            "≥ 0.8",
            ratio >= 0.8,
        )
    ]


def start_up(rounds: int) -> list[Figure]:
    """Time from process start to the first response."""

    def started(*arguments: str) -> Callable[[], float]:
        def measure() -> float:
            with peer(*arguments) as one:
                return one.started_in

        return measure

    times = _rounds({"mock": started(*MOCK), "bound": started("bench.bare")}, rounds)
    ratio = _median([a / b for a, b in zip(times["mock"], times["bound"], strict=True)])
    return [
        Figure(
            "mock start to first answer, against a bare uvicorn app",
            f"{_median(times['mock']):.2f} s",
            f"{_median(times['bound']):.2f} s",
            ratio,
            "≤ 2.5",
            ratio <= 2.5,
        )
    ]


def tls(rounds: int, count: int) -> list[Figure]:
    """Start-up with TLS against uvicorn with TLS, and submits over HTTPS against HTTP on the same port."""
    post = http_post("/jobs", HOST, BODY)
    with tempfile.TemporaryDirectory() as folder:
        ca_file, certificate = f"{folder}/ca.pem", f"{folder}/server.pem"
        trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        encrypted = (*MOCK, "--tls", "--tls-ca", ca_file)

        def started(*arguments: str) -> Callable[[], float]:
            def measure() -> float:
                with peer(*arguments, tls=True) as one:
                    return one.started_in

            return measure

        times = _rounds({"mock": started(*encrypted), "bare": started("bench.bare_tls", certificate)}, rounds)
        with peer(*encrypted, "--duration", "3600") as mock:
            trust = ssl.create_default_context(cafile=ca_file)
            rates = _rounds(
                {
                    "https": lambda: drive(mock.url.replace("http:", "https:"), post, count=count, trust=trust).rate,
                    "http": lambda: drive(mock.url, post, count=count).rate,
                },
                rounds,
            )
    start = _median([a / b for a, b in zip(times["mock"], times["bare"], strict=True)])
    rate = _median([a / b for a, b in zip(rates["https"], rates["http"], strict=True)])
    return [
        Figure(
            "mock start with TLS to first answer, against a bare uvicorn app with TLS",
            f"{_median(times['mock']):.2f} s",
            f"{_median(times['bare']):.2f} s",
            start,
            "≤ 2.5",
            start <= 2.5,
        ),
        Figure(
            "submits over HTTPS, against HTTP",
            f"{_median(rates['https']):,.0f}/s",
            f"{_median(rates['http']):,.0f}/s",
            rate,
            "≥ 0.7",
            rate >= 0.7,
        ),
    ]


def memory(jobs: int) -> list[Figure]:
    """Resident memory per waiting job, its request of about 700 bytes included."""
    with peer(*MOCK, "--duration", "3600", "--workers", "1") as mock:
        post = http_post("/jobs", HOST, BODY)
        drive(mock.url, post, count=2000)
        before = mock.resident()
        drive(mock.url, post, count=jobs)
        each = (mock.resident() - before) / jobs
    return [
        Figure(
            f"memory a waiting job ({len(BODY)} byte request)",
            f"{each:,.0f} B",
            "2,048 B",
            each / 2048,
            "≤ 1",
            each <= 2048,
        )
    ]


def full_run(rounds: int) -> list[Figure]:
    """Wall time of `ciq run` on the embedded mock, three features."""
    seconds = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "ciq_conformance", "run", "--output", folder], capture_output=True, check=False
            )
            seconds.append(time.perf_counter() - began)
            if done.returncode:
                raise RuntimeError(f"ciq run ended with {done.returncode}: {done.stdout.decode()[-2000:]}")
    wall = _median(seconds)
    return [Figure("full conformance run on the embedded mock", f"{wall:.1f} s", "20 s", wall / 20, "≤ 1", wall <= 20)]


def judge(jobs: int) -> list[Figure]:
    """The ordering rules on a transcript of many jobs, compared with sorting its events once."""
    from ciq_conformance.judge.ordering import level_rule, order_rule
    from ciq_schemas.transcript.jobs import Bound, JobTimeline
    from ciq_schemas.transcript.requests import RequestedJob

    rng = random.Random(7)
    levels = [RequestedJob(level=str(level), user_data=None, tag=None) for level in range(3)]

    def tracks(number: int, *, legal: bool) -> list[JobTimeline]:
        order = sorted(range(number), key=lambda i: (-(i % 3), i)) if legal else rng.sample(range(number), number)
        start = [0.0] * number
        for place, index in enumerate(order):
            start[index] = (number + place) * 0.001
        return [
            JobTimeline(
                job_id=f"j{index}",
                step="submit",
                requested=levels[index % 3],
                submit_seq=index,
                submitted_at=index * 0.001,
                accepted_by=index * 0.001 + 0.0005,
                not_before=Bound(start[index], index),
                not_after=Bound(start[index] + 0.0005, index),
                start_stamp=None,
            )
            for index in range(number)
        ]

    def cost(number: int, *, legal: bool) -> tuple[float, float]:
        made = tracks(number, legal=legal)
        events = [t.submitted_at for t in made] + [t.not_before.at for t in made] + [t.not_after.at for t in made]
        rng.shuffle(events)
        began = time.perf_counter()
        sorted(events)
        sorting = time.perf_counter() - began
        began = time.perf_counter()
        level_rule(made)
        order_rule(made)
        return time.perf_counter() - began, sorting

    def row(name: str, ours: float, other: float, goal: float) -> Figure:
        return Figure(name, f"{ours:.2f} s", f"{other:.2f} s", ours / other, f"≤ {goal:g}", ours <= goal * other)

    small, _ = cost(jobs // 10, legal=True)
    right, right_sort = cost(jobs, legal=True)
    wrong, wrong_sort = cost(jobs, legal=False)
    return [
        row(f"judge: {jobs:,} jobs run in order, against sorting their events once", right, right_sort, 10),
        row(f"judge: {jobs:,} jobs run at random, nearly all overtaken", wrong, wrong_sort, 10),
        row("judge: jobs run in order, against a tenth of them", right, small, 14),
    ]
