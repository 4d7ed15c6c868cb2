"""Results of media jobs: MediaInfo, MediaResult and the containers of the tags that only analyse their input.

Shapes: 436/49068, 436/49074, 436/85055 to 85077, 460/94311; those of VideoTag, VideoTargetRec, QualityEstimate and
Dna as the public SDKs read them.
"""

from ciq_mock.results.echo import element, text
from ciq_mock.results.finished import Finished, digest_of
from ciq_mock.results.names import file_names, sprite_names

_SIZES = ((640, 360), (1280, 720), (1920, 1080))


def media_result(job: Finished) -> bytes:
    """MediaResult: the files written, each with its MD5."""
    names, sprites = file_names(job), sprite_names(job)
    if not names and not sprites:
        return b""
    sprite_files = element(b"SpriteOutputFile", _files(job, sprites)) if sprites else b""
    return element(b"MediaResult", element(b"OutputFile", _files(job, names), sprite_files))


def media_info(job: Finished) -> bytes:
    """MediaInfo: format and streams of the input."""
    seconds, bits = b"%d.000000" % job.seconds, job.draw("bits", 200, 8000)
    width, height = _SIZES[job.draw("picture", 0, len(_SIZES) - 1)]
    video = element(
        b"Video",
        *_all(
            (b"Index", b"0"), (b"CodecName", b"h264"), (b"CodecLongName", b"H.264 / AVC"), (b"Profile", b"High"),
            (b"Width", b"%d" % width), (b"Height", b"%d" % height), (b"PixFormat", b"yuv420p"),
            (b"Fps", b"25.000000"), (b"AvgFps", b"25/1"), (b"Duration", seconds), (b"Bitrate", b"%d.000" % bits),
            (b"NumFrames", b"%d" % (25 * job.seconds)), (b"Language", b"und"), (b"Rotation", b"0.000000"),
        ),
    )  # fmt: skip
    audio = element(
        b"Audio",
        *_all(
            (b"Index", b"1"), (b"CodecName", b"aac"), (b"CodecLongName", b"AAC (Advanced Audio Coding)"),
            (b"SampleRate", b"44100"), (b"Channel", b"2"), (b"ChannelLayout", b"stereo"), (b"Duration", seconds),
            (b"Bitrate", b"128.000"), (b"Language", b"und"),
        ),
    )  # fmt: skip
    name = job.source.rpartition(".")[2].lower()
    kind = name.encode() if name.isalnum() and name.isascii() and len(name) <= 5 else b"mp4"
    form = element(
        b"Format",
        *_all(
            (b"NumStream", b"2"), (b"NumProgram", b"0"), (b"FormatName", kind), (b"FormatLongName", kind),
            (b"StartTime", b"0.000000"), (b"Duration", seconds), (b"Bitrate", b"%d.000" % bits),
            (b"Size", b"%d" % job.size),
        ),
    )  # fmt: skip
    return element(b"MediaInfo", element(b"Stream", video, audio, element(b"Subtitle")), form)


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
    """VideoTagResult: one tag."""
    sure = b"0.%02d" % job.draw("sure", 50, 99)
    tags = element(b"Tags", *_all((b"Tag", b"sample"), (b"TagCls", b"sample"), (b"Confidence", sure)))
    return element(
        b"VideoTagResult",
        element(b"StreamData", element(b"SubErrCode", b"0"), element(b"SubErrMsg", b"ok"), element(b"Data", tags)),
    )


def targets(job: Finished) -> bytes:
    """VideoTargetRecResult: one body."""
    place = element(b"Location", *_numbers((b"X", 10), (b"Y", 10), (b"Height", 100), (b"Width", 50)))
    body = element(b"BodyInfo", element(b"Name", b"person"), element(b"Score", b"%d" % job.draw("sure", 50, 99)), place)
    return element(b"VideoTargetRecResult", element(b"BodyRecognition", element(b"Time", b"0"), body))


def quality(job: Finished) -> bytes:
    """QualityEstimateResult: a score."""
    return element(b"QualityEstimateResult", element(b"Score", b"%d.00" % job.draw("score", 40, 99)))


def fingerprint(job: Finished) -> bytes:
    """DnaResult: the fingerprint of a unique video."""
    return element(
        b"DnaResult",
        element(b"VideoId", b"v%08x" % job.draw("video", 0, 0xFFFFFFFF)),
        *_numbers((b"Duration", job.seconds)),
    )


def _files(job: Finished, names: list[bytes]) -> bytes:
    places = [element(name, text(job.output, name)) for name in (b"Bucket", b"Region")]
    called = [b"<ObjectName>%b</ObjectName>" % name for name in names]
    digests = [
        b"<Md5Info>%b<Md5>%b</Md5></Md5Info>" % (name_element, digest_of(job, name))
        for name_element, name in zip(called, names, strict=True)
    ]
    return b"".join((*places, *called, *digests))


def _all(*pairs: tuple[bytes, bytes]) -> list[bytes]:
    return [element(name, value) for name, value in pairs]


def _numbers(*pairs: tuple[bytes, int]) -> list[bytes]:
    return [element(name, b"%d" % value) for name, value in pairs]
