"""Builds the requests of the template scenario: small templates of the tags whose documents are stored. Pure.

Source: 1045/73037 and 1045/73038 (pictures), 1045/73064 (transcoding).
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from ciq_schemas.features import Feature

NAME_LENGTH = 64
"""The maximum length of a name (1045/73037)."""


@dataclass(frozen=True, slots=True)
class TemplateKind:
    """A tag with two different sets of parameters; `distinguishing` is the response element that differs."""

    tag: str
    first: str
    second: str
    distinguishing: str


KINDS = {
    Feature.MEDIA: TemplateKind(
        "Transcode",
        "<Container><Format>mp4</Format></Container><Video><Codec>H.264</Codec></Video>",
        "<Container><Format>flv</Format></Container><Video><Codec>H.264</Codec></Video>",
        "Format",
    ),
    Feature.PIC: TemplateKind(
        "PicProcess",
        "<PicProcess><IsPicInfo>true</IsPicInfo><ProcessRule>imageMogr2/rotate/90</ProcessRule></PicProcess>",
        "<PicProcess><IsPicInfo>true</IsPicInfo><ProcessRule>imageMogr2/rotate/180</ProcessRule></PicProcess>",
        "ProcessRule",
    ),
}


def template_body(kind: TemplateKind, name: str, *, second: bool = False) -> bytes:
    """Returns the body that creates or updates a template."""
    parameters = kind.second if second else kind.first
    return f"<Request><Tag>{kind.tag}</Tag><Name>{escape(name)}</Name>{parameters}</Request>".encode()


def names(run_id: str) -> tuple[str, str]:
    """Returns the name of this run's template and its name after the update; neither is a prefix of the other."""
    letters = "".join(c for c in run_id if c.isascii() and c.isalnum())[:24]
    return f"ciq-{letters}", f"cir-{letters}"
