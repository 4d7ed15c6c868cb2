"""What a scenario submits: a job order and the XML body it becomes. Pure.

Elements go in the order of the documents (Tag, Input, Operation, QueueId, CallBack...) unless `shuffled`.
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
    """One job to submit. None leaves an element out."""

    feature: Feature
    tag: str
    input_object: str
    bucket: str
    region: str
    output_prefix: str
    """Folder for outputs; carries the run id."""
    user_data: str | None = None
    level: int | str | None = None
    queue_id: str | None = None
    queue_type: str | None = None
    callback: str | None = None
    callback_format: str | None = None
    container: str | None = None
    """XML of the tag's container; None takes the built-in one of the tag."""
    input_extra: str = ""
    """Further XML inside Input (Translation wants Lang, Type, BasicType)."""

    @property
    def output_object(self) -> str:
        """Key of the output the order asks for."""
        return f"{self.output_prefix}/{_OUTPUTS[self.feature]}"

    def with_(self, **changes: object) -> "JobRequest":
        """A copy with some values changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _element(name: str, text: object | None) -> str:
    return "" if text is None else f"<{name}>{escape(str(text))}</{name}>"


def operation_xml(order: JobRequest, *, with_tag: bool = False) -> str:
    """The Operation element of an order; `with_tag` as the form with many operations wants it."""
    container = _CONTAINERS.get(order.tag, f"<{order.tag}/>") if order.container is None else order.container
    output = (
        f"<Output>{_element('Region', order.region)}{_element('Bucket', order.bucket)}"
        f"{_element('Object', order.output_object)}</Output>"
    )
    return (
        "<Operation>"
        + (_element("Tag", order.tag) if with_tag else "")
        + container
        + output
        + _element("UserData", order.user_data)
        + _element("JobLevel", order.level)
        + "</Operation>"
    )


def submit_body(orders: Sequence[JobRequest], *, shuffled: bool = False) -> bytes:
    """The body that submits `orders`: one in the single form, several in the form with many operations.

    Input, QueueId and the callback fields of a request with many operations are those of the first order.
    """
    first = orders[0]
    many = len(orders) > 1
    input_xml = f"<Input>{_element('Object', first.input_object)}{first.input_extra}</Input>"
    parts = [] if many else [_element("Tag", first.tag)]
    parts.append(input_xml)
    parts.extend(operation_xml(order, with_tag=many) for order in orders)
    parts.append(_element("QueueId", first.queue_id))
    parts.append(_element("QueueType", first.queue_type))
    parts.append(_element("CallBackFormat", first.callback_format))
    parts.append(_element("CallBack", first.callback))
    if shuffled:
        parts.reverse()
    return f'<?xml version="1.0" encoding="utf-8"?><Request>{"".join(parts)}</Request>'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRuleRequest:
    """A callback rule to set on a queue. None leaves an element out."""

    state: str | None = "On"
    url: str | None = None
    event: str | None = "TaskFinish"
    type: str | None = "Url"
    result_format: str | None = None

    def xml(self, *, reverse: bool = False) -> str:
        """The NotifyConfig element."""
        parts = [
            _element("Url", self.url),
            _element("State", self.state),
            _element("Type", self.type),
            _element("Event", self.event),
            _element("ResultFormat", self.result_format),
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
