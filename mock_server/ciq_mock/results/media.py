"""Results of media jobs: MediaInfo, MediaResult and the containers of the tags that only analyse their input.

The result table (`ciq_schemas.results`) names the documents of each container. The numbers are in the form of the
samples: `25.000000` for a rate, `0.98` for a confidence.
"""

from ciq_mock.results.echo import element, section, text
from ciq_mock.results.finished import Finished, digest_of
from ciq_mock.results.names import common_part, file_names, sprite_names
from ciq_schemas.results import TAG_RESULTS, MediaParts

_SIZES = ((640, 360), (1280, 720), (1920, 1080))
_AUDIO_FORMATS = frozenset({b"mp3", b"wav", b"aac", b"flac", b"m4a", b"amr", b"ogg", b"wma"})
_FORMATS = {
    b"mp4": (b"mov,mp4,m4a,3gp,3g2,mj2", b"QuickTime / MOV"),
    b"mp3": (b"mp3", b"MP2/3 (MPEG audio layer 2/3)"),
    b"gif": (b"gif", b"CompuServe Graphics Interchange Format (GIF)"),
}
"""FormatName and FormatLongName of the samples."""
_OF_INPUT = frozenset({"MediaInfo", "QualityEstimate"})
"""Tags whose MediaInfo describes their input; that of the other tags describes their first output."""


def media_result(job: Finished) -> bytes:
    """MediaResult: the files written, each with its MD5; OutputFile is empty for a job without files (436/85062)."""
    names, sprites = file_names(job), sprite_names(job)
    if not names and not sprites:
        return element(b"MediaResult", element(b"OutputFile")) if job.tag in _OF_INPUT else b""
    sprite_files = element(b"SpriteOutputFile", _files(job, sprites, b"SpriteObject")) if sprites else b""
    return element(b"MediaResult", element(b"OutputFile", _files(job, names, b"Object"), sprite_files))


def media_info(job: Finished) -> bytes:
    """MediaInfo: format and streams, those that the sample of the tag fills; the others are empty elements."""
    kind = _kind(job)
    parts = TAG_RESULTS[job.tag].media
    if parts is MediaParts.FULL and kind in _AUDIO_FORMATS:
        parts = MediaParts.SOUND
    if parts in (MediaParts.EMPTY, MediaParts.SPEECH):
        speech = element(b"CodecName", kind) + element(b"SampleRate", b"16000")
        audio = element(b"Audio", speech if parts is MediaParts.SPEECH else b"")
        streams = element(b"Stream", audio, element(b"Subtitle"), element(b"Video"))
        return element(b"MediaInfo", element(b"Format"), streams)
    audio = element(b"Audio") if parts is MediaParts.PICTURE else _audio(job, kind)
    video = element(b"Video") if parts is MediaParts.SOUND else _video(job, kind)
    count = 2 if parts is MediaParts.FULL else 1
    return element(b"MediaInfo", _format(job, kind, count), element(b"Stream", audio, element(b"Subtitle"), video))


def _kind(job: Finished) -> bytes:
    """Return the file extension of what MediaInfo describes."""
    described = b"" if job.tag in _OF_INPUT else next(iter(file_names(job)), b"")
    name = described or job.source.encode("utf-8", "replace")
    kind = name.rpartition(b".")[2].lower()
    return kind if kind.isalnum() and len(kind) <= 5 else b"mp4"


def _format(job: Finished, kind: bytes, streams: int) -> bytes:
    name, long_name = _FORMATS.get(kind, (kind, kind))
    return element(
        b"Format",
        *_all(
            (b"NumStream", b"%d" % streams), (b"NumProgram", b"0"), (b"FormatName", name),
            (b"FormatLongName", long_name), (b"StartTime", b"0.000000"), (b"Duration", _duration(job)),
            (b"Bitrate", _rate(_bits(job) + 128)), (b"Size", b"%d" % job.size),
        ),
    )  # fmt: skip


def _audio(job: Finished, kind: bytes) -> bytes:
    mp3 = kind == b"mp3"
    long_name = b"MP3 (MPEG audio layer 3)" if mp3 else b"AAC (Advanced Audio Coding)"
    return element(
        b"Audio",
        *_all(
            (b"Index", b"0" if kind in _AUDIO_FORMATS else b"1"), (b"CodecName", b"mp3" if mp3 else b"aac"),
            (b"CodecLongName", long_name), (b"CodecTimeBase", b"1/44100"),
            (b"CodecTagString", b"[0][0][0][0]" if mp3 else b"mp4a"),
            (b"CodecTag", b"0x0000" if mp3 else b"0x6134706d"),
            (b"SampleFmt", b"fltp"), (b"SampleRate", b"44100"), (b"Channel", b"2"), (b"ChannelLayout", b"stereo"),
            (b"Timebase", b"1/44100"), (b"StartTime", b"0.000000"), (b"Duration", _duration(job)),
            (b"Bitrate", _rate(128)), (b"Language", b"und"),
        ),
    )  # fmt: skip


def _video(job: Finished, kind: bytes) -> bytes:
    width, height = _SIZES[job.draw("picture", 0, len(_SIZES) - 1)]
    gif = kind == b"gif"
    long_name = b"CompuServe GIF (Graphics Interchange Format)" if gif else b"H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10"
    return element(
        b"Video",
        *_all(
            (b"Index", b"0"), (b"CodecName", b"gif" if gif else b"h264"), (b"CodecLongName", long_name),
            (b"CodecTimeBase", b"1/12800"), (b"CodecTagString", b"[0][0][0][0]" if gif else b"avc1"),
            (b"CodecTag", b"0x0000" if gif else b"0x31637661"), (b"Profile", b"High"), (b"Height", b"%d" % height),
            (b"Width", b"%d" % width), (b"HasBFrame", b"0"), (b"RefFrames", b"1"), (b"Sar", b"1:1"), (b"Dar", b"16:9"),
            (b"PixFormat", b"yuv420p"), (b"FieldOrder", b"progressive"), (b"Level", b"10"), (b"Fps", _rate(25)),
            (b"AvgFps", _rate(25)), (b"Timebase", b"1/12800"), (b"StartTime", b"0.000000"),
            (b"Duration", _duration(job)), (b"Bitrate", _rate(_bits(job))), (b"NumFrames", b"%d" % (25 * job.seconds)),
            (b"Language", b"und"), (b"Rotation", b"0.000000"), (b"ColorRange", b"tv"),
            (b"ColorTransfer", b"smpte170m"), (b"ColorPrimaries", b"bt470bg"),
        ),
    )  # fmt: skip


def split_parts(job: Finished) -> bytes:
    """SplitVideoInfoResult: two parts of about equal length."""
    half = job.seconds // 2
    spans = ((1, 0, half), (2, half, job.seconds))
    parts = (
        element(b"TimeInfo", *_numbers((b"Index", index), (b"PartBegin", begin), (b"PartEnd", end)))
        for index, begin, end in spans
    )
    return element(b"SplitVideoInfoResult", *parts)


def video_tags(job: Finished) -> bytes:
    """VideoTagResult: one tag of each kind, and the label."""
    sure = b"0.%02d" % job.draw("sure", 50, 99)
    confidence = element(b"Confidence", sure)
    tags = element(b"Tags", element(b"Tag", b"sample"), element(b"TagCls", b"sample"), confidence)
    corners = element(b"BBox", *_all((b"X1", b"0.1"), (b"X2", b"0.5"), (b"Y1", b"0.1"), (b"Y2", b"0.5")))
    span = _numbers((b"StartTime", 0), (b"EndTime", job.seconds))
    thing = element(b"Objects", corners, confidence, element(b"Name", b"sample"))
    frames = element(b"ClipFrameResult", b"sample:" + sure)
    indexes = _numbers((b"StartIndex", 0), (b"EndIndex", 25 * job.seconds))
    data = element(
        b"Data",
        tags,
        element(b"PersonTags"),
        element(b"PlaceTags", *span, *indexes, frames, tags),
        element(b"ActionTags", *span, tags),
        element(b"ObjectTags", element(b"TimeStamp", b"0"), thing),
        element(b"Labels", element(b"First", b"sample"), element(b"Second", b"sample"), confidence),
    )
    done = element(b"SubErrCode", b"0"), element(b"SubErrMsg", b"ok")
    return element(b"VideoTagResult", element(b"StreamData", *done, data))


_KINDS = ((b"Body", b"person"), (b"Pet", b"dog"), (b"Car", b"car"))


def targets(job: Finished) -> bytes:
    """VideoTargetRecResult: one finding of each requested kind, of a body if the request names none."""
    requested = section(job.operation, b"VideoTargetRec")
    kinds = [pair for pair in _KINDS if text(requested, pair[0]).lower() == b"true"] or list(_KINDS[:1])
    place = element(b"Location", *_numbers((b"X", 10), (b"Y", 10), (b"Height", 100), (b"Width", 50)))
    score = element(b"Score", b"%d" % job.draw("sure", 50, 99))
    found = (
        element(
            b"%bRecognition" % kind,
            element(b"Time", b"0.000000"),
            element(b"%bInfo" % kind, element(b"Name", name), score, place),
        )
        for kind, name in kinds
    )
    return element(b"VideoTargetRecResult", *found)


def quality(job: Finished) -> bytes:
    """QualityEstimate: a score, at most 10 as in the sample; what Mode `vqaPlus` adds as the SDKs read it."""
    plus = b""
    if text(section(job.operation, b"QualityEstimateConfig"), b"Mode").lower() == b"vqaplus":
        plus = element(b"VqaPlusResult", element(b"NoAudio", b"false"), element(b"NoVideo", b"false"))
    score = element(b"Score", b"%d.%06d" % (job.draw("score", 4, 9), job.draw("fraction", 0, 999_999)))
    return element(b"QualityEstimate", score, plus)


def fingerprint(job: Finished) -> bytes:
    """DnaResult: the fingerprint of a unique video."""
    return element(
        b"DnaResult",
        element(b"VideoId", b"v%08x" % job.draw("video", 0, 0xFFFFFFFF)),
        *_numbers((b"Duration", job.seconds)),
    )


FOUND_WATERMARK = b"ciq-mark"
"""The text that every ExtractDigitalWatermark job finds."""


def extracted(job: Finished) -> bytes:
    """ExtractDigitalWatermark: the element of the request with the text that was found (436/49067)."""
    given = section(job.operation, b"ExtractDigitalWatermark")
    kept = element(b"Type", text(given, b"Type") or b"Text"), element(b"Version", text(given, b"Version") or b"V1")
    return element(b"ExtractDigitalWatermark", element(b"Message", FOUND_WATERMARK), *kept)


def _files(job: Finished, names: list[bytes], pattern: bytes) -> bytes:
    """Return the content of OutputFile. The names of screenshots follow their ObjectPrefix (436/85059)."""
    prefix = common_part(job, text(job.output, pattern)) if job.tag == "Snapshot" else b""
    places = [element(name, text(job.output, name)) for name in (b"Bucket", b"Region")]
    called = [b"<ObjectName>%b</ObjectName>" % name[len(prefix) :] for name in names]
    digests = [
        b"<Md5Info>%b<Md5>%b</Md5></Md5Info>" % (name_element, digest_of(job, name))
        for name_element, name in zip(called, names, strict=True)
    ]
    return b"".join((*places, *called, element(b"ObjectPrefix", prefix), *digests))


def _bits(job: Finished) -> int:
    return job.draw("bits", 200, 8000)


def _duration(job: Finished) -> bytes:
    return _rate(job.seconds)


def _rate(number: int) -> bytes:
    return b"%d.000000" % number


def _all(*pairs: tuple[bytes, bytes]) -> list[bytes]:
    return [element(name, value) for name, value in pairs]


def _numbers(*pairs: tuple[bytes, int]) -> list[bytes]:
    return [element(name, b"%d" % value) for name, value in pairs]
