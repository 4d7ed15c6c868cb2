"""The official Python SDK, unmodified, performs the whole path on a running mock; signatures are checked.

It is redirected as sdk-clients 1.1 describes: its own hosts, and the mock as the HTTP proxy.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from qcloud_cos import CosConfig, CosS3Client, CosServiceError
from qcloud_cos.cos_auth import CosS3Auth

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.codec import read_callback, to_value
from ciq_schemas.values import Job, JobCallback

BUCKET = "sdk-1250000000"
REGION = "ap-test"
KEYS = Credentials(secret_id="AKIDSDK", secret_key="sdk-secret")
OUTPUT = {"Bucket": BUCKET, "Region": REGION, "Object": "out/${Number}.jpg"}


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    # With a manual clock no result depends on the speed of the machine.
    settings = MockSettings(credentials=(KEYS,), clock=ClockKind.MANUAL, workers=1, duration=10.0)
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset; no bucket has any feature."""
    _server.reset()
    return _server


def config(server: MockServer, *, secret_key: str = KEYS.secret_key) -> CosConfig:
    """The SDK's configuration with the mock as proxy."""
    return CosConfig(
        Region=REGION,
        SecretId=KEYS.secret_id,
        SecretKey=secret_key,
        Scheme="http",
        Proxies={"http": server.url},
    )


@pytest.fixture
def client(server: MockServer) -> Any:
    """The SDK's client."""
    return CosS3Client(config(server), retry=0)


@pytest.fixture
def media(server: MockServer, client: Any) -> Any:
    """The client of a bucket with media and document processing (the SDK can activate neither)."""
    for path in ("/mediabucket", "/docbucket"):
        answer = requests.post(
            f"http://{BUCKET}.ci.{REGION}.myqcloud.com{path}",
            auth=CosS3Auth(config(server), path),
            proxies={"http": server.url},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
    return client


def queue_of(client: Any) -> dict[str, Any]:
    """The media queue."""
    (queue,) = client.ci_get_media_queue(BUCKET)["QueueList"]
    return dict(queue)


def set_queue(client: Any, state: str, url: str, form: str = "XML") -> dict[str, Any]:
    """Set state and callback rule of the media queue."""
    rule = {"State": "On", "Event": "TaskFinish", "Type": "Url", "Url": url, "ResultFormat": form}
    queue = queue_of(client)
    (updated,) = client.ci_update_media_queue(
        BUCKET, queue["QueueId"], {"Name": queue["Name"], "State": state, "NotifyConfig": rule}
    )["Queue"]
    return dict(updated)


def create(client: Any, source: str = "in/clip.mp4", *, level: int = 0, note: str = "n") -> dict[str, Any]:
    """Submit a media job."""
    operation = {"Output": OUTPUT, "UserData": note, "JobLevel": str(level)}
    body = {"Tag": "Snapshot", "Input": {"Object": source}, "Operation": operation}
    (job,) = client.ci_create_media_jobs(BUCKET, body, {})["JobsDetail"]
    return dict(job)


def state_of(client: Any, job_id: str) -> str:
    """The state in the response to describe."""
    (job,) = client.ci_get_media_jobs(BUCKET, job_id)["JobsDetail"]
    return str(job["State"])


def received(receiver: HTTPServer) -> list[Job]:
    """The jobs in the received callbacks, in order of arrival."""
    receiver.check()
    bodies = [request.get_data() for request, _ in receiver.log]
    return [job for body in bodies for job in to_value(JobCallback, read_callback(body)).jobs]


def test_bucket_is_opened_listed_and_closed(client: Any) -> None:
    """The SDK parses each response, which requires exact names and values of headers."""
    _, opened = client.ci_open_asr_bucket(BUCKET)
    assert opened["AsrBucket"]["Name"] == BUCKET
    assert opened["AsrBucket"]["Region"] == REGION
    listed = client.ci_get_asr_bucket(Regions=REGION, BucketNames=BUCKET)
    assert listed["TotalCount"] == "1"
    assert listed["AsrBucketList"][0]["BucketId"] == BUCKET
    assert client.ci_get_asr_queue(BUCKET)["QueueList"][0]["Category"] == "Speeching"
    _, closed = client.ci_close_asr_bucket(BUCKET)
    assert closed["BucketName"] == BUCKET
    assert client.ci_get_asr_bucket(Regions=REGION, BucketNames=BUCKET)["TotalCount"] == "0"


@pytest.mark.parametrize("form", ["XML", "JSON"])
def test_submitted_jobs_send_callbacks_that_agree_with_describe(
    server: MockServer, media: Any, httpserver: HTTPServer, form: str
) -> None:
    """The test sets the rule, submits, waits and describes; one job fails."""
    httpserver.expect_request("/notify", method="POST").respond_with_data("ok")
    url = httpserver.url_for("/notify")
    updated = set_queue(media, "Active", url, form)
    assert updated["NotifyConfig"]["Url"] == url
    assert updated["NotifyConfig"]["ResultFormat"] == form
    good, bad = create(media, "in/中文 a+b.mp4"), create(media, "missing/clip.mp4")
    assert (good["State"], good["StartTime"]) == ("Submitted", "-")
    server.advance(5)
    assert [state_of(media, job["JobId"]) for job in (good, bad)] == ["Running", "Submitted"]
    server.advance(60)
    server.wait_for_callbacks(2)
    callback_jobs = received(httpserver)
    assert [(job.job_id, job.state) for job in callback_jobs] == [(good["JobId"], "Success"), (bad["JobId"], "Failed")]
    (described,) = media.ci_get_media_jobs(BUCKET, good["JobId"])["JobsDetail"]
    assert described["State"] == "Success"
    written = described["Operation"]["MediaResult"]["OutputFile"]
    assert (written["ObjectPrefix"], written["ObjectName"]) == ("out/", "0.jpg")
    assert callback_jobs[0].input is not None
    assert callback_jobs[0].input.object == described["Input"]["Object"] == "in/中文 a+b.mp4"
    assert (callback_jobs[0].start_time, callback_jobs[0].end_time) == (described["StartTime"], described["EndTime"])
    assert (callback_jobs[1].code, bool(callback_jobs[1].message)) == ("ResourceNotFound", True)


def test_held_jobs_run_by_level_after_resume(server: MockServer, media: Any, httpserver: HTTPServer) -> None:
    """One held job is cancelled; the others run by level, then in order of submission."""
    httpserver.expect_request("/notify", method="POST").respond_with_data("ok")
    url = httpserver.url_for("/notify")
    assert set_queue(media, "Paused", url)["State"] == "Paused"
    jobs = [create(media, level=level, note=str(n))["JobId"] for n, level in enumerate((0, 0, 2, 1, 2))]
    server.advance(100)
    assert {state_of(media, job_id) for job_id in jobs} == {"Pause"}
    media.ci_cancel_jobs(BUCKET, jobs[1])
    assert state_of(media, jobs[1]) == "Cancel"
    assert set_queue(media, "Active", url)["State"] == "Active"
    server.advance(100)
    server.wait_for_callbacks(4)
    assert [job.job_id for job in received(httpserver)] == [jobs[2], jobs[4], jobs[3], jobs[0]]
    assert [state_of(media, job_id) for job_id in jobs] == [
        "Success", "Cancel", "Success", "Success", "Success",
    ]  # fmt: skip


def test_job_list_pages_contain_each_job_once(server: MockServer, media: Any) -> None:
    """Pages of two contain five jobs, newest first; the last page has no token."""
    jobs = [create(media, note=str(n))["JobId"] for n in range(5)]
    server.advance(1)
    found: list[str] = []
    sizes: list[int] = []
    token = ""
    while True:
        page = media.ci_list_media_jobs(BUCKET, "Snapshot", Size=2, NextToken=token)
        found += [job["JobId"] for job in page["JobsDetail"]]
        sizes.append(len(page["JobsDetail"]))
        token = page.get("NextToken", "")
        if not token:
            break
    assert found == jobs[::-1]
    assert sizes == [2, 2, 1]
    running = media.ci_list_media_jobs(BUCKET, "Snapshot", States="Running")
    assert [job["JobId"] for job in running["JobsDetail"]] == jobs[:1]


def test_document_and_speech_jobs_run(server: MockServer, media: Any) -> None:
    """The SDK parses the responses of these methods in another way."""
    media.ci_open_asr_bucket(BUCKET)
    (doc_queue,) = media.ci_get_doc_queue(BUCKET)["QueueList"]
    doc = media.ci_create_doc_job(
        Bucket=BUCKET, QueueId=doc_queue["QueueId"], InputObject="in.docx", OutputBucket=BUCKET,
        OutputRegion=REGION, OutputObject="out_${Number}.jpg",
    )["JobsDetail"]  # fmt: skip
    (asr_queue,) = media.ci_get_asr_queue(BUCKET)["QueueList"]
    speech = media.ci_create_asr_job(
        Bucket=BUCKET, QueueId=asr_queue["QueueId"], InputObject="in.mp3", OutputBucket=BUCKET,
        OutputRegion=REGION, OutputObject="out.txt",
        SpeechRecognition={"EngineModelType": "16k_zh", "ChannelNum": "1", "ResTextFormat": "1"},
    )["JobsDetail"]  # fmt: skip
    server.advance(60)
    (described,) = media.ci_get_doc_job(BUCKET, doc["JobId"])["JobsDetail"]
    assert described["State"] == "Success"
    pages = described["Operation"]["DocProcessResult"]
    assert pages["TotalPageCount"] == str(len(pages["PageInfo"]))
    (job,) = media.ci_get_asr_job(BUCKET, speech["JobId"])["JobsDetail"]
    assert job["State"] == "Success"
    listed = media.ci_list_doc_jobs(BUCKET, doc_queue["QueueId"])["JobsDetail"]
    assert [job["JobId"] for job in listed] == [doc["JobId"]]


def test_describe_of_unknown_job_names_its_id(media: Any) -> None:
    """The status is 200."""
    known = create(media)["JobId"]
    answer = media.ci_get_media_jobs(BUCKET, f"{known},jnone")
    assert [job["JobId"] for job in answer["JobsDetail"]] == [known]
    assert answer["NonExistJobIds"] == "jnone"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda c: c.ci_cancel_jobs(BUCKET, "jnone"), 400, "ResourceNotFound"),
        (lambda c: c.ci_create_media_jobs(BUCKET, {"Tag": "Snapshot"}, {}), 400, "InvalidArgument"),
        (lambda c: c.ci_create_media_jobs(BUCKET, {"Tag": "Nonsense"}, {}), 400, "InvalidArgument"),
        (lambda c: c.ci_update_media_queue(BUCKET, "pnone", {"Name": "x"}), 400, "QueueNotFound"),
        (lambda c: c.ci_get_media_queue(BUCKET, PageSize="0"), 400, "InvalidArgument"),
        (lambda c: c.ci_get_asr_queue(BUCKET), 400, "AsrBucketUnBinded"),
        (lambda c: c.ci_list_media_jobs(BUCKET, "Snapshot", NextToken="?"), 400, "InvalidArgument"),
        (lambda c: c.ci_create_template(BUCKET, {"Tag": "Snapshot"}), 400, "InvalidArgument"),
        (lambda c: c.ci_update_template(BUCKET, "tnone", {"Tag": "Snapshot", "Name": "x"}), 400, "TemplateNotFound"),
    ],
)
def test_refusal_raises_cos_service_error(media: Any, call: Any, status: int, code: str) -> None:
    """It has status, code, resource, request and trace id."""
    with pytest.raises(CosServiceError) as caught:
        call(media)
    error = caught.value
    assert (error.get_status_code(), error.get_error_code()) == (status, code)
    assert error.get_resource_location().startswith("/")
    assert "Unknown" not in (error.get_error_msg(), error.get_request_id(), error.get_trace_id())


def test_wrong_key_is_refused(server: MockServer, client: Any) -> None:
    """The SDK gets the refusal of a signature with another key."""
    unauthorized = CosS3Client(config(server, secret_key="guess"), retry=0)
    with pytest.raises(CosServiceError) as caught:
        unauthorized.ci_open_asr_bucket(BUCKET)
    assert (caught.value.get_status_code(), caught.value.get_error_code()) == (403, "SignatureDoesNotMatch")
    assert client.ci_get_asr_bucket(BucketNames=BUCKET)["TotalCount"] == "0"
