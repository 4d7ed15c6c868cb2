"""Finds the queue in the lists of the scenario `update`; shared by its checks."""

from ciq_conformance.areas.update import SPEC
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.queue_shape import listed, spelled_queue_id_upper
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Queue

QUEUE_NOT_FOUND = frozenset({"QueueNotFound", "1106"})
"""Name and number of the code (1045/33700)."""


def listed_at(evidence: Evidence, step: str) -> tuple[ParsedExchange, Queue] | None:
    """Returns the last list of a step and the queue in it; None when not listed.

    The suite repeats the list of a step until it shows the update.
    """
    response = next(reversed(evidence.of(SPEC, step)), None)
    if response is None or not response.ok:
        return None
    own = raw.query_value(response.exchange, "queueIds") or ""
    queue = listed(response, own)
    if queue is None and len(response.queue_list.queues) == 1 and spelled_queue_id_upper(response, "QueueList"):
        queue = response.queue_list.queues[0]
    return None if queue is None else (response, queue)
