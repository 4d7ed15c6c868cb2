"""Checks of the scenario `isolation`: one queue a feature, and none touches another (ONE)."""

from collections.abc import Iterator

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Collected,
    Finding,
    absent,
    blocked,
    cannot_tell,
    deviates,
    holds,
)
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.reply import Reply
from ciq_conformance.steps.isolation import Step, beside
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, QueueState
from ciq_schemas.requirement import Scenario
from ciq_schemas.run import Exchange, Mark
from ciq_schemas.values import Queue

ALONE = "only one feature is in this run; select another beside it (--feature) to judge how they keep apart"


def _beside(evidence: Evidence, step: Step) -> Iterator[Reply]:
    """Exchanges with siblings while this feature was the subject."""
    label = beside(evidence.feature, step)
    for record in evidence.records:
        if isinstance(record, Exchange) and record.scenario == Scenario.ISOLATION and record.step == label:
            yield Reply(record)


def _queues(evidence: Evidence, step: Step) -> dict[str, tuple[Reply, Queue]]:
    """The siblings' queues at a stop, by feature."""
    found = {}
    for reply in _beside(evidence, step):
        if reply.ok and reply.queue_list.queues:
            found[reply.exchange.feature] = (reply, reply.queue_list.queues[0])
    return found


def _obstacle(evidence: Evidence) -> Finding | None:
    mark = evidence.obstacle(Scenario.ISOLATION)
    if mark is not None:
        return (absent if mark.name == "unsupported" else blocked)(mark.text, witness=(mark.seq,))
    if not any(_beside(evidence, Step.BEFORE)):
        return absent(ALONE)
    return None


@check("ONE-003")
def ids_differ(evidence: Evidence, item: Item) -> Finding:
    """No queue id of this feature is listed by a sibling."""
    stop = _obstacle(evidence)
    own = evidence.one(Scenario.ISOLATION, Step.OWN)
    if stop or own is None:
        return stop or blocked("the feature's own queues were not listed")
    mine = {queue.queue_id for queue in own.queue_list.queues if queue.queue_id}
    shared = Collected()
    for reply in _beside(evidence, Step.BEFORE):
        for queue in reply.queue_list.queues:
            if queue.queue_id in mine:
                shared.add(reply.exchange.seq, f"{queue.queue_id} is listed by {reply.exchange.feature} too")
    if not mine:
        return blocked("the feature lists no queue")
    return shared.finding("queue ids of different features are different", holds(f"{', '.join(sorted(mine))}"))


@check("ONE-005")
def foreign_id_is_not_listed(evidence: Evidence, item: Item) -> Finding:
    """The sibling's id asked for here."""
    stop = _obstacle(evidence)
    reply = evidence.one(Scenario.ISOLATION, Step.FOREIGN_LIST)
    if stop or reply is None:
        return stop or absent(ALONE)
    seq = (reply.exchange.seq,)
    if reply.ok and reply.queue_list.queues:
        return deviates(
            "the id of another feature's queue is unknown here (NonExistPIDs)",
            f"queue {reply.queue_list.queues[0].queue_id} ({reply.queue_list.queues[0].name}) is listed",
            witness=seq,
        )
    return holds("not listed", witness=seq)


def _refused(evidence: Evidence, step: Step, what: str) -> Finding:
    stop = _obstacle(evidence)
    reply = evidence.one(Scenario.ISOLATION, step)
    if stop or reply is None:
        return stop or absent(ALONE)
    seq = (reply.exchange.seq,)
    if reply.refused:
        return holds(f"HTTP {reply.exchange.status} {reply.error.code or ''}".strip(), witness=seq)
    return deviates(f"{what} is refused with 4xx", f"HTTP {reply.exchange.status}", witness=seq)


@check("ONE-006")
def foreign_queue_in_submit(evidence: Evidence, item: Item) -> Finding:
    """A job that names the sibling's queue."""
    return _refused(evidence, Step.FOREIGN_SUBMIT, "a job that names another feature's queue")


@check("ONE-012")
def foreign_queue_in_update(evidence: Evidence, item: Item) -> Finding:
    """An update of the sibling's queue under this feature's path changes nothing there."""
    finding = _refused(evidence, Step.FOREIGN_UPDATE, "an update of another feature's queue")
    if finding.kind in ("absent", "blocked"):
        return finding
    changed = _changes(evidence, Step.AFTER_FOREIGN)
    return changed.finding("the other feature's queue is as it was", finding)


def _changes(evidence: Evidence, stop: Step) -> Collected:
    """Differences in Name and callback rule of siblings between the start and a stop."""
    before, after = _queues(evidence, Step.BEFORE), _queues(evidence, stop)
    changes = Collected()
    for feature, (reply, queue) in after.items():
        if feature not in before:
            continue
        old = before[feature][1]
        if queue.name != old.name:
            changes.add(reply.exchange.seq, f"Name of the {feature} queue went from {old.name} to {queue.name}")
        if _rule(queue) != _rule(old):
            changes.add(reply.exchange.seq, f"callback rule of the {feature} queue changed to {_rule(queue)}")
    return changes


def _rule(queue: Queue) -> tuple[str, ...]:
    config = queue.notify_config
    if config is None:
        return ()
    # A rule written back as it was may show defaults where it showed nothing, so only what matters is compared.
    return (config.url or "", config.state or "Off", config.event or "")


@check("ONE-008")
def pause_stays(evidence: Evidence, item: Item) -> Finding:
    """States of the siblings' queues before and after this queue's pause."""
    stop = _obstacle(evidence)
    if stop:
        return stop
    before, after = _queues(evidence, Step.CHANGED), _queues(evidence, Step.PAUSED)
    if not after:
        return blocked("the other queues could not be listed while this one was paused")
    touched = Collected()
    for feature, (reply, queue) in after.items():
        old = before.get(feature)
        if old and queue.state != old[1].state:
            touched.add(reply.exchange.seq, f"the {feature} queue went from {old[1].state} to {queue.state}")
    return touched.finding(
        f"pausing the {evidence.feature} queue leaves the State of the others",
        holds(f"{len(after)} other queue(s) kept their State"),
    )


@check("ONE-009")
def change_stays(evidence: Evidence, item: Item) -> Finding:
    """Name and callback rule of the siblings before and after this queue's change."""
    stop = _obstacle(evidence)
    change = evidence.one(Scenario.ISOLATION, Step.CHANGE)
    if stop or change is None or not change.ok:
        return stop or blocked("the queue's own name and rule could not be changed (see UPD-003, UPD-004)")
    if not _queues(evidence, Step.CHANGED):
        return blocked("the other queues could not be listed after the change")
    return _changes(evidence, Step.CHANGED).finding(
        f"changing name and rule of the {evidence.feature} queue leaves the others as they were",
        holds("the other queues kept Name and NotifyConfig"),
    )


@check("ONE-010")
def others_run_on(evidence: Evidence, item: Item) -> Finding:
    """A sibling's job submitted while this queue is paused."""
    stop = _obstacle(evidence)
    if stop:
        return stop
    submits = tuple(_beside(evidence, Step.SUBMIT))
    looks = tuple(_beside(evidence, Step.RUN))
    states = _queues(evidence, Step.PAUSED)
    if not submits or not looks:
        return blocked("no job of another feature could be submitted while this queue was paused")
    feature = submits[0].exchange.feature
    if feature in states and states[feature][1].state == QueueState.PAUSED:
        return deviates(
            "a job of another feature runs while this queue is paused",
            f"the {feature} queue is paused as well",
            witness=(states[feature][0].exchange.seq,),
        )
    last = [job.state for reply in looks for job in reply.jobs]
    if last and last[-1] in ENDED_BY_RUNNING:
        return holds(f"a {feature} job ended as {last[-1]}", witness=(looks[-1].exchange.seq,))
    if not any(evidence_mark.name == "expired" for evidence_mark in _marks(evidence, feature)):
        return cannot_tell("the run stopped looking before the job could end")
    return deviates(
        "a job of another feature runs while this queue is paused",
        f"the {feature} job was last seen {last[-1] if last else 'never'}",
        witness=(submits[0].exchange.seq, looks[-1].exchange.seq),
    )


def _marks(evidence: Evidence, feature: str) -> Iterator[Mark]:
    label = beside(evidence.feature, Step.RUN)
    for record in evidence.records:
        if isinstance(record, Mark) and record.feature == feature and label in record.text:
            yield record
