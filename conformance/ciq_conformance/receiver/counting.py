"""Reads the answer to the question how often a job was counted. Pure; shared by player, checks and scripts."""

import json

_NEVER = (404, 410)


def times_counted(status: int, body: bytes) -> int | None:
    """Returns N of `{"times": N}`, 0 for HTTP 404, and None for an answer that says neither."""
    if status in _NEVER:
        return 0
    if not 200 <= status < 300:
        return None
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    times = answer.get("times") if isinstance(answer, dict) else None
    return times if isinstance(times, int) and not isinstance(times, bool) and times >= 0 else None
