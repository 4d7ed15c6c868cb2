"""The results of an ended job, by tag: its result containers and its files.

The result table of the contract names the containers of each tag, and each container has one maker here. The result of
a maker depends on the job only. Results are made when they are first shown, never when a job is submitted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from ciq_mock.engine import Job
from ciq_mock.results import containers, media
from ciq_mock.results.echo import plain, text
from ciq_mock.results.finished import Finished, content_of
from ciq_mock.results.names import file_names, sprite_names
from ciq_schemas.results import RESULT_CONTAINERS, TAG_RESULTS

Maker = Callable[[Finished], bytes]
"""Returns one result container of a job; b"" when the job has none."""

_MAKER_OF: Mapping[str, Maker] = MappingProxyType(
    {
        "MediaInfo": media.media_info,
        "MediaResult": media.media_result,
        "ExtractDigitalWatermark": media.extracted,
        "QualityEstimate": media.quality,
        "SplitVideoInfoResult": media.split_parts,
        "VideoTagResult": media.video_tags,
        "VideoTargetRecResult": media.targets,
        "DnaResult": media.fingerprint,
        "SpeechRecognitionResult": containers.recognition,
        "SoundHoundResult": containers.song,
        "VocalScoreResult": containers.score,
        "DocProcessResult": containers.pages,
        "DocWatermarkResult": containers.watermarked,
        "AITranslateResult": containers.translated,
        "WordsGeneralizeResult": containers.words,
        "PicProcessResult": containers.processed,
        "ImageInspectResult": containers.inspected,
        "Detection": containers.read_text,
        "FileHashCodeResult": containers.hashed,
        "FileCompressResult": containers.compressed,
        "FileUncompressResult": containers.uncompressed,
    }
)
"""The maker of each container; the result table decides which containers a tag has."""

MAKERS: Mapping[str, tuple[Maker, ...]] = MappingProxyType(
    {
        row.tag: tuple(_MAKER_OF[name] for name in row.containers if not RESULT_CONTAINERS[name].in_request)
        for row in TAG_RESULTS.values()
    }
)
"""Makers of the containers that follow the echo, by tag."""
IN_REQUEST: Mapping[str, tuple[tuple[bytes, Maker], ...]] = MappingProxyType(
    {
        row.tag: tuple(
            (name.encode(), _MAKER_OF[name]) for name in row.containers if RESULT_CONTAINERS[name].in_request
        )
        for row in TAG_RESULTS.values()
        if any(RESULT_CONTAINERS[name].in_request for name in row.containers)
    }
)
"""Makers of the containers that replace an element of the echo, by tag, with the name of that element."""

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


def with_results(echo: bytes, job: Finished) -> bytes:
    """Return the echoed Operation with the containers that the request has too, filled in (ExtractDigitalWatermark)."""
    for name, make in IN_REQUEST.get(job.tag, ()):
        made = make(job)
        start, end = echo.find(b"<%b>" % name), b"</%b>" % name
        if start >= 0:
            stop = echo.find(end, start) + len(end)
        else:  # absent, or an empty element
            start = echo.find(b"<%b/>" % name)
            stop = start + len(name) + 3
        if start < 0:
            start = stop = _before_output(echo)
        echo = b"".join((echo[:start], made, echo[stop:]))
    return echo


_AFTER_TAG = frozenset({b"Output", b"UserData", b"JobLevel"})
_MARKUP = re.compile(rb"<(/?)([^\s/>]+)[^>]*?(/?)>")


def _before_output(echo: bytes) -> int:
    """Return the place of a container of the tag: before the elements of Operation that all tags have."""
    depth = 0
    for found in _MARKUP.finditer(echo):
        ends, name, empty = found.groups()
        depth -= bool(ends)
        if (ends and depth == 0) or (not ends and depth == 1 and name in _AFTER_TAG):
            return found.start()
        depth += not ends and not empty
    return len(echo)


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
