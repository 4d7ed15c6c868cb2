"""Requests on batch jobs: create, describe, list, cancel; sources are one object, a prefix or stored lists."""

import gzip
import json
from collections.abc import Iterator

import pytest
from http_bench import error_of, send
from pytest_httpserver import HTTPServer
from workflow_bench import (
    COS,
    JOB,
    batch_body,
    create_batch,
    create_workflow,
    describe_batch,
    list_jobs,
    list_runs,
    strict_body,
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
    """The mock on a manual clock, reset."""
    _server.reset()
    return _server


def test_batch_of_workflows_is_created_described_and_listed(server: MockServer) -> None:
    """Each filter finds it, and its runs are found by its id."""
    workflow_id = create_workflow(server)
    source, operation = "<Object>in/a.mp4</Object>", f"<WorkflowIds>{workflow_id}</WorkflowIds>"
    batch = create_batch(server, batch_body(source, operation, "Workflow"))
    assert batch.job_id is not None
    assert batch.job_id.startswith("b")
    server.advance(20)
    (described_batch,) = describe_batch(server, batch.job_id).batches
    assert (described_batch.state, described_batch.type, described_batch.name) == ("Success", "Workflow", "demo")
    assert [run.object for run in list_runs(server, f"jobId={batch.job_id}").runs] == ["in/a.mp4"]
    for query in (f"workflowId={workflow_id}", "type=Workflow", "name=demo", f"jobId={batch.job_id}", "states=Success"):
        answer = strict_body(Document.BATCH_ANSWER, send(server, "GET", f"/inventorytriggerjob?{query}&nextToken="))
        assert len(to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches) == 1, query
    answer = strict_body(Document.BATCH_ANSWER, send(server, "GET", "/inventorytriggerjob?type=Job"))
    assert to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches == ()
    assert describe_batch(server, "bX").non_exist_ids == ("bX",)


def test_batch_of_jobs_passes_its_fields_to_each_job(server: MockServer, httpserver: HTTPServer) -> None:
    """The fields are level, user data and callback; the jobs are found by the batch job's id."""
    httpserver.expect_request("/b", method="POST").respond_with_data("")
    extra = (
        f"<UserData>note</UserData><JobLevel>2</JobLevel><CallBack>{httpserver.url_for('/b')}</CallBack>"
        "<CallBackFormat>JSON</CallBackFormat>"
    )
    batch = create_batch(server, batch_body("<Object>in/a.mp4</Object>", JOB + extra))
    (job,) = list_jobs(server, f"tag=Snapshot&inventoryTriggerJobId={batch.job_id}")
    assert job.operation is not None
    assert (job.operation.user_data, job.operation.job_level) == ("note", "2")
    assert job.workflows == ()
    server.advance(10)
    (request,) = [request for request, _ in httpserver.log]
    assert json.loads(request.get_data())["JobsDetail"][0]["JobId"] == job.job_id
    assert describe_batch(server, batch.job_id).batches[0].state == "Success"


def test_cancel_of_batch_is_accepted_until_it_has_ended(server: MockServer) -> None:
    """The response is 200 without a body, as for jobs; the Go SDK's request without `cancel` does the same."""
    for flag in ("?cancel", ""):
        batch = create_batch(server, batch_body("<Object>in/a.mp4</Object>", JOB))
        assert send(server, "PUT", f"/inventorytriggerjob/{batch.job_id}{flag}")[::2] == (200, b"")
        assert describe_batch(server, batch.job_id).batches[0].state == "Cancel"
    again = send(server, "PUT", f"/inventorytriggerjob/{batch.job_id}?cancel")
    assert error_of(again) == (400, "InvalidArgument")


def put(server: MockServer, key: str, data: bytes) -> None:
    """Upload an object."""
    assert send(server, "PUT", f"/{key}", data, COS)[0] == 200


def sources(server: MockServer, batch: Batch) -> list[str]:
    """Keys of the inputs of a batch's jobs, oldest first."""
    found = list_jobs(server, f"tag=Snapshot&inventoryTriggerJobId={batch.job_id}&orderByTime=Asc")
    return [job.input.object or "" for job in found if job.input is not None]


def test_batch_over_prefix_finds_objects_by_name_and_time(server: MockServer) -> None:
    """The time counts where an interval is given."""
    for key in ("in/b", "other/c", "in/a"):
        put(server, key, b"x")
    batch = create_batch(server, batch_body("<Prefix>in/</Prefix>", JOB))
    assert sources(server, batch) == ["in/a", "in/b"]
    late = "<TimeInterval><Start>2100-01-01T00:00:00+0800</Start></TimeInterval>"
    assert sources(server, create_batch(server, batch_body("<Prefix>in/</Prefix>", JOB + late))) == []


def test_batch_over_lists_reads_url_file_and_inventory(server: MockServer) -> None:
    """The inventory is a packed CSV file."""
    put(server, "urls.txt", b"https://b.cos.r.myqcloud.com/in/%E4%B8%AD.mp4\r\n\nhttps://b.cos.r.myqcloud.com/in/b\n")
    batch = create_batch(server, batch_body("<UrlFile>urls.txt</UrlFile>", JOB))
    assert sources(server, batch) == ["in/中.mp4", "in/b"]
    put(server, "inv/1.csv.gz", gzip.compress(b'"b-1","in/x%20y","5"\n"b-1","in/z","6"\n'))
    put(server, "inv/manifest.json", b'{"files":[{"key":"inv/1.csv.gz"}],"fileSchema":"Bucket, Key, Size"}')
    batch = create_batch(server, batch_body("<Manifest>inv/manifest.json</Manifest>", JOB))
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
def test_batch_with_unreadable_list_ends_failed(server: MockServer, data: bytes | None, code: str) -> None:
    """The batch job is accepted first; the reason is in its description."""
    if data is not None:
        put(server, "manifest.json", data)
    batch = create_batch(server, batch_body("<Manifest>manifest.json</Manifest>", JOB))
    (ended,) = describe_batch(server, batch.job_id).batches
    assert (ended.state, ended.code) == ("Failed", code)
    assert ended.message
