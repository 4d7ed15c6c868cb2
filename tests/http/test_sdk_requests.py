"""Requests as the official SDKs and their samples make them, beside those of the pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from http_bench import error_of, rule, send, submit_body, update_body
from pytest_httpserver import HTTPServer
from workflow_bench import (
    batch_body,
    callback_rule,
    create_batch,
    create_workflow,
    list_jobs,
    run_callbacks,
    trigger,
)

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, Reading, read, read_callback, without_empty
from ciq_schemas.features import Feature

BUCKET = "examplebucket-1250000000"
COS = {"Host": f"{BUCKET}.cos.ap-chongqing.myqcloud.com"}
QUEUE = "/queue"


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, workers=1, duration=10.0)
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock on a manual clock, reset."""
    _server.reset()
    return _server


def value(document: Document, answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    """The content of a successful XML response, read strictly."""
    status, headers, body = answer
    assert (status, headers["Content-Type"]) == (200, "application/xml"), body
    decoded = read(document, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    return dict(decoded.value)


# --- jobs and queues ----------------------------------------------------------------------------------------


def test_put_on_job_without_cancel_cancels_it(server: MockServer) -> None:
    """The Java SDK and the Node samples omit the parameter."""
    for _ in range(2):
        assert send(server, "POST", "/jobs", submit_body())[0] == 200
    waiting = server.jobs[1].job_id
    assert send(server, "PUT", f"/jobs/{waiting}")[::2] == (200, b"")
    assert [job.state for job in server.jobs] == ["Running", "Cancel"]


TOPIC = "<KafkaConfig><Region>ap-test</Region><InstanceId>kafka-1</InstanceId><Topic>jobs</Topic></KafkaConfig>"


def test_queue_keeps_its_kafka_topic(tmp_path: Path) -> None:
    """The update and the list return KafkaConfig as sent, also after a restart."""
    body = update_body(rule=rule(Url="", Type="Kafka") + TOPIC)
    expected = {"Region": "ap-test", "InstanceId": "kafka-1", "Topic": "jobs"}
    with MockServer(MockSettings(activated=(Feature.MEDIA,)), data=tmp_path) as server:
        answer = send(server, "PUT", f"{QUEUE}/{server.queues[0].queue_id}", body)
        assert value(Document.QUEUE_UPDATE_ANSWER, answer)["Queue"]["NotifyConfig"]["KafkaConfig"] == expected
        server.restart()
        (listed,) = value(Document.QUEUE_LIST, send(server, "GET", QUEUE))["QueueList"]
        assert listed["NotifyConfig"]["KafkaConfig"] == expected


@pytest.mark.parametrize("missing", ["Region", "InstanceId", "Topic"])
def test_kafka_rule_without_part_of_the_topic_is_refused(server: MockServer, missing: str) -> None:
    """The response names the missing part."""
    topic = TOPIC.replace(f"<{missing}>", "<X>").replace(f"</{missing}>", "</X>")
    answer = send(
        server, "PUT", f"{QUEUE}/{server.queues[0].queue_id}", update_body(rule=rule(Url="", Type="Kafka") + topic)
    )
    assert error_of(answer) == (400, "InvalidArgument")
    assert f"KafkaConfig.{missing}".encode() in answer[2]


# --- workflows and batch jobs -------------------------------------------------------------------------------


def test_tasks_of_workflow_callback_name_their_template(server: MockServer, httpserver: HTTPServer) -> None:
    """TemplateName is the name that the task's job shows; a task without a template has none (436/48042)."""
    trigger(server, create_workflow(server, config=callback_rule(httpserver, Event="WorkflowFinish")))
    server.advance(100)
    server.wait_for_callbacks(1)
    (body,) = run_callbacks(httpserver)
    run = read_callback(body).value["WorkflowExecution"]
    assert isinstance(run, dict)
    tasks = {task["Name"]: task for task in run["Tasks"]}
    (job,) = list_jobs(server, "tag=Transcode")
    assert job.operation is not None
    assert tasks["Transcode_1"]["TemplateId"] == "t01"
    assert tasks["Transcode_1"]["TemplateName"] == job.operation.template_name
    assert "TemplateName" not in tasks["Snapshot_2"]


BATCH_OUTPUT = (
    f"<Output><Region>r</Region><Bucket>{BUCKET}</Bucket>"
    "<Object>out/${InventoryTriggerJobId}/${InputPath}/${InputName}-${InputExt}-${InputNameAndExt}.${ext}</Object></Output>"
)


def test_wildcards_in_output_of_batch_jobs_are_replaced(server: MockServer) -> None:
    """Two objects give two outputs (1045/50369, Go SDK)."""
    for key in ("in/a.mp4", "in/b.mov"):
        assert send(server, "PUT", f"/{key}", b"x", COS)[0] == 200
    job = f"<Tag>Snapshot</Tag><JobParam><Snapshot><Mode>Interval</Mode></Snapshot></JobParam>{BATCH_OUTPUT}"
    batch = create_batch(server, batch_body("<Prefix>in/</Prefix>", job, "Job"))
    server.advance(100)
    head = f"out/{batch.job_id}/in"
    for name in ("a-mp4-a.mp4.jpg", "b-mov-b.mov.jpg"):
        assert send(server, "HEAD", f"/{head}/{name}", headers=COS)[0] == 200, name


# --- resources ----------------------------------------------------------------------------------------------


def test_play_keys_are_created_once(server: MockServer) -> None:
    """POST creates the keys that the bucket does not have, as CreatePlayKey of the Go and Java SDKs expects."""
    assert send(server, "PUT", "/playKey?backupPlayKey=sesame")[0] == 200
    first = value(Document.PLAY_KEY_ANSWER, send(server, "POST", "/playKey"))["PlayKeyList"]
    assert len(first["MasterPlayKey"]) in range(6, 41)
    assert first["BackupPlayKey"] == "sesame"
    for method in ("POST", "GET"):
        assert value(Document.PLAY_KEY_ANSWER, send(server, method, "/playKey"))["PlayKeyList"] == first


def test_delete_of_unknown_template_is_template_not_found(server: MockServer) -> None:
    """1045/33700 names the code; the page of the call has none of its own."""
    assert error_of(send(server, "DELETE", "/template/unknown")) == (400, "TemplateNotFound")


def test_delete_at_host_of_cos_is_of_the_object_or_of_the_template(server: MockServer) -> None:
    """SDKs that are redirected by IP send both to the host of COS; an object with that key comes first."""
    assert error_of(send(server, "DELETE", "/template/unknown", headers=COS)) == (400, "TemplateNotFound")
    assert send(server, "PUT", "/template/unknown", b"x", COS)[0] == 200
    assert send(server, "DELETE", "/template/unknown", headers=COS)[0] == 204
    assert send(server, "DELETE", "/template/a.txt", headers=COS)[0] == 204
    assert send(server, "DELETE", "/jobs/unknown", headers=COS)[0] == 204


# --- JSON answers -------------------------------------------------------------------------------------------

JSON = {"Accept": "application/json"}
CALLS: dict[str, tuple[Document, str, str, bytes]] = {
    "queues": (Document.QUEUE_LIST, "GET", "/queue", b""),
    "list": (Document.JOB_ANSWER, "GET", "/jobs?tag=Snapshot", b""),
    "describe": (Document.JOB_ANSWER, "GET", "/jobs/{job}", b""),
    "describe unknown": (Document.JOB_ANSWER, "GET", "/jobs/{job},jx", b""),
    "buckets": (Document.BUCKET_LIST, "GET", "/mediabucket", b""),
    "play key": (Document.PLAY_KEY_ANSWER, "POST", "/playKey", b""),
    "templates": (Document.TEMPLATE_LIST, "GET", "/template", b""),
    "workflows": (Document.WORKFLOW_LIST, "GET", "/workflow", b""),
    "runs": (Document.RUN_LIST, "GET", "/workflowexecution", b""),
    "batch jobs": (Document.BATCH_ANSWER, "GET", "/inventorytriggerjob", b""),
    "hot words": (Document.VOCABULARY_LIST, "GET", "/asrhotvocabtable", b""),
    "activation": (Document.BUCKET_ANSWER, "POST", "/picbucket", b""),
}


@pytest.mark.parametrize("name", CALLS)
def test_json_answer_has_the_content_of_the_xml_answer(server: MockServer, name: str) -> None:
    """The members are those of Response, without a wrapper; only the request id differs."""
    for source in ("in/a.mp4", "in/b.mp4"):
        assert send(server, "POST", "/jobs", submit_body(source=source))[0] == 200
    server.advance(10)
    document, method, target, body = CALLS[name]
    target = target.format(job=server.jobs[0].job_id)
    expected = value(document, send(server, method, target, body))
    status, headers, content = send(server, method, target, body, JSON)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert headers["Content-Length"] == str(len(content))
    found = msgspec.json.decode(content)
    for members in (expected, found):
        members.pop("RequestId", None)
    assert without_empty(found) == without_empty(expected)
    for one in ("QueueList", "JobsDetail"):
        assert isinstance(found.get(one, []), list)


def test_error_and_empty_answer_keep_their_form_when_json_is_accepted(server: MockServer) -> None:
    """Every SDK reads errors as XML; cancel has no body."""
    assert error_of(send(server, "GET", "/queue?pageSize=x", headers=JSON)) == (400, "InvalidArgument")
    for _ in range(2):
        assert send(server, "POST", "/jobs", submit_body())[0] == 200
    status, headers, body = send(server, "PUT", f"/jobs/{server.jobs[1].job_id}?cancel", headers=JSON)
    assert (status, body, "Content-Type" in headers) == (200, b"", False)


# --- objects, hosts and browsers ----------------------------------------------------------------------------


def test_upload_returns_crc64_of_object(server: MockServer) -> None:
    """The check value of CRC-64/XZ; GET and HEAD return it too."""
    expected = str(0x995DC9BBDF1939FA)
    assert send(server, "PUT", "/a", b"123456789", COS)[1]["x-cos-hash-crc64ecma"] == expected
    for method in ("GET", "HEAD"):
        assert send(server, method, "/a", headers=COS)[1]["x-cos-hash-crc64ecma"] == expected


@pytest.mark.parametrize(
    "host",
    [
        f"{BUCKET}.cos-internal.ap-chongqing.tencentcos.cn",
        f"{BUCKET}.pic.ap-chongqing.myqcloud.com",
        f"{BUCKET}.cos.accelerate.myqcloud.com",
        f"{BUCKET}.cos.ap-chongqing.myqcloud.com.",
    ],
)
def test_objects_are_at_every_host_of_the_bucket(server: MockServer, host: str) -> None:
    """An upload through one host is read through the others."""
    assert send(server, "PUT", "/x.bin", b"x", COS)[0] == 200
    assert send(server, "GET", "/x.bin", headers={"Host": host})[2] == b"x"


@pytest.mark.parametrize("host", [f"{BUCKET}.ci-internal.ap-chongqing.tencentci.cn", f"{BUCKET}.ci.r.myqcloud.com."])
def test_calls_are_at_every_host_of_the_service(server: MockServer, host: str) -> None:
    """The queues are those of the bucket."""
    listed = value(Document.QUEUE_LIST, send(server, "GET", "/queue", headers={"Host": host}))
    assert listed["QueueList"][0]["BucketId"] == BUCKET


@pytest.mark.parametrize(("target", "host"), [("/jobs", {}), ("/in/a.mp4", COS)])
def test_browser_may_send_and_read(server: MockServer, target: str, host: dict[str, str]) -> None:
    """The preflight needs no signature; the answer, also an error, can be read by the page."""
    origin = host | {"Origin": "https://app.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    status, headers, body = send(server, "OPTIONS", target, headers=origin | asked)
    assert (status, body) == (200, b"")
    assert headers["access-control-allow-origin"] == "*"
    assert "POST" in headers["access-control-allow-methods"]
    assert headers["access-control-allow-headers"] == "authorization,content-type"
    status, headers, _ = send(server, "GET", target, headers=origin)
    assert status >= 400
    assert headers["access-control-allow-origin"] == "*"
    assert "x-cos-request-id" in headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in send(server, "GET", target, headers=host)[1]


def test_options_without_origin_is_no_preflight(server: MockServer) -> None:
    """It is a method that the path does not have."""
    assert error_of(send(server, "OPTIONS", "/jobs")) == (405, "MethodNotAllowed")


def test_admin_pages_give_no_permission_to_browsers(server: MockServer) -> None:
    """A page of another origin neither reads nor changes the mock's state."""
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in send(server, "OPTIONS", "/_ciq/reset", headers=asked)[1]
