"""Why a field of an SDK's answer is empty: fields that a page gives a value have no reason here, and fail the test."""

import re
from collections.abc import Iterable, Mapping

_OPERATION = r"(?i:jobs?detail(list)?\.operation)"
_OTHER_TAG = (
    "Animation|MediaAnimation|ConcatTemplate|MediaConcatTemplate|Detection|DigitalWatermark|DnaConfig|DnaResult|"
    "ExtractDigitalWatermark|FillConcat|ImageInspect|ImageInspectResult|ImageOCR|NoiseReduction|PicProcess|"
    "PicProcessResult|PosterProduction|QualityEstimate|QualityEstimateConfig|RemoveWatermark|SDRtoHDR|Segment|"
    "SegmentVideoBody|SmartCover|SoundHoundResult|SpeechRecognition|SpeechRecognitionResult|SplitVideoInfoResult|"
    "SplitVideoParts|Subtitles|SuperResolution|Transcode|TranscodeTemplateId|Translation|TtsConfig|TtsTpl|TransTpl|"
    "TransProTpl|TransConfig|VideoEnhance|VideoMontage|VideoProcess|VideoSynthesis|VideoTag|VideoTagResult|"
    "VideoTargetRec|VideoTargetRecResult|VocalScore|VocalScoreResult|VoiceSeparate|Watermark|WatermarkList|"
    "WatermarkTemplateId|WordsGeneralize|WordsGeneralizeResult"
)
_NOT_SENT = (
    "CustomId|FreeTranscode|SnapshotPrefix|TemplateId|TemplateName|TimeInterval|TimeInterval.Start|TimeInterval.End|"
    "Version|DecryptKey|DecryptIv|DecryptMode|EncryptKey|EncryptIv|EncryptMode|CallBack|CallBackFormat|CallBackType|"
    "CallBackMqConfig|JobLevel|JobParam|Output|QueueId|Output.AuObject|Output.BassObject|Output.DrumObject|"
    "Output.SpriteObject|Output.StreamExtract|Tag"
)
_SNAPSHOT = (
    "BlackLevel|CIParam|Fps|Height|IsCheckBlack|IsCheckCount|PixelBlackThreshold|SnapshotOutMode|SnapshotConfig|"
    "SpriteSnapshotConfig|Width"
)

REASONS: Mapping[str, str] = {
    rf"{_OPERATION}\.(?i:{_OTHER_TAG})": "belongs to jobs with another tag",
    rf"(?i:template(list)?)\.(?i:{_OTHER_TAG})": "belongs to templates with another tag",
    rf"{_OPERATION}\.(?i:{_NOT_SENT})": "repeats the request, which did not have it",
    rf"(?i:(jobs?detail(list)?\.operation|template(list)?)\.snapshot)\.(?i:{_SNAPSHOT})": (
        "repeats the request, which did not have it"
    ),
    rf"{_OPERATION}\.(?i:MediaResult)": "only when the job has ended",
    rf"{_OPERATION}\.(?i:MediaInfo)": "a snapshot has pictures, not media: MediaInfo is empty, as in the samples",
    rf"{_OPERATION}\.(?i:MediaResult\.OutputFile\.SpriteOutputFile)": "only with a sprite",
    r"(?i:mediaresult\.outputfile\.objecturl)": "only jobs whose pages name it",
    r"(?i:jobs?detail(list)?)\.(?i:Input\.(BasicType|CosHeaders|Lang|Type|Url|Vod|UrlFile|Object|Manifest))": (
        "only with such an input"
    ),
    r"(?i:jobs?detail(list)?)\.(?i:Message)": "only jobs that failed have one",
    r"(?i:jobs?detail(list)?)\.(?i:Progress)": "only describe and list have it; before the start it is 0",
    r"(?i:jobs?detail(list)?)\.(?i:Workflow)": "only jobs of a workflow",
    r"(?i:jobs?detail(list)?)\.(?i:SubTag|Name|Type)": "no page of this answer has it",
    r"(?i:jobs?detail(list)?)\.(?i:QueueType)": "only with the speed queue",
    r"(?i:NonExistPIDs|NonExistJobIds|NonExistJobId|NonExistIDs)": "every id exists",
    r"(?i:NextToken)": "this is the last page",
    r"(?i:queue(list)?\.notifyconfig)\.(?i:Mq\w+|KafkaConfig)": "only callbacks to a message queue",
    r"(?i:queuelist\.notifyconfig)\.(?i:\w+)": "no rule is set yet",
    r"JobsDetail\.(QueueId|Tag)": "a batch job has none itself",
    r"jobs?[dD]etail(List)?\.input\.(bucketId|region)": "the SDK does not read it, although the answer has it",
    r"JobsDetail\.Operation\.Snapshot": "belongs to jobs with another tag",
    r"JobsDetail\.Operation\.(UserData|Transcode\.\w+(\.ClipConfig)?)": "repeats the request, which did not have it",
    r"JobsDetail\.Operation\.MediaInfo\.Stream\.(Subtitle|Video)": "the output has no such stream",
    r"JobsDetail\.Operation\.MediaResult\.OutputFile\.ObjectPrefix": "the output is in no folder",
    r"jobDetail\.operation": "the SDK does not read it, although the answer has it",
    r"jobsDetail\.operation\.snapshot": "the SDK does not read it in this answer",
    r"Template(List)?\.Code": "the SDK reads Code where the pages have Tag",
    r"WorkflowExecutionList\.CreationTime": "the SDK reads CreationTime where the pages have CreateTime",
    r"workflowExecutionList\.(tasks|topology|workflowName)": "only the description of one run has it",
    r"(templateList|template)\.(state|requestId|pageNumber|pageSize|totalCount)": "a class that the SDK shares",
    r"createTime|updateTime|pageNumber|pageSize|totalCount|templateId|attachParam|mediaWorkflowList": (
        "a class that the SDK shares among answers"
    ),
}
"""Pattern of the whole path and the reason."""
_COMPILED = [(re.compile(pattern), reason) for pattern, reason in REASONS.items()]


def reason_of(path: str) -> str:
    """Why the field at `path` is empty; "" for a field that a page gives a value."""
    for pattern, reason in _COMPILED:
        if pattern.fullmatch(path) or (reason.startswith("only jobs whose") and pattern.search(path)):
            return reason
    return ""


def by_reason(paths: Iterable[str]) -> dict[str, list[str]]:
    """The paths by their reason, both sorted."""
    found: dict[str, list[str]] = {}
    for path in sorted(set(paths), key=str.lower):
        found.setdefault(reason_of(path), []).append(path)
    return dict(sorted(found.items()))
