"""Which files a job has written: its output names with their wildcards filled in.

Wildcards: `${ext}`, `${jobid}`, `${Number}` and `${number}`, `${Page}`, `${SheetID}`, `${RunId}` (436/73198 and the
pages of the tags, 1045/47932). Where numbers begin no page says: files from 0, pages from 1.
"""

from ciq_mock.results.echo import number, section, text, texts
from ciq_mock.results.finished import Finished

_MOST_FILES = 100
_EXTENSIONS = {
    "Snapshot": b"jpg", "SmartCover": b"jpg", "Animation": b"gif", "Tts": b"mp3", "NoiseReduction": b"wav",
    "VoiceSeparate": b"mp3", "SpeechRecognition": b"txt", "Translation": b"txt", "FileCompress": b"zip",
    "GeneratePlayList": b"m3u8", "PosterProduction": b"jpg",
}  # fmt: skip
_MORE_NAMES = frozenset({"VoiceSeparate", "StreamExtract"})
"""Tags whose outputs have names beside Object."""
_SEPARATED = (b"AuObject", b"BassObject", b"DrumObject")


def file_names(job: Finished) -> list[bytes]:
    """The names (escaped) of the files of a job, without sprites; empty when it names no output."""
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


def sprite_names(job: Finished) -> list[bytes]:
    """The names of sprite pictures."""
    pattern = text(job.output, b"SpriteObject")
    return [filled(job, pattern)] if pattern else []


def page_count(job: Finished) -> int:
    """Pages of a document: the range asked for, within what the document is said to have."""
    first = max(1, number(section(job.operation, b"DocProcess"), b"StartPage", 1))
    last = number(section(job.operation, b"DocProcess"), b"EndPage", 0)  # -1 and absent: all
    whole = job.draw("pages", 1, 5)
    return min(_MOST_FILES, max(1, last - first + 1)) if last else whole


def filled(job: Finished, pattern: bytes, *, file: int = 0, page: int = 1) -> bytes:
    """Put values into the wildcards of an output name."""
    return _told_apart(job, _same_for_all(job, pattern), file=file, page=page)


def _same_for_all(job: Finished, pattern: bytes) -> bytes:
    """The wildcards that mean the same in the name of every file of the job."""
    if b"${" not in pattern:
        return pattern
    pattern = pattern.replace(b"${jobid}", job.job_id.encode()).replace(b"${RunId}", job.run_id.encode())
    if b"${SheetID}" in pattern:
        sheet = number(section(job.operation, b"DocProcess"), b"SheetId", 1)
        pattern = pattern.replace(b"${SheetID}", b"%d" % sheet)
    return pattern.replace(b"${ext}", extension(job)) if b"${ext}" in pattern else pattern


def _told_apart(job: Finished, pattern: bytes, *, file: int, page: int) -> bytes:
    """The wildcards that count."""
    if b"${" not in pattern:
        return pattern
    count = b"%d" % (page if job.tag == "DocProcess" else file)
    return pattern.replace(b"${Number}", count).replace(b"${number}", count).replace(b"${Page}", b"%d" % page)


def extension(job: Finished) -> bytes:
    """What the files of a job end with, where its tag or a format in its operation decides that."""
    if job.tag == "DocProcess":
        return text(section(job.operation, b"DocProcess"), b"TgtType") or b"jpg"
    known = _EXTENSIONS.get(job.tag)
    asked = text(job.operation, b"Format")
    return asked.lower() if asked.isalnum() else known or b"mp4"


def _numbered(job: Finished, pattern: bytes) -> list[bytes]:
    if not pattern:
        return []
    pattern = _same_for_all(job, pattern)
    if b"${" not in pattern:
        return [pattern]
    count = _count(job)
    return list(dict.fromkeys([_told_apart(job, pattern, file=n, page=n + 1) for n in range(count)]))


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
    """One file, named like the archive, in the folder asked for (436/83110)."""
    folder = text(section(job.operation, b"FileUncompressConfig"), b"Prefix").strip(b"/")
    stem = job.source.rsplit("/", 1)[-1].split(".", 1)[0] or "file"
    name = stem.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()
    return [b"%b/%b" % (folder, name) if folder else name]
