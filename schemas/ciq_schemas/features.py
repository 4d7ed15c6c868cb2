"""The feature table: one row per feature of the service.

Knows names, paths, tags and letters. Must not know HTTP, XML or how jobs run.
A new feature is a new row; routes of the mock and parameters of the suite are read from here.
Sources: `1045` = Cloud Infinite, `436` = COS documents; the row's `source` names the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Feature(StrEnum):
    """A part of the service that has activation, a queue and jobs of its own."""

    MEDIA = "media"
    SPEECH = "speech"
    DOC = "doc"
    AI = "ai"
    PIC = "pic"
    FILE = "file"

    __hash__ = str.__hash__  # as equality: the text; Enum's own is slow, and these are keys on the busiest ways


EVERY_CATEGORY = "CateAll"
"""Value of `category` that lists the queues of every category (1045/72939)."""
SHARED_JOB_PATH = "/jobs"
"""Newer pages submit every feature but documents here; the tag picks the feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """Everything the documents say by name about one feature."""

    feature: Feature
    title: str
    queue_names: tuple[str, ...]
    """Documented names of the queue made at activation; the first is the default of the mock."""
    extra_queue_names: tuple[str, ...] = ()
    """Documented further queues of the same feature (media: the speed queue)."""
    categories: tuple[str, ...]
    """Documented `Category` values of an answer; the first is the default of the mock."""
    queue_path: str
    bucket_path: str
    bucket_element: str
    """Container of the activation answer; the list repeats `<bucket_element>List`."""
    job_path: str
    """The feature's own path family, still used by the SDKs."""
    on_shared_path: bool
    """True when newer pages document the feature's jobs under `/jobs`."""
    tags: tuple[str, ...]
    """Tags of jobs; the first is the one the suite submits unless the profile says otherwise."""
    id_letter: str
    """First character of a job id in every sample (inferred: ids are opaque)."""
    has_job_level: bool
    cancel_documented: bool
    multi_documented: bool
    """True when many operations in one submit, and several ids in one describe, are documented."""
    job_callback_documented: bool
    """True when the submit page lists CallBack and its companions for this feature."""
    unbound_code: str
    """Error code of a bucket without this feature (documented for media only)."""
    source: str

    @property
    def bucket_list_element(self) -> str:
        """Name of the repeated element in the answer to GET on the bucket path."""
        return f"{self.bucket_element}List"

    @property
    def extra_category(self) -> str:
        """Category of the documented further queue (media: the speed queue), empty where there is none."""
        return self.categories[1] if self.extra_queue_names else ""

    @property
    def job_paths(self) -> tuple[str, ...]:
        """Every documented path family for jobs, the feature's own first."""
        if self.on_shared_path and self.job_path != SHARED_JOB_PATH:
            return (self.job_path, SHARED_JOB_PATH)
        return (self.job_path,)


_ROWS = (
    FeatureSpec(
        feature=Feature.MEDIA,
        title="Media processing",
        queue_names=("queue-1",),
        extra_queue_names=("queue-speed-transcoding-process-1",),
        categories=("Transcoding", "SpeedTranscoding"),
        queue_path="/queue",
        bucket_path="/mediabucket",
        bucket_element="MediaBucket",
        job_path="/jobs",
        on_shared_path=True,
        tags=(
            "Snapshot",
            "Transcode",
            "Animation",
            "SmartCover",
            "Concat",
            "VoiceSeparate",
            "VideoMontage",
            "SDRtoHDR",
            "VideoProcess",
            "SuperResolution",
            "Segment",
            "DigitalWatermark",
            "ExtractDigitalWatermark",
            "VideoTag",
            "MediaInfo",
            "StreamExtract",
            "QualityEstimate",
            "Tts",
            "NoiseReduction",
            "SplitVideoParts",
            "VideoTargetRec",
            "SegmentVideoBody",
            "FillConcat",
            "GeneratePlayList",
            "VideoSynthesis",
            "VideoEnhance",
            "Dna",
            "Watermark",
        ),
        id_letter="j",
        has_job_level=True,
        cancel_documented=True,
        multi_documented=True,
        job_callback_documented=True,
        unbound_code="MediaBucketUnBinded",
        source="1045/43607, 1045/72939, 1045/72940, 1045/73061, 436/73198, 436/85083",
    ),
    FeatureSpec(
        feature=Feature.SPEECH,
        title="Speech recognition",
        queue_names=("queue-speech-1", "queue-smart-audio-1"),
        categories=("Speeching",),
        queue_path="/asrqueue",
        bucket_path="/asrbucket",
        bucket_element="AsrBucket",
        job_path="/asr_jobs",
        on_shared_path=True,
        tags=("SpeechRecognition", "SoundHound", "VocalScore"),
        id_letter="s",
        has_job_level=True,
        cancel_documented=False,
        multi_documented=False,
        job_callback_documented=True,
        unbound_code="AsrBucketUnBinded",
        source="436/46412, 1045/73366, 1045/73367, 1045/49789, 436/54934",
    ),
    FeatureSpec(
        feature=Feature.DOC,
        title="Document processing",
        queue_names=("queue-doc-process-1",),
        categories=("DocProcessing", "DocProcess"),
        queue_path="/docqueue",
        bucket_path="/docbucket",
        bucket_element="DocBucket",
        job_path="/doc_jobs",
        on_shared_path=False,
        tags=("DocProcess", "DocWatermark", "DocAIGCMetadata"),
        id_letter="d",
        has_job_level=False,
        cancel_documented=False,
        multi_documented=False,
        job_callback_documented=False,
        unbound_code="DocBucketUnBinded",
        source="436/46412, 1045/47935, 1045/47936, 1045/47932",
    ),
    FeatureSpec(
        feature=Feature.AI,
        title="AI content recognition",
        queue_names=("queue-ai-process-1",),
        categories=("AIProcess",),
        queue_path="/ai_queue",
        bucket_path="/ai_bucket",
        bucket_element="AiBucket",
        job_path="/ai_jobs",
        on_shared_path=True,
        tags=("Translation", "WordsGeneralize"),
        id_letter="a",
        has_job_level=True,
        cancel_documented=False,
        multi_documented=False,
        job_callback_documented=True,
        unbound_code="AIBucketUnBinded",
        source="1045/72923, 1045/72924, 1045/49788, 460/84799",
    ),
    FeatureSpec(
        feature=Feature.PIC,
        title="Image processing",
        queue_names=("queue-pic-process-1",),
        categories=("PicProcessing",),
        queue_path="/picqueue",
        bucket_path="/picbucket",
        bucket_element="PicBucket",
        job_path="/pic_jobs",
        on_shared_path=True,
        tags=("PicProcess", "ImageInspect", "PosterProduction", "ImageOCR"),
        id_letter="c",
        has_job_level=True,
        cancel_documented=True,
        multi_documented=False,
        job_callback_documented=True,
        unbound_code="PicBucketUnBinded",
        source="1045/50328, 1045/72918, 1045/72919, 1045/49947, 436/85035",
    ),
    FeatureSpec(
        feature=Feature.FILE,
        title="File processing",
        queue_names=("queue-file-process-1",),
        categories=("FileProcess",),
        queue_path="/file_queue",
        bucket_path="/file_bucket",
        bucket_element="FileBucket",
        job_path="/file_jobs",
        on_shared_path=True,
        tags=("FileHashCode", "FileCompress", "FileUncompress"),
        id_letter="f",
        has_job_level=False,
        cancel_documented=False,
        multi_documented=True,
        job_callback_documented=True,
        unbound_code="FileBucketUnBinded",
        source="1045/72964, 1045/72965, 1045/52867, 436/83108",
    ),
)

FEATURES: Mapping[Feature, FeatureSpec] = MappingProxyType({row.feature: row for row in _ROWS})
"""The table, in the order of the documents."""

SEED_FEATURES = (Feature.MEDIA, Feature.SPEECH, Feature.DOC)
"""The features of the seed pages 1045/43607 and 436/46412: what a run covers unless told otherwise."""

_FEATURE_BY_TAG = MappingProxyType({tag: row.feature for row in _ROWS for tag in row.tags})


def feature_of_tag(tag: str) -> Feature | None:
    """Return the feature whose jobs carry `tag`, or None for a tag in no document."""
    return _FEATURE_BY_TAG.get(tag)
