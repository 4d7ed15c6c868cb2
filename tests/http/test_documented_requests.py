"""Requests with every element that the page of a tag documents: the schema knows them, and the mock accepts the job."""

import pytest
from http_bench import output, send
from lxml import etree

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, NoteKind
from ciq_schemas.codec.reading import read
from ciq_schemas.features import FEATURES, Feature, feature_of_tag

OUTPUT = output("out/${Number}.bin")
WATERMARK = (
    "<Watermark><Type>Text</Type><LocMode>Absolute</LocMode><Dx>1</Dx><Dy>2</Dy><Pos>TopRight</Pos><StartTime>0"
    "</StartTime><EndTime>9</EndTime><Text><FontSize>30</FontSize><FontType>simfang</FontType><FontColor>0xFF0000"
    "</FontColor><Transparency>30</Transparency><Text>t</Text></Text></Watermark>"
)
MARK = (
    "<DigitalWatermark><Message>m</Message><Type>Text</Type><Version>V1</Version><IgnoreError>true</IgnoreError>"
    "</DigitalWatermark>"
)
VIDEO = (
    "<Transcode><TimeInterval><Start>0</Start><Duration>9</Duration></TimeInterval><Container><Format>mp4</Format>"
    "</Container><Video><Codec>H.264</Codec><Width>1280</Width><Fps>25</Fps></Video><Audio><Codec>aac</Codec></Audio>"
    "<TransConfig><AdjDarMethod>scale</AdjDarMethod></TransConfig></Transcode>"
)
OPERATIONS = {
    "Snapshot": "<Snapshot><Mode>Interval</Mode><Start>0</Start><TimeInterval>5</TimeInterval><Count>3</Count>"
    "<BlackLevel>50</BlackLevel><IsCheckBlack>true</IsCheckBlack><SnapshotOutMode>SnapshotAndSprite</SnapshotOutMode>"
    "<SpriteSnapshotConfig><Color>White</Color><Columns>10</Columns><Lines>10</Lines></SpriteSnapshotConfig></Snapshot>"
    + output("s-${Number}.jpg", "<SpriteObject>sprite-${Number}.jpg</SpriteObject>"),
    "Transcode": VIDEO + WATERMARK + MARK + "<RemoveWatermark><Dx>1</Dx><Dy>2</Dy><Width>3</Width><Height>4</Height>"
    "</RemoveWatermark>" + OUTPUT,
    "Animation": "<Animation><Container><Format>gif</Format></Container><Video><Codec>gif</Codec></Video>"
    "<TimeInterval><Start>0</Start></TimeInterval></Animation>" + OUTPUT,
    "SmartCover": "<SmartCover><Format>jpg</Format><Width>128</Width><Count>3</Count><DeleteDuplicates>true"
    "</DeleteDuplicates></SmartCover>" + OUTPUT,
    "Concat": "<ConcatTemplate><ConcatFragment><Url>http://b/a.mp4</Url><StartTime>0</StartTime></ConcatFragment>"
    "<ConcatFragment><Url>http://b/b.mp4</Url></ConcatFragment><Container><Format>mp4</Format></Container>"
    "<Index>1</Index></ConcatTemplate>" + OUTPUT,
    "VoiceSeparate": "<VoiceSeparate><AudioMode>IsAudio</AudioMode><AudioConfig><Codec>aac</Codec></AudioConfig>"
    "</VoiceSeparate>" + output("b.mp3", "<AuObject>a.mp3</AuObject>"),
    "VideoMontage": "<VideoMontage><Container><Format>mp4</Format></Container><Duration>9</Duration></VideoMontage>"
    + OUTPUT,
    "SDRtoHDR": "<SDRtoHDR><HdrMode>HDR10</HdrMode></SDRtoHDR><TranscodeTemplateId>t1</TranscodeTemplateId>"
    "<WatermarkTemplateId>t2</WatermarkTemplateId>" + OUTPUT,
    "VideoProcess": "<VideoProcess><ColorEnhance><Enable>true</Enable></ColorEnhance></VideoProcess>"
    + VIDEO
    + WATERMARK
    + MARK
    + OUTPUT,
    "SuperResolution": "<SuperResolution><Resolution>sdtohd</Resolution><EnableScaleUp>true</EnableScaleUp>"
    "<Version>Enhance</Version></SuperResolution>" + VIDEO + WATERMARK + MARK + OUTPUT,
    "Segment": "<Segment><Format>mp4</Format><Duration>5</Duration><HlsEncrypt><IsHlsEncrypt>true</IsHlsEncrypt>"
    "</HlsEncrypt></Segment>" + OUTPUT,
    "DigitalWatermark": MARK + OUTPUT,
    "ExtractDigitalWatermark": "<ExtractDigitalWatermark><Type>Text</Type><Version>V1</Version>"
    "</ExtractDigitalWatermark>",
    "VideoTag": "<VideoTag><Scenario>Stream</Scenario></VideoTag>",
    "MediaInfo": "",
    "StreamExtract": output("", "<StreamExtract><Index>0</Index><Object>0.mp4</Object></StreamExtract>"),
    "QualityEstimate": "<QualityEstimateConfig><Rotate>90</Rotate><Mode>vqaPlus</Mode></QualityEstimateConfig>",
    "Tts": "<TtsTpl><Mode>Asyc</Mode><Codec>mp3</Codec><VoiceType>aixia</VoiceType><Volume>0</Volume><Speed>100"
    "</Speed></TtsTpl><TtsConfig><InputType>Text</InputType><Input>hello</Input></TtsConfig>" + OUTPUT,
    "NoiseReduction": OUTPUT,
    "SplitVideoParts": "<SplitVideoParts><Mode>SHOTDETECT</Mode></SplitVideoParts>",
    "VideoTargetRec": "<VideoTargetRec><Body>true</Body><Pet>true</Pet><Car>true</Car></VideoTargetRec>",
    "SegmentVideoBody": "<SegmentVideoBody><Mode>Mask</Mode></SegmentVideoBody>" + OUTPUT,
    "Watermark": WATERMARK + OUTPUT,
    "SpeechRecognition": "<SpeechRecognition><EngineModelType>16k_zh</EngineModelType><ChannelNum>1</ChannelNum>"
    "<ResTextFormat>1</ResTextFormat><FilterDirty>0</FilterDirty><FilterModal>1</FilterModal><ConvertNumMode>0"
    "</ConvertNumMode><SpeakerDiarization>1</SpeakerDiarization><OutputFileType>txt</OutputFileType>"
    "</SpeechRecognition>" + OUTPUT,
    "SoundHound": "",
    "VocalScore": "<VocalScore><StandardObject>base.mp3</StandardObject></VocalScore>",
    "DocProcess": "<DocProcess><SrcType>pptx</SrcType><TgtType>jpg</TgtType><SheetId>0</SheetId><StartPage>1"
    "</StartPage><EndPage>3</EndPage><ImageParams>imageMogr2</ImageParams><Quality>100</Quality><Zoom>100</Zoom>"
    "<PaperDirection>0</PaperDirection></DocProcess>" + OUTPUT,
    "Translation": "<Translation><Lang>en</Lang><Type>txt</Type></Translation><NoNeedOutput>true</NoNeedOutput>",
    "WordsGeneralize": "<WordsGeneralize><NerMethod>DL</NerMethod><SegMethod>MIX</SegMethod></WordsGeneralize>",
    "PicProcess": "<PicProcess><IsPicInfo>true</IsPicInfo><ProcessRule>imageMogr2/rotate/90</ProcessRule></PicProcess>"
    + OUTPUT,
    "ImageInspect": "<ImageInspect><AutoProcess>true</AutoProcess><ProcessType>BackupObject</ProcessType>"
    "</ImageInspect>",
    "PosterProduction": "<PosterProduction><TemplateId>t1</TemplateId><Info><main>http://b/a.jpg</main></Info>"
    "</PosterProduction>" + OUTPUT,
    "ImageOCR": "<ImageOCR><Type>general</Type><LanguageType>zh</LanguageType></ImageOCR>",
    "FileHashCode": "<FileHashCodeConfig><Type>MD5</Type><AddToHeader>false</AddToHeader></FileHashCodeConfig>",
    "FileCompress": "<FileCompressConfig><Flatten>0</Flatten><Format>zip</Format><Prefix>in/</Prefix>"
    "</FileCompressConfig>" + OUTPUT,
    "FileUncompress": "<FileUncompressConfig><Prefix>out/</Prefix><PrefixReplaced>1</PrefixReplaced>"
    "</FileUncompressConfig>" + OUTPUT,
}
"""Operation of the request by tag: the elements of its page, with values of our own."""
INPUTS = {
    "FileCompress": "",
    "Tts": "",
    "Translation": "<Input><Object>in/a.png</Object><Lang>zh</Lang><Type>png</Type><BasicType>txt</BasicType></Input>",
}
CALLBACK = (
    "<CallBackFormat>JSON</CallBackFormat><CallBackType>Url</CallBackType><CallBack>http://203.0.113.9/cb</CallBack>"
)


def request_of(tag: str) -> bytes:
    """A request with all documented elements."""
    source = INPUTS.get(tag, "<Input><Object>in/a.mp4</Object></Input>")
    feature = feature_of_tag(tag)
    assert feature is not None
    level = "<JobLevel>1</JobLevel>" if FEATURES[feature].has_job_level else ""
    operation = f"<Operation>{OPERATIONS[tag]}<UserData>u</UserData>{level}</Operation>"
    callback = CALLBACK if FEATURES[feature].job_callback_documented else ""
    return f"<Request><Tag>{tag}</Tag>{source}{operation}{callback}</Request>".encode()


@pytest.mark.parametrize("tag", OPERATIONS)
def test_schema_knows_documented_elements(tag: str) -> None:
    """No element of the page is unknown, wherever it is in Operation."""
    decoded = read(Document.JOB_SUBMIT_REQUEST, request_of(tag))
    assert decoded.problems == ()
    assert NoteKind.UNKNOWN_ELEMENT not in {note.kind for note in decoded.notes}


def test_mock_accepts_documented_requests() -> None:
    """Every tag that a page documents, on the first path of its feature."""
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, bucket="b-1", region="ap-test")
    with MockServer(settings) as server:
        for tag in OPERATIONS:
            feature = feature_of_tag(tag)
            assert feature is not None
            status, _, answer = send(server, "POST", FEATURES[feature].job_path, request_of(tag))
            assert status == 200, (tag, answer)
            assert etree.fromstring(answer).findtext("JobsDetail/State") == "Submitted"
