"""Checks of the scenario `isolation`: each feature has one queue, and no queue affects another (ONE)."""

from collections.abc import Callable, Iterator, Sequence

from ciq_conformance.areas.isolation import SPEC
from ciq_conformance.areas.isolation.labels import Label, beside
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    Kind,
    blocked,
    deviates,
    holds,
    inconclusive,
    left_out,
    untested,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.records import DriverEvent, Exchange
from ciq_schemas.transcript.requests import requested_jobs
from ciq_schemas.values import Queue

ALONE = "this run has only one feature; select a second one (--feature) to judge their isolation"


def _beside(evidence: Evidence, step: Label) -> Iterator[ParsedExchange]:
    """Exchanges with the other features while this feature was tested."""
    label = beside(evidence.feature, step)
    for record in evidence.records:
        if isinstance(record, Exchange) and record.scenario == SPEC.name and record.step == label:
            yield ParsedExchange(record)


def _queues(evidence: Evidence, step: Label) -> dict[str, tuple[ParsedExchange, Queue]]:
    """The queues of the other features at one step, by feature."""
    found = {}
    for response in _beside(evidence, step):
        if response.ok and response.queue_list.queues:
            found[response.exchange.feature] = (response, response.queue_list.queues[0])
    return found


def _early_finding(evidence: Evidence) -> Finding | None:
    event = evidence.blocking_event(SPEC)
    if event is not None:
        return (untested if event.name == "unsupported" else blocked)(event.text, witness=(event.seq,))
    if not any(_beside(evidence, Label.BEFORE)):
        return left_out(ALONE)
    return None


@check("ONE-003", SPEC)
def features_have_different_queue_ids(evidence: Evidence, item: Item) -> Finding:
    """No other feature lists a queue id of this feature."""
    early = _early_finding(evidence)
    own = evidence.one(SPEC, Label.OWN)
    if early or own is None:
        return early or blocked("the suite did not list the queues of this feature")
    own_ids = {queue.queue_id for queue in own.queue_list.queues if queue.queue_id}
    shared = Deviations()
    # Lists with state=Paused count too, while this queue is paused: a filter may ignore the feature.
    for response in (*_beside(evidence, Label.BEFORE), *_beside(evidence, Label.PAUSED_ONLY)):
        condition = " with state=Paused" if raw.query_value(response.exchange, "state") else ""
        for queue in response.queue_list.queues:
            if queue.queue_id in own_ids:
                text = f"{response.exchange.feature} lists {queue.queue_id} too{condition}"
                shared.add(response.exchange.seq, text)
    if not own_ids:
        return blocked("the feature lists no queue")
    return shared.finding("queue ids of different features are different", holds(f"{', '.join(sorted(own_ids))}"))


@check("ONE-005", SPEC)
def queue_id_of_another_feature_is_unknown(evidence: Evidence, item: Item) -> Finding:
    """A list by the queue id of another feature contains no queue."""
    early = _early_finding(evidence)
    responses = evidence.of(SPEC, Label.FOREIGN_LIST)
    if early or not responses:
        return early or left_out(ALONE)
    answered = [
        response
        for response in responses
        if response.refused or (response.ok and raw.response_root(response) is not None)
    ]
    if not answered:
        return blocked("the target answered no list by another feature's id (see QUE-009)", witness=_seqs(responses))
    listed = Deviations()
    for response in answered:
        for queue in response.queue_list.queues:
            owner = _owner(evidence, queue.queue_id or "")
            listed.add(response.exchange.seq, f"the list contains queue {queue.queue_id} ({queue.name}{owner})")
    expected = "the id of another feature's queue is unknown (NonExistPIDs)"
    return listed.finding(expected, holds(f"{len(answered)} lists without the queue", witness=_seqs(answered)))


def _seqs(responses: Sequence[ParsedExchange]) -> tuple[int, ...]:
    return tuple(response.exchange.seq for response in responses[:3])


def _owner(evidence: Evidence, queue_id: str) -> str:
    """`, of speech`: the feature of a queue id, from the first lists of the other features."""
    owners = (
        response.exchange.feature
        for response in _beside(evidence, Label.BEFORE)
        if queue_id in {queue.queue_id for queue in response.queue_list.queues}
    )
    owner = next(owners, "")
    return f", of {owner}" if owner else ""


def _all_rejected(evidence: Evidence, step: Label, what: str, queue_of: Callable[[ParsedExchange], str]) -> Finding:
    """Judges that the target rejected all exchanges of a label; `queue_of` returns the queue id in a request."""
    early = _early_finding(evidence)
    responses = evidence.of(SPEC, step)
    if early or not responses:
        return early or left_out(ALONE)
    accepted = Deviations()
    for response in responses:
        if not response.refused:
            owner = _owner(evidence, queue_of(response))
            accepted.add(response.exchange.seq, f"{describe_response(response)} to {what}{owner}")
    answers = dict.fromkeys(describe_response(response) for response in responses)
    return accepted.finding(f"4xx for {what}", holds(", ".join(answers), witness=_seqs(responses)))


@check("ONE-006", SPEC)
def submit_to_queue_of_another_feature_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects jobs that name the queue of another feature, one and two in a request."""

    def queue_of(response: ParsedExchange) -> str:
        return next((job.queue_id or "" for job in requested_jobs(response)), "")

    return _all_rejected(evidence, Label.FOREIGN_SUBMIT, "a job that names the queue of another feature", queue_of)


@check("ONE-012", SPEC)
def update_of_queue_of_another_feature_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects an update of another feature's queue on this feature's path, and changes nothing."""

    def queue_of(response: ParsedExchange) -> str:
        return raw.requested_job_id(response.exchange)

    finding = _all_rejected(evidence, Label.FOREIGN_UPDATE, "an update of the queue of another feature", queue_of)
    if finding.kind in (Kind.UNTESTED, Kind.BLOCKED):
        return finding
    changed = _changes(evidence, Label.AFTER_FOREIGN)
    return changed.finding("the queue of the other feature is unchanged", finding)


def _changes(evidence: Evidence, step: Label) -> Deviations:
    """Changes of Name and callback rule of the other features between the start and a later step."""
    before, after = _queues(evidence, Label.BEFORE), _queues(evidence, step)
    changes = Deviations()
    for feature, (response, queue) in after.items():
        if feature not in before:
            continue
        old = before[feature][1]
        if queue.name != old.name:
            changes.add(response.exchange.seq, f"Name of the {feature} queue went from {old.name} to {queue.name}")
        if _rule(queue) != _rule(old):
            changes.add(response.exchange.seq, f"callback rule of the {feature} queue changed to {_rule(queue)}")
    return changes


def _rule(queue: Queue) -> tuple[str, ...]:
    config = queue.notify_config
    if config is None:
        return ()
    # After the suite restores a rule, the target may show defaults it omitted before. So only these parts are compared.
    return (config.url or "", config.state or "Off", config.event or "")


@check("ONE-008", SPEC)
def pause_does_not_change_other_queues(evidence: Evidence, item: Item) -> Finding:
    """The State of the other features' queues is the same before and after the pause of this queue."""
    early = _early_finding(evidence)
    if early:
        return early
    before, after = _queues(evidence, Label.CHANGED), _queues(evidence, Label.PAUSED)
    if not after:
        return blocked("the suite could not list the other queues while this queue was paused")
    touched = Deviations()
    for feature, (response, queue) in after.items():
        old = before.get(feature)
        # A pause makes no queue active: a list that shows a queue as active again is only late.
        if old and queue.state not in (old[1].state, QueueState.ACTIVE):
            touched.add(response.exchange.seq, f"the {feature} queue went from {old[1].state} to {queue.state}")
    return touched.finding(
        f"pausing the {evidence.feature} queue does not change the State of the other queues",
        holds(f"{len(after)} other queue(s) kept their State"),
    )


@check("ONE-009", SPEC)
def change_does_not_change_other_queues(evidence: Evidence, item: Item) -> Finding:
    """Name and callback rule of the other features' queues are the same before and after the change of this queue."""
    early = _early_finding(evidence)
    change = evidence.one(SPEC, Label.CHANGE)
    if early or change is None or not change.ok:
        return early or blocked("the suite could not change the name and rule of this queue (see UPD-003, UPD-004)")
    if not _queues(evidence, Label.CHANGED):
        return blocked("the suite could not list the other queues after the change")
    return _changes(evidence, Label.CHANGED).finding(
        f"changing name and rule of the {evidence.feature} queue does not change the other queues",
        holds("the other queues kept Name and NotifyConfig"),
    )


@check("ONE-010", SPEC)
def jobs_of_other_features_run_during_the_pause(evidence: Evidence, item: Item) -> Finding:
    """Jobs of the other features, submitted while this queue is paused, run to their end."""
    early = _early_finding(evidence)
    if early:
        return early
    submits = tuple(_beside(evidence, Label.SUBMIT))
    if not submits:
        return blocked("the suite submitted no job of another feature while this queue was paused")
    findings = [_ran(evidence, submit) for submit in submits]
    for kind in (Kind.DEVIATES, Kind.INCONCLUSIVE):
        for finding in findings:
            if finding.kind is kind:
                return finding
    witness = tuple(seq for finding in findings for seq in finding.witness)
    return holds("; ".join(finding.seen for finding in findings), witness=witness)


def _ran(evidence: Evidence, submit: ParsedExchange) -> Finding:
    feature = submit.exchange.feature
    expected = "a job of another feature runs while this queue is paused"
    first = submit.exchange.seq
    states = _queues(evidence, Label.PAUSED)
    if feature in states and states[feature][1].state == QueueState.PAUSED:
        return deviates(expected, f"the {feature} queue is paused as well", witness=(states[feature][0].exchange.seq,))
    ids = set(submit.job_ids)
    if not ids:
        return deviates(
            expected, f"the submit of a {feature} job was answered {describe_response(submit)}", witness=(first,)
        )
    answers = [response for response in _beside(evidence, Label.RUN) if response.exchange.feature == feature]
    last = [(response, job.state) for response in answers for job in response.jobs if job.job_id in ids]
    if last and last[-1][1] in ENDED_BY_RUNNING:
        return holds(f"a {feature} job ended as {last[-1][1]}", witness=(last[-1][0].exchange.seq,))
    if not any(event.name == "expired" for event in _events(evidence, feature)):
        return inconclusive("the run ended before the job could end")
    seen = f"the {feature} job was last seen {last[-1][1] if last else 'never'}"
    return deviates(expected, seen, witness=(first, *(response.exchange.seq for response in answers[-1:])))


def _events(evidence: Evidence, feature: str) -> Iterator[DriverEvent]:
    label = beside(evidence.feature, Label.RUN)
    for record in evidence.records:
        if isinstance(record, DriverEvent) and record.feature == feature and label in record.text:
            yield record
