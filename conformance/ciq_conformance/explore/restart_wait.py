"""Waits for a restarted target: until it answers, then until it shows its earlier state, each with a deadline.

A restart command may return before the target is ready: a proxy may answer 503, or a cache may be empty. No document
defines how soon a list is complete, so the last observation counts. Judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job

BACK_WITHIN = 60.0
"""Longest time (seconds, times the timeout factor) until a list of queues is answered with other than 5xx."""
SHOWN_WITHIN = 2.0
"""From there on, longest time until the target shows queue, rule and jobs as before."""
_POLL_INTERVAL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the target must show after the restart."""

    jobs: tuple[str, ...]
    state: QueueState
    address: str
    """Address of the callback rule; empty when the rule is off."""


@dataclass(frozen=True, slots=True)
class After:
    """The last list of queues and the last observations of jobs."""

    listed: ParsedExchange
    seen: Mapping[str, Job]


def wait_for_return(ctx: ScenarioContext, list_step: str, look_step: str, known: Known) -> After:
    """Poll until the target shows everything in `known`, or the time is over."""
    listed = _first_answer(ctx, list_step)
    end = ctx.now() + SHOWN_WITHIN * ctx.timeouts.scale
    while True:
        seen = ctx.look(look_step, known.jobs)
        missing = [job for job in known.jobs if job not in seen]
        if not missing and _shown(ctx, listed, known):
            return After(listed, seen)
        if ctx.now() >= end:
            break
        ctx.pause_thread(_POLL_INTERVAL)
        listed = ctx.calls.list_queues(list_step)
    for job in missing:  # one unknown id may have kept an answer from containing the others
        seen |= ctx.look(look_step, [job])
    return After(listed, seen)


def _first_answer(ctx: ScenarioContext, step: str) -> ParsedExchange:
    end = ctx.now() + BACK_WITHIN * ctx.timeouts.scale
    while True:
        listed = ctx.calls.list_queues(step)
        if listed.ok or listed.refused or ctx.now() >= end:
            return listed
        ctx.pause_thread(_POLL_INTERVAL)


def _shown(ctx: ScenarioContext, listed: ParsedExchange, known: Known) -> bool:
    queue = next((queue for queue in listed.queue_list.queues if queue.queue_id == ctx.queue_id), None)
    if queue is None or queue.state != known.state:
        return False
    rule = queue.notify_config
    if not known.address:
        return rule is None or rule.state != "On"
    return rule is not None and rule.state == "On" and rule.url == known.address
