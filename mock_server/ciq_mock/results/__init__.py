"""The results of an ended job, by tag: its result containers and its files.

A table has the makers of each tag; the result of a maker depends on the job only. Results are made when they are first
shown, never when a job is submitted.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from ciq_mock.engine import Job
from ciq_mock.results import containers, media
from ciq_mock.results.echo import plain, text
from ciq_mock.results.finished import Finished, content_of
from ciq_mock.results.names import file_names, sprite_names
from ciq_schemas.features import FEATURES, Feature

Maker = Callable[[Finished], bytes]
"""Returns one result container of a job; b"" when the job has none."""

_CLIP = (media.media_info, media.media_result)
_FILES = (media.media_result,)

MAKERS: Mapping[str, tuple[Maker, ...]] = MappingProxyType(
    {
        **dict.fromkeys(FEATURES[Feature.MEDIA].tags, _CLIP),
        "Snapshot": _FILES,
        "SmartCover": _FILES,
        "Animation": _FILES,
        "GeneratePlayList": _FILES,
        "MediaInfo": (media.media_info,),
        "ExtractDigitalWatermark": (),
        "SplitVideoParts": (media.split_parts,),
        "VideoTag": (media.video_tags,),
        "VideoTargetRec": (media.targets,),
        "QualityEstimate": (media.quality,),
        "Dna": (media.fingerprint,),
        "SpeechRecognition": (containers.recognition,),
        "SoundHound": (containers.song,),
        "VocalScore": (containers.score,),
        "DocProcess": (containers.pages,),
        "DocWatermark": (containers.watermarked,),
        "DocAIGCMetadata": (),
        "Translation": (containers.translated,),
        "WordsGeneralize": (containers.words,),
        "PicProcess": (containers.processed,),
        "ImageInspect": (containers.inspected,),
        "ImageOCR": (containers.read_text,),
        "PosterProduction": _FILES,
        "FileHashCode": (containers.hashed,),
        "FileCompress": (containers.compressed,),
        "FileUncompress": (containers.uncompressed,),
    }
)
"""Makers by tag, in the order of the containers in the schema."""

_WITHOUT_FILES = frozenset(
    {
        "MediaInfo", "ExtractDigitalWatermark", "SplitVideoParts", "VideoTag", "VideoTargetRec", "QualityEstimate",
        "Dna", "SoundHound", "VocalScore", "WordsGeneralize", "ImageInspect", "ImageOCR", "FileHashCode",
    }
)  # fmt: skip
"""Tags that analyse their input and write no file, even with an Output."""


READS_CONTENT = frozenset({"FileHashCode", "ImageInspect", "MediaInfo", "PicProcess"})
"""Tags whose results depend on the content of the input if it was uploaded."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """A file that a job has written; `name` is the key as in the result, escaped."""

    bucket: str
    key: str
    name: bytes


def result_of(job: Finished) -> bytes:
    """Return the containers to add to the Operation element; b"" when the job has none."""
    return b"".join([make(job) for make in MAKERS.get(job.tag, ())])


def finished(job: Job, *, content: bytes | None = None, modified: float = 0.0) -> Finished:
    """Return a job of the engine as the makers see it, with the content of its input if that was uploaded."""
    return Finished(
        job_id=job.id,
        tag=job.tag,
        source=job.input_object,
        operation=job.operation,
        run_id=job.origin.run_id if job.origin is not None else "",
        content=content,
        modified=modified,
    )


def written_by(job: Job) -> Iterator[Written]:
    """Yield the files of a successful job."""
    if job.tag in _WITHOUT_FILES:
        return
    done = finished(job)
    bucket = plain(text(done.output, b"Bucket")) or job.bucket
    for name in (*file_names(done), *sprite_names(done)):
        yield Written(bucket, plain(name).lstrip("/"), name)


def content_written(job: Job, output: Written) -> bytes:
    """Return the content of such a file."""
    return content_of(finished(job), output.name)
