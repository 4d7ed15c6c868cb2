"""Result containers of document, picture, speech, AI and file jobs; those of media jobs are in `media`.

Shapes: 1045/47933, 1545/65203 (documents); 1045/50337, 436/75214, 436/76608 (pictures); 436/80171, 1045/73386
(speech); 1045/50307 (translation); 436/83108 to 436/83113 (files). SoundHound, VocalScore, ImageOCR and WordsGeneralize
as the public SDKs read them.
"""

import hashlib
from hashlib import md5

from ciq_mock.results.echo import element, number, section, text, texts
from ciq_mock.results.finished import RECOGNISED_TEXT, Finished, content_of, digest_of
from ciq_mock.results.names import extension, file_names, filled, page_count
from ciq_mock.service import times


def pages(job: Finished) -> bytes:
    """DocProcessResult: the written pages and their addresses."""
    count = page_count(job)
    first = max(1, number(section(job.operation, b"DocProcess"), b"StartPage", 1))
    pattern = text(job.output, b"Object")
    infos = (
        element(
            b"PageInfo",
            element(b"PageNo", b"%d" % (first + n)),
            element(b"TgtUri", filled(job, pattern, file=n, page=n + 1)),
        )
        for n in range(count)
    )
    return element(
        b"DocProcessResult",
        element(b"FailPageCount", b"0"),
        element(b"SuccPageCount", b"%d" % count),
        element(b"TotalPageCount", b"%d" % count),
        element(b"TaskId", job.job_id.encode()),
        element(b"TgtType", extension(job)),
        *infos,
    )


def watermarked(job: Finished) -> bytes:
    """DocWatermarkResult: the document that was written (known from SDKs only)."""
    name = filled(job, text(job.output, b"Object"))
    return element(b"DocWatermarkResult", element(b"ObjectName", name)) if name else b""


def processed(job: Finished) -> bytes:
    """PicProcessResult: the input image and the written image."""
    written = []
    for name in file_names(job)[:1]:
        size = element(b"Size", b"%d" % len(content_of(job, name)))
        etag = element(b"Etag", digest_of(job, name))
        written = [element(b"ObjectName", name), element(b"ProcessResult", _shape(job), size, etag)]
    came = job.source.encode("utf-8", "replace") if job.content is None else job.content
    etag = element(b"Etag", md5(came, usedforsecurity=False).hexdigest().encode())
    original = element(b"OriginalInfo", etag, element(b"ImageInfo", _shape(job), element(b"Orientation", b"0")))
    return element(b"PicProcessResult", *written[:1], original, *written[1:])


def inspected(job: Finished) -> bytes:
    """ImageInspectResult: nothing suspicious."""
    kind = job.source.rpartition(".")[2].lower()
    form = kind.encode() if kind.isalnum() and kind.isascii() and len(kind) <= 5 else b"jpg"
    process = element(
        b"ProcessResult",
        element(b"PicSize", b"%d" % job.size),
        element(b"PicType", form),
        element(b"Suspicious", b"false"),
    )
    return element(b"ImageInspectResult", element(b"State", b"Success"), element(b"Code", b"Success"), process)


def read_text(job: Finished) -> bytes:
    """ImageOCRResult: one word."""
    sure = element(b"Confidence", b"%d" % job.draw("sure", 50, 99))
    return element(b"ImageOCRResult", element(b"TextDetections", element(b"DetectedText", b"ok"), sure))


def _shape(job: Finished) -> bytes:
    width, height = job.draw("width", 16, 4096), job.draw("height", 16, 4096)
    sizes = element(b"Width", b"%d" % width), element(b"Height", b"%d" % height)
    return b"".join((element(b"Format", b"jpg"), *sizes, element(b"Quality", b"90"), element(b"Ave", b"0x808080")))


def recognition(job: Finished) -> bytes:
    """SpeechRecognitionResult: the length of the recording, and its text."""
    return element(
        b"SpeechRecognitionResult",
        element(b"AudioTime", b"%d.000" % job.seconds),
        element(b"Result", RECOGNISED_TEXT.encode()),
    )


def song(job: Finished) -> bytes:
    """SoundHoundResult: one song."""
    inlier = element(b"Inlier", b"%d" % job.draw("inlier", 10, 500))
    names = element(b"SingerName", b"sample singer"), element(b"SongName", b"sample song")
    return element(b"SoundHoundResult", element(b"SongList", inlier, *names))


def score(job: Finished) -> bytes:
    """VocalScoreResult: pitch and rhythm of one sentence."""
    parts = []
    for name in (b"PitchScore", b"RhythemScore"):
        points = b"%d" % job.draw(name.decode(), 40, 99)
        end = element(b"EndTime", b"%d" % job.seconds)
        sentence = element(b"SentenceScores", element(b"StartTime", b"0"), end, element(b"Score", points))
        parts.append(element(name, element(b"TotalScore", points), sentence))
    return element(b"VocalScoreResult", *parts)


def translated(job: Finished) -> bytes:
    """TranslationResult: the file with the translation."""
    names = file_names(job)
    return element(b"TranslationResult", *(element(b"ObjectName", name) for name in names)) if names else b""


def words(job: Finished) -> bytes:
    """WordsGeneralizeResult: one label, one token."""
    label = element(b"WordsGeneralizeLable", element(b"Category", b"sample"), element(b"Word", b"ok"))
    length, offset = element(b"Length", b"2"), element(b"Offset", b"%d" % job.draw("offset", 0, 99))
    token = element(b"WordsGeneralizeToken", length, offset, element(b"Pos", b"n"), element(b"Word", b"ok"))
    return element(b"WordsGeneralizeResult", label, token)


_HASHES = {b"MD5": "md5", b"SHA1": "sha1", b"SHA256": "sha256"}


def hashed(job: Finished) -> bytes:
    """FileHashCodeResult: the digest of the uploaded input; of the input's name when it was not uploaded."""
    data = job.source.encode("utf-8", "replace") if job.content is None else job.content
    kind = text(section(job.operation, b"FileHashCodeConfig"), b"Type").upper()
    kind = kind if kind in _HASHES else b"MD5"
    digest = hashlib.new(_HASHES[kind], data, usedforsecurity=False).hexdigest().encode()
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest().encode()
    parts = [element(kind, digest), element(b"FileSize", b"%d" % job.size)]
    if job.content is not None:
        parts.append(element(b"LastModified", times.written(job.modified).encode()))
    return element(b"FileHashCodeResult", *parts, element(b"Etag", b'"%b"' % etag))


def compressed(job: Finished) -> bytes:
    """FileCompressResult: the archive and its number of files. UrlList takes precedence over Prefix, and Prefix over
    Key (436/83112)."""
    config = section(job.operation, b"FileCompressConfig")
    named = not text(config, b"UrlList") and not texts(config, b"Prefix")
    count = len(texts(config, b"Key")) if named else job.draw("files", 1, 9)
    name = (file_names(job) or [b""])[0]
    inside = element(b"CompressFileCount", b"%d" % count), element(b"ErrorCount", b"0")
    return element(b"FileCompressResult", _place(job), element(b"Object", name), *inside)


def uncompressed(job: Finished) -> bytes:
    """FileUncompressResult: the bucket of the files, and their number."""
    count = b"%d" % len(file_names(job))
    return element(b"FileUncompressResult", _place(job), element(b"FileCount", count))


def _place(job: Finished) -> bytes:
    return b"".join(element(name, text(job.output, name)) for name in (b"Region", b"Bucket"))
