"""Results of file jobs. Shapes: 436/83108 to 436/83113."""

import hashlib

from ciq_mock.results.echo import element, section, text, texts
from ciq_mock.results.finished import Finished
from ciq_mock.results.names import file_names
from ciq_mock.service import times

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
