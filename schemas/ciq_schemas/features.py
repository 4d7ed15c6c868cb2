"""Defines the feature table: one row per feature of the service.

Contains names, paths, tags and letters. Must not know HTTP, XML or how jobs run.
A new feature is a new row; the mock reads its routes and the suite its parameters from the table.
Sources: `1045` = Cloud Infinite, `436` = COS documents; the row's `source` names the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Feature(StrEnum):
    """A part of the service with its own activation, queue and jobs."""

    MEDIA = "media"
    SPEECH = "speech"
    DOC = "doc"
    AI = "ai"
    PIC = "pic"
    FILE = "file"

    __hash__ = str.__hash__  # hashes the text, as `==` compares it; Enum's own hash is slow for keys on hot paths


EVERY_CATEGORY = "CateAll"
"""Value of `category` that lists the queues of every category (1045/72939)."""
SHARED_JOB_PATH = "/jobs"
"""Newer pages submit jobs of every feature but documents here; the tag selects the feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """All documented names of one feature."""

    feature: Feature
    title: str
    queue_names: tuple[str, ...]
    """Documented names of the queue created at activation; the first is the default of the mock."""
    extra_queue_names: tuple[str, ...] = ()
    """Documented further queues of the same feature (media: the speed queue)."""
    categories: tuple[str, ...]
    """Documented `Category` values of a response; the first is the default of the mock."""
    queue_path: str
    bucket_path: str
    bucket_element: str
    """Container of the activation response; the list repeats `<bucket_element>List`."""
    job_path: str
    """The feature's own path family, which the SDKs still use."""
    on_shared_path: bool
    """Whether newer pages document the feature's jobs under `/jobs`."""
    tags: tuple[str, ...]
    """Tags of jobs; the suite submits the first unless the profile names another."""
    id_letter: str
    """First character of a job id in every sample (inferred: ids are opaque)."""
    has_job_level: bool
    cancel_documented: bool
    multi_documented: bool
    """Whether several operations in one submit and several ids in one describe are documented."""
    job_callback_documented: bool
    """Whether the submit page lists CallBack and the related elements for this feature."""
    unbound_code: str
    """Error code of a bucket without this feature (documented for media only)."""
    source: str

    @property
    def bucket_list_element(self) -> str:
        """Name of the repeated element in the response to GET on the bucket path."""
        return f"{self.bucket_element}List"

    @property
    def extra_category(self) -> str:
        """Category of the documented further queue (media: the speed queue), empty without one."""
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
"""The features of the seed pages 1045/43607 and 436/46412: what a run covers by default."""

_FEATURE_BY_TAG = MappingProxyType({tag: row.feature for row in _ROWS for tag in row.tags})


def feature_of_tag(tag: str) -> Feature | None:
    """Returns the feature whose jobs have `tag`, or None for an undocumented tag."""
    return _FEATURE_BY_TAG.get(tag)
