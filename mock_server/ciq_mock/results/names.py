"""The names of the files that a job has written: its output names with their wildcards replaced.

Wildcards: `${ext}`, `${jobid}`, `${Number}` and `${number}`, `${Page}`, `${SheetID}`, `${RunId}` (436/73198 and the
pages of the tags, 1045/47932). No page says where numbers begin; here files begin at 0 and pages at 1.
"""

from ciq_mock.results.echo import number, section, text, texts
from ciq_mock.results.finished import Finished

_MOST_FILES = 100
_EXTENSIONS = {
    "Snapshot": b"jpg", "SmartCover": b"jpg", "Animation": b"gif", "Tts": b"mp3", "NoiseReduction": b"wav",
    "VoiceSeparate": b"mp3", "SpeechRecognition": b"txt", "Translation": b"txt", "FileCompress": b"zip",
    "GeneratePlayList": b"m3u8", "PosterProduction": b"jpg",
}  # fmt: skip
_IMAGES = frozenset({"jpg", "jpeg", "png", "webp"})
_MORE_NAMES = frozenset({"VoiceSeparate", "StreamExtract"})
"""Tags whose outputs have further names besides Object."""
_SEPARATED = (b"AuObject", b"BassObject", b"DrumObject")


def file_names(job: Finished) -> list[bytes]:
    """Return the escaped names of the files of a job, without sprites; empty when it has no output."""
    if job.files is None:
        job.files = _file_names(job)
    return list(job.files)


def _file_names(job: Finished) -> list[bytes]:
    if without_output(job):
        return []
    if job.tag == "FileUncompress":
        return _uncompressed(job)
    names = _numbered(job, text(job.output, b"Object"))
    if job.tag not in _MORE_NAMES:
        return names
    if job.tag == "VoiceSeparate":
        names += [filled(job, pattern) for name in _SEPARATED if (pattern := text(job.output, name))]
    else:
        streams = texts(b"".join(job.output.split(b"<StreamExtract>")[1:]), b"Object")
        names = [filled(job, pattern) for pattern in streams] or names
    return list(dict.fromkeys(names))


def without_output(job: Finished) -> bool:
    """Return whether a translation gives its text only: NoNeedOutput, which has an effect on images (460/84799)."""
    if job.tag != "Translation" or text(job.operation, b"NoNeedOutput").lower() != b"true":
        return False
    return not job.output or job.source.rpartition(".")[2].lower() in _IMAGES


def common_part(job: Finished, pattern: bytes) -> bytes:
    """Return what the names of all files of a pattern begin with: the part before its first number."""
    known = _fill_common(job, pattern)
    return known.partition(b"${")[0] if b"${" in known else b""


def sprite_names(job: Finished) -> list[bytes]:
    """Return the names of sprite images."""
    pattern = text(job.output, b"SpriteObject")
    return [filled(job, pattern)] if pattern else []


def page_count(job: Finished) -> int:
    """Return the number of pages of a document: of the requested range, or of the whole document."""
    first = max(1, number(section(job.operation, b"DocProcess"), b"StartPage", 1))
    last = number(section(job.operation, b"DocProcess"), b"EndPage", 0)  # -1 and absent: all
    whole = job.draw("pages", 1, 5)
    return min(_MOST_FILES, max(1, last - first + 1)) if last else whole


def filled(job: Finished, pattern: bytes, *, file: int = 0, page: int = 1) -> bytes:
    """Replace the wildcards of an output name."""
    return _fill_numbers(job, _fill_common(job, pattern), file=file, page=page)


def _fill_common(job: Finished, pattern: bytes) -> bytes:
    """Replace the wildcards that are the same for every file of the job."""
    if b"${" not in pattern:
        return pattern
    pattern = pattern.replace(b"${jobid}", job.job_id.encode()).replace(b"${RunId}", job.run_id.encode())
    if b"${SheetID}" in pattern:
        sheet = number(section(job.operation, b"DocProcess"), b"SheetId", 1)
        pattern = pattern.replace(b"${SheetID}", b"%d" % sheet)
    return pattern.replace(b"${ext}", extension(job)) if b"${ext}" in pattern else pattern


def _fill_numbers(job: Finished, pattern: bytes, *, file: int, page: int) -> bytes:
    """Replace the wildcards that number files and pages."""
    if b"${" not in pattern:
        return pattern
    count = b"%d" % (page if job.tag == "DocProcess" else file)
    return pattern.replace(b"${Number}", count).replace(b"${number}", count).replace(b"${Page}", b"%d" % page)


def extension(job: Finished) -> bytes:
    """Return the extension of the files of a job, from its tag or from a format in its operation."""
    if job.tag == "DocProcess":
        return text(section(job.operation, b"DocProcess"), b"TgtType") or b"jpg"
    known = _EXTENSIONS.get(job.tag)
    requested = text(job.operation, b"Format")
    return requested.lower() if requested.isalnum() else known or b"mp4"


def _numbered(job: Finished, pattern: bytes) -> list[bytes]:
    if not pattern:
        return []
    pattern = _fill_common(job, pattern)
    if b"${" not in pattern:
        return [pattern]
    count = _count(job)
    return list(dict.fromkeys([_fill_numbers(job, pattern, file=n, page=n + 1) for n in range(count)]))


def _count(job: Finished) -> int:
    match job.tag:
        case "Snapshot":
            wanted = number(section(job.operation, b"Snapshot"), b"Count", 1)
        case "SmartCover":
            wanted = number(section(job.operation, b"SmartCover"), b"Count", 3)
        case "Segment":
            every = number(section(job.operation, b"Segment"), b"Duration", 0)
            wanted = -(-job.seconds // every) if every else 1
        case "DocProcess":
            return page_count(job)
        case _:
            wanted = 1
    return min(_MOST_FILES, max(1, wanted))


def _uncompressed(job: Finished) -> list[bytes]:
    """Return one file, named like the archive, in the requested folder (436/83110)."""
    folder = text(section(job.operation, b"FileUncompressConfig"), b"Prefix").strip(b"/")
    stem = job.source.rsplit("/", 1)[-1].split(".", 1)[0] or "file"
    name = stem.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()
    return [b"%b/%b" % (folder, name) if folder else name]
