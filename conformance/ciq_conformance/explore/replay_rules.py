"""What a replayed history contradicts, in plain words. Standard library only: the last part of each script."""

import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ciq_conformance.explore.replay import ENDED, SLACK, STARTED, WAITING, Job, Replay
from ciq_conformance.explore.replay_wire import Trouble


def order(played: Replay) -> Iterator[str]:
    """Jobs that started though another, due first, still waited."""
    jobs = list(played.jobs.values())
    grace = SLACK + played.case["start_latency"]
    overtaken = {}
    for late in jobs:
        for early in jobs:
            due = (late.level > early.level and early.not_before >= late.answered + grace) or (
                late.level == early.level and late.answered < early.sent
            )
            if due and early.not_after + SLACK <= late.not_before:
                gap = late.not_before - early.not_after
                overtaken[late.id] = (
                    f"{early} had started {gap:.2f} s before {late} was seen waiting, which was due first"
                )
    stops = len(played.restarts) + (len(played.pauses) if played.case["halting"] else 0)
    excused = played.case["workers"] * stops
    if len(overtaken) > excused:
        yield from overtaken.values()


def held_look(played: Replay, job: Job, begin: float, end: float) -> float | None:
    """When a look in a paused queue showed that nobody had taken the job."""
    grace = SLACK + played.case["start_latency"]
    looks = (received for state, sent, received in job.looks if state in WAITING and sent >= begin + grace)
    return next((received for received in looks if received <= end), None)


def leaks(played: Replay) -> Iterator[str]:
    """Jobs that left the waiting states while the queue was paused."""
    for begin, end in played.pauses:
        for job in played.jobs.values():
            held = held_look(played, job, begin, end)
            if job.sent >= begin + SLACK + played.case["start_latency"] and job.not_after < end:
                yield f"{job} was submitted to the paused queue and had started {job.not_after - begin:.2f} s later"
            elif held is not None and any(s in STARTED and sent > held and got < end for s, sent, got in job.looks):
                yield f"{job} was seen waiting in the paused queue, and then started before it was resumed"


def lost(played: Replay) -> Iterator[str]:
    """Jobs that nobody cancelled and that did not end as Success."""
    for job in played.jobs.values():
        refused = job.cancelled is not None and 400 <= job.cancelled[2] < 500
        if (job.cancelled is None or refused) and job.state != "Success":
            yield f"{job} was last seen {job.state}, though nobody cancelled it and the queue is active"


def cancelled(played: Replay) -> Iterator[str]:
    """Jobs that were cancelled while they waited and did not stay so."""
    for job in played.jobs.values():
        if job.cancelled is None or job.cancelled[2] // 100 != 2:
            continue
        sent, answered, _ = job.cancelled
        spans = [begin for begin, end in played.pauses if begin <= sent and answered <= end]
        if not spans or held_look(played, job, spans[0], sent) is None:
            continue
        after = [state for state, at, _ in job.looks if at > answered]
        if any(state in STARTED for state in after) or (after and after[-1] != "Cancel"):
            yield f"{job} was cancelled while it waited, and then shown {', '.join(dict.fromkeys(after))}"


def states(played: Replay) -> Iterator[str]:
    """States that went back."""
    for job in played.jobs.values():
        for (earlier, _, before), (later, sent, _) in pairwise(job.looks):
            ended_changed = earlier in ENDED and later != earlier
            if before <= sent and (ended_changed or (earlier == "Running" and later == "Cancel")):
                yield f"{job} was {earlier}, later {later}"


def told(played: Replay) -> Iterator[str]:
    """Ended jobs that were not told where they should, and told jobs that should not."""
    for job in played.jobs.values():
        channels = {channel for _, channel in played.listener.channels_of(job.id)}
        wanted = {"own"} if job.own else set(job.rules)
        if set(job.rules) == {"off"} and not job.own and channels:
            yield f"{job} was told although the rule was Off"
        elif "off" in job.rules or job.state not in ("Success", "Failed") or channels & wanted:
            continue
        elif channels:
            yield f"{job} was told at another address than the one in force"
        elif not any(op[0] in ("failing", "restart") for op in played.case["history"]):
            yield f"{job} ended as {job.state}, and no callback came"


def told_too_soon(played: Replay) -> Iterator[str]:
    """Jobs that were told and after that shown not ended."""
    for job in played.jobs.values():
        arrivals = played.listener.channels_of(job.id)
        if arrivals and any(sent > arrivals[0][0] and state not in ENDED for state, sent, _ in job.looks):
            yield f"{job} was told before it had ended"


def restarted(played: Replay) -> Iterator[str]:
    """What the target did not know any more after a restart."""
    yield from (f"forgotten in a restart: {what}" for what in played.forgotten)


RULES = {
    "EXP-001": order,
    "EXP-002": leaks,
    "EXP-003": lost,
    "EXP-004": cancelled,
    "EXP-005": states,
    "EXP-006": told,
    "EXP-007": told_too_soon,
    "EXP-008": restarted,
}


def main(case: dict[str, Any], tries: int = 3) -> int:
    """Play the history until the deviation is seen, at most `tries` times; return the exit code."""
    write = sys.stdout.write
    write(f"{case['rule']} on {case['feature']}: {case['title']}\n")
    try:
        for attempt in range(1, tries + 1):
            played = Replay(case)
            try:
                played.play()
            finally:
                played.put(played.found["State"], None)
                played.listener.server.shutdown()
                played.listener.server.server_close()
            seen = list(RULES[case["rule"]](played))
            if seen:
                write("".join(f"DEVIATES (try {attempt}): {text}\n" for text in seen[:5]))
                return 1
    except Trouble as trouble:
        write(f"cannot tell: {trouble}\n")
        return 2
    write(f"not seen in {tries} tries: {len(played.jobs)} jobs ran as the documents say\n")
    return 0
