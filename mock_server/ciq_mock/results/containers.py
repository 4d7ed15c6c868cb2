"""Result containers of document, picture, speech, AI and file jobs; those of media jobs are in `media`.

The result table (`ciq_schemas.results`) names the documents of each container.
"""

import hashlib
from hashlib import md5

from ciq_mock.results.echo import element, escaped, number, section, text, texts
from ciq_mock.results.finished import RECOGNISED_TEXT, Finished, content_of, digest_of
from ciq_mock.results.names import extension, file_names, filled, page_count, without_output
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
    """DocWatermarkResult: size, pages and Etag of the document that was written."""
    name = filled(job, text(job.output, b"Object"))
    size = element(b"Size", b"%d" % len(content_of(job, name)))
    count = element(b"TotalPageCount", b"%d" % page_count(job))
    return element(b"DocWatermarkResult", size, count, element(b"Etag", digest_of(job, name)))


def processed(job: Finished) -> bytes:
    """PicProcessResult: the input image and the written image."""
    written = []
    for name in file_names(job)[:1]:
        size = element(b"Size", b"%d" % len(content_of(job, name)))
        etag = element(b"Etag", digest_of(job, name))
        written = [element(b"ObjectName", name), element(b"ProcessResult", _shape(job), size, etag)]
    came = job.source.encode("utf-8", "replace") if job.content is None else job.content
    etag = element(b"Etag", b'"%b"' % md5(came, usedforsecurity=False).hexdigest().encode())
    more = element(b"Ave", b"0x808080"), element(b"Orientation", b"0")
    original = element(b"OriginalInfo", etag, element(b"ImageInfo", _shape(job), *more))
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
    source = element(b"InputObjectName", escaped(job.source))
    done = element(b"State", b"Success"), element(b"Code", b"Success"), element(b"Message")
    return element(b"ImageInspectResult", *done, source, process)


def read_text(job: Finished) -> bytes:
    """Detection: one word and its place."""
    left, top = job.draw("left", 0, 99), job.draw("top", 0, 99)
    place = (
        element(name, b"%d" % value) for name, value in ((b"X", left), (b"Y", top), (b"Width", 176), (b"Height", 35))
    )
    corners = (
        element(b"Polygon", element(b"X", b"%d" % x), element(b"Y", b"%d" % y))
        for x, y in ((left, top), (left + 176, top), (left + 176, top + 35), (left, top + 35))
    )
    sure = element(b"Confidence", b"%d" % job.draw("sure", 50, 99))
    found = element(
        b"TextDetections",
        element(b"DetectedText", b"ok"), sure, element(b"ItemPolygon", *place), *corners, element(b"WordPolygon"),
    )  # fmt: skip
    head = element(b"Angel", b"0"), element(b"Language"), element(b"PdfPageSize", b"0")
    return element(b"Detection", *head, found)


def _shape(job: Finished) -> bytes:
    width, height = job.draw("width", 16, 4096), job.draw("height", 16, 4096)
    sizes = element(b"Width", b"%d" % width), element(b"Height", b"%d" % height)
    return b"".join((element(b"Format", b"JPEG"), *sizes, element(b"Quality", b"90")))


def recognition(job: Finished) -> bytes:
    """SpeechRecognitionResult: the length of the recording, its text and the file with it; details if requested."""
    details = b""
    if text(section(job.operation, b"SpeechRecognition"), b"ResTextFormat") in (b"1", b"2"):
        times = ((b"StartMs", b"0"), (b"EndMs", b"1000"), (b"WordsNum", b"1"), (b"SpeechSpeed", b"1.0"))
        word = element(
            b"Words", element(b"Word", b"ok"), element(b"OffsetStartMs", b"0"), element(b"OffsetEndMs", b"1000")
        )
        sentence = element(b"FinalSentence", b"ok"), element(b"SliceSentence", b"ok"), element(b"SpeakerId", b"0")
        details = element(b"ResultDetail", *sentence, *(element(*pair) for pair in times), word)
    return element(
        b"SpeechRecognitionResult",
        element(b"AudioTime", b"%d.0000" % job.seconds),
        element(b"Result", RECOGNISED_TEXT.encode()),
        *(element(b"ObjectName", name) for name in file_names(job)[:1]),
        details,
    )


def song(job: Finished) -> bytes:
    """SoundHoundResult: one song; Inlier is a confidence from 0 to 1 (460/84956)."""
    inlier = element(b"Inlier", b"0.%02d" % job.draw("inlier", 50, 99))
    names = element(b"SingerName", b"sample singer"), element(b"SongName", b"sample song")
    return element(b"SoundHoundResult", element(b"SongList", inlier, *names))


def score(job: Finished) -> bytes:
    """VocalScoreResult: pitch and rhythm of one sentence."""
    parts = []
    for name in (b"PitchScore", b"RhythemScore"):
        points = b"%d" % job.draw(name.decode(), 40, 99)
        end = element(b"EndTime", b"%d.000" % job.seconds)
        sentence = element(b"SentenceScores", element(b"StartTime", b"0.000"), end, element(b"Score", points))
        parts.append(element(name, element(b"TotalScore", points), sentence))
    return element(b"VocalScoreResult", *parts)


def translated(job: Finished) -> bytes:
    """AITranslateResult: the translated text of a job that writes no file."""
    return element(b"AITranslateResult", element(b"Result", b"ok")) if without_output(job) else b""


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
