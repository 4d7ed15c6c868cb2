"""Defines the result table: the containers in Operation that show the result of each tag, and who documents them.

Contains names and sources. Must not know how a result is computed: the mock has a maker for each container.
`pages` are documents (`436/49070`); where no page shows a result, `sdks` names two official SDKs that read it
(Go cc9846d, Java 499c86d, PHP a93c95b, Android 252230a, iOS 512e640).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class MediaParts(StrEnum):
    """Which parts of MediaInfo the samples fill; the other parts are empty elements."""

    FULL = "format, audio and video"
    PICTURE = "format and video"
    SOUND = "format and audio"
    SPEECH = "CodecName and SampleRate of the audio"
    EMPTY = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultContainer:
    """One element of Operation with a result, and the elements that its documents name inside."""

    name: str
    elements: str
    """The child elements, theirs in braces: `OutputFile{Bucket ObjectName}`."""
    in_request: bool = False
    """Whether the request has an element of this name, which the answer extends (ExtractDigitalWatermark)."""

    @property
    def paths(self) -> frozenset[str]:
        """The documented paths inside the container, such as `OutputFile/Bucket`."""
        return frozenset(_paths(self.elements))


@dataclass(frozen=True, slots=True, kw_only=True)
class TagResult:
    """The result of one tag. A tag without `containers` shows its result in its output files only."""

    tag: str
    containers: tuple[str, ...] = ()
    """In the order in which the mock writes them."""
    pages: tuple[str, ...] = ()
    """Documents that show the result, or a finished job without one."""
    sdks: tuple[str, ...] = ()
    """Files of official SDKs that read the containers; needed where no page shows them."""
    media: MediaParts = MediaParts.FULL
    """For tags with MediaInfo: the parts that the samples fill."""
    condition: str = ""
    """When the containers are present, if that is not always so for a successful job."""

    @property
    def documented(self) -> bool:
        """Whether a page shows the result; else it is known from SDKs only."""
        return bool(self.pages)


def _paths(elements: str) -> list[str]:
    found: list[str] = []
    around: list[str] = []
    for word in elements.replace("{", " { ").replace("}", " } ").split():
        match word:
            case "{":
                around.append(found[-1])
            case "}":
                around.pop()
            case _:
                found.append("/".join((*around[-1:], word)))
    return found


_FORMAT = "Bitrate Duration FormatLongName FormatName NumProgram NumStream Size StartTime"
_AUDIO = (
    "Bitrate Channel ChannelLayout CodecLongName CodecName CodecTag CodecTagString CodecTimeBase Duration Index "
    "Language SampleFmt SampleRate StartTime Timebase"
)
_VIDEO = (
    "AvgFps Bitrate CodecLongName CodecName CodecTag CodecTagString CodecTimeBase ColorPrimaries ColorRange "
    "ColorTransfer Dar Duration FieldOrder Fps HasBFrame Height Index Language Level NumFrames PixFormat Profile "
    "RefFrames Rotation Sar StartTime Timebase Width"
)
_FILES = "Bucket Md5Info{Md5 ObjectName} ObjectName ObjectPrefix ObjectUrl Region"
_BOX = "BBox{X1 X2 Y1 Y2}"
_TAGS = "Tags{Confidence Tag TagCls}"
_FOUND = "{Location{Height Width X Y} Name Score}"
_SCORES = "{SentenceScores{EndTime Score StartTime} TotalScore}"

_CONTAINERS = (
    ResultContainer(
        name="MediaInfo",
        elements=f"Format{{{_FORMAT}}} Stream{{Audio{{{_AUDIO}}} Subtitle{{Index Language}} Video{{{_VIDEO}}}}}",
    ),
    ResultContainer(name="MediaResult", elements=f"OutputFile{{{_FILES} SpriteOutputFile{{{_FILES}}}}}"),
    ResultContainer(name="ExtractDigitalWatermark", elements="Message Type Version", in_request=True),
    ResultContainer(
        name="QualityEstimate",
        elements="Score VqaPlusResult{NoAudio NoVideo "
        "DetailedResult{Type Items{Confidence StartTimeOffset EndTimeOffset AreaCoordSet}}}",
    ),
    ResultContainer(name="SplitVideoInfoResult", elements="TimeInfo{Index PartBegin PartEnd}"),
    ResultContainer(
        name="VideoTagResult",
        elements=f"StreamData{{SubErrCode SubErrMsg Data{{{_TAGS} "
        f"PersonTags{{Confidence Count Name DetailPerSecond{{{_BOX} Confidence TimeStamp}}}} "
        f"PlaceTags{{ClipFrameResult EndIndex EndTime StartIndex StartTime {_TAGS}}} "
        f"ActionTags{{EndTime StartTime {_TAGS}}} ObjectTags{{TimeStamp Objects{{{_BOX} Confidence Name}}}} "
        "Labels{Confidence First Second}}}",
    ),
    ResultContainer(
        name="VideoTargetRecResult",
        elements=f"BodyRecognition{{BodyInfo{_FOUND} Time Url}} PetRecognition{{PetInfo{_FOUND} Time Url}} "
        f"CarRecognition{{CarInfo{_FOUND} Time Url}} FaceRecognition{{FaceInfo{_FOUND} Time Url}} "
        f"LicenseRecognitionResult{{PlateInfo{_FOUND} Time Url}} Sensitive",
    ),
    ResultContainer(
        name="DnaResult",
        elements="Duration VideoId Detection{Audio{Similar} Duration Similar SimilarDuration VideoId "
        "MatchDetail{MatchEndTime MatchStartTime SrcEndTime SrcStartTime}}",
    ),
    ResultContainer(
        name="SpeechRecognitionResult",
        elements="AudioTime DetailObjectName ObjectName Result "
        "ResultDetail{EndMs FinalSentence SliceSentence SpeakerId SpeechSpeed StartMs WordsNum "
        "Words{OffsetEndMs OffsetStartMs VoiceType Word}} "
        "FlashResult{channel_id text sentence_list{end_time speaker_id start_time text "
        "word_list{end_time start_time word}}}",
    ),
    ResultContainer(name="SoundHoundResult", elements="SongList{Inlier SingerName SongName}"),
    ResultContainer(name="VocalScoreResult", elements=f"PitchScore{_SCORES} RhythemScore{_SCORES}"),
    ResultContainer(
        name="DocProcessResult",
        elements="FailPageCount SuccPageCount TaskId TgtType TotalPageCount TotalSheetCount "
        "PageInfo{PageNo PicIndex PicNum TgtUri X-SheetPics} WatermarkInfo{Etag Size}",
    ),
    ResultContainer(name="DocWatermarkResult", elements="Etag Size TotalPageCount"),
    ResultContainer(name="AITranslateResult", elements="Result"),
    ResultContainer(
        name="WordsGeneralizeResult",
        elements="WordsGeneralizeLable{Category Word} WordsGeneralizeToken{Length Offset Pos Word}",
    ),
    ResultContainer(
        name="PicProcessResult",
        elements="ObjectName OriginalInfo{Etag ImageInfo{Ave Format Height Orientation Quality Width}} "
        "ProcessResult{Etag Format Height Quality Size Width}",
    ),
    ResultContainer(
        name="ImageInspectResult",
        elements="Code InputObjectName InputObjectUrl Message State "
        "ProcessResult{AutoProcessResult{Code Message} PicSize PicType Suspicious SuspiciousBeginByte "
        "SuspiciousEndByte SuspiciousSize SuspiciousType}",
    ),
    ResultContainer(
        name="Detection",
        elements="Angel Code InputObjectName InputObjectUrl Language Message ObjectName ObjectUrl PdfPageSize State "
        "TextDetections{Confidence DetectedText ItemPolygon{Height Width X Y} Polygon{X Y} "
        "WordPolygon{LeftBottom{X Y} LeftTop{X Y} RightBottom{X Y} RightTop{X Y}} "
        "Words{Character Confidence WordCoordPoint{WordCoordinate{X Y}}}}",
    ),
    ResultContainer(name="FileHashCodeResult", elements="Etag FileSize LastModified MD5 SHA1 SHA256"),
    ResultContainer(
        name="FileCompressResult",
        elements="Bucket CompressFileCount ErrorCount ErrorDetail{ErrorCount ErrorFile} Object Region",
    ),
    ResultContainer(name="FileUncompressResult", elements="Bucket FileCount Region"),
)

RESULT_CONTAINERS: Mapping[str, ResultContainer] = MappingProxyType({row.name: row for row in _CONTAINERS})
"""The containers by name, in the order of the XSD."""

_CLIP = ("MediaInfo", "MediaResult")
_MEDIA_SDKS = (
    "Go ci_media.go MediaProcessJobOperation",
    "Java model/ciModel/job/v2/MediaJobOperation.java",
)
_ROWS = (
    TagResult(tag="Snapshot", containers=_CLIP, pages=("436/85059", "436/49074"), media=MediaParts.EMPTY),
    TagResult(tag="Transcode", containers=_CLIP, pages=("436/85060", "436/49077", "1045/73096")),
    TagResult(tag="Animation", containers=_CLIP, pages=("436/85063", "436/49064"), media=MediaParts.PICTURE),
    TagResult(tag="SmartCover", containers=_CLIP, pages=("436/49073", "1045/49522"), media=MediaParts.EMPTY),
    TagResult(tag="Concat", containers=_CLIP, pages=("1045/73081",)),
    TagResult(tag="VoiceSeparate", containers=_CLIP, pages=("436/85077",), media=MediaParts.SOUND),
    TagResult(tag="VideoMontage", containers=_CLIP, pages=("436/85057", "436/49079")),
    TagResult(tag="SDRtoHDR", containers=_CLIP, pages=("436/49071", "1045/49520")),
    TagResult(tag="VideoProcess", containers=_CLIP, pages=("436/85054", "1045/73091")),
    TagResult(tag="SuperResolution", containers=_CLIP, pages=("436/49076", "460/84809", "1045/73164")),
    TagResult(tag="Segment", containers=_CLIP, pages=("1045/73075",)),
    TagResult(tag="DigitalWatermark", containers=_CLIP, pages=("436/85064", "436/49066")),
    TagResult(
        tag="ExtractDigitalWatermark", containers=("ExtractDigitalWatermark",), pages=("436/49067", "1045/49516")
    ),
    TagResult(
        tag="VideoTag",
        containers=("VideoTagResult",),
        pages=("436/85058", "436/49081"),
        sdks=("Go ci_media.go VideoTagResultStreamDataDataLabels", "Java model/ciModel/job/VideoTagResult.java"),
    ),
    TagResult(tag="MediaInfo", containers=("MediaInfo",), pages=("436/85055", "436/49068")),
    TagResult(tag="StreamExtract", containers=("MediaResult",), pages=("1045/73078",)),
    TagResult(
        tag="QualityEstimate",
        containers=("MediaInfo", "MediaResult", "QualityEstimate"),
        pages=("436/85062", "436/49070"),
        sdks=("Go ci_media.go QualityEstimate", "Java model/ciModel/job/QualityEstimate.java"),
    ),
    TagResult(tag="Tts", containers=_CLIP, pages=("460/84958", "1045/73381"), media=MediaParts.SPEECH),
    TagResult(tag="NoiseReduction", pages=("436/76972", "1045/73376")),
    TagResult(tag="SplitVideoParts", containers=("SplitVideoInfoResult",), pages=("460/94311",)),
    TagResult(tag="VideoTargetRec", containers=("VideoTargetRecResult",), pages=("436/121129", "1045/73146")),
    TagResult(tag="SegmentVideoBody", containers=_CLIP, pages=("436/85076", "1045/73120")),
    TagResult(tag="FillConcat", containers=_CLIP, sdks=_MEDIA_SDKS),
    TagResult(
        tag="GeneratePlayList",
        containers=_CLIP,
        sdks=("Go ci_media.go GeneratePlayListJobOperation", "Java model/ciModel/job/v2/MediaJobOperation.java"),
    ),
    TagResult(tag="VideoSynthesis", containers=_CLIP, sdks=_MEDIA_SDKS),
    TagResult(tag="VideoEnhance", containers=_CLIP, sdks=_MEDIA_SDKS),
    TagResult(
        tag="Dna",
        containers=("DnaResult",),
        sdks=("Go ci_media.go DnaResult", "Java model/ciModel/job/v2/DNAResult.java"),
    ),
    TagResult(tag="Watermark", containers=_CLIP, sdks=_MEDIA_SDKS),
    TagResult(
        tag="SpeechRecognition",
        containers=("SpeechRecognitionResult",),
        pages=("436/80171", "1045/73386"),
        sdks=("Go ci_media.go SpeechRecognitionResult",),
    ),
    TagResult(tag="SoundHound", containers=("SoundHoundResult",), pages=("460/84956",)),
    TagResult(tag="VocalScore", containers=("VocalScoreResult",), pages=("460/96718", "436/98022")),
    TagResult(tag="DocProcess", containers=("DocProcessResult",), pages=("1045/47933", "1545/65203")),
    TagResult(
        tag="DocWatermark",
        containers=("DocWatermarkResult",),
        sdks=("Go ci_doc.go DocWatermarkResult", "Java internal/XmlResponsesSaxParser.java DocWatermarkResult"),
    ),
    TagResult(
        tag="DocAIGCMetadata",
        sdks=("Go ci_doc.go DocAIGCMetadata", "Java model/ciModel/job/v2/DocAIGCMetadataOperation.java"),
    ),
    TagResult(
        tag="Translation",
        containers=("AITranslateResult",),
        pages=("460/84799", "1045/50307"),
        sdks=(
            "Android model/ci/ai/PostTranslationResponse.java",
            "iOS CI/model/QCloudPostTranslationResponse.h",
            "PHP src/Descriptions.php",
        ),
        condition="NoNeedOutput is true: the job writes no file",
    ),
    TagResult(
        tag="WordsGeneralize",
        containers=("WordsGeneralizeResult",),
        sdks=("Go ci_media.go WordsGeneralizeResult", "iOS CI/model/QCloudPostWordsGeneralizeResponse.h"),
    ),
    TagResult(tag="PicProcess", containers=("PicProcessResult",), pages=("436/85072", "1045/50337")),
    TagResult(tag="ImageInspect", containers=("ImageInspectResult",), pages=("436/76608", "460/95990")),
    TagResult(tag="PosterProduction", pages=("460/82391", "436/98438")),
    TagResult(tag="ImageOCR", containers=("Detection",), pages=("436/74964", "460/102328")),
    TagResult(tag="FileHashCode", containers=("FileHashCodeResult",), pages=("436/83108", "1045/52867")),
    TagResult(tag="FileCompress", containers=("FileCompressResult",), pages=("436/83112", "436/83113")),
    TagResult(tag="FileUncompress", containers=("FileUncompressResult",), pages=("436/83110", "436/83111")),
)

TAG_RESULTS: Mapping[str, TagResult] = MappingProxyType({row.tag: row for row in _ROWS})
"""The table, by tag, in the order of the feature table."""
