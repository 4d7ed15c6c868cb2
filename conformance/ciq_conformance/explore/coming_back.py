"""Waiting for a restarted target: until it answers, then until it shows what it knew, each with a deadline.

A command that restarts may return before the target is of use: a proxy answers 503 meanwhile, or a cache has to fill.
No document says how soon a list tells all, so the last look counts. Judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ciq_conformance.driver.stage import Stage
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job

BACK_WITHIN = 60.0
"""Longest time (seconds, times the patience) for the first answer to a list of queues that is no 5xx."""
SHOWN_WITHIN = 2.0
"""The same from there on for showing queue, rule and jobs as they were."""
_AWAY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the target was told before the restart."""

    jobs: tuple[str, ...]
    state: QueueState
    address: str
    """Where callbacks go; empty = the rule is off."""


@dataclass(frozen=True, slots=True)
class After:
    """The last looks."""

    listed: ParsedExchange
    seen: Mapping[str, Job]


def wait_for_return(stage: Stage, list_step: str, look_step: str, known: Known) -> After:
    """Look until the target shows what is known, or the time for that is over."""
    listed = _first_answer(stage, list_step)
    end = stage.now() + SHOWN_WITHIN * stage.patience.scale
    while True:
        seen = stage.look(look_step, known.jobs)
        missing = [job for job in known.jobs if job not in seen]
        if not missing and _shown(stage, listed, known):
            return After(listed, seen)
        if stage.now() >= end:
            break
        stage.pause_thread(_AWAY)
        listed = stage.calls.list_queues(list_step)
    for job in missing:  # one unknown id may have kept an answer from telling of the others
        seen |= stage.look(look_step, [job])
    return After(listed, seen)


def _first_answer(stage: Stage, step: str) -> ParsedExchange:
    end = stage.now() + BACK_WITHIN * stage.patience.scale
    while True:
        listed = stage.calls.list_queues(step)
        if listed.ok or listed.refused or stage.now() >= end:
            return listed
        stage.pause_thread(_AWAY)


def _shown(stage: Stage, listed: ParsedExchange, known: Known) -> bool:
    queue = next((queue for queue in listed.queue_list.queues if queue.queue_id == stage.queue_id), None)
    if queue is None or queue.state != known.state:
        return False
    rule = queue.notify_config
    if not known.address:
        return rule is None or rule.state != "On"
    return rule is not None and rule.state == "On" and rule.url == known.address
