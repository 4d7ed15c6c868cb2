"""Results of ended jobs: every tag on every path keeps its operation unchanged and gets its result."""

import re
from collections.abc import Iterator
from hashlib import md5

import pytest
from http_bench import output, send, submit_body
from lxml import etree

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, validate
from ciq_schemas.features import FEATURES, Feature, feature_of_tag
from ciq_schemas.results import RESULT_CONTAINERS, TAG_RESULTS

ALL = tuple(Feature)
EVERY = [(tag, path) for feature in ALL for tag in FEATURES[feature].tags for path in FEATURES[feature].job_paths]
COMMON = {"Output", "UserData", "JobLevel"}
PARTS = {
    "FileHashCode": "<FileHashCodeConfig><Type>SHA1</Type></FileHashCodeConfig>",
    "FileCompress": "<FileCompressConfig><Format>zip</Format><Key>a</Key><Key>b</Key></FileCompressConfig>",
    "FileUncompress": "<FileUncompressConfig><Prefix>out/</Prefix></FileUncompressConfig>",
    "DocProcess": "<DocProcess><TgtType>png</TgtType><StartPage>2</StartPage><EndPage>4</EndPage></DocProcess>",
    "Snapshot": "<Snapshot><Mode>Interval</Mode><Count>3</Count></Snapshot>",
    "DigitalWatermark": "<DigitalWatermark><Message>m</Message><Type>Text</Type></DigitalWatermark>",
    "Translation": "<NoNeedOutput>true</NoNeedOutput>",
    "QualityEstimate": "<QualityEstimateConfig><Rotate>90</Rotate><Mode>vqaPlus</Mode></QualityEstimateConfig>",
    "SpeechRecognition": "<SpeechRecognition><ResTextFormat>1</ResTextFormat></SpeechRecognition>",
    "VideoTargetRec": "<VideoTargetRec><Body>true</Body><Car>true</Car><Pet>true</Pet></VideoTargetRec>",
}
SOURCES = {"Translation": "in/poster.png"}
"""NoNeedOutput has an effect on images only (460/84799)."""


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(activated=ALL, clock=ClockKind.MANUAL, duration=10.0, bucket="b-1", region="ap-test")
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def operation_of_ended_job(
    server: MockServer, path: str, tag: str, parts: str, *, source: str = "in/a.mp4"
) -> etree._Element:
    """Submit a job and let it end; return the Operation in its description."""
    operation = f"<Operation>{parts}</Operation>"
    status, _, body = send(server, "POST", path, submit_body(tag=tag, source=source, operations=operation))
    assert status == 200, body
    job_id = etree.fromstring(body).findtext("JobsDetail/JobId")
    server.advance(60)
    status, _, body = send(server, "GET", f"{path}/{job_id}")
    assert status == 200
    assert validate(Document.JOB_ANSWER, body) == ()
    root = etree.fromstring(body)
    assert root.findtext("JobsDetail/State") == "Success"
    found = root.find("JobsDetail/Operation")
    assert found is not None
    return found


def texts(element: etree._Element, path: str) -> list[str]:
    """The texts at a path."""
    return [found.text or "" for found in element.findall(path)]


@pytest.mark.parametrize(("tag", "path"), EVERY)
def test_ended_job_of_every_tag_has_operation_and_result(server: MockServer, tag: str, path: str) -> None:
    """Each documented path accepts the tag; at the end the operation is as given, followed by the result."""
    given = f"{PARTS.get(tag, '')}{output('out.bin')}<UserData>u &amp; v</UserData>"
    operation = operation_of_ended_job(server, path, tag, given, source=SOURCES.get(tag, "in/a.mp4"))
    for part in etree.fromstring(f"<x>{given}</x>"):
        shown = operation.find(str(part.tag))
        assert shown is not None
        for child in shown.findall("State"):  # the service adds this to a digital watermark
            shown.remove(child)
        assert etree.tostring(shown, method="c14n") == etree.tostring(part, method="c14n")
    added = [str(child.tag) for child in operation if child.tag not in {*COMMON, *_names(given)}]
    assert added == list(TAG_RESULTS[tag].containers)


def _names(given: str) -> set[str]:
    return {str(part.tag) for part in etree.fromstring(f"<x>{given}</x>")}


@pytest.mark.parametrize("tag", TAG_RESULTS)
def test_result_has_documented_elements_only(server: MockServer, tag: str) -> None:
    """Inside each container the mock writes no element that the result table does not name."""
    feature = feature_of_tag(tag)
    assert feature is not None
    source = SOURCES.get(tag, "in/a.mp4")
    parts = PARTS.get(tag, "") + output("out-${number}.bin")
    operation = operation_of_ended_job(server, FEATURES[feature].job_path, tag, parts, source=source)
    for name in TAG_RESULTS[tag].containers:
        container = operation.find(name)
        assert container is not None
        tree = etree.ElementTree(container)
        places = {re.sub(r"\[\d+\]", "", tree.getelementpath(element)) for element in container.iter()} - {"."}
        assert places <= RESULT_CONTAINERS[name].paths


@pytest.mark.parametrize(
    ("tag", "source", "name", "filled"),
    [
        ("Snapshot", "a.mp4", "s.jpg", []),
        ("SmartCover", "a.mp4", "s.jpg", []),
        ("Animation", "a.mp4", "s.gif", ["Video"]),
        ("VoiceSeparate", "a.mp3", "s.mp3", ["Audio"]),
        ("Tts", "a.txt", "s.mp3", ["Audio"]),
        ("MediaInfo", "a.mp4", "s.txt", ["Audio", "Video"]),
        ("MediaInfo", "a.mp3", "s.txt", ["Audio"]),
        ("Transcode", "a.mp4", "s.mp4", ["Audio", "Video"]),
        ("Transcode", "a.mp4", "s.mp3", ["Audio"]),
    ],
)
def test_media_info_fills_streams_of_sample(
    server: MockServer, tag: str, source: str, name: str, filled: list[str]
) -> None:
    """The answer of an audio tag has no video stream, and the other way round; empty elements stand for the rest."""
    operation = operation_of_ended_job(server, "/jobs", tag, output(name), source=source)
    streams = operation.find("MediaInfo/Stream")
    assert streams is not None
    assert {str(stream.tag) for stream in streams} == {"Audio", "Subtitle", "Video"}
    assert [str(stream.tag) for stream in streams if len(stream)] == filled


def test_empty_media_info_of_the_request_is_filled_not_repeated(server: MockServer) -> None:
    """Some clients send `<MediaInfo/>` in Operation; the documents have one MediaInfo."""
    operation = operation_of_ended_job(server, "/jobs", "MediaInfo", "<MediaInfo/>")
    (found,) = operation.findall("MediaInfo")
    assert found.findtext("Format/FormatName")


def test_extracted_watermark_is_found_text(server: MockServer) -> None:
    """The text is in ExtractDigitalWatermark.Message (436/49067), for requests with and without that element."""
    given = "<ExtractDigitalWatermark><Type>Text</Type><Version>V1</Version></ExtractDigitalWatermark>"
    nested = f"<VideoProcess>{output()}</VideoProcess>"
    for parts in (given, "<ExtractDigitalWatermark/>", "", nested):
        operation = operation_of_ended_job(server, "/jobs", "ExtractDigitalWatermark", parts + "<UserData>u</UserData>")
        assert texts(operation, "ExtractDigitalWatermark/*") == ["ciq-mark", "Text", "V1"]
        assert len(operation.findall("ExtractDigitalWatermark")) == 1


def test_translation_without_output_gives_its_text(server: MockServer) -> None:
    """With NoNeedOutput Output may be absent; the text is in AITranslateResult, and no file is written (460/84799)."""
    parts = "<Translation><Lang>en</Lang><Type>txt</Type></Translation>"
    operation = operation_of_ended_job(
        server, "/ai_jobs", "Translation", parts + "<NoNeedOutput>true</NoNeedOutput>", source="in/poster.png"
    )
    assert texts(operation, "AITranslateResult/Result") == ["ok"]
    body = submit_body(tag="Translation", operations=f"<Operation>{parts}</Operation>")
    status, _, answer = send(server, "POST", "/ai_jobs", body)
    assert (status, b"Operation.Output is required" in answer) == (400, True)
    operation = operation_of_ended_job(server, "/ai_jobs", "Translation", parts + output("o.txt"))
    assert operation.find("AITranslateResult") is None


@pytest.mark.parametrize(
    ("tag", "path", "kind"), [("PicProcess", "/pic_jobs", "PicProcessing"), ("VocalScore", "/asr_jobs", "Speeching")]
)
def test_queue_type_of_ended_job_is_category_of_queue(server: MockServer, tag: str, path: str, kind: str) -> None:
    """The callback samples of both tags have it (436/98022)."""
    operation = operation_of_ended_job(server, path, tag, output("o.jpg"))
    detail = operation.getparent()
    assert detail is not None
    assert detail.findtext("QueueType") == kind


@pytest.mark.parametrize(
    ("tag", "path", "parts", "pattern", "names"),
    [
        ("Snapshot", "/jobs", PARTS["Snapshot"], "s-${number}.jpg", ["0.jpg", "1.jpg", "2.jpg"]),
        ("SmartCover", "/jobs", "<SmartCover><Count>2</Count></SmartCover>", "s-${number}.jpg", ["s-0.jpg", "s-1.jpg"]),
        ("Snapshot", "/jobs", PARTS["Snapshot"], "s.jpg", ["s.jpg"]),
        ("Snapshot", "/jobs", "<Snapshot><Count>many</Count></Snapshot>", "s${Number}.${ext}", ["0.jpg"]),
        ("Transcode", "/jobs", "<Transcode><Format>HLS</Format></Transcode>", "t.${ext}", ["t.hls"]),
        ("Transcode", "/jobs", "", "&lt;&amp;.mp4", ["<&.mp4"]),
        ("Segment", "/jobs", "", "${RunId}s${Number}.mp4", ["s0.mp4"]),
    ],
)  # fmt: skip
def test_wildcards_in_output_names_are_replaced(
    server: MockServer, tag: str, path: str, parts: str, pattern: str, names: list[str]
) -> None:
    """Counters count the files, extensions are filled in; a name without a counter is one file."""
    operation = operation_of_ended_job(server, path, tag, parts + output(pattern))
    assert texts(operation, "MediaResult/OutputFile/ObjectName") == names
    prefix = pattern.partition("${")[0] if tag == "Snapshot" and "${" in pattern else ""  # 436/85059
    assert texts(operation, "MediaResult/OutputFile/ObjectPrefix") == [prefix]
    assert texts(operation, "Output/Object") == [pattern.replace("&lt;", "<").replace("&amp;", "&")]


def test_document_job_writes_requested_pages(server: MockServer) -> None:
    """Each page has its own name."""
    operation = operation_of_ended_job(
        server, "/doc_jobs", "DocProcess", PARTS["DocProcess"] + output("p-${Page}_${SheetID}.${ext}")
    )
    assert texts(operation, "DocProcessResult/PageInfo/PageNo") == ["2", "3", "4"]
    assert texts(operation, "DocProcessResult/PageInfo/TgtUri") == ["p-1_1.png", "p-2_1.png", "p-3_1.png"]
    assert texts(operation, "DocProcessResult/TgtType") == ["png"]


def test_result_is_derived_from_input_name(server: MockServer) -> None:
    """The same request gives the same result, another input another one."""
    one, same, other = (
        etree.tostring(operation_of_ended_job(server, "/jobs", "MediaInfo", "", source=source))
        for source in ("a.mp4", "a.mp4", "b.mp4")
    )
    assert one == same != other


def test_hash_of_input_without_upload_is_hash_of_its_name(server: MockServer) -> None:
    """The name replaces the unknown content."""
    parts = "<FileHashCodeConfig><Type>MD5</Type></FileHashCodeConfig>"
    operation = operation_of_ended_job(server, "/file_jobs", "FileHashCode", parts, source="in/中.bin")
    assert operation.findtext("FileHashCodeResult/MD5") == md5("in/中.bin".encode()).hexdigest()


@pytest.mark.parametrize(
    ("sources", "count"),
    [("<Key>a</Key><Key>b</Key>", {"2"}), ("<Prefix>in/</Prefix><Key>a</Key>", {str(n) for n in range(1, 10)})],
)
def test_archive_result_counts_its_keys(server: MockServer, sources: str, count: set[str]) -> None:
    """A prefix takes precedence over keys (436/83112)."""
    parts = f"<FileCompressConfig><Format>zip</Format>{sources}</FileCompressConfig>" + output("o.zip")
    operation = operation_of_ended_job(server, "/file_jobs", "FileCompress", parts, source="")
    assert operation.findtext("FileCompressResult/CompressFileCount") in count


def test_voice_and_sprite_outputs_are_written(server: MockServer) -> None:
    """Names that stand beside Object are written as well."""
    written = output("bg.mp3", "<SpriteObject>s.jpg</SpriteObject><AuObject>au.mp3</AuObject>")
    operation = operation_of_ended_job(server, "/jobs", "VoiceSeparate", written)
    assert texts(operation, "MediaResult/OutputFile/ObjectName") == ["bg.mp3", "au.mp3"]
    assert texts(operation, "MediaResult/OutputFile/SpriteOutputFile/ObjectName") == ["s.jpg"]


def test_digital_watermark_state_follows_job(server: MockServer) -> None:
    """The state is Running before the end, then that of the job; Message and Type stay as given."""
    parts = PARTS["DigitalWatermark"] + output("o.mp4")
    body = submit_body(tag="DigitalWatermark", operations=f"<Operation>{parts}</Operation>")
    submitted = etree.fromstring(send(server, "POST", "/jobs", body)[2])
    assert submitted.findtext("JobsDetail/Operation/DigitalWatermark/State") == "Running"
    operation = operation_of_ended_job(server, "/jobs", "DigitalWatermark", parts)
    assert texts(operation, "DigitalWatermark/*") == ["m", "Text", "Success"]


UNKNOWN = (
    "<Operation><NewThing><Deep a='1'><Deeper>x</Deeper></Deep></NewThing><Transcode><Any>1</Any></Transcode>"
    "<Output><Region>r</Region><Bucket>b</Bucket><Object>o.mp4</Object><NewPlace>p</NewPlace></Output>"
    "<UserData>u</UserData></Operation>"
)


@pytest.mark.parametrize("many", [False, True])
def test_undocumented_containers_are_returned(server: MockServer, *, many: bool) -> None:
    """They are in the echo on every level, at submit and at the end."""
    operations = UNKNOWN.replace("<Operation>", "<Operation><Tag>Transcode</Tag>") * 2 if many else UNKNOWN
    status, _, body = send(server, "POST", "/jobs", submit_body(tag="" if many else "Transcode", operations=operations))
    assert status == 200
    job_ids = texts(etree.fromstring(body), "JobsDetail/JobId")
    server.advance(60)
    for job_id in job_ids:
        ended_body = send(server, "GET", f"/jobs/{job_id}")[2]
        for answer in (body, ended_body):
            operation = etree.fromstring(answer).find("JobsDetail/Operation")
            assert operation is not None
            assert operation.findtext("NewThing/Deep/Deeper") == "x"
            assert operation.findtext("Output/NewPlace") == "p"
            assert operation.findtext("UserData") == "u"
            assert operation.findtext("Transcode/Any") == "1"
            assert operation.findtext("JobLevel") == "0"


@pytest.mark.parametrize(
    ("tag", "path", "parts", "status"),
    [
        ("FileCompress", "/file_jobs", "<FileCompressConfig><Format>zip</Format></FileCompressConfig>", 400),
        ("FileCompress", "/file_jobs", "", 400),
        ("FileCompress", "/file_jobs", f"<FileCompressConfig>{'<Key>k</Key>' * 1000}</FileCompressConfig>", 200),
        ("FileCompress", "/file_jobs", f"<FileCompressConfig>{'<Key>k</Key>' * 1001}</FileCompressConfig>", 400),
        ("FileCompress", "/file_jobs", "<FileCompressConfig><Prefix></Prefix></FileCompressConfig>", 400),
        ("Transcode", "/jobs", f"<DigitalWatermark><Message>{'&lt;' * 64}</Message></DigitalWatermark>", 200),
        ("Transcode", "/jobs", f"<DigitalWatermark><Message>{'中' * 65}</Message></DigitalWatermark>", 400),
        ("Transcode", "/jobs", "<Watermark><Type>Text</Type></Watermark>" * 3, 200),
        ("Transcode", "/jobs", "<Watermark><Type>Text</Type></Watermark>" * 4, 400),
        ("Transcode", "/jobs", "<WatermarkTemplateId>t</WatermarkTemplateId>" * 4, 400),
        ("Transcode", "/jobs", f"<UserData>{'~' * 1024}</UserData>", 200),
        ("Transcode", "/jobs", f"<UserData>{'~' * 1025}</UserData>", 400),
        ("Transcode", "/jobs", "<UserData>\u00e9</UserData>", 400),
    ],
)  # fmt: skip
def test_operation_beyond_documented_limit_is_refused(
    server: MockServer, tag: str, path: str, parts: str, status: int
) -> None:
    """A value at the limit is accepted; a refusal creates no job."""
    operation = f"<Operation>{parts}{output('o')}</Operation>"
    answer = send(server, "POST", path, submit_body(tag=tag, operations=operation))
    assert answer[0] == status, answer[2]
    assert len(server.jobs) == (1 if status == 200 else 0)


def test_speech_job_with_object_and_url_uses_object(server: MockServer) -> None:
    """The documents say so (436/54934); the failing name shows which one is used."""
    body = (
        "<Request><Tag>SpeechRecognition</Tag><Input><Object>missing/a.mp3</Object><Url>http://x/a.mp3</Url></Input>"
        f"<Operation>{output('o.txt')}</Operation></Request>"
    )
    assert send(server, "POST", "/asr_jobs", body.encode())[0] == 200
    server.advance(60)
    assert [job.state for job in server.jobs] == ["Failed"]
