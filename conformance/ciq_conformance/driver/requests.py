"""Job requests and callback rules, and the XML bodies made from them. Pure.

Elements follow the order of the documents (Tag, Input, Operation, QueueId, CallBack...) unless `shuffled`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from ciq_schemas.features import Feature

_CONTAINERS = {
    "Snapshot": (
        "<Snapshot><Mode>Interval</Mode><Start>0</Start><TimeInterval>5</TimeInterval><Count>1</Count></Snapshot>"
    ),
    "SpeechRecognition": (
        "<SpeechRecognition><EngineModelType>16k_zh</EngineModelType><ChannelNum>1</ChannelNum>"
        "<ResTextFormat>0</ResTextFormat></SpeechRecognition>"
    ),
    "DocProcess": "<DocProcess><TgtType>jpg</TgtType><StartPage>1</StartPage><EndPage>-1</EndPage></DocProcess>",
    "Translation": "<Translation><Lang>en</Lang><Type>txt</Type></Translation>",
    "PicProcess": "<PicProcess><IsPicInfo>true</IsPicInfo><ProcessRule>imageMogr2/rotate/90</ProcessRule></PicProcess>",
    "FileHashCode": "<FileHashCodeConfig><Type>MD5</Type></FileHashCodeConfig>",
}
_OUTPUTS = {
    Feature.MEDIA: "out-${Number}.jpg",
    Feature.SPEECH: "out.txt",
    Feature.DOC: "out-${Number}.jpg",
    Feature.AI: "out.txt",
    Feature.PIC: "out.png",
    Feature.FILE: "out.txt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One job to submit. None omits an element."""

    feature: Feature
    tag: str
    input_object: str
    bucket: str
    region: str
    output_prefix: str
    """Folder for outputs; contains the run id."""
    user_data: str | None = None
    level: int | str | None = None
    queue_id: str | None = None
    queue_type: str | None = None
    callback: str | None = None
    callback_format: str | None = None
    container: str | None = None
    """XML of the tag's container; None selects the built-in one."""
    input_extra: str = ""
    """More XML inside Input (Translation requires Lang, Type, BasicType)."""

    @property
    def output_object(self) -> str:
        """Key of the requested output."""
        return f"{self.output_prefix}/{_OUTPUTS[self.feature]}"

    def with_(self, **changes: object) -> "JobRequest":
        """Returns a copy with some values changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _element(name: str, text: object | None) -> str:
    return "" if text is None else f"<{name}>{escape(str(text))}</{name}>"


def operation_xml(job: JobRequest, *, with_tag: bool = False) -> str:
    """Returns the Operation element; `with_tag` for the form with several operations."""
    container = _CONTAINERS.get(job.tag, f"<{job.tag}/>") if job.container is None else job.container
    output = (
        f"<Output>{_element('Region', job.region)}{_element('Bucket', job.bucket)}"
        f"{_element('Object', job.output_object)}</Output>"
    )
    return (
        "<Operation>"
        + (_element("Tag", job.tag) if with_tag else "")
        + container
        + output
        + _element("UserData", job.user_data)
        + _element("JobLevel", job.level)
        + "</Operation>"
    )


def submit_body(jobs: Sequence[JobRequest], *, shuffled: bool = False) -> bytes:
    """Returns the body that submits `jobs`: one in the single form, several in the form with several operations.

    Input, QueueId and the callback fields of a body with several operations are those of the first job.
    """
    first = jobs[0]
    many = len(jobs) > 1
    input_xml = f"<Input>{_element('Object', first.input_object)}{first.input_extra}</Input>"
    parts = [] if many else [_element("Tag", first.tag)]
    parts.append(input_xml)
    parts.extend(operation_xml(job, with_tag=many) for job in jobs)
    parts.append(_element("QueueId", first.queue_id))
    parts.append(_element("QueueType", first.queue_type))
    parts.append(_element("CallBackFormat", first.callback_format))
    parts.append(_element("CallBack", first.callback))
    if shuffled:
        parts.reverse()
    return f'<?xml version="1.0" encoding="utf-8"?><Request>{"".join(parts)}</Request>'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRuleRequest:
    """A callback rule to set on a queue. None omits an element."""

    state: str | None = "On"
    url: str | None = None
    event: str | None = "TaskFinish"
    type: str | None = "Url"
    result_format: str | None = None
    mq_mode: str | None = None
    mq_region: str | None = None
    mq_name: str | None = None

    def xml(self, *, reverse: bool = False) -> str:
        """The NotifyConfig element."""
        parts = [
            _element("Url", self.url),
            _element("State", self.state),
            _element("Type", self.type),
            _element("Event", self.event),
            _element("ResultFormat", self.result_format),
            _element("MqMode", self.mq_mode),
            _element("MqRegion", self.mq_region),
            _element("MqName", self.mq_name),
        ]
        if reverse:
            parts.reverse()
        return f"<NotifyConfig>{''.join(parts)}</NotifyConfig>"


def update_body(
    *, name: str, state: str, rule: CallbackRuleRequest, id_element: str = "", queue_id: str = "", reverse: bool = False
) -> bytes:
    """The body of a queue update; `id_element` is QueueID, QueueId or empty for none."""
    parts = [
        _element("Name", name),
        _element(id_element, queue_id) if id_element else "",
        _element("State", state),
        rule.xml(reverse=reverse),
    ]
    if reverse:
        parts.reverse()
    return f'<?xml version="1.0" encoding="utf-8"?><Request>{"".join(parts)}</Request>'.encode()
