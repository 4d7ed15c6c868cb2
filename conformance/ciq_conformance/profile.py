"""The target profile: what the operator says about the target. Values only; loading is `profile_loading`.

Order of precedence: flags, environment (CIQ_*), `ciq.toml`, defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Capability

_GOOD = {
    Feature.MEDIA: "samples/clip.mp4",
    Feature.SPEECH: "samples/speech.mp3",
    Feature.DOC: "samples/report.docx",
    Feature.AI: "samples/text.txt",
    Feature.PIC: "samples/photo.jpg",
    Feature.FILE: "samples/data.bin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the suite submits for one feature."""

    tag: str
    good: str
    """Key of an input that the target can process."""
    operation: str = ""
    """XML of the tag's container inside Operation; empty takes the kit's own."""
    input_extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Keys for signing; never printed, never recorded."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def default_samples() -> dict[Feature, Sample]:
    """The kit's own samples, one a feature."""
    return {
        feature: Sample(
            tag=spec.tags[0],
            good=_GOOD[feature],
            input_extra="<Lang>zh</Lang><Type>txt</Type>" if feature is Feature.AI else "",
        )
        for feature, spec in FEATURES.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything a run needs to know about its target."""

    url: str
    bucket: str = "examplebucket-1250000000"
    region: str = "ap-chongqing"
    host: str = "{bucket}.ci.{region}.myqcloud.com"
    """Host header of calls on a bucket."""
    region_host: str = "ci.{region}.myqcloud.com"
    """Host header of the bucket lists."""
    credentials: Credentials | None = None
    features: tuple[Feature, ...] = (Feature.MEDIA, Feature.SPEECH, Feature.DOC)
    inputs: Mapping[Feature, Sample] = field(default_factory=default_samples)
    missing_input: str = "missing/{run_id}"
    """Key of an input that must fail."""
    output_prefix: str = "ciq"
    callback_bind: str = "127.0.0.1:0"
    """Where the receiver listens."""
    callback_url: str = ""
    """The receiver's base address as the target sees it; empty = where it listens."""
    capabilities: Mapping[Capability, bool | None] = field(default_factory=dict)
    timeout_factor: float = 1.0
    restart_command: str = ""
    """What restarts the target, for histories with restarts; empty = nothing does."""
    embedded: bool = False
    job_path: Mapping[Feature, str] = field(default_factory=dict)
    """Path family for jobs; without an entry the probe finds out which documented one the target answers."""
