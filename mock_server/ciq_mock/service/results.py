"""What a finished job says it has made: small, plausible result containers, one kind a feature.

Works on XML as it was echoed: names of outputs are taken over as they stand there, escapes included.
Values follow the shapes of the describe and callback pages (436/49074, 1045/50337, 436/80171, 1545/65203); nothing
was really processed.
"""

from hashlib import md5, sha256

from ciq_schemas.features import Feature

_HASH_LENGTHS = {b"MD5": 32, b"SHA1": 40, b"SHA256": 64}


def result_of(feature: Feature, tag: str, job_id: str, operation: bytes) -> bytes:
    """Return the containers to add to the Operation element `operation`, b"" where a job leaves none."""
    output = _output(operation)
    name = _filled(_text(output, b"Object"), job_id.encode())
    match feature:
        case Feature.MEDIA if name:
            return b"<MediaResult><OutputFile>%b<Md5Info>%b</Md5Info></OutputFile></MediaResult>" % (
                _element(b"Bucket", _text(output, b"Bucket"))
                + _element(b"Region", _text(output, b"Region"))
                + _element(b"ObjectName", name),
                _element(b"ObjectName", name) + _element(b"Md5", _digest(job_id)),
            )
        case Feature.SPEECH if tag == "SpeechRecognition":
            return (
                b"<SpeechRecognitionResult><AudioTime>1.000</AudioTime>"
                b"<Result>[0:0.000,0:1.000] ok</Result></SpeechRecognitionResult>"
            )
        case Feature.DOC if tag == "DocProcess":
            return (
                b"<DocProcessResult><FailPageCount>0</FailPageCount><SuccPageCount>1</SuccPageCount>"
                b"<TotalPageCount>1</TotalPageCount><TaskId>%b</TaskId><TgtType>%b</TgtType>"
                b"<PageInfo><PageNo>1</PageNo>%b</PageInfo></DocProcessResult>"
            ) % (job_id.encode(), _text(operation, b"TgtType") or b"jpg", _element(b"TgtUri", name))
        case Feature.PIC if tag == "PicProcess":
            return b"<PicProcessResult>%b<OriginalInfo>%b</OriginalInfo></PicProcessResult>" % (
                _element(b"ObjectName", name),
                _element(b"Etag", _digest(job_id)),
            )
        case Feature.FILE if tag == "FileHashCode":
            kind = _text(operation, b"Type")
            kind = kind if kind in _HASH_LENGTHS else b"MD5"
            digest = sha256(job_id.encode()).hexdigest().encode()[: _HASH_LENGTHS[kind]]
            return b"<FileHashCodeResult>%b<FileSize>1024</FileSize></FileHashCodeResult>" % _element(kind, digest)
        case Feature.FILE if tag == "FileUncompress":
            return b"<FileUncompressResult>%b%b<FileCount>1</FileCount></FileUncompressResult>" % (
                _element(b"Region", _text(output, b"Region")),
                _element(b"Bucket", _text(output, b"Bucket")),
            )
        case Feature.FILE if tag == "FileCompress":
            return (
                b"<FileCompressResult>%b%b%b<CompressFileCount>1</CompressFileCount>"
                b"<ErrorCount>0</ErrorCount></FileCompressResult>"
            ) % (
                _element(b"Region", _text(output, b"Region")),
                _element(b"Bucket", _text(output, b"Bucket")),
                _element(b"Object", name),
            )
        case _:
            return b""


def _digest(job_id: str) -> bytes:
    return md5(job_id.encode(), usedforsecurity=False).hexdigest().encode()


def _output(operation: bytes) -> bytes:
    """The content of Operation.Output, which comes behind the containers of the tag."""
    end = operation.rfind(b"</Output>")
    start = operation.rfind(b"<Output>", 0, end)
    return b"" if start < 0 else operation[start + len(b"<Output>") : end]


def _text(xml: bytes, name: bytes) -> bytes:
    """The content of the first element `name`, b"" when there is none or it holds elements."""
    _, opening, rest = xml.partition(b"<" + name + b">")
    text, _, _ = rest.partition(b"<")
    return text.strip() if opening else b""


def _element(name: bytes, text: bytes) -> bytes:
    return b"<%b>%b</%b>" % (name, text, name) if text else b"<%b/>" % name


def _filled(pattern: bytes, job_id: bytes) -> bytes:
    """Put values into the wildcards of an output name (436/73198, 1045/47932)."""
    if b"${" not in pattern:
        return pattern
    for mark, text in (
        (b"${jobid}", job_id), (b"${Number}", b"0"), (b"${number}", b"0"), (b"${Page}", b"1"),
        (b"${SheetID}", b"1"), (b"${ext}", b"bin"),
    ):  # fmt: skip
        pattern = pattern.replace(mark, text)
    return pattern
