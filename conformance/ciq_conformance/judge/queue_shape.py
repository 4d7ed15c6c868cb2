"""Reads queues in lists and in responses to updates; shared by the checks of queues."""

from ciq_conformance.judge.finding import blocked
from ciq_schemas import times
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import NotifyConfig, Queue

NO_QUEUE = blocked("no list contained a queue; see QUE-001 and ACT-004")
STATES = frozenset(state.value for state in QueueState)

_NAMED = {
    "QueueId": "queue_id",
    "Name": "name",
    "State": "state",
    "CreateTime": "create_time",
    "UpdateTime": "update_time",
}
_SIZES = {"MaxSize": "max_size", "MaxConcurrent": "max_concurrent"}


def missing_elements(queue: Queue, *, sizes: bool = True) -> list[str]:
    """Returns documented elements that are absent or empty; with `sizes` also MaxSize and MaxConcurrent."""
    wanted = _NAMED | (_SIZES if sizes else {})
    gone = [element for element, attribute in wanted.items() if not raw.text(getattr(queue, attribute))]
    return gone + ([] if queue.notify_config is not None else ["NotifyConfig"])


def spelled_queue_id_upper(response: ParsedExchange, container: str) -> bool:
    """Returns whether the response writes QueueID for QueueId, as some old samples do."""
    entries = raw.children(raw.response_root(response), container)
    return any(raw.child_text(e, "QueueID") and not raw.child_text(e, "QueueId") for e in entries)


def rule_of(config: NotifyConfig | None) -> tuple[str, frozenset[str], str, str, str]:
    """Returns Url, events, Type, State and ResultFormat of a rule, to compare two rules."""
    if config is None:
        return ("", frozenset(), "", "", "")
    return (
        raw.text(config.url),
        events(config.event),
        raw.text(config.type),
        raw.text(config.state),
        raw.text(config.result_format),
    )


def events(value: str | None) -> frozenset[str]:
    """Returns the events of a rule: one element, comma-separated, in no documented order."""
    return frozenset(part.strip() for part in (value or "").split(",") if part.strip())


def updatable_values(queue: Queue) -> dict[str, object]:
    """Returns the elements that an update can change, without UpdateTime."""
    return {
        "Name": raw.text(queue.name),
        "State": raw.text(queue.state),
        "NotifyConfig": rule_of(queue.notify_config),
    }


def same_moment(one: str | None, other: str | None) -> bool:
    """Returns whether two times name one moment, or are equal texts when they cannot be parsed."""
    first, second = times.parse(one), times.parse(other)
    if first is None or second is None:
        return raw.text(one) == raw.text(other)
    return first == second


def listed(response: ParsedExchange, queue_id: str) -> Queue | None:
    """Returns the queue of that id in a list."""
    return next((q for q in response.queue_list.queues if raw.text(q.queue_id) == queue_id), None)


def is_speed_queue(queue: Queue) -> bool:
    """Returns whether this is the documented second queue of media (1045/72939, 436/53970)."""
    named = raw.text(queue.name).startswith("queue-speed-transcoding-process")
    return named or raw.text(queue.category) == "SpeedTranscoding"
