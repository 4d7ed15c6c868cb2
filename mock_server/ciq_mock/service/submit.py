"""The handler of submit: checks one or several operations, then accepts all or none.

Source: 436/73198, 436/54934, 1045/47932 (one), 436/85083 (several); 436/83108 (files). Order of checks: body, Tag and
path, Operation, Input, callback fields, then bucket and queue.
"""

from ciq_mock.callback_rule import NO_CALLBACK
from ciq_mock.delivery.address import AddressRefusedError, check_address
from ciq_mock.engine import NO_CHOICE, CallbackChoice, JobSpec, KafkaAddress, MqAddress
from ciq_mock.service import job_documents
from ciq_mock.service.arguments import invalid, shortened
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.inputs import check_operation, unknown_input
from ciq_mock.service.submit_form import SubmitForm, Texts, read_submit
from ciq_mock.service.template_calls import name_for_job
from ciq_mock.settings import MockSettings, UnknownInput
from ciq_schemas.features import FEATURES, Feature, FeatureSpec, feature_of_tag
from ciq_schemas.operations import FeatureOperation

_SOURCE_IN_OPERATION = frozenset({"FileCompress", "Tts", "GeneratePlayList", "PosterProduction", "VideoSynthesis"})
"""Tags whose Input may be absent, because Operation names the source (436/83112 and the pages of the tags)."""
WRITING = frozenset(
    {
        "Transcode", "Animation", "Snapshot", "SmartCover", "Concat", "VoiceSeparate", "VideoMontage", "SDRtoHDR",
        "VideoProcess", "SuperResolution", "Segment", "DigitalWatermark", "StreamExtract", "Tts", "NoiseReduction",
        "SpeechRecognition", "DocProcess", "Translation", "PicProcess", "FileCompress", "FileUncompress",
    }
)  # fmt: skip
"""Tags that write files; their pages require Operation.Output."""


def submit(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Accept the jobs of a request and describe them."""
    bucket = need_bucket(call.bucket)
    form = read_submit(call.body, context.settings.limits)
    tags = _tags(form)
    feature = _feature(tags, operation)
    for tag, requested in zip(tags, form.operations, strict=True):
        if tag in WRITING and not requested.has_output and not (requested.text_only and tag == "Translation"):
            raise invalid(f"Operation.Output is required for {tag}")
        check_operation(tag, requested.xml)
    specs = job_specs_of(context, FEATURES[feature], call, form, tags)
    if form.queue_type and feature is Feature.MEDIA and form.queue_type not in FEATURES[feature].categories:
        raise invalid(f"QueueType must be SpeedTranscoding, not {shortened(form.queue_type)}")
    planned = context.interventions.changed(specs)
    jobs = context.engine.submit(
        context.now(), bucket, feature, planned, queue_id=form.queue_id or None, category=form.queue_type or None
    )
    context.interventions.used(len(jobs))
    context.wake()
    return Answer(job_documents.submitted(jobs))


def _tags(form: SubmitForm) -> list[str]:
    """Return the tag of each operation: its own, else that of the request (1045/47323)."""
    tags = [requested.tag or form.tag for requested in form.operations]
    if "" in tags:
        raise invalid("Tag is required, in Request or in each Operation")
    return tags


def _feature(tags: list[str], operation: FeatureOperation) -> Feature:
    """Return the feature of the tags, which must all belong to one queue and to the path."""
    features = set()
    for tag in tags:
        feature = feature_of_tag(tag)
        if feature is None:
            raise invalid(f"Tag {shortened(tag)} is not known")
        if feature not in operation.served:
            raise invalid(f"Tag {tag} does not belong to {operation.path}")
        features.add(feature)
    if len(features) > 1:
        raise invalid("the tags of one request must belong to one queue")
    return features.pop()


def job_specs_of(
    context: ServiceContext, spec: FeatureSpec, call: Call, form: SubmitForm, tags: list[str]
) -> list[JobSpec]:
    """Return a JobSpec for each operation of a checked request. Raises Refusal for input and callback fields."""
    settings = context.settings
    source = _source(form.source, tags)
    callback = _callback(settings, form.callback)
    one_of_many = len(tags) > 1 or not form.tag
    echo = job_documents.echoed_input(spec, call, form.source)
    duration = settings.duration_of(spec.feature, source)
    failure = settings.failure_of(source)
    if failure is None and settings.objects.unknown_input is not UnknownInput.ACCEPT:
        failure = unknown_input(context, call.bucket, form.source)
    return [
        JobSpec(
            tag=tag,
            level=int(requested.level or 0) if spec.has_job_level else 0,
            input_object=source,
            input=echo,
            operation=job_documents.echoed_operation(
                spec,
                requested,
                tag=tag if one_of_many else "",
                show_default_level=settings.show_default_level,
                template_name=name_for_job(context, call.bucket, requested.template_id)
                if requested.template_id
                else "",
            ),
            callback=callback,
            duration=duration,
            failure=failure,
            one_of_many=one_of_many,
        )
        for tag, requested in zip(tags, form.operations, strict=True)
    ]


def _source(given: Texts | None, tags: list[str]) -> str:
    """Return the key of the input, or its address; Object takes precedence over Url (436/54934)."""
    source = "" if given is None else str(given.get("Object") or given.get("Url") or "")
    if not source and not set(tags) <= _SOURCE_IN_OPERATION:
        raise invalid("Input is required" if given is None else "Input.Object is required")
    return source


def _callback(settings: MockSettings, fields: Texts) -> CallbackChoice:
    given = {name: item for name, item in fields.items() if item}
    if not given:
        return NO_CHOICE
    address = str(given.get("CallBack", ""))
    if address and address != NO_CALLBACK:
        try:
            check_address(address, settings.delivery)
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
    """Refuse an incomplete message queue: “required when CallBackType is TDMQ” (1045/49945)."""
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
