"""Submit: one operation or many, checked part by part, then all accepted or none.

Source: 436/73198, 436/54934, 1045/47932 (one), 436/85083 (many); 436/83108 (files). Order of checks: body, Tag and
path, Operation, Input, callback fields, then bucket and queue.
"""

from collections.abc import Mapping

from ciq_mock.callback_rule import NO_CALLBACK
from ciq_mock.delivery.address import AddressRefusedError, check_address
from ciq_mock.engine import NO_CHOICE, CallbackChoice, JobOrder, KafkaAddress, MqAddress
from ciq_mock.service import job_documents
from ciq_mock.service.arguments import invalid, shortened
from ciq_mock.service.bodies import request_body
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.desk import Desk, need_bucket, refusals
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Decoded, Document
from ciq_schemas.features import FEATURES, Feature, FeatureSpec, feature_of_tag
from ciq_schemas.operations import HttpOperation

_SOURCE_IN_OPERATION = frozenset({"FileCompress", "Tts", "GeneratePlayList", "PosterProduction", "VideoSynthesis"})
"""Tags whose Input may be missing, because Operation names the source (436/83112 and the pages of the tags)."""
_WRITING = frozenset(
    {
        "Transcode", "Animation", "Snapshot", "SmartCover", "Concat", "VoiceSeparate", "VideoMontage", "SDRtoHDR",
        "VideoProcess", "SuperResolution", "Segment", "DigitalWatermark", "StreamExtract", "Tts", "NoiseReduction",
        "SpeechRecognition", "DocProcess", "Translation", "PicProcess", "FileCompress", "FileUncompress",
    }
)  # fmt: skip
"""Tags that write files: their pages require Operation.Output."""
_CALLBACK_FIELDS = (
    "CallBack", "CallBackFormat", "CallBackType", "CallBackMqConfig", "CallBackKafkaConfig",
)  # fmt: skip

_Body = Mapping[str, object]


def submit(desk: Desk, operation: HttpOperation, call: Call) -> Answer:
    """Accept the jobs of a request."""
    bucket = need_bucket(call.bucket)
    decoded = request_body(Document.JOB_SUBMIT_REQUEST, call.body, desk.settings.limits)
    body = decoded.value
    operations = _mappings(body["Operation"])
    tags = _tags(body, operations)
    feature = _feature(tags, operation)
    for tag, wanted in zip(tags, operations, strict=True):
        _check_operation(tag, wanted)
    orders = _orders(desk.settings, FEATURES[feature], call, decoded, tags, operations)
    queue_id = body.get("QueueId") or None
    with refusals():
        jobs = desk.engine.submit(
            desk.now(), bucket, feature, orders, queue_id=None if queue_id is None else str(queue_id)
        )
    desk.wake()
    return Answer(job_documents.submitted(jobs))


def _mappings(items: object) -> list[_Body]:
    """The containers of a repeated element; an empty one reads as no mapping at all."""
    return [item if isinstance(item, dict) else {} for item in items] if isinstance(items, list) else []


def _tags(body: _Body, operations: list[_Body]) -> list[str]:
    """The tag of each operation: its own, else that of the request (1045/47323)."""
    tags = [str(operation.get("Tag") or body.get("Tag") or "") for operation in operations]
    if "" in tags:
        raise invalid("Tag is required: in Request, or in each Operation")
    return tags


def _feature(tags: list[str], operation: HttpOperation) -> Feature:
    """The one feature of the tags; they must be of one queue, and fit the path."""
    features = set()
    for tag in tags:
        feature = feature_of_tag(tag)
        if feature is None:
            raise invalid(f"Tag {shortened(tag)} is not known")
        if feature not in operation.served:
            raise invalid(f"Tag {tag} is not one of {operation.path}")
        features.add(feature)
    if len(features) > 1:
        raise invalid("the tags of one request must belong to one queue")
    return features.pop()


def _check_operation(tag: str, operation: _Body) -> None:
    output = operation.get("Output")
    if tag in _WRITING and not output:
        raise invalid(f"Operation.Output is required for {tag}")


def _orders(
    settings: MockSettings,
    spec: FeatureSpec,
    call: Call,
    decoded: Decoded,
    tags: list[str],
    operations: list[_Body],
) -> list[JobOrder]:
    body = decoded.value
    source = _source(body.get("Input"), tags)
    callback = _callback(settings, body)
    one_of_many = len(tags) > 1 or not body.get("Tag")
    echo = job_documents.echoed_input(spec, call, body.get("Input"))
    return [
        JobOrder(
            tag=tag,
            level=_level(spec, operation),
            input_object=source,
            input=echo,
            operation=job_documents.echoed_operation(
                spec, operation, fragment, tag=tag if one_of_many else ""
            ),
            callback=callback,
            duration=settings.duration_of(spec.feature, source),
            failure=settings.failure_of(source),
            one_of_many=one_of_many,
        )
        for tag, operation, fragment in zip(tags, operations, decoded.fragments, strict=True)
    ]


def _source(given: object, tags: list[str]) -> str:
    """The key of the input, or its address; Object wins when both are there (436/54934)."""
    if not isinstance(given, dict):
        if set(tags) <= _SOURCE_IN_OPERATION:
            return ""
        raise invalid("Input is required")
    source = given.get("Object") or given.get("Url") or ""
    if not source and not set(tags) <= _SOURCE_IN_OPERATION:
        raise invalid("Input.Object is required")
    return str(source)


def _level(spec: FeatureSpec, operation: _Body) -> int:
    """0 to 2, as the schema has made sure; features without levels keep plain order of submission."""
    return int(str(operation.get("JobLevel") or 0)) if spec.has_job_level else 0


def _callback(settings: MockSettings, body: _Body) -> CallbackChoice:
    given = {name: body[name] for name in _CALLBACK_FIELDS if body.get(name)}
    if not given:
        return NO_CHOICE
    address = str(given.get("CallBack", ""))
    if address and address != NO_CALLBACK:
        try:
            check_address(address, forbid_private=settings.delivery.forbid_private)
        except AddressRefusedError as error:
            raise invalid(f"CallBack: {error}") from None
    channel = str(given.get("CallBackType", ""))
    mq, kafka = given.get("CallBackMqConfig"), given.get("CallBackKafkaConfig")
    if channel == "TDMQ":
        _need(mq, "CallBackMqConfig", ("MqRegion", "MqName"), channel)
    if channel == "Kafka":
        _need(kafka, "CallBackKafkaConfig", ("Region", "InstanceId", "Topic"), channel)
    return CallbackChoice(
        address=address or None,
        format=str(given.get("CallBackFormat", "")) or None,
        type=channel or None,
        mq=_mq(mq),
        kafka=_kafka(kafka),
    )


def _need(config: object, name: str, parts: tuple[str, ...], channel: str) -> None:
    """Refuse a message queue that is not named in full: “required when CallBackType is TDMQ” (1045/49945)."""
    for part in parts:
        if not (isinstance(config, dict) and config.get(part)):
            raise invalid(f"{name}.{part} is required when CallBackType is {channel}")


def _mq(config: object) -> MqAddress | None:
    if not isinstance(config, dict):
        return None
    return MqAddress(
        region=str(config.get("MqRegion") or ""),
        mode=str(config.get("MqMode") or "Queue"),
        name=str(config.get("MqName") or ""),
    )


def _kafka(config: object) -> KafkaAddress | None:
    if not isinstance(config, dict):
        return None
    return KafkaAddress(
        region=str(config.get("Region") or ""),
        instance=str(config.get("InstanceId") or ""),
        topic=str(config.get("Topic") or ""),
    )
