"""Scenario `update`: change name, rule and state of the queue, then try what must be refused, and put all back."""

from dataclasses import replace

from ciq_conformance.driver.orders import RuleOrder, update_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import list_until, unknown_queue_id
from ciq_conformance.steps.update import RULE_CHANNEL, Step, after
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedUpdate, requested_update
from ciq_schemas.values import NotifyConfig

LONGEST = 100
MOST = 128
"""Letters that the newer pages allow (1045/72965)."""
A_SECOND = 1.1
OFF = RuleOrder(state="Off", url=None, event=None, type=None)


def play(stage: Stage) -> None:
    """Play the scenario; the lists in between show what each update did."""
    try:
        stage.calls.list_queues(Step.BEFORE, {"queueIds": stage.queue_id})
        _good(stage)
        _bad(stage)
    finally:
        stage.restore()


def name(stage: Stage) -> str:
    """A name of every documented kind of character, well below the shortest documented limit of 100."""
    return f"ciq_{stage.run_id[:40]}-*队列"


def longest_name(stage: Stage) -> str:
    """A name of as many letters as every document allows: 100 on the pages of documents and on old ones."""
    return f"ciq-{stage.run_id[:40]}-{'0123456789' * 10}"[:LONGEST]


def rule(stage: Stage) -> RuleOrder:
    """A rule that uses every element documented for the feature."""
    doc = stage.spec.feature is Feature.DOC
    return RuleOrder(
        url=stage.receiver.address(stage.channel(RULE_CHANNEL)),
        event="TaskFinish" if doc else "TaskFinish,WorkflowFinish",
        result_format=None if doc else "JSON",
    )


def _good(stage: Stage) -> None:
    full = rule(stage)
    own = name(stage)

    def put(step: Step, *, state: QueueState, id_element: str = "", reverse: bool = False) -> ParsedExchange:
        body = update_body(
            name=own,
            state=state,
            rule=full,
            id_element=id_element,
            queue_id=stage.queue_id,
            reverse=reverse,
        )
        return stage.calls.update_queue(step, stage.queue_id, body)

    renamed = stage.set_queue(Step.RENAME, name=own)
    _show(stage, Step.LIST_RENAMED, renamed)
    if not renamed.ok:
        # A name that is refused must not have rule and state refused with it.
        own = stage.found.name or stage.spec.queue_names[0]
    ruled = stage.set_queue(Step.RULE, name=own, rule=full)
    _show(stage, Step.LIST_RULE, ruled)
    off = replace(full, state="Off")
    if ruled.ok:
        _show(stage, Step.LIST_RULE_OFF, stage.set_queue(Step.RULE_OFF, name=own, rule=off))
        # After a rule that is Off, for a service that keeps of a rule what an update leaves out.
        silent = stage.set_queue(Step.RULE_WITHOUT_STATE, name=own, rule=replace(full, state=None))
        _show(stage, Step.LIST_RULE_WITHOUT_STATE, silent)
    else:
        full = off = OFF
    _show(stage, Step.LIST_LONGEST_NAME, stage.set_queue(Step.LONGEST_NAME, name=longest_name(stage), rule=off))
    _show(stage, Step.LIST_PAUSED, put(Step.PAUSE, state=QueueState.PAUSED, id_element="QueueID"))
    _show(stage, Step.LIST_PAUSED_AGAIN, put(Step.PAUSE_AGAIN, state=QueueState.PAUSED, id_element="QueueID"))
    # Times have whole seconds: after one, the time of a resume that changes nothing else is another.
    stage.pause_thread(A_SECOND)
    _show(stage, Step.LIST_RESUMED, put(Step.RESUME, state=QueueState.ACTIVE, id_element="QueueID"))
    put(Step.WITH_QUEUE_ID_UPPER, state=QueueState.ACTIVE, id_element="QueueID")
    put(Step.WITH_QUEUE_ID, state=QueueState.ACTIVE, id_element="QueueId")
    put(Step.WITHOUT_QUEUE_ID, state=QueueState.ACTIVE)
    _show(stage, Step.LIST_SETTLED, put(Step.REVERSED, state=QueueState.ACTIVE, id_element="QueueID", reverse=True))


def _show(stage: Stage, step: Step, update: ParsedExchange) -> None:
    """List the queue until it shows what an accepted update asked for."""
    wanted = requested_update(update)

    def fits(reply: ParsedExchange) -> bool:
        queue = next((queue for queue in reply.queue_list.queues if queue.queue_id == stage.queue_id), None)
        rule = queue.notify_config if queue is not None else None
        return (
            queue is None
            or not update.ok
            or (
                queue.name == wanted.name
                and queue.state == wanted.state
                and rule is not None
                and _as_asked(rule, wanted)
            )
        )

    list_until(stage, step, {"queueIds": stage.queue_id}, fits)


def _as_asked(rule: NotifyConfig, wanted: RequestedUpdate) -> bool:
    pairs = ((rule.url, wanted.url), (rule.event, wanted.event), (rule.result_format, wanted.result_format))
    state = wanted.rule_state or "Off"
    off = state == "Off"
    return rule.state == state and (off or all(want in (None, told) for told, want in pairs))


def _bad(stage: Stage) -> None:
    own = stage.queue_id
    url = stage.receiver.address(stage.channel(RULE_CHANNEL), "/refused")
    active = QueueState.ACTIVE

    def attempt(step: Step, *, to: str = own, state: str = active, title: str = "", bad: RuleOrder = OFF) -> None:
        title = title or f"ciq-{step}"
        taken = stage.calls.update_queue(step, to, update_body(name=title, state=state, rule=bad)).ok

        def shown(reply: ParsedExchange) -> bool:
            return any(queue.name == title for queue in reply.queue_list.queues)

        # What a service has taken must show before the next one, which may be refused, is blamed for it.
        list_until(stage, after(step), {"queueIds": own}, lambda reply: not taken or shown(reply), A_SECOND)

    attempt(Step.UNKNOWN_ID, to=unknown_queue_id(stage))
    attempt(Step.BAD_STATE, state="Stopped")
    if stage.spec.feature is not Feature.DOC:
        attempt(Step.LONG_NAME, title="n" * (MOST + 1))
        attempt(Step.OTHER_LETTERS, title="ciq refused/?")
        attempt(Step.NO_TYPE, bad=RuleOrder(type=None, url=url))
        attempt(Step.NO_EVENT, bad=RuleOrder(event=None, url=url))
    attempt(Step.NO_URL, bad=RuleOrder(url=None))
    attempt(Step.BAD_RULE_STATE, bad=RuleOrder(state="Maybe", url=url))
    attempt(Step.BAD_RULE_TYPE, bad=RuleOrder(type="Pigeon", url=url))
    attempt(Step.BAD_RULE_EVENT, bad=RuleOrder(event="TaskMaybe", url=url))
    if stage.spec.feature is not Feature.DOC:
        attempt(Step.BAD_RULE_FORMAT, bad=RuleOrder(result_format="YAML", url=url))
