"""Handlers that create, update, switch, list, delete and trigger workflows, and list and describe their runs.

Source: 1045/43733, 1045/43734, 436/48040, 460/76861, 1045/50339, 1045/50340, 1045/51276, 436/50854. Order of checks:
body, graph, callback rule, nodes and their queues.
"""

from collections.abc import Mapping

from ciq_mock.delivery.address import AddressRefusedError, check_address
from ciq_mock.engine import TimeOrder
from ciq_mock.service import arguments, workflow_documents
from ciq_mock.service.arguments import invalid, request_body, shortened
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.internal_submits import STEERING, check_node
from ciq_mock.workflow import Graph, RunFilter, RunState, WorkflowPlan, read_topology
from ciq_schemas.codec import Document
from ciq_schemas.features import Feature, feature_of_tag
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig

_ALL = "All"
_QUEUE_ELEMENTS = {
    Feature.MEDIA: "QueueId",
    Feature.PIC: "PicProcessQueueId",
    Feature.SPEECH: "SpeechRecognitionQueueId",
    Feature.AI: "AIProcessQueueId",
}
_EVENTS = frozenset({"TaskFinish", "WorkflowFinish", "WorkflowStart"})
_NAME_LENGTH = 128


def create(context: ServiceContext, call: Call) -> Answer:
    """Create a workflow."""
    bucket = need_bucket(call.bucket)
    plan = _plan(context, call, bucket)
    workflow = context.workflows.create(context.now(), bucket, call.region, plan)
    return workflow_documents.answered(call, workflow)


def update(context: ServiceContext, call: Call) -> Answer:
    """Replace a workflow; with `active` or `paused`, only switch its state and ignore the body."""
    bucket = need_bucket(call.bucket)
    wanted = [state for name, state in _SWITCHES.items() if call.query.has(name)]
    if len(wanted) > 1:
        raise invalid("active and paused exclude each other")
    if wanted:
        return workflow_documents.answered(call, context.workflows.switch(context.now(), bucket, call.key, wanted[0]))
    context.workflows.workflow(bucket, call.key)
    plan = _plan(context, call, bucket)
    return workflow_documents.answered(call, context.workflows.update(context.now(), bucket, call.key, plan))


_SWITCHES = {"active": QueueState.ACTIVE, "paused": QueueState.PAUSED}


def list_workflows(context: ServiceContext, call: Call) -> Answer:
    """List workflows, newest first: one page, or with `ids` these workflows and the ids that do not exist."""
    bucket = need_bucket(call.bucket)
    page = arguments.number(call.query, "pageNumber", 1)
    size = arguments.number(call.query, "pageSize", 10, most=context.settings.limits.page_size)
    ids = arguments.words(call.query, "ids")
    name = call.query.get("name")
    mine = context.workflows.of_bucket(bucket)[::-1]
    found = [one for one in mine if (not ids or one.id in ids) and (name is None or one.plan.name == name)]
    shown = found[(page - 1) * size : page * size]
    existing = {one.id for one in mine}
    unknown = [workflow_id for workflow_id in ids if workflow_id not in existing]
    return workflow_documents.listed(call, shown, total=len(found), page=page, size=size, unknown=unknown)


def delete(context: ServiceContext, call: Call) -> Answer:
    """Delete a workflow."""
    workflow = context.workflows.delete(need_bucket(call.bucket), call.key)
    return workflow_documents.deleted(call, workflow)


def trigger(context: ServiceContext, call: Call) -> Answer:
    """Run a workflow on one object."""
    bucket = need_bucket(call.bucket)
    workflow_id, key = call.query.get("workflowId"), call.query.get("object")
    name = call.query.get("name") or ""
    if workflow_id is None or key is None:
        raise invalid("workflowId and object are required")
    if len(name) > _NAME_LENGTH:
        raise invalid(f"name must be at most {_NAME_LENGTH} characters, not {len(name)}")
    run = context.workflows.trigger(context.now(), bucket, workflow_id, key, name=name)
    context.wake()
    return workflow_documents.triggered(call, run)


def list_runs(context: ServiceContext, call: Call) -> Answer:
    """List runs, newest first by default. Older pages require workflowId, the newest does not."""
    bucket = need_bucket(call.bucket)
    size = arguments.number(call.query, "size", 10, most=context.settings.limits.page_size)
    wanted = RunFilter(
        workflow_id=call.query.get("workflowId"),
        object=call.query.get("name"),
        batch_id=call.query.get("jobId"),
        states=_states(call),
        created_from=arguments.moment(call.query, "startCreationTime"),
        created_to=arguments.moment(call.query, "endCreationTime"),
    )
    order = TimeOrder(arguments.word(call.query, "orderByTime", tuple(TimeOrder), TimeOrder.DESC))
    page = context.workflows.runs(
        context.now(), bucket, wanted, order=order, size=size, token=call.query.get("nextToken")
    )
    context.wake()
    return workflow_documents.runs(call, page)


def describe_run(context: ServiceContext, call: Call) -> Answer:
    """Describe one run with its tasks."""
    run = context.workflows.run(context.now(), need_bucket(call.bucket), call.key)
    context.wake()
    return workflow_documents.run(call, run)


def _states(call: Call) -> frozenset[RunState] | None:
    named = arguments.words(call.query, "states")
    if not named or _ALL in named:
        return None
    for name in named:
        if name not in tuple(RunState):
            raise invalid(f"states must be some of {', '.join((*RunState, _ALL))}, not {shortened(name)}")
    return frozenset(RunState(name) for name in named)


def _plan(context: ServiceContext, call: Call, bucket: str) -> WorkflowPlan:
    value = request_body(Document.WORKFLOW_REQUEST, call.body, context.settings.limits).value["MediaWorkflow"]
    given = value if isinstance(value, Mapping) else {}
    topology = given["Topology"]
    content = topology if isinstance(topology, Mapping) else {}
    graph = read_topology(content)
    rule = _rule(context, graph.start.get("NotifyConfig"))
    _check_nodes(context, call, bucket, graph)
    return WorkflowPlan(
        name=str(given["Name"]),
        state=QueueState(str(given.get("State") or QueueState.ACTIVE)),
        graph=graph,
        topology=content,
        queue_ids=_queue_ids(context, bucket, graph.start),
        rule=rule,
    )


def _check_nodes(context: ServiceContext, call: Call, bucket: str, graph: Graph) -> None:
    for node in graph.nodes.values():
        feature = feature_of_tag(node.type)
        if feature is None:
            if node.type not in STEERING:
                raise invalid(f"Nodes.{node.name}: Type {shortened(node.type)} is not known")
            continue
        context.engine.queues(bucket, feature)
        check_node(context, bucket, call.region, node)


def _queue_ids(context: ServiceContext, bucket: str, start: Mapping[str, object]) -> dict[Feature, str]:
    """Return the queues in Start, each of which must exist (the newest pages have none)."""
    named = {feature: str(start.get(element) or "") for feature, element in _QUEUE_ELEMENTS.items()}
    for feature, queue_id in named.items():
        if queue_id:
            context.engine.queue(bucket, feature, queue_id)
    return {feature: queue_id for feature, queue_id in named.items() if queue_id}


def _rule(context: ServiceContext, given: object) -> NotifyConfig | None:
    """Return the workflow's own callback rule; None when it has none and the queue's rule applies (1045/49945).

    Older pages and the SDKs' samples have an address without State: such a rule counts as On.
    """
    words = {name: str(text) for name, text in given.items() if text} if isinstance(given, Mapping) else {}
    if not words:
        return None
    addressed = "Url" in words or "MqName" in words
    state = words.get("State", "On" if addressed else "Off")
    if state not in ("On", "Off"):
        raise invalid(f"NotifyConfig.State must be On or Off, not {shortened(state)}")
    events = frozenset(arguments.split(words.get("Event", "")))
    if state == "On":
        if not addressed and words.get("Type") != "Kafka":
            raise invalid("NotifyConfig.Url is required when NotifyConfig.State is On")
        if not events:
            raise invalid("NotifyConfig.Event is required when NotifyConfig.State is On")
    if not events <= _EVENTS:
        raise invalid(f"NotifyConfig.Event must be some of {', '.join(sorted(_EVENTS))}")
    if words.get("ResultFormat", "XML") not in ("XML", "JSON"):
        raise invalid(f"NotifyConfig.ResultFormat must be XML or JSON, not {shortened(words['ResultFormat'])}")
    if "Url" in words:
        _check_address(context, words["Url"])
    return NotifyConfig(
        url=words.get("Url"),
        event=words.get("Event"),
        type=words.get("Type", "Url" if "Url" in words else "TDMQ"),
        state=state,
        result_format=words.get("ResultFormat"),
        mq_mode=words.get("MqMode"),
        mq_region=words.get("MqRegion"),
        mq_name=words.get("MqName"),
    )


def _check_address(context: ServiceContext, url: str) -> None:
    try:
        check_address(url, context.settings.delivery)
    except AddressRefusedError as error:
        raise invalid(f"NotifyConfig.Url: {error}") from None
