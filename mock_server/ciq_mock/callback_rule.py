"""Decides where a callback is sent, from the callback fields of a job and the rule of its queue. Pure.

    callback fields of the job        rule of the queue              result
    CallBack=no                       anything                       nothing
    CallBackType=TDMQ, MqConfig       anything                       that message queue
    CallBackType=Kafka, KafkaConfig   anything                       that topic
    CallBack=address                  anything (Off, other events)   that address
    nothing, or Format / Type only    On, Event has the event        the queue's address or message queue,
                                                                     with the job's Format / Type where given
    nothing, or Format / Type only    Off, or Event without it       nothing

Each field has its own default: the job's value, else that of a queue rule in force, else `XML` / `Url`.
Sources: submit pages (job before queue, `no`), update-queue pages (State, Event, Type); the rest is inferred.
Must not know jobs, bodies or how anything is sent.
"""

from dataclasses import dataclass
from enum import StrEnum

from ciq_mock.engine.values import CallbackChoice
from ciq_schemas.values import NotifyConfig

NO_CALLBACK = "no"
TASK_FINISH = "TaskFinish"
WORKFLOW_FINISH = "WorkflowFinish"
_OLDER_NAMES = {TASK_FINISH: frozenset({TASK_FINISH, "TransCodingFinish"})}
"""`TransCodingFinish` is the older name of the same event in queue rules (47936, 460/49295)."""


class BodyFormat(StrEnum):
    """Format of a callback body."""

    XML = "XML"
    JSON = "JSON"


class Channel(StrEnum):
    """Channel of a callback."""

    URL = "Url"
    TDMQ = "TDMQ"
    KAFKA = "Kafka"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Send the callback to an address by HTTP POST."""

    url: str
    format: BodyFormat
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Put the callback into a message queue. TDMQ: region, mode, name. Kafka: region, instance (as `mode`), topic."""

    channel: Channel
    region: str
    mode: str
    name: str
    format: BodyFormat
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Send no callback."""

    reason: str


Decision = Destination | Sink | Silence


def decide(rule: NotifyConfig, choice: CallbackChoice, event: str = TASK_FINISH) -> Decision:
    """Return where to send the callback of `event`, by the queue's `rule` and the job's `choice`."""
    if choice.address == NO_CALLBACK:
        return Silence(reason="the job has CallBack=no")
    in_force, why_not = _in_force(rule, event)
    body_format = BodyFormat(choice.format or (in_force and rule.result_format) or BodyFormat.XML)
    match choice.type or None:
        case Channel.TDMQ if choice.mq is not None:
            return Sink(
                channel=Channel.TDMQ,
                region=choice.mq.region,
                mode=choice.mq.mode,
                name=choice.mq.name,
                format=body_format,
                reason="the job's own message queue",
            )
        case Channel.KAFKA if choice.kafka is not None:
            return Sink(
                channel=Channel.KAFKA,
                region=choice.kafka.region,
                mode=choice.kafka.instance,
                name=choice.kafka.topic,
                format=body_format,
                reason="the job's own Kafka topic",
            )
        case None | Channel.URL if choice.address:
            return Destination(url=choice.address, format=body_format, reason="the job's own address")
        case wanted:
            if not in_force:
                return Silence(reason=f"the job has no own address and {why_not}")
            return _by_queue(rule, wanted or rule.type or Channel.URL, body_format)


def _in_force(rule: NotifyConfig, event: str) -> tuple[bool, str]:
    if rule.state != "On":
        return False, "the queue's rule is Off"
    named = {name.strip() for name in (rule.event or "").split(",")}
    if named.isdisjoint(_OLDER_NAMES.get(event, frozenset({event}))):
        return False, f"the queue's rule does not name {event}"
    return True, ""


def _by_queue(rule: NotifyConfig, channel: str, body_format: BodyFormat) -> Decision:
    if channel == Channel.URL and rule.url:
        return Destination(url=rule.url, format=body_format, reason="the queue's address")
    if channel == Channel.TDMQ and rule.mq_name:
        return Sink(
            channel=Channel.TDMQ,
            region=rule.mq_region or "",
            mode=rule.mq_mode or "Queue",
            name=rule.mq_name,
            format=body_format,
            reason="the queue's message queue",
        )
    topic = rule.kafka_config
    if channel == Channel.KAFKA and topic is not None and topic.topic:
        return Sink(
            channel=Channel.KAFKA,
            region=topic.region or "",
            mode=topic.instance_id or "",
            name=topic.topic,
            format=body_format,
            reason="the queue's Kafka topic",
        )
    return Silence(reason=f"the rule in force is of type {channel}, but it has no address of that type")
