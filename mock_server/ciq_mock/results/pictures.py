"""Results of picture jobs. Shapes: 1045/50337, 436/75214, 436/76608; ImageOCR as the public SDKs read it."""

from hashlib import md5

from ciq_mock.results.echo import element
from ciq_mock.results.finished import Finished, content_of, digest_of
from ciq_mock.results.names import file_names


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
