"""The parameters of a template of each tag, and the container that holds them in an answer.

Source: 1045/73037 (pictures), 1045/73064, 1045/73121, 1045/72951 (transcoding), 460/84734 (covers); the other tags as
in the Go SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ciq_mock.service.arguments import invalid, shortened


@dataclass(frozen=True, slots=True)
class TagForm:
    """Parts of one tag. `holder` is their container in the answer when the request has them without a container."""

    parts: tuple[str, ...]
    required: tuple[str, ...] = ()
    holder: str = ""


_STREAMS = ("Container", "Video", "TimeInterval", "Audio", "TransConfig", "AudioMix", "AudioMixArray")


def _named(part: str) -> TagForm:
    return TagForm((part,), (part,))


TAG_FORMS: Mapping[str, TagForm] = MappingProxyType(
    {
        "Snapshot": _named("Snapshot"),
        "SmartCover": _named("SmartCover"),
        "Concat": _named("ConcatTemplate"),
        "PicProcess": _named("PicProcess"),
        "Watermark": _named("Watermark"),
        "SpeechRecognition": _named("SpeechRecognition"),
        "NoiseReduction": _named("NoiseReduction"),
        "VideoEnhance": _named("VideoEnhance"),
        "VideoTargetRec": _named("VideoTargetRec"),
        "ImageOCR": _named("ImageOCR"),
        "Transcode": TagForm(_STREAMS, ("Container",), "TransTpl"),
        "HighSpeedHd": TagForm(_STREAMS, ("Container", "Video"), "TransTpl"),
        "TranscodePro": TagForm(_STREAMS, ("Container", "Video"), "TransProTpl"),
        "Animation": TagForm(_STREAMS, ("Container",), "Animation"),
        "VideoMontage": TagForm(("Duration", "Scene", *_STREAMS), ("Container",), "VideoMontage"),
        "VideoProcess": TagForm(("ColorEnhance", "MsSharpen"), (), "VideoProcess"),
        "VoiceSeparate": TagForm(("AudioMode", "AudioConfig"), ("AudioMode",), "VoiceSeparate"),
        "SuperResolution": TagForm(("Resolution", "EnableScaleUp", "Version"), (), "SuperResolution"),
        "Tts": TagForm(("Mode", "Codec", "VoiceType", "Volume", "Speed", "Emotion"), (), "TtsTpl"),
    }
)


def parts_of(tag: str, value: Mapping[str, object]) -> dict[str, object]:
    """Return the elements of an answer that show a template's parameters, without parts of other tags.

    Raises Refusal InvalidArgument for a tag without templates and for a missing part.
    """
    form = TAG_FORMS.get(tag)
    if form is None:
        raise invalid(f"Tag {shortened(tag)} has no templates; it must be one of {', '.join(TAG_FORMS)}")
    for name in form.required:
        if name not in value:
            raise invalid(f"{name} is required for a template of {tag}")
    parts = {name: value[name] for name in form.parts if name in value}
    return {form.holder: parts} if form.holder else parts
