"""The precedence of callback rules: each row of the table, and what the documents require of each field."""

from dataclasses import dataclass

import pytest

from ciq_mock.callback_rule import BodyFormat, Channel, Decision, Destination, Silence, Sink, decide
from ciq_mock.engine import NEVER_CONFIGURED, NO_CHOICE, CallbackChoice, KafkaAddress, MqAddress
from ciq_schemas.values import KafkaConfig, NotifyConfig

QUEUE = "http://queue.example/q?token=1"
JOB = "http://job.example/j"
MQ = MqAddress(region="sh", mode="Topic", name="jobs")
KAFKA = KafkaAddress(region="ap-guangzhou", instance="ckafka-1", topic="t")


def rule(**changes: str) -> NotifyConfig:
    """A queue rule that is On for TaskFinish at QUEUE, with changed fields."""
    values = {"state": "On", "event": "TaskFinish", "type": "Url", "url": QUEUE} | changes
    return NotifyConfig(**values)


@dataclass(frozen=True)
class Row:
    """One row: the queue's rule, the job's fields and the expected destination (address, sink or None)."""

    name: str
    rule: NotifyConfig
    choice: CallbackChoice
    to: str | tuple[Channel, str, str, str] | None
    format: BodyFormat = BodyFormat.XML


ON = rule()
OFF = rule(state="Off")
WORKFLOW_ONLY = rule(event="WorkflowFinish")
TDMQ_RULE = NotifyConfig(
    state="On", event="TaskFinish", type="TDMQ", mq_mode="Queue", mq_region="bj", mq_name="qq", result_format="JSON"
)
KAFKA_RULE = NotifyConfig(
    state="On", event="TaskFinish", type="Kafka",
    kafka_config=KafkaConfig(region="gz", instance_id="ckafka-2", topic="qk"),
)  # fmt: skip
IN_MQ = (Channel.TDMQ, "sh", "Topic", "jobs")

ROWS = [
    Row("job address wins", ON, CallbackChoice(address=JOB), JOB),
    Row("job format wins", rule(result_format="JSON"), CallbackChoice(format="XML"), QUEUE),
    Row("job format wins, other way", rule(result_format="XML"), CallbackChoice(format="JSON"), QUEUE, BodyFormat.JSON),
    Row("job type wins", ON, CallbackChoice(type="TDMQ", mq=MQ), IN_MQ),
    Row("no silences the queue", ON, CallbackChoice(address="no"), None),
    Row("no silences with other fields too", ON, CallbackChoice(address="no", format="JSON", type="Url"), None),
    Row("no rule of its own", ON, NO_CHOICE, QUEUE),
    Row("empty fields count as none", ON, CallbackChoice(address="", format="", type=""), QUEUE),
    Row("queue format", rule(result_format="JSON"), NO_CHOICE, QUEUE, BodyFormat.JSON),
    Row("empty queue format is XML", rule(result_format=""), NO_CHOICE, QUEUE),
    Row("queue Off", OFF, NO_CHOICE, None),
    Row("never configured", NEVER_CONFIGURED, NO_CHOICE, None),
    Row("queue Off, job address", OFF, CallbackChoice(address=JOB), JOB),
    Row("queue Off, its format counts for nothing", rule(state="Off", result_format="JSON"),
        CallbackChoice(address=JOB), JOB),
    Row("queue Off, job format only", OFF, CallbackChoice(format="JSON"), None),
    Row("other event, job address", WORKFLOW_ONLY, CallbackChoice(address=JOB), JOB),
    Row("other event", WORKFLOW_ONLY, NO_CHOICE, None),
    Row("both events", rule(event="TaskFinish,WorkflowFinish"), NO_CHOICE, QUEUE),
    Row("both events with a blank", rule(event="WorkflowFinish, TaskFinish"), NO_CHOICE, QUEUE),
    Row("older event name", rule(event="TransCodingFinish"), NO_CHOICE, QUEUE),
    Row("a longer event name is another event", rule(event="TaskFinished"), NO_CHOICE, None),
    Row("job address, queue format", rule(result_format="JSON"), CallbackChoice(address=JOB), JOB, BodyFormat.JSON),
    Row("job format only", ON, CallbackChoice(format="JSON"), QUEUE, BodyFormat.JSON),
    Row("job type Url without address", ON, CallbackChoice(type="Url"), QUEUE),
    Row("job address, queue on TDMQ", TDMQ_RULE, CallbackChoice(address=JOB), JOB, BodyFormat.JSON),
    Row("job TDMQ beats its own address", ON, CallbackChoice(address=JOB, type="TDMQ", mq=MQ), IN_MQ),
    Row("MqConfig without type is a Url", ON, CallbackChoice(mq=MQ), QUEUE),
    Row("job TDMQ with the queue Off", OFF, CallbackChoice(type="TDMQ", mq=MQ), IN_MQ),
    Row("job TDMQ without MqConfig, queue Url", ON, CallbackChoice(type="TDMQ"), None),
    Row("job TDMQ without MqConfig, queue TDMQ", TDMQ_RULE, CallbackChoice(type="TDMQ"),
        (Channel.TDMQ, "bj", "Queue", "qq"), BodyFormat.JSON),
    Row("queue TDMQ", TDMQ_RULE, NO_CHOICE, (Channel.TDMQ, "bj", "Queue", "qq"), BodyFormat.JSON),
    Row("queue Kafka", KAFKA_RULE, NO_CHOICE, (Channel.KAFKA, "gz", "ckafka-2", "qk")),
    Row("queue Kafka without a topic", rule(type="Kafka", url=""), NO_CHOICE, None),
    Row("job type Url, queue TDMQ", TDMQ_RULE, CallbackChoice(type="Url"), None),
    Row("job Kafka", ON, CallbackChoice(type="Kafka", kafka=KAFKA), (Channel.KAFKA, "ap-guangzhou", "ckafka-1", "t")),
    Row("job Kafka without its fields", ON, CallbackChoice(type="Kafka"), None),
    Row("On without address", rule(url=""), NO_CHOICE, None),
    Row("On without type is a Url", rule(type=""), NO_CHOICE, QUEUE),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_callback_follows_precedence_row(row: Row) -> None:
    """The callback has the destination and format of the row, and the decision has a reason."""
    decision = decide(row.rule, row.choice)
    assert decision.reason
    assert _where(decision) == row.to
    if not isinstance(decision, Silence):
        assert decision.format is row.format


def test_callback_rule_applies_to_named_events_only() -> None:
    """A queue rule sends the callback of an event only if it names the event."""
    assert isinstance(decide(WORKFLOW_ONLY, NO_CHOICE, "WorkflowFinish"), Destination)
    assert isinstance(decide(ON, NO_CHOICE, "WorkflowFinish"), Silence)
    assert isinstance(decide(rule(event="TransCodingFinish"), NO_CHOICE, "WorkflowFinish"), Silence)


def _where(decision: Decision) -> str | tuple[Channel, str, str, str] | None:
    match decision:
        case Destination(url=url):
            return url
        case Sink():
            return (decision.channel, decision.region, decision.mode, decision.name)
        case Silence():
            return None
