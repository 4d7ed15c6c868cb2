"""Scenario `update`: updates name, rule and state of the queue, sends invalid updates, and restores the queue."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

from ciq_conformance.areas.update.labels import RULE_CHANNEL, Label, after
from ciq_conformance.driver.queue_setup import list_until, unknown_queue_id
from ciq_conformance.driver.requests import CallbackRuleRequest, update_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedUpdate, requested_update
from ciq_schemas.values import NotifyConfig

LONGEST = 100
MOST = 128
"""The maximum length of a name on the newer pages (1045/72965)."""
A_SECOND = 1.1
APART = 0.5
"""Seconds between updates of single elements, so that only those sent at once can overlap."""
AT_ONCE = 5
"""Attempts to send two updates at once: they overlap in some of them only."""
OFF = CallbackRuleRequest(state="Off", url=None, event=None, type=None)


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario; lists the queue after each update."""
    try:
        ctx.calls.list_queues(Label.BEFORE, {"queueIds": ctx.queue_id})
        _send_valid_updates(ctx)
        _send_invalid_updates(ctx)
        _send_updates_at_once(ctx)
    finally:
        ctx.restore()


def name(ctx: ScenarioContext) -> str:
    """Returns a name with every documented kind of character, well below the smallest documented limit of 100."""
    return f"ciq_{ctx.run_id[:40]}-*队列"


def longest_name(ctx: ScenarioContext) -> str:
    """Returns a name with the length that every document allows: 100 on old pages and on those of document queues."""
    return f"ciq-{ctx.run_id[:40]}-{'0123456789' * 10}"[:LONGEST]


def rule(ctx: ScenarioContext) -> CallbackRuleRequest:
    """Returns a rule with every element that is documented for the feature."""
    doc = ctx.spec.feature is Feature.DOC
    return CallbackRuleRequest(
        url=ctx.receiver.address(ctx.channel(RULE_CHANNEL)),
        event="TaskFinish" if doc else "TaskFinish,WorkflowFinish",
        result_format=None if doc else "JSON",
    )


def _send_valid_updates(ctx: ScenarioContext) -> None:
    full = rule(ctx)
    own = name(ctx)

    def put(step: Label, *, state: QueueState, id_element: str = "", reverse: bool = False) -> ParsedExchange:
        body = update_body(
            name=own,
            state=state,
            rule=full,
            id_element=id_element,
            queue_id=ctx.queue_id,
            reverse=reverse,
        )
        return ctx.calls.update_queue(step, ctx.queue_id, body)

    renamed = ctx.set_queue(Label.RENAME, name=own)
    _list_until_updated(ctx, Label.LIST_RENAMED, renamed)
    if not renamed.ok:
        # When the target rejects the name, test rule and state with a name that it accepts.
        own = ctx.found.name or ctx.spec.queue_names[0]
    ruled = ctx.set_queue(Label.RULE, name=own, rule=full)
    _list_until_updated(ctx, Label.LIST_RULE, ruled)
    off = replace(full, state="Off")
    if ruled.ok:
        _list_until_updated(ctx, Label.LIST_RULE_OFF, ctx.set_queue(Label.RULE_OFF, name=own, rule=off))
        # The previous rule is Off: a service may keep the elements of a rule that an update omits.
        without_state = ctx.set_queue(Label.RULE_WITHOUT_STATE, name=own, rule=replace(full, state=None))
        _list_until_updated(ctx, Label.LIST_RULE_WITHOUT_STATE, without_state)
    else:
        full = off = OFF
    _list_until_updated(
        ctx, Label.LIST_LONGEST_NAME, ctx.set_queue(Label.LONGEST_NAME, name=longest_name(ctx), rule=off)
    )
    _list_until_updated(ctx, Label.LIST_PAUSED, put(Label.PAUSE, state=QueueState.PAUSED, id_element="QueueID"))
    _list_until_updated(
        ctx, Label.LIST_PAUSED_AGAIN, put(Label.PAUSE_AGAIN, state=QueueState.PAUSED, id_element="QueueID")
    )
    # Times have whole seconds: wait one, so that the resume must change UpdateTime.
    ctx.pause_thread(A_SECOND)
    _list_until_updated(ctx, Label.LIST_RESUMED, put(Label.RESUME, state=QueueState.ACTIVE, id_element="QueueID"))
    put(Label.WITH_QUEUE_ID_UPPER, state=QueueState.ACTIVE, id_element="QueueID")
    put(Label.WITH_QUEUE_ID, state=QueueState.ACTIVE, id_element="QueueId")
    put(Label.WITHOUT_QUEUE_ID, state=QueueState.ACTIVE)
    _list_until_updated(
        ctx, Label.LIST_SETTLED, put(Label.REVERSED, state=QueueState.ACTIVE, id_element="QueueID", reverse=True)
    )


def _send_updates_at_once(ctx: ScenarioContext) -> None:
    """Sends updates of the Name alone and of the State alone: one after the other, then at the same time.

    The pages require all elements, so a target may reject them, or replace what they omit. The requests are recorded
    without the name of an operation, because other checks expect updates with all elements.
    """
    path = f"{ctx.spec.queue_path}/{quote(ctx.queue_id, safe='')}"

    def put(step: Label, element: str, text: str) -> ParsedExchange:
        body = f"<Request><{element}>{text}</{element}></Request>".encode()
        return ctx.calls.raw(step, "PUT", path, body, {"Content-Type": "application/xml"})

    def is_shown(step: Label, title: str, state: QueueState) -> bool:
        def shows(response: ParsedExchange) -> bool:
            return any(queue.name == title and queue.state == state for queue in response.queue_list.queues)

        return shows(list_until(ctx, step, {"queueIds": ctx.queue_id}, shows))

    title = f"ciq_{ctx.run_id[:40]}-alone"
    ctx.pause_thread(APART)
    if not put(Label.NAME_ALONE, "Name", title).ok or not is_shown(Label.LIST_NAME_ALONE, title, QueueState.ACTIVE):
        return
    ctx.pause_thread(APART)
    if not put(Label.STATE_ALONE, "State", QueueState.PAUSED).ok:
        return
    merges = is_shown(Label.LIST_STATE_ALONE, title, QueueState.PAUSED)
    for attempt in range(AT_ONCE if merges else 0):
        ctx.pause_thread(APART)
        title, state = f"ciq_{ctx.run_id[:40]}-{attempt}", (QueueState.ACTIVE, QueueState.PAUSED)[attempt % 2]
        with ThreadPoolExecutor(2) as clients:
            clients.submit(put, Label.NAME_AT_ONCE, "Name", title)
            clients.submit(put, Label.STATE_AT_ONCE, "State", state)
        if not is_shown(Label.LIST_AT_ONCE, title, state):
            return


def _list_until_updated(ctx: ScenarioContext, step: Label, update: ParsedExchange) -> None:
    """Lists the queue until the list has the values of an accepted update."""
    wanted = requested_update(update)

    def has_requested_values(response: ParsedExchange) -> bool:
        queue = next((queue for queue in response.queue_list.queues if queue.queue_id == ctx.queue_id), None)
        rule = queue.notify_config if queue is not None else None
        return (
            queue is None
            or not update.ok
            or (
                queue.name == wanted.name
                and queue.state == wanted.state
                and rule is not None
                and _equals_request(rule, wanted)
            )
        )

    list_until(ctx, step, {"queueIds": ctx.queue_id}, has_requested_values)


def _equals_request(rule: NotifyConfig, wanted: RequestedUpdate) -> bool:
    pairs = ((rule.url, wanted.url), (rule.event, wanted.event), (rule.result_format, wanted.result_format))
    state = wanted.rule_state or "Off"
    off = state == "Off"
    return rule.state == state and (off or all(want in (None, got) for got, want in pairs))


def _send_invalid_updates(ctx: ScenarioContext) -> None:
    own = ctx.queue_id
    url = ctx.receiver.address(ctx.channel(RULE_CHANNEL), "/refused")
    active = QueueState.ACTIVE

    def attempt(
        step: Label, *, to: str = own, state: str = active, title: str = "", bad: CallbackRuleRequest = OFF
    ) -> None:
        title = title or f"ciq-{step}"
        accepted = ctx.calls.update_queue(step, to, update_body(name=title, state=state, rule=bad)).ok

        def has_name(response: ParsedExchange) -> bool:
            return any(queue.name == title for queue in response.queue_list.queues)

        # A list must show an accepted update before the next one, or the check blames a rejected update for it.
        list_until(ctx, after(step), {"queueIds": own}, lambda response: not accepted or has_name(response), A_SECOND)

    attempt(Label.UNKNOWN_ID, to=unknown_queue_id(ctx))
    attempt(Label.BAD_STATE, state="Stopped")
    if ctx.spec.feature is not Feature.DOC:
        attempt(Label.LONG_NAME, title="n" * (MOST + 1))
        attempt(Label.OTHER_LETTERS, title="ciq refused/?")
        attempt(Label.NO_TYPE, bad=CallbackRuleRequest(type=None, url=url))
        attempt(Label.NO_EVENT, bad=CallbackRuleRequest(event=None, url=url))
    attempt(Label.NO_URL, bad=CallbackRuleRequest(url=None))
    attempt(Label.BAD_RULE_STATE, bad=CallbackRuleRequest(state="Maybe", url=url))
    attempt(Label.BAD_RULE_TYPE, bad=CallbackRuleRequest(type="Pigeon", url=url))
    attempt(Label.BAD_RULE_EVENT, bad=CallbackRuleRequest(event="TaskMaybe", url=url))
    if ctx.spec.feature is not Feature.DOC:
        attempt(Label.BAD_RULE_FORMAT, bad=CallbackRuleRequest(result_format="YAML", url=url))
