"""Checks of the scenario `deactivation` (ACT-007, ACT-011 to ACT-013)."""

from ciq_conformance.areas.deactivation import SPEC
from ciq_conformance.areas.deactivation.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import is_speed_queue
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Queue


@check("ACT-007", SPEC)
@with_preconditions
def deactivation_removes_the_queue(evidence: Evidence, item: Item) -> Finding:
    """DELETE succeeds, and the queue list is then empty or rejected because the feature is off."""
    expected = "success with RequestId and BucketName, and no queue of the feature afterwards"
    response = expect_success(evidence, SPEC, Label.DEACTIVATE, expected)
    root = raw.response_root(response)
    missing = [name for name in ("RequestId", "BucketName") if not raw.child_text(root, name)]
    if missing:
        return deviates(expected, f"the response has no {' and no '.join(missing)}", witness=record_ids(response))
    require_response(evidence, SPEC, Label.QUEUES_WITHOUT)
    after = evidence.of(SPEC, Label.QUEUES_WITHOUT)[-1]  # a list may still have the queue for a while
    if after.ok and after.queue_list.queues:
        left = ", ".join(raw.text(queue.queue_id) for queue in after.queue_list.queues)
        return deviates(expected, f"{left} is still listed", witness=record_ids(response, after))
    if not after.ok and not after.refused:
        return blocked(
            f"the queue list after deactivation returned {describe_response(after)}", witness=record_ids(after)
        )
    return holds(
        f"the queue list returned {describe_response(after)} without a queue", witness=record_ids(response, after)
    )


@check("ACT-011", SPEC)
@with_preconditions
def submit_after_deactivation_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a submit while the feature is off."""
    require_success(evidence, SPEC, Label.DEACTIVATE)
    return expect_rejections(
        require_responses(evidence, SPEC, Label.SUBMIT_WITHOUT), "the target rejects a job with 4xx after deactivation"
    )


def _queues_after_reactivation(evidence: Evidence, item: Item, expected: str) -> tuple[ParsedExchange, list[Queue]]:
    """Returns the last queue list after the reactivation, and its queues without the documented extra queue."""
    require_success(evidence, SPEC, Label.DEACTIVATE)
    expect_success(evidence, SPEC, Label.REACTIVATE, expected)
    expect_success(evidence, SPEC, Label.QUEUES_AGAIN, expected)
    response = evidence.of(SPEC, Label.QUEUES_AGAIN)[-1]
    extra = bool(item.feature.extra_queue_names)
    return response, [queue for queue in response.queue_list.queues if not (extra and is_speed_queue(queue))]


@check("ACT-012", SPEC)
@with_preconditions
def reactivation_creates_one_queue(evidence: Evidence, item: Item) -> Finding:
    """The queue list has exactly one queue after the reactivation."""
    expected = "exactly one queue after the reactivation"
    response, queues = _queues_after_reactivation(evidence, item, expected)
    names = ", ".join(f"{queue.name} ({queue.queue_id})" for queue in queues)
    if len(queues) != 1:
        return deviates(expected, f"{len(queues)}: {names or 'none'}", witness=record_ids(response))
    return holds(names, witness=record_ids(response))


@check("ACT-013", SPEC)
@with_preconditions
def reactivation_creates_a_new_queue(evidence: Evidence, item: Item) -> Finding:
    """The queue after the reactivation has the default Name, State and rule, not those of the deleted queue."""
    names = item.feature.queue_names
    expected = f"a new queue: Name {' or '.join(names)}, State Active, callback rule Off"
    response, queues = _queues_after_reactivation(evidence, item, expected)
    if len(queues) != 1:
        return blocked("the list does not have exactly one queue; see ACT-012", witness=record_ids(response))
    queue, config = queues[0], queues[0].notify_config
    faults = [] if raw.text(queue.name) in names else [f"Name {queue.name}"]
    faults += [] if raw.text(queue.state) == QueueState.ACTIVE else [f"State {queue.state}"]
    if config is not None and (raw.text(config.state) == "On" or raw.text(config.url)):
        faults.append(f"a rule that is {config.state or 'without State'}, Url {config.url or 'none'}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{queue.name}, Active, no rule", witness=record_ids(response))
