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


_EMPTY_INFO = element(
    b"MediaInfo",
    element(b"Format"),
    element(b"Stream", element(b"Audio"), element(b"Subtitle"), element(b"Video")),
)


def media_info(job: Finished) -> bytes:
    """MediaInfo: format and streams, those that the sample of the tag fills; the others are empty elements."""
    parts = TAG_RESULTS[job.tag].media
    if parts is MediaParts.EMPTY:
        return _EMPTY_INFO
    kind = _kind(job)
    if parts is MediaParts.SPEECH:
        speech = element(b"CodecName", kind) + element(b"SampleRate", b"16000")
        return _EMPTY_INFO.replace(b"<Audio/>", element(b"Audio", speech))
    if parts is MediaParts.FULL and kind in _AUDIO_FORMATS:
        parts = MediaParts.SOUND
    audio = b"<Audio/>" if parts is MediaParts.PICTURE else _audio(job, kind)
    video = b"<Video/>" if parts is MediaParts.SOUND else _video(job, kind)
    count = 2 if parts is MediaParts.FULL else 1
    return b"<MediaInfo>%b<Stream>%b<Subtitle/>%b</Stream></MediaInfo>" % (_format(job, kind, count), audio, video)


def _kind(job: Finished) -> bytes:
    """Return the file extension of what MediaInfo describes."""
    described = b"" if job.tag in _OF_INPUT else next(iter(file_names(job)), b"")
    name = described or job.source.encode("utf-8", "replace")
    kind = name.rpartition(b".")[2].lower()
    return kind if kind.isalnum() and len(kind) <= 5 else b"mp4"


_FORMAT = element(
    b"Format",
    b"<NumStream>%d</NumStream><NumProgram>0</NumProgram><FormatName>%b</FormatName>",
    b"<FormatLongName>%b</FormatLongName><StartTime>0.000000</StartTime><Duration>%d.000000</Duration>",
    b"<Bitrate>%d.000000</Bitrate><Size>%d</Size>",
)
_AUDIO = element(
    b"Audio",
    b"<Index>%d</Index><CodecName>%b</CodecName><CodecLongName>%b</CodecLongName><CodecTimeBase>1/44100</CodecTimeBase>",
    b"<CodecTagString>%b</CodecTagString><CodecTag>%b</CodecTag><SampleFmt>fltp</SampleFmt>",
    b"<SampleRate>44100</SampleRate><Channel>2</Channel><ChannelLayout>stereo</ChannelLayout>",
    b"<Timebase>1/44100</Timebase><StartTime>0.000000</StartTime><Duration>%d.000000</Duration>",
    b"<Bitrate>128.000000</Bitrate><Language>und</Language>",
)
_VIDEO = element(
    b"Video",
    b"<Index>0</Index><CodecName>%b</CodecName><CodecLongName>%b</CodecLongName>",
    b"<CodecTimeBase>1/12800</CodecTimeBase><CodecTagString>%b</CodecTagString><CodecTag>%b</CodecTag>",
    b"<Profile>High</Profile><Height>%d</Height><Width>%d</Width><HasBFrame>0</HasBFrame><RefFrames>1</RefFrames>",
    b"<Sar>1:1</Sar><Dar>16:9</Dar><PixFormat>yuv420p</PixFormat><FieldOrder>progressive</FieldOrder><Level>10</Level>",
    b"<Fps>25.000000</Fps><AvgFps>25.000000</AvgFps><Timebase>1/12800</Timebase><StartTime>0.000000</StartTime>",
    b"<Duration>%d.000000</Duration><Bitrate>%d.000000</Bitrate><NumFrames>%d</NumFrames><Language>und</Language>",
    b"<Rotation>0.000000</Rotation><ColorRange>tv</ColorRange><ColorTransfer>smpte170m</ColorTransfer>",
    b"<ColorPrimaries>bt470bg</ColorPrimaries>",
)
_NO_TAG = (b"[0][0][0][0]", b"0x0000")
"""CodecTagString and CodecTag of formats without one."""


def _format(job: Finished, kind: bytes, streams: int) -> bytes:
    name, long_name = _FORMATS.get(kind, (kind, kind))
    return _FORMAT % (streams, name, long_name, job.seconds, _bits(job) + 128, job.size)


def _audio(job: Finished, kind: bytes) -> bytes:
    index = 0 if kind in _AUDIO_FORMATS else 1
    if kind == b"mp3":
        return _AUDIO % (index, kind, b"MP3 (MPEG audio layer 3)", *_NO_TAG, job.seconds)
    return _AUDIO % (index, b"aac", b"AAC (Advanced Audio Coding)", b"mp4a", b"0x6134706d", job.seconds)


def _video(job: Finished, kind: bytes) -> bytes:
    width, height = _SIZES[job.draw("picture", 0, len(_SIZES) - 1)]
    codec = (b"h264", b"H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10", b"avc1", b"0x31637661")
    if kind == b"gif":
        codec = (kind, b"CompuServe GIF (Graphics Interchange Format)", *_NO_TAG)
    seconds = job.seconds
    return _VIDEO % (*codec, height, width, seconds, _bits(job), 25 * seconds)


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
    prefix = b""
    if job.tag == "Snapshot" and b"${" in job.output:
        prefix = common_part(job, text(job.output, pattern))
    places = [element(name, text(job.output, name)) for name in (b"Bucket", b"Region")]
    called = [b"<ObjectName>%b</ObjectName>" % name[len(prefix) :] for name in names]
    digests = [
        b"<Md5Info>%b<Md5>%b</Md5></Md5Info>" % (name_element, digest_of(job, name))
        for name_element, name in zip(called, names, strict=True)
    ]
    return b"".join((*places, *called, element(b"ObjectPrefix", prefix), *digests))


def _bits(job: Finished) -> int:
    return job.draw("bits", 200, 8000)


def _all(*pairs: tuple[bytes, bytes]) -> list[bytes]:
    return [element(name, value) for name, value in pairs]


def _numbers(*pairs: tuple[bytes, int]) -> list[bytes]:
    return [element(name, b"%d" % value) for name, value in pairs]
