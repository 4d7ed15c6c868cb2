"""The attacks on the mock, long: killed processes, malformed bodies, flipped bits, slow senders. `tox -e torture`."""

import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from durable_bench import Client, mock_process, part, submit_body
from torture_figures import BODIES, FLIPS, KILLS, SECONDS, SEED, SLOW_CLIENTS, Figures

from ciq_mock.cli import option_parser
from ciq_mock.server import MockServer
from ciq_mock.settings import Limits, MockSettings
from ciq_schemas.features import Feature

pytestmark = pytest.mark.slow
CLIENTS = 4
FULL_ROUNDS = 20
COMPACTS = "compact" in vars(option_parser().parse_args([]))
RECOVERS = "recover" in vars(option_parser().parse_args([]))
PAGE = 4096
"""Bytes of a page of the journal, about those of a frame of its log."""
LONG = ("--duration", "3600", "--workers", "1", "--max-size", "1000000")


def compact_and_kill(folder: Path, after: float) -> None:
    """Start a compaction of the journal and kill it after some seconds."""
    command = [sys.executable, "-m", "ciq_mock", "--data", str(folder), "--compact"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()


def submit_until_killed(port: int, ids: list[str]) -> None:
    """Submit jobs until the mock does not answer any more; note each id that it acknowledged."""
    with suppress(OSError, HTTPException), Client(port) as client:
        while True:
            ids.append(client.submit())


def test_killed_mock_loses_nothing_it_acknowledged(tmp_path: Path, figures: Figures) -> None:
    """Each round kills the mock during submits, and every fourth round a compaction; the next mock knows all jobs."""
    chance = random.Random(SEED)
    end = time.monotonic() + SECONDS
    known: list[str] = []
    rounds = compactions = 0
    while rounds < KILLS and time.monotonic() < end:
        fresh: list[list[str]] = [[] for _ in range(CLIENTS)]
        with mock_process(tmp_path, *LONG) as mock:
            with Client(mock.port) as client:
                sample = known[-200:] + chance.sample(known, min(100, len(known)))
                assert client.known(sample) == set(sample), f"round {rounds}"
            threads = [threading.Thread(target=submit_until_killed, args=(mock.port, ids)) for ids in fresh]
            for thread in threads:
                thread.start()
            threading.Event().wait(chance.uniform(0.01, 0.3))
            mock.kill()
            for thread in threads:
                thread.join(60)
        known += [job_id for ids in fresh for job_id in ids]
        rounds += 1
        if COMPACTS and rounds % 4 == 0:
            compact_and_kill(tmp_path, chance.uniform(0.1, 1.0))
            compactions += 1
    assert len(set(known)) == len(known)
    with mock_process(tmp_path, *LONG) as mock, Client(mock.port) as client:
        assert client.known(known) == set(known)
    count = f"{rounds} rounds" + (f", {compactions} killed compactions" if COMPACTS else "")
    figures.add("`kill -9` during submits", count, f"{len(known)} acknowledged jobs, none lost, no id twice")


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A body with some random damage."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + chance.randint(1, 40)]
            case 2:
                data[place:place] = chance.choice((b"<", b">", b"&", b"\x00", b"]]>", b"<!--", b"&#0;", b"\xff\xfe"))
            case 3:
                data[place:place] = chance.choice((b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<Operation>" * 50, b"&b;" * 20))
            case 4:
                other = chance.randrange(len(data) + 1)
                data[place:place] = data[other : other + chance.randint(1, 200)]
            case _:
                data[place:place] = bytes(chance.randrange(256) for _ in range(8))
    return bytes(data)


def test_damaged_bodies_cause_no_server_error(figures: Figures) -> None:
    """Every answer is 200 or a refusal, and the mock accepts a valid job afterwards."""
    end = time.monotonic() + SECONDS
    with MockServer(MockSettings(activated=tuple(Feature), duration=0.0, max_size=1_000_000)) as server:

        def attack(number: int) -> tuple[int, int, list[bytes]]:
            chance = random.Random(SEED * 1000 + number)
            sent, accepted, wrong = 0, 0, []
            connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
            valid = submit_body(extra="<CallBack>no</CallBack>")
            while sent < BODIES // CLIENTS and time.monotonic() < end:
                body = damaged(valid, chance)
                connection.request("POST", "/jobs", body)
                response = connection.getresponse()
                response.read()
                sent += 1
                accepted += response.status == 200
                if response.status >= 500:
                    wrong.append(body)
            connection.close()
            return sent, accepted, wrong

        with ThreadPoolExecutor(CLIENTS) as clients:
            results = list(clients.map(attack, range(CLIENTS)))
        with Client(server.port) as client:
            assert client.submit()
    assert [body for _, _, wrong in results for body in wrong] == []
    sent, accepted = sum(one[0] for one in results), sum(one[1] for one in results)
    figures.add("Damaged request bodies", f"{sent}", f"no 5xx; {accepted} were still valid")


@pytest.mark.skipif(not RECOVERS, reason="this mock has no checksums in its journal")
def test_flipped_bit_is_found_or_harmless(tmp_path: Path, figures: Figures) -> None:
    """A mock on a journal with a flipped bit refuses with a message, or has all jobs; `--recover` always starts.

    Half of the bits are in the write-ahead log, a tenth in its last frame, a tenth in the first page of the file.
    """
    chance = random.Random(SEED)
    end = time.monotonic() + SECONDS
    whole = tmp_path / "whole"
    with mock_process(whole, *LONG) as mock, Client(mock.port) as client:
        ids = [client.submit() for _ in range(300)]
        mock.kill()
    refused = harmless = 0
    kept: list[int] = []
    while refused + harmless < FLIPS and time.monotonic() < end:
        folder = tmp_path / "flipped"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        files = {path.name: path for path in folder.iterdir() if path.is_file() and path.stat().st_size}
        path = files[chance.choices([*files], [5 if name.endswith("-wal") else 2 for name in files])[0]]
        data = bytearray(path.read_bytes())
        begin, end_place = chance.choice([(0, len(data))] * 4 + [(0, PAGE), (len(data) - PAGE, len(data))])
        data[chance.randrange(max(0, begin), min(len(data), end_place))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        command = [sys.executable, "-m", "ciq_mock", "--data", str(folder), "--compact"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode:
            assert done.stderr.startswith("ciq mock: "), done.stderr
            refused += 1
        else:
            harmless += 1
        with (
            mock_process(folder, *LONG, *(("--recover",) if done.returncode else ())) as mock,
            Client(mock.port) as client,
        ):
            found = client.known(ids)
        assert found == set(ids[: len(found)]), "what precedes the damage is kept, in order"
        if not done.returncode:
            assert found == set(ids), f"the mock accepted a damaged {path.name} without a message"
        kept.append(len(found))
    saved = f"{min(kept)} to {max(kept)} of {len(ids)} jobs"
    result = f"{refused} refused with a message, {harmless} harmless; `--recover` kept {saved}"
    figures.add("One flipped bit in the journal", f"{refused + harmless}", result)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small file system")
def test_full_file_system_answers_reads_and_reset(tmp_path: Path, figures: Figures) -> None:
    """A file system of 2 MiB is filled by the mock, then by another program; nothing acknowledged is lost."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("tmpfs cannot be mounted here")
    resets = refused = 0
    try:
        with mock_process(tmp_path, *LONG) as mock, Client(mock.port) as client:
            for _ in range(FULL_ROUNDS):
                kept = [client.submit()]
                with (tmp_path / "other").open("ab", buffering=0) as other, suppress(OSError):
                    while True:
                        other.write(bytes(PAGE))
                while (answer := client.send("POST", "/jobs", submit_body()))[0] == 200:
                    kept.append(part(answer[1], "JobId"))
                assert (answer[0], part(answer[1], "Code")) == (500, "InternalError")
                refused += 1
                assert client.known(kept) == set(kept)
                status, _ = client.send("POST", "/_ciq/reset")
                assert status == 200
                resets += 1
                (tmp_path / "other").unlink()
            kept = [client.submit() for _ in range(10)]
            mock.kill()
        with mock_process(tmp_path, *LONG) as mock, Client(mock.port) as client:
            assert client.known(kept) == set(kept)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=False)
    figures.add(
        "Full file system of 2 MiB", f"{FULL_ROUNDS} rounds", f"{refused} times refused, {resets} resets, no job lost"
    )


def test_slow_senders_delay_no_other_client(figures: Figures) -> None:
    """Hundreds of clients that send a byte now and then are disconnected; a good client is answered meanwhile."""
    limits = Limits(header_timeout=3.0)
    with MockServer(MockSettings(activated=(Feature.MEDIA,), limits=limits)) as server, ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            for _ in range(SLOW_CLIENTS)
        ]
        for sock in slow:
            sock.sendall(b"GET /queue HTTP/1.1\r\nX-A: ")
        client = stack.enter_context(Client(server.port))
        open_clients, longest, begin = list(slow), 0.0, time.monotonic()
        while open_clients and time.monotonic() - begin < 60:
            for sock in list(open_clients):
                try:
                    sock.sendall(b"x")
                except OSError:
                    open_clients.remove(sock)
            before = time.monotonic()
            client.submit()
            longest = max(longest, time.monotonic() - before)
            threading.Event().wait(0.05)
        lasted = time.monotonic() - begin
    assert not open_clients, "the mock keeps slow clients"
    assert lasted > 2.0, "the mock took the slow requests for invalid ones"
    assert longest < 2.0
    figures.add(
        "Clients that send a byte now and then",
        f"{SLOW_CLIENTS}",
        f"all disconnected after {lasted:.0f} s (limit 3 s); another client waited at most {longest * 1000:.0f} ms",
    )
