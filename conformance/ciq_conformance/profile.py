"""The target profile: the operator's settings for a target. Values only; loading is `profile_loading`.

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
    """XML of the tag's container inside Operation; empty selects the kit's own."""
    input_extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Keys for signing; never printed, never recorded."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def default_samples() -> dict[Feature, Sample]:
    """Returns the kit's own samples, one per feature."""
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
    """All settings of a run that depend on the target."""

    url: str
    """Address of the target, with the path under which a gateway serves it."""
    signed_prefix: bool = False
    """Whether signatures cover the path of `url` too: the gateway passes it on instead of removing it."""
    bucket: str = "examplebucket-1250000000"
    second_bucket: str = ""
    """Another bucket of the target, to test that buckets are separate; empty for none."""
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
    """Listening address of the receiver."""
    callback_url: str = ""
    """The receiver's base addresses as the target sees them, separated by commas; empty means the listening address."""
    capabilities: Mapping[Capability, bool | None] = field(default_factory=dict)
    ca_file: str = ""
    """File with the certificates that the suite trusts at an HTTPS target; empty for those of the machine."""
    timeout_factor: float = 1.0
    restart_command: str = ""
    """Command that restarts the target, for histories with restarts; empty for none."""
    embedded: bool = False
    job_path: Mapping[Feature, str] = field(default_factory=dict)
    """Job path per feature; without an entry the probe finds the documented path that the target accepts."""
