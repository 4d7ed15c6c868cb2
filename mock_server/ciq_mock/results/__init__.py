"""What an ended job has made: its result containers and its files, by tag.

A table names the makers of each tag; each maker is a function of the job alone. Results are made when they are
first shown, never when a job is submitted.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from ciq_mock.engine import Job
from ciq_mock.results import documents, files, language, media, pictures, speech
from ciq_mock.results.content import content_of
from ciq_mock.results.echo import plain, text
from ciq_mock.results.finished import Finished
from ciq_mock.results.names import file_names, sprite_names
from ciq_schemas.features import FEATURES, Feature

Maker = Callable[[Finished], bytes]
"""A job in, one result container out; b"" when the job leaves none."""

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
        "SpeechRecognition": (speech.recognition,),
        "SoundHound": (speech.song,),
        "VocalScore": (speech.score,),
        "DocProcess": (documents.pages,),
        "DocWatermark": (documents.watermarked,),
        "DocAIGCMetadata": (),
        "Translation": (language.translated,),
        "WordsGeneralize": (language.words,),
        "PicProcess": (pictures.processed,),
        "ImageInspect": (pictures.inspected,),
        "ImageOCR": (pictures.read_text,),
        "PosterProduction": _FILES,
        "FileHashCode": (files.hashed,),
        "FileCompress": (files.compressed,),
        "FileUncompress": (files.uncompressed,),
    }
)
"""Makers by tag, in the order of the containers in the schema."""

_WITHOUT_FILES = frozenset(
    {
        "MediaInfo", "ExtractDigitalWatermark", "SplitVideoParts", "VideoTag", "VideoTargetRec", "QualityEstimate",
        "Dna", "SoundHound", "VocalScore", "WordsGeneralize", "ImageInspect", "ImageOCR", "FileHashCode",
    }
)  # fmt: skip
"""Tags that look and write nothing, even where an Output is given."""


READS_CONTENT = frozenset({"FileHashCode", "ImageInspect", "MediaInfo", "PicProcess"})
"""Tags whose results speak of the content of the input where that was uploaded."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """A file that a job has written; `name` is the key as it stands in the result, escaped."""

    bucket: str
    key: str
    name: bytes


def result_of(job: Finished) -> bytes:
    """The containers to add to the Operation element, b"" where a job leaves none."""
    return b"".join([make(job) for make in MAKERS.get(job.tag, ())])


def finished(job: Job, *, content: bytes | None = None, modified: float = 0.0) -> Finished:
    """A job of the engine as the makers see it; with the content of its input when that was uploaded."""
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
    """The files of a job that has ended well."""
    if job.tag in _WITHOUT_FILES:
        return
    done = finished(job)
    bucket = plain(text(done.output, b"Bucket")) or job.bucket
    for name in (*file_names(done), *sprite_names(done)):
        yield Written(bucket, plain(name).lstrip("/"), name)


def content_written(job: Job, output: Written) -> bytes:
    """The bytes of such a file."""
    return content_of(finished(job), output.name)
