"""Checks of the scenario `isolation`: one queue a feature, and none touches another (ONE)."""

from collections.abc import Callable, Iterator, Sequence

from ciq_conformance.areas.isolation import SPEC
from ciq_conformance.areas.isolation.labels import Label, beside
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, absent, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.records import DriverEvent, Exchange
from ciq_schemas.transcript.requests import requested_jobs
from ciq_schemas.values import Queue

ALONE = "only one feature is in this run; select another beside it (--feature) to judge how they keep apart"


def _beside(evidence: Evidence, step: Label) -> Iterator[ParsedExchange]:
    """Exchanges with siblings while this feature was the subject."""
    label = beside(evidence.feature, step)
    for record in evidence.records:
        if isinstance(record, Exchange) and record.scenario == SPEC.name and record.step == label:
            yield ParsedExchange(record)


def _queues(evidence: Evidence, step: Label) -> dict[str, tuple[ParsedExchange, Queue]]:
    """The siblings' queues at a stop, by feature."""
    found = {}
    for response in _beside(evidence, step):
        if response.ok and response.queue_list.queues:
            found[response.exchange.feature] = (response, response.queue_list.queues[0])
    return found


def _obstacle(evidence: Evidence) -> Finding | None:
    event = evidence.blocking_event(SPEC)
    if event is not None:
        return (absent if event.name == "unsupported" else blocked)(event.text, witness=(event.seq,))
    if not any(_beside(evidence, Label.BEFORE)):
        return absent(ALONE)
    return None


@check("ONE-003", SPEC)
def ids_differ(evidence: Evidence, item: Item) -> Finding:
    """No queue id of this feature is listed by a sibling."""
    stop = _obstacle(evidence)
    own = evidence.one(SPEC, Label.OWN)
    if stop or own is None:
        return stop or blocked("the feature's own queues were not listed")
    mine = {queue.queue_id for queue in own.queue_list.queues if queue.queue_id}
    shared = Deviations()
    # The paused queues of a feature are listed too, while this one is: a filter may look beyond the feature.
    for response in (*_beside(evidence, Label.BEFORE), *_beside(evidence, Label.PAUSED_ONLY)):
        asked_for = " with state=Paused" if raw.query_value(response.exchange, "state") else ""
        for queue in response.queue_list.queues:
            if queue.queue_id in mine:
                text = f"{queue.queue_id} is listed by {response.exchange.feature} too{asked_for}"
                shared.add(response.exchange.seq, text)
    if not mine:
        return blocked("the feature lists no queue")
    return shared.finding("queue ids of different features are different", holds(f"{', '.join(sorted(mine))}"))


@check("ONE-005", SPEC)
def foreign_id_is_not_listed(evidence: Evidence, item: Item) -> Finding:
    """The siblings' ids asked for here."""
    stop = _obstacle(evidence)
    responses = evidence.of(SPEC, Label.FOREIGN_LIST)
    if stop or not responses:
        return stop or absent(ALONE)
    told = [
        response
        for response in responses
        if response.refused or (response.ok and raw.response_root(response) is not None)
    ]
    if not told:
        return blocked("no list by another feature's id was answered (see QUE-009)", witness=_seqs(responses))
    listed = Deviations()
    for response in told:
        for queue in response.queue_list.queues:
            whose = _whose(evidence, queue.queue_id or "")
            listed.add(response.exchange.seq, f"queue {queue.queue_id} ({queue.name}{whose}) is listed")
    expected = "the id of another feature's queue is unknown here (NonExistPIDs)"
    return listed.finding(expected, holds(f"{len(told)} not listed", witness=_seqs(told)))


def _seqs(responses: Sequence[ParsedExchange]) -> tuple[int, ...]:
    return tuple(response.exchange.seq for response in responses[:3])


def _whose(evidence: Evidence, queue_id: str) -> str:
    """`, of speech`: whose queue an id is, as the siblings' first lists have told."""
    owners = (
        response.exchange.feature
        for response in _beside(evidence, Label.BEFORE)
        if queue_id in {queue.queue_id for queue in response.queue_list.queues}
    )
    owner = next(owners, "")
    return f", of {owner}" if owner else ""


def _refused(evidence: Evidence, step: Label, what: str, about: Callable[[ParsedExchange], str]) -> Finding:
    """All exchanges of a step are refused; `about` says which queue one names."""
    stop = _obstacle(evidence)
    responses = evidence.of(SPEC, step)
    if stop or not responses:
        return stop or absent(ALONE)
    taken = Deviations()
    for response in responses:
        if not response.refused:
            whose = _whose(evidence, about(response))
            taken.add(response.exchange.seq, f"{describe_response(response)} to {what}{whose}")
    answers = dict.fromkeys(describe_response(response) for response in responses)
    return taken.finding(f"{what} is refused with 4xx", holds(", ".join(answers), witness=_seqs(responses)))


@check("ONE-006", SPEC)
def foreign_queue_in_submit(evidence: Evidence, item: Item) -> Finding:
    """Jobs that name a sibling's queue, one alone and two in a request."""

    def about(response: ParsedExchange) -> str:
        return next((job.queue_id or "" for job in requested_jobs(response)), "")

    return _refused(evidence, Label.FOREIGN_SUBMIT, "a job that names the queue of another feature", about)


@check("ONE-012", SPEC)
def foreign_queue_in_update(evidence: Evidence, item: Item) -> Finding:
    """An update of a sibling's queue under this feature's path changes nothing there."""

    def about(response: ParsedExchange) -> str:
        return raw.requested_job_id(response.exchange)

    finding = _refused(evidence, Label.FOREIGN_UPDATE, "an update of the queue of another feature", about)
    if finding.kind in ("absent", "blocked"):
        return finding
    changed = _changes(evidence, Label.AFTER_FOREIGN)
    return changed.finding("the other feature's queue is as it was", finding)


def _changes(evidence: Evidence, stop: Label) -> Deviations:
    """Differences in Name and callback rule of siblings between the start and a stop."""
    before, after = _queues(evidence, Label.BEFORE), _queues(evidence, stop)
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
    # A rule written back as it was may show defaults where it showed nothing, so only what matters is compared.
    return (config.url or "", config.state or "Off", config.event or "")


@check("ONE-008", SPEC)
def pause_stays(evidence: Evidence, item: Item) -> Finding:
    """States of the siblings' queues before and after this queue's pause."""
    stop = _obstacle(evidence)
    if stop:
        return stop
    before, after = _queues(evidence, Label.CHANGED), _queues(evidence, Label.PAUSED)
    if not after:
        return blocked("the other queues could not be listed while this one was paused")
    touched = Deviations()
    for feature, (response, queue) in after.items():
        old = before.get(feature)
        # A pause makes no queue active: a list that shows one as active again only knows it late.
        if old and queue.state not in (old[1].state, QueueState.ACTIVE):
            touched.add(response.exchange.seq, f"the {feature} queue went from {old[1].state} to {queue.state}")
    return touched.finding(
        f"pausing the {evidence.feature} queue leaves the State of the others",
        holds(f"{len(after)} other queue(s) kept their State"),
    )


@check("ONE-009", SPEC)
def change_stays(evidence: Evidence, item: Item) -> Finding:
    """Name and callback rule of the siblings before and after this queue's change."""
    stop = _obstacle(evidence)
    change = evidence.one(SPEC, Label.CHANGE)
    if stop or change is None or not change.ok:
        return stop or blocked("the queue's own name and rule could not be changed (see UPD-003, UPD-004)")
    if not _queues(evidence, Label.CHANGED):
        return blocked("the other queues could not be listed after the change")
    return _changes(evidence, Label.CHANGED).finding(
        f"changing name and rule of the {evidence.feature} queue leaves the others as they were",
        holds("the other queues kept Name and NotifyConfig"),
    )


@check("ONE-010", SPEC)
def others_run_on(evidence: Evidence, item: Item) -> Finding:
    """The siblings' jobs submitted while this queue is paused."""
    stop = _obstacle(evidence)
    if stop:
        return stop
    submits = tuple(_beside(evidence, Label.SUBMIT))
    if not submits:
        return blocked("no job of another feature was submitted while this queue was paused")
    findings = [_ran(evidence, submit) for submit in submits]
    for kind in (Kind.DEVIATES, Kind.CANNOT_TELL):
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
        return deviates(expected, f"a {feature} job is answered {describe_response(submit)}", witness=(first,))
    looks = [response for response in _beside(evidence, Label.RUN) if response.exchange.feature == feature]
    last = [(response, job.state) for response in looks for job in response.jobs if job.job_id in ids]
    if last and last[-1][1] in ENDED_BY_RUNNING:
        return holds(f"a {feature} job ended as {last[-1][1]}", witness=(last[-1][0].exchange.seq,))
    if not any(event.name == "expired" for event in _marks(evidence, feature)):
        return cannot_tell("the run stopped looking before the job could end")
    seen = f"the {feature} job was last seen {last[-1][1] if last else 'never'}"
    return deviates(expected, seen, witness=(first, *(response.exchange.seq for response in looks[-1:])))


def _marks(evidence: Evidence, feature: str) -> Iterator[DriverEvent]:
    label = beside(evidence.feature, Label.RUN)
    for record in evidence.records:
        if isinstance(record, DriverEvent) and record.feature == feature and label in record.text:
            yield record
