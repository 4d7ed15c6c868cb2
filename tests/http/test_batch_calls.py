"""Batch jobs on the wire: made, described, listed, cancelled; over one object, a prefix and stored lists."""

import gzip
import json
from collections.abc import Iterator

import pytest
from http_bench import ask, error_of
from pytest_httpserver import HTTPServer
from workflow_bench import (
    COS,
    JOB,
    batch_body,
    batch_made,
    batch_of,
    good,
    jobs,
    listed,
    made,
)

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, read, to_value
from ciq_schemas.features import Feature
from ciq_schemas.values import (
    Batch,
    BatchAnswer,
)


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, workers=1, duration=10.0)
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset; its clock stands."""
    _server.reset()
    return _server


def test_a_batch_of_workflows(server: MockServer) -> None:
    """Made, described, listed by each filter; its runs are found by its id."""
    workflow_id = made(server)
    source, operation = "<Object>in/a.mp4</Object>", f"<WorkflowIds>{workflow_id}</WorkflowIds>"
    batch = batch_made(server, batch_body(source, operation, "Workflow"))
    assert batch.job_id is not None
    assert batch.job_id.startswith("b")
    server.advance(20)
    (described_batch,) = batch_of(server, batch.job_id).batches
    assert (described_batch.state, described_batch.type, described_batch.name) == ("Success", "Workflow", "demo")
    assert [run.object for run in listed(server, f"jobId={batch.job_id}").runs] == ["in/a.mp4"]
    for query in (f"workflowId={workflow_id}", "type=Workflow", "name=demo", f"jobId={batch.job_id}", "states=Success"):
        answer = good(Document.BATCH_ANSWER, ask(server, "GET", f"/inventorytriggerjob?{query}&nextToken="))
        assert len(to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches) == 1, query
    answer = good(Document.BATCH_ANSWER, ask(server, "GET", "/inventorytriggerjob?type=Job"))
    assert to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches == ()
    assert batch_of(server, "bX").non_exist_ids == ("bX",)


def test_a_batch_of_jobs(server: MockServer, httpserver: HTTPServer) -> None:
    """Level, user data and callback fields are handed to each job; they are found by the batch job's id."""
    httpserver.expect_request("/b", method="POST").respond_with_data("")
    extra = (
        f"<UserData>note</UserData><JobLevel>2</JobLevel><CallBack>{httpserver.url_for('/b')}</CallBack>"
        "<CallBackFormat>JSON</CallBackFormat>"
    )
    batch = batch_made(server, batch_body("<Object>in/a.mp4</Object>", JOB + extra))
    (job,) = jobs(server, f"tag=Snapshot&inventoryTriggerJobId={batch.job_id}")
    assert job.operation is not None
    assert (job.operation.user_data, job.operation.job_level) == ("note", "2")
    assert job.workflows == ()
    server.advance(10)
    (request,) = [request for request, _ in httpserver.log]
    assert json.loads(request.get_data())["JobsDetail"][0]["JobId"] == job.job_id
    assert batch_of(server, batch.job_id).batches[0].state == "Success"


def test_cancelling_a_batch(server: MockServer) -> None:
    """200 without a body, as for jobs; the Go SDK's way without `cancel` does the same; an ended one is refused."""
    for flag in ("?cancel", ""):
        batch = batch_made(server, batch_body("<Object>in/a.mp4</Object>", JOB))
        assert ask(server, "PUT", f"/inventorytriggerjob/{batch.job_id}{flag}")[::2] == (200, b"")
        assert batch_of(server, batch.job_id).batches[0].state == "Cancel"
    again = ask(server, "PUT", f"/inventorytriggerjob/{batch.job_id}?cancel")
    assert error_of(again) == (400, "InvalidArgument")


def put(server: MockServer, key: str, data: bytes) -> None:
    """Upload an object."""
    assert ask(server, "PUT", f"/{key}", data, COS)[0] == 200


def sources(server: MockServer, batch: Batch) -> list[str]:
    """Keys of the inputs of a batch's jobs, oldest first."""
    found = jobs(server, f"tag=Snapshot&inventoryTriggerJobId={batch.job_id}&orderByTime=Asc")
    return [job.input.object or "" for job in found if job.input is not None]


def test_objects_behind_a_prefix(server: MockServer) -> None:
    """Uploads are found by their names, and by their time where an interval is given."""
    for key in ("in/b", "other/c", "in/a"):
        put(server, key, b"x")
    batch = batch_made(server, batch_body("<Prefix>in/</Prefix>", JOB))
    assert sources(server, batch) == ["in/a", "in/b"]
    late = "<TimeInterval><Start>2100-01-01T00:00:00+0800</Start></TimeInterval>"
    assert sources(server, batch_made(server, batch_body("<Prefix>in/</Prefix>", JOB + late))) == []


def test_objects_of_lists(server: MockServer) -> None:
    """A file of URLs, and an inventory with a packed CSV file."""
    put(server, "urls.txt", b"https://b.cos.r.myqcloud.com/in/%E4%B8%AD.mp4\r\n\nhttps://b.cos.r.myqcloud.com/in/b\n")
    batch = batch_made(server, batch_body("<UrlFile>urls.txt</UrlFile>", JOB))
    assert sources(server, batch) == ["in/中.mp4", "in/b"]
    put(server, "inv/1.csv.gz", gzip.compress(b'"b-1","in/x%20y","5"\n"b-1","in/z","6"\n'))
    put(server, "inv/manifest.json", b'{"files":[{"key":"inv/1.csv.gz"}],"fileSchema":"Bucket, Key, Size"}')
    batch = batch_made(server, batch_body("<Manifest>inv/manifest.json</Manifest>", JOB))
    assert sources(server, batch) == ["in/x y", "in/z"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "ResourceNotFound"),
        (b"hello", "InvalidContent"),
        (b'{"files":[],"fileSchema":"Bucket"}', "InvalidContent"),
        (b'{"files":[{"key":"gone.csv"}],"fileSchema":"Key"}', "ResourceNotFound"),
    ],
)
def test_lists_that_cannot_be_read(server: MockServer, data: bytes | None, code: str) -> None:
    """The batch job is taken, and ends Failed with the reason."""
    if data is not None:
        put(server, "manifest.json", data)
    batch = batch_made(server, batch_body("<Manifest>manifest.json</Manifest>", JOB))
    (ended,) = batch_of(server, batch.job_id).batches
    assert (ended.state, ended.code) == ("Failed", code)
    assert ended.message
