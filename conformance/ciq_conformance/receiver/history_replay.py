"""Plays a history of deliveries and says what deviates. Standard library only: the stand-alone script embeds it.

A history is a list of moves; each move names jobs by number. The rule: a job whose whole callback was accepted is
counted once; a job of which no whole callback was sent is never counted. After a callback that the sender left, both
are right.
"""

import argparse
import base64
import json
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ciq_conformance.receiver.counting import times_counted
from ciq_conformance.receiver.wire import Answer, Delivery, send, send_together

ONE, TOGETHER, CUT, LEFT = "one", "together", "cut", "left"
"""Moves: a callback, several at once, one that breaks off, one whose sender leaves before the response."""


@dataclass(frozen=True)
class Move:
    """One move of a history; `jobs` has several numbers for `together`, which may repeat."""

    kind: str
    jobs: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.kind} {' '.join(str(job) for job in self.jobs)}"


@dataclass
class JobSent:
    """What a history did with one job."""

    accepted: int = 0
    rejected: list[str] = field(default_factory=list)
    whole: int = 0
    """Whole callbacks, with those that the sender left."""


def sent_by(moves: Sequence[Move], answers: Sequence[Sequence[Answer]]) -> dict[int, JobSent]:
    """Returns what happened to each job; `answers` has the answers of each move."""
    found: dict[int, JobSent] = {}
    for move, given in zip(moves, answers, strict=True):
        for job, answer in zip(move.jobs, given, strict=True):
            state = found.setdefault(job, JobSent())
            if move.kind == CUT:
                continue
            state.whole += 1
            if move.kind == LEFT:
                continue
            if 200 <= answer.status < 300:
                state.accepted += 1
            else:
                state.rejected.append(f"HTTP {answer.status}" if answer.status else answer.error)
    return found


def expected_times(state: JobSent) -> int | None:
    """Returns how often a job must be counted; None when both 0 and 1 are right."""
    if state.accepted:
        return 1
    return None if state.whole else 0


def deviations(states: Mapping[int, JobSent], counts: Mapping[int, int | None]) -> list[str]:
    """Returns what deviates from the rule, in words."""
    found = []
    for job, state in sorted(states.items()):
        found += [f"the callback of job {job} was not accepted: {reason}" for reason in state.rejected]
        times, expected = counts.get(job), expected_times(state)
        if expected is not None and times is not None and times != expected:
            found.append(f"job {job} was counted {times} times, expected {expected}")
        elif expected is None and times is not None and times > 1:
            found.append(f"job {job} was counted {times} times, expected at most 1")
    return found


def play_move(move: Move, deliveries: Mapping[int, Delivery], within: float) -> list[Answer]:
    """Sends one move; `deliveries` has the plain callback of each job."""
    plain = [deliveries[job] for job in move.jobs]
    if move.kind == TOGETHER:
        return send_together(plain, within)
    return [send(changed(move.kind, delivery), within) for delivery in plain]


def changed(kind: str, delivery: Delivery) -> Delivery:
    """Returns the delivery as a move of this kind sends it."""
    values = {**delivery.__dict__}
    if kind == CUT:
        values["cut"] = len(delivery.body) * 3 // 4
    if kind == LEFT:
        values["leave"] = True
    return Delivery(**values)


def await_counts(
    states: Mapping[int, JobSent], count: Callable[[int], int | None], within: float
) -> dict[int, int | None]:
    """Asks until each accepted job is counted, at most `within` seconds; then once more, for late second effects."""
    end = time.monotonic() + within
    waiting = [job for job, state in states.items() if state.accepted]
    while waiting and time.monotonic() < end:
        waiting = [job for job in waiting if not count(job)]
        if waiting:
            time.sleep(0.05)
    return {job: count(job) for job in states}


def main(case: Mapping[str, Any]) -> int:
    """Plays the case against the receiver of the command line; returns 1 when it deviates again, else 0."""
    parser = argparse.ArgumentParser(description=f"Plays {case['rule']} against a receiver: {case['title']}.")
    parser.add_argument("url", nargs="?", default=case["url"], help=f"address of the receiver ({case['url']})")
    parser.add_argument("--seen-url", default=case["seen_url"], help="address with {job_id} that answers the count")
    parser.add_argument("--seen-command", default=case["seen_command"], help="command with {job_id} that prints it")
    given = parser.parse_args()
    moves = [Move(kind, tuple(jobs)) for kind, jobs in case["moves"]]
    letters = {int(job): str(identifier) for job, identifier in case["jobs"].items()}
    fresh = {job: identifier[:1] + uuid.uuid4().hex for job, identifier in letters.items()}
    deliveries = {
        job: Delivery(
            url=given.url,
            body=base64.b64decode(case["bodies"][str(job)]).replace(letters[job].encode(), fresh[job].encode()),
            content_type=case["content_type"],
        )
        for job in letters
    }

    def count(job: int) -> int | None:
        if given.seen_command:
            line = shlex.split(given.seen_command.replace("{job_id}", fresh[job]))
            return times_counted(200, subprocess.run(line, capture_output=True, timeout=60, check=False).stdout)  # noqa: S603
        place = given.seen_url.replace("{job_id}", quote(fresh[job], safe=""))
        answer = send(Delivery(url=place, method="GET", content_type=""), case["within"])
        return times_counted(answer.status, answer.body)

    answers = []
    for move in moves:
        got = play_move(move, deliveries, case["within"])
        answers.append(got)
        sys.stdout.write(f"{move}: {json.dumps([answer.status or answer.error for answer in got])}\n")
    states = sent_by(moves, answers)
    counts = await_counts(states, count, case["effect_within"]) if given.seen_url or given.seen_command else {}
    found = deviations(states, counts)
    sys.stdout.write("\n".join(found or ["no deviation"]) + "\n")
    return 1 if found else 0
