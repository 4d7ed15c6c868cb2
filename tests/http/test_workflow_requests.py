"""Requests on workflows: strict responses, callbacks by workflow and queue rules, lists, states."""

import json
import re
from collections.abc import Iterator

import pytest
from http_bench import error_of, send, update_body
from pytest_httpserver import HTTPServer
from workflow_bench import (
    BUCKET,
    callback_rule,
    create_workflow,
    describe_run,
    list_jobs,
    list_runs,
    list_workflows,
    run_callbacks,
    run_of,
    strict_body,
    trigger,
    workflow_body,
)

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, NoteKind, Reading, read, read_callback, to_value
from ciq_schemas.features import Feature
from ciq_schemas.json_schemas import JsonDocument, validate_json
from ciq_schemas.values import (
    JobCallback,
    WorkflowDeleted,
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


def test_workflow_is_created_listed_updated_and_deleted(server: MockServer) -> None:
    """Every response is strictly valid."""
    workflow_id = create_workflow(server)
    assert workflow_id.startswith("w")
    page = list_workflows(server, f"ids={workflow_id},wx&name=&pageNumber=&pageSize=")
    assert (page.total_count, page.non_exist_ids) == ("1", ("wx",))
    assert (page.workflows[0].state, page.workflows[0].bucket_id) == ("Active", BUCKET)
    topology = page.workflows[0].topology
    assert topology is not None
    assert topology.containers["Dependencies"] == {
        "Start": "Transcode_1,Snapshot_2", "Transcode_1": "PicProcess_3", "Snapshot_2": "End", "PicProcess_3": "End"
    }  # fmt: skip
    server.advance(60)
    strict_body(Document.WORKFLOW_ANSWER, send(server, "PUT", f"/workflow/{workflow_id}", workflow_body(name="wf-2")))
    (renamed,) = list_workflows(server, "name=wf-2").workflows
    assert renamed.workflow_id == workflow_id
    assert renamed.update_time != renamed.create_time
    for flag, state in (("paused", "Paused"), ("active=", "Active")):
        strict_body(Document.WORKFLOW_ANSWER, send(server, "PUT", f"/workflow/{workflow_id}?{flag}"))
        assert list_workflows(server).workflows[0].state == state
    body = strict_body(Document.WORKFLOW_DELETED, send(server, "DELETE", f"/workflow/{workflow_id}"))
    assert to_value(WorkflowDeleted, read(Document.WORKFLOW_DELETED, body)).workflow_id == workflow_id
    assert list_workflows(server).workflows == ()


def test_jobs_of_run_use_queues_of_their_features(server: MockServer) -> None:
    """They are normal jobs that name the run."""
    workflow_id = create_workflow(server)
    run_id = trigger(server, workflow_id)
    assert describe_run(server, run_id).state == "Running"
    server.advance(10)
    states = {task.name: task.state for task in describe_run(server, run_id).tasks}
    assert states == {"Transcode_1": "Success", "Snapshot_2": "Running", "PicProcess_3": "Running"}
    server.advance(10)
    run = describe_run(server, run_id)
    assert (run.state, run.object, run.workflow_id) == ("Success", "in/a.mp4", workflow_id)
    (first,) = list_jobs(server, f"tag=Transcode&workflowId={workflow_id}")
    assert first.job_id == run.tasks[0].job_id
    assert [(o.run_id, o.workflow_id, o.workflow_name, o.name) for o in first.workflows] == [
        (run_id, workflow_id, "wf-1", "Transcode_1")
    ]
    assert first.operation is not None
    assert first.operation.output is not None
    written = first.operation.output.object or ""
    assert written == f"out/Transcode_1-{run_id}-a.x"
    (last,) = list_jobs(server, f"tag=PicProcess&workflowId={workflow_id}")
    assert last.input is not None
    assert last.input.object == written
    assert list_jobs(server, "tag=Transcode&workflowId=wx") == ()


def test_paused_queue_holds_tasks_of_its_feature_only(server: MockServer) -> None:
    """The run waits for them."""
    queue = next(q for q in server.queues if q.feature is Feature.PIC)
    assert send(server, "PUT", f"/picqueue/{queue.queue_id}", update_body(state="Paused"))[0] == 200
    run_id = trigger(server, create_workflow(server))
    server.advance(100)
    states = {task.name: task.state for task in describe_run(server, run_id).tasks}
    assert states == {"Transcode_1": "Success", "Snapshot_2": "Success", "PicProcess_3": "Pause"}
    assert send(server, "PUT", f"/picqueue/{queue.queue_id}", update_body())[0] == 200
    server.advance(10)
    assert describe_run(server, run_id).state == "Success"


def test_workflow_rule_sends_callbacks_of_tasks_and_run(server: MockServer, httpserver: HTTPServer) -> None:
    """It sends TaskFinish of each job and then WorkflowFinish, although the queues' rules are Off."""
    run_id = trigger(server, create_workflow(server, config=callback_rule(httpserver)))
    server.advance(20)
    (body,) = run_callbacks(httpserver)
    decoded = read(Document.WORKFLOW_CALLBACK, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    run = run_of(body)
    assert (run.run_id, run.state, len(run.tasks), run.bucket_id) == (run_id, "Success", 3, BUCKET)
    bodies = [request.get_data() for request, _ in httpserver.log]
    sent = [job.job_id for b in bodies for job in to_value(JobCallback, read_callback(b)).jobs]
    assert sorted(filter(None, sent)) == sorted(task.job_id or "" for task in run.tasks)
    info = read_callback(body).value["WorkflowExecution"]
    assert isinstance(info, dict)
    results = info["Tasks"][0]["ResultInfo"]
    assert results["ObjectCount"] == "1"
    assert results["ObjectInfo"]["ObjectUrl"].startswith(f"https://{BUCKET}.cos.ap-chongqing.myqcloud.com/out/")


def test_workflow_rule_with_json_format_sends_json(server: MockServer, httpserver: HTTPServer) -> None:
    """The callback has no wrapper, an array of tasks, and conforms to the JSON Schema."""
    trigger(
        server,
        create_workflow(server, config=callback_rule(httpserver, ResultFormat="JSON", Event="WorkflowFinish")),
        "missing/a",
    )
    server.advance(20)
    (request,) = [request for request, _ in httpserver.log]
    sent = json.loads(request.get_data())
    assert set(sent) == {"EventName", "WorkflowExecution"}
    assert sent["WorkflowExecution"]["State"] == "Failed"
    assert {task["State"] for task in sent["WorkflowExecution"]["Tasks"]} == {"Failed"}
    assert validate_json(JsonDocument.WORKFLOW_CALLBACK, sent) == ()


def test_workflow_without_rule_uses_queue_rule(server: MockServer, httpserver: HTTPServer) -> None:
    """The queue's rule applies to the events that it names."""
    queue = next(q for q in server.queues if q.feature is Feature.MEDIA)
    body = update_body(rule=callback_rule(httpserver, Event="WorkflowFinish"))
    assert send(server, "PUT", f"/queue/{queue.queue_id}", body)[0] == 200
    run_id = trigger(server, create_workflow(server))
    server.advance(20)
    assert [run_of(b).run_id for b in run_callbacks(httpserver)] == [run_id]
    assert len(httpserver.log) == 1


def test_paused_workflow_or_rule_off_sends_no_callback(server: MockServer, httpserver: HTTPServer) -> None:
    """A run's callback is sent while the workflow is on (436/48042) and its rule is On."""
    silent = create_workflow(server, config=callback_rule(httpserver, Event="WorkflowFinish"), state="Paused")
    trigger(server, silent)
    trigger(server, create_workflow(server, config=callback_rule(httpserver, State="Off")))
    server.advance(40)
    assert len(httpserver.log) == 0


def test_time_formats_of_workflow_run_and_callback_differ(server: MockServer, httpserver: HTTPServer) -> None:
    """Workflows write times like jobs, runs with a colon in the zone, callbacks with a space."""
    run_id = trigger(server, create_workflow(server, config=callback_rule(httpserver)))
    server.advance(20)
    colon = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00"
    assert re.fullmatch(r"[^ ]{19}\+0800", list_workflows(server).workflows[0].create_time or "")
    assert re.fullmatch(colon, list_runs(server).runs[0].create_time or "")
    run = describe_run(server, run_id)
    assert all(re.fullmatch(colon, text or "") for text in (run.create_time, run.tasks[0].end_time))
    sent = run_of(run_callbacks(httpserver)[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0800", sent.create_time or "")


def test_run_list_filters_and_pages(server: MockServer) -> None:
    """The filters are state, object and page; the last page has no token."""
    workflow_id = create_workflow(server)
    runs = [trigger(server, workflow_id, key) for key in ("in/a", "missing/b", "in/c")]
    server.advance(200)
    of_workflow = f"workflowId={workflow_id}"
    assert [run.run_id for run in list_runs(server, of_workflow).runs] == runs[::-1]
    assert [run.run_id for run in list_runs(server, f"{of_workflow}&states=Failed,Cancel").runs] == [runs[1]]
    assert [run.run_id for run in list_runs(server, f"{of_workflow}&name=in/c&nextToken=&states=All").runs] == [runs[2]]
    first = list_runs(server, f"{of_workflow}&size=2&orderByTime=Asc")
    rest = list_runs(server, f"{of_workflow}&size=2&orderByTime=Asc&nextToken={first.next_token}")
    assert [run.run_id for run in (*first.runs, *rest.runs)] == runs
    assert rest.next_token is None


def test_workflow_with_unknown_queue_is_refused(server: MockServer) -> None:
    """A queue that exists is accepted."""
    queue = next(q for q in server.queues if q.feature is Feature.MEDIA)
    create_workflow(server, start=f"<QueueId>{queue.queue_id}</QueueId>")
    wrong = workflow_body(start="<QueueId>pX</QueueId>")
    assert error_of(send(server, "POST", "/workflow", wrong)) == (400, "QueueNotFound")


def test_workflow_callback_without_root_is_read_with_note(httpserver: HTTPServer) -> None:
    """The newest page has this form, without the root Response."""
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, duration=1.0, workflow_root=False)
    with MockServer(settings) as server:
        run_id = trigger(server, create_workflow(server, config=callback_rule(httpserver, Event="WorkflowFinish")))
        server.advance(20)
        (request,) = [request for request, _ in httpserver.log]
    body = request.get_data()
    assert b"<Response>" not in body
    decoded = read_callback(body)
    assert decoded.ok
    assert [note.kind for note in decoded.notes] == [NoteKind.NO_ROOT]
    assert run_of(body).run_id == run_id
