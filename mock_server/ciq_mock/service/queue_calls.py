"""Handlers that list queues (by page or by id) and update them.

Source: 1045/72939, 1045/72940, 1045/73366, 1045/73367, 1045/47935, 1045/47936. A comment marks each choice that these
pages leave open.
"""

from ciq_mock.delivery.address import AddressRefusedError, check_address
from ciq_mock.engine import Queue
from ciq_mock.service import arguments, times
from ciq_mock.service.arguments import invalid, request_body
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_schemas.codec import Document, encode, update_request_of
from ciq_schemas.features import EVERY_CATEGORY, FEATURES, Feature, FeatureSpec
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import FeatureOperation
from ciq_schemas.values import KafkaConfig, NotifyConfig

_ALL = "All"
"""On no page, but the Python SDK sends it by default."""
_STATES = (*QueueState, _ALL)
_ON, _OFF = "On", "Off"
_ADDRESS, _MESSAGE_QUEUE, _KAFKA = "Url", "TDMQ", "Kafka"


def list_queues(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """List the feature's queues: one page, or with `queueIds` these queues and the ids that do not exist."""
    spec = FEATURES[operation.feature]
    bucket = need_bucket(call.bucket)
    page = arguments.number(call.query, "pageNumber", 1)
    size = arguments.number(call.query, "pageSize", 10)
    state = arguments.word(call.query, "state", _STATES, _ALL)
    ids = arguments.words(call.query, "queueIds")
    if spec.feature is Feature.MEDIA and len(ids) > context.settings.limits.ids:
        raise invalid(f"queueIds holds {len(ids)} ids, at most {context.settings.limits.ids} are allowed")
    category = _category(spec, call, by_id=bool(ids))
    all_queues = context.engine.queues(bucket, spec.feature)
    queues = [queue for queue in all_queues if category in (EVERY_CATEGORY, queue.category)]
    found = [queue for queue in queues if state in (_ALL, queue.state) and (not ids or queue.id in ids)]
    answer: dict[str, object] = {"RequestId": call.request_id}
    if ids:
        existing = {queue.id for queue in all_queues}
        shown = found
        answer["NonExistPIDs"] = [queue_id for queue_id in ids if queue_id not in existing]
    else:
        shown = found[(page - 1) * size : page * size]
        answer |= {"TotalCount": str(len(found)), "PageNumber": str(page), "PageSize": str(size)}
    answer["QueueList"] = [_queue(queue) for queue in shown]
    return Answer(encode(Document.QUEUE_LIST, answer))


def update_queue(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Replace name, state and callback rule of the queue with the id in the path; an id in the body is ignored."""
    spec = FEATURES[operation.feature]
    bucket = need_bucket(call.bucket)
    context.engine.queue(bucket, spec.feature, call.key)
    body = request_body(update_request_of(spec.feature), call.body, context.settings.limits).value
    rule = _rule(context, spec, body["NotifyConfig"])
    queue = context.engine.update_queue(
        context.now(),
        bucket,
        spec.feature,
        call.key,
        name=str(body["Name"]),
        state=QueueState(str(body["State"])),
        notify=rule,
    )
    context.wake()
    return Answer(encode(Document.QUEUE_UPDATE_ANSWER, {"RequestId": call.request_id, "Queue": _queue(queue)}))


def _category(spec: FeatureSpec, call: Call, *, by_id: bool) -> str:
    """Return the requested category; only media has this parameter, other features ignore it.

    Its default is Transcoding in a list (1045/72939); ids without a category match all categories.
    """
    if spec.feature is not Feature.MEDIA:
        return EVERY_CATEGORY
    default = EVERY_CATEGORY if by_id else spec.categories[0]
    return arguments.word(call.query, "category", (EVERY_CATEGORY, *spec.categories), default=default)


def _rule(context: ServiceContext, spec: FeatureSpec, given: object) -> NotifyConfig:
    """Return the callback rule to store, without empty parts. Raise Refusal when a rule that is On is incomplete."""
    parts = {name: item for name, item in given.items() if item} if isinstance(given, dict) else {}
    topic = _topic(parts.pop("KafkaConfig", None))
    words = {name: str(text) for name, text in parts.items()}
    on = words.get("State", _OFF) == _ON
    if spec.feature is Feature.DOC and on:
        # The document pages require neither: they have only one event and one type.
        words = {"Type": _ADDRESS, "Event": "TaskFinish"} | words
    if on:
        _need_complete(words, topic)
    if "Url" in words:
        _need_address(context, words["Url"])
    return NotifyConfig(
        url=words.get("Url", ""),
        event=words.get("Event", ""),
        type=words.get("Type", ""),
        state=words.get("State", _OFF),
        result_format=words.get("ResultFormat", None if spec.feature is Feature.DOC else "XML"),
        mq_mode=words.get("MqMode"),
        mq_region=words.get("MqRegion"),
        mq_name=words.get("MqName"),
        kafka_config=topic,
    )


def _topic(given: object) -> KafkaConfig | None:
    if not isinstance(given, dict):
        return None
    return KafkaConfig(region=given.get("Region"), instance_id=given.get("InstanceId"), topic=given.get("Topic"))


def _need_complete(words: dict[str, str], topic: KafkaConfig | None) -> None:
    for name in ("Type", "Event"):
        if name not in words:
            raise invalid(f"NotifyConfig.{name} is required when NotifyConfig.State is On")
    parts = {
        _ADDRESS: ("Url",),
        _MESSAGE_QUEUE: ("MqMode", "MqRegion", "MqName"),
        _KAFKA: ("KafkaConfig.Region", "KafkaConfig.InstanceId", "KafkaConfig.Topic"),
    }
    given = dict(words)
    if topic is not None:
        addressed = (("Region", topic.region), ("InstanceId", topic.instance_id), ("Topic", topic.topic))
        given |= {f"KafkaConfig.{name}": text for name, text in addressed if text}
    for name in parts[words["Type"]]:
        if name not in given:
            raise invalid(f"NotifyConfig.{name} is required when State is On and Type is {words['Type']}")


def _need_address(context: ServiceContext, url: str) -> None:
    if len(url) > context.settings.limits.url_length:
        raise invalid(f"NotifyConfig.Url is longer than {context.settings.limits.url_length} characters")
    try:
        check_address(url, context.settings.delivery)
    except AddressRefusedError as error:
        raise invalid(f"NotifyConfig.Url: {error}") from None


def _queue(queue: Queue) -> dict[str, object]:
    return {
        "QueueId": queue.id,
        "Name": queue.name,
        "State": queue.state.value,
        "NotifyConfig": queue.notify,
        "MaxSize": str(queue.max_size),
        "MaxConcurrent": str(queue.max_concurrent),
        "CreateTime": times.written(queue.created),
        "UpdateTime": times.written(queue.updated),
        "BucketId": queue.bucket,
        "Category": queue.category,
    }
