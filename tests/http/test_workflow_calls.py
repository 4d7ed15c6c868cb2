"""Workflows on the wire: answers to the letter, callbacks by whose rule, lists, switches."""

import json
import re
from collections.abc import Iterator

import pytest
from http_bench import ask, error_of, update_body
from pytest_httpserver import HTTPServer
from workflow_bench import (
    BUCKET,
    config,
    described,
    finished,
    good,
    jobs,
    listed,
    made,
    run_told,
    triggered,
    workflow_body,
    workflows,
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
    """The mock, reset; its clock stands."""
    _server.reset()
    return _server


def test_the_life_of_a_workflow(server: MockServer) -> None:
    """Made, listed, renamed, switched off and on, deleted; every answer is valid to the letter."""
    workflow_id = made(server)
    assert workflow_id.startswith("w")
    page = workflows(server, f"ids={workflow_id},wx&name=&pageNumber=&pageSize=")
    assert (page.total_count, page.non_exist_ids) == ("1", ("wx",))
    assert (page.workflows[0].state, page.workflows[0].bucket_id) == ("Active", BUCKET)
    topology = page.workflows[0].topology
    assert topology is not None
    assert topology.containers["Dependencies"] == {
        "Start": "Transcode_1,Snapshot_2", "Transcode_1": "PicProcess_3", "Snapshot_2": "End", "PicProcess_3": "End"
    }  # fmt: skip
    server.advance(60)
    good(Document.WORKFLOW_ANSWER, ask(server, "PUT", f"/workflow/{workflow_id}", workflow_body(name="wf-2")))
    (renamed,) = workflows(server, "name=wf-2").workflows
    assert renamed.workflow_id == workflow_id
    assert renamed.update_time != renamed.create_time
    for flag, state in (("paused", "Paused"), ("active=", "Active")):
        good(Document.WORKFLOW_ANSWER, ask(server, "PUT", f"/workflow/{workflow_id}?{flag}"))
        assert workflows(server).workflows[0].state == state
    body = good(Document.WORKFLOW_DELETED, ask(server, "DELETE", f"/workflow/{workflow_id}"))
    assert to_value(WorkflowDeleted, read(Document.WORKFLOW_DELETED, body)).workflow_id == workflow_id
    assert workflows(server).workflows == ()


def test_a_run_passes_through_the_queues(server: MockServer) -> None:
    """Its jobs are jobs like any others, each in its feature's queue, and say which run started them."""
    workflow_id = made(server)
    run_id = triggered(server, workflow_id)
    assert described(server, run_id).state == "Running"
    server.advance(10)
    states = {task.name: task.state for task in described(server, run_id).tasks}
    assert states == {"Transcode_1": "Success", "Snapshot_2": "Running", "PicProcess_3": "Running"}
    server.advance(10)
    run = described(server, run_id)
    assert (run.state, run.object, run.workflow_id) == ("Success", "in/a.mp4", workflow_id)
    (first,) = jobs(server, f"tag=Transcode&workflowId={workflow_id}")
    assert first.job_id == run.tasks[0].job_id
    assert [(o.run_id, o.workflow_id, o.workflow_name, o.name) for o in first.workflows] == [
        (run_id, workflow_id, "wf-1", "Transcode_1")
    ]
    assert first.operation is not None
    assert first.operation.output is not None
    written = first.operation.output.object or ""
    assert written == f"out/Transcode_1-{run_id}-a.x"
    (last,) = jobs(server, f"tag=PicProcess&workflowId={workflow_id}")
    assert last.input is not None
    assert last.input.object == written
    assert jobs(server, "tag=Transcode&workflowId=wx") == ()


def test_a_held_queue_holds_the_run(server: MockServer) -> None:
    """A paused queue keeps the tasks of its feature waiting, and only those."""
    queue = next(q for q in server.queues if q.feature is Feature.PIC)
    assert ask(server, "PUT", f"/picqueue/{queue.queue_id}", update_body(state="Paused"))[0] == 200
    run_id = triggered(server, made(server))
    server.advance(100)
    states = {task.name: task.state for task in described(server, run_id).tasks}
    assert states == {"Transcode_1": "Success", "Snapshot_2": "Success", "PicProcess_3": "Pause"}
    assert ask(server, "PUT", f"/picqueue/{queue.queue_id}", update_body())[0] == 200
    server.advance(10)
    assert described(server, run_id).state == "Success"


def test_its_own_rule_tells_of_tasks_and_run(server: MockServer, httpserver: HTTPServer) -> None:
    """TaskFinish of each job and then WorkflowFinish, though the queues' rules are Off."""
    run_id = triggered(server, made(server, config=config(httpserver)))
    server.advance(20)
    (body,) = finished(httpserver)
    decoded = read(Document.WORKFLOW_CALLBACK, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    run = run_told(body)
    assert (run.run_id, run.state, len(run.tasks), run.bucket_id) == (run_id, "Success", 3, BUCKET)
    bodies = [request.get_data() for request, _ in httpserver.log]
    told = [job.job_id for b in bodies for job in to_value(JobCallback, read_callback(b)).jobs]
    assert sorted(filter(None, told)) == sorted(task.job_id or "" for task in run.tasks)
    info = read_callback(body).value["WorkflowExecution"]
    assert isinstance(info, dict)
    results = info["Tasks"][0]["ResultInfo"]
    assert results["ObjectCount"] == "1"
    assert results["ObjectInfo"]["ObjectUrl"].startswith(f"https://{BUCKET}.cos.ap-chongqing.myqcloud.com/out/")


def test_json_by_its_own_rule(server: MockServer, httpserver: HTTPServer) -> None:
    """ResultFormat JSON: no wrapper, arrays for tasks, and the schema of the contract."""
    triggered(server, made(server, config=config(httpserver, ResultFormat="JSON", Event="WorkflowFinish")), "missing/a")
    server.advance(20)
    (request,) = [request for request, _ in httpserver.log]
    told = json.loads(request.get_data())
    assert set(told) == {"EventName", "WorkflowExecution"}
    assert told["WorkflowExecution"]["State"] == "Failed"
    assert {task["State"] for task in told["WorkflowExecution"]["Tasks"]} == {"Failed"}
    assert validate_json(JsonDocument.WORKFLOW_CALLBACK, told) == ()


def test_else_the_queues_rule_tells(server: MockServer, httpserver: HTTPServer) -> None:
    """Without a rule of its own the queue's counts, for the events that it names."""
    queue = next(q for q in server.queues if q.feature is Feature.MEDIA)
    body = update_body(rule=config(httpserver, Event="WorkflowFinish"))
    assert ask(server, "PUT", f"/queue/{queue.queue_id}", body)[0] == 200
    run_id = triggered(server, made(server))
    server.advance(20)
    assert [run_told(b).run_id for b in finished(httpserver)] == [run_id]
    assert len(httpserver.log) == 1


def test_switched_off_it_tells_nothing(server: MockServer, httpserver: HTTPServer) -> None:
    """The end of a run is told while the workflow is on (436/48042); a rule that is Off tells nothing either."""
    silent = made(server, config=config(httpserver, Event="WorkflowFinish"), state="Paused")
    triggered(server, silent)
    triggered(server, made(server, config=config(httpserver, State="Off")))
    server.advance(40)
    assert len(httpserver.log) == 0


def test_the_three_forms_of_time(server: MockServer, httpserver: HTTPServer) -> None:
    """Workflows write times like jobs, runs with a colon in the zone, callbacks with a space."""
    run_id = triggered(server, made(server, config=config(httpserver)))
    server.advance(20)
    colon = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00"
    assert re.fullmatch(r"[^ ]{19}\+0800", workflows(server).workflows[0].create_time or "")
    assert re.fullmatch(colon, listed(server).runs[0].create_time or "")
    run = described(server, run_id)
    assert all(re.fullmatch(colon, text or "") for text in (run.create_time, run.tasks[0].end_time))
    told = run_told(finished(httpserver)[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0800", told.create_time or "")


def test_runs_are_filtered_and_paged(server: MockServer) -> None:
    """By state, object and page; the last page has no token."""
    workflow_id = made(server)
    runs = [triggered(server, workflow_id, key) for key in ("in/a", "missing/b", "in/c")]
    server.advance(200)
    mine = f"workflowId={workflow_id}"
    assert [run.run_id for run in listed(server, mine).runs] == runs[::-1]
    assert [run.run_id for run in listed(server, f"{mine}&states=Failed,Cancel").runs] == [runs[1]]
    assert [run.run_id for run in listed(server, f"{mine}&name=in/c&nextToken=&states=All").runs] == [runs[2]]
    first = listed(server, f"{mine}&size=2&orderByTime=Asc")
    rest = listed(server, f"{mine}&size=2&orderByTime=Asc&nextToken={first.next_token}")
    assert [run.run_id for run in (*first.runs, *rest.runs)] == runs
    assert rest.next_token is None


def test_the_queue_named_by_the_workflow(server: MockServer) -> None:
    """A queue that is there is taken; one that is not makes the workflow a bad one."""
    queue = next(q for q in server.queues if q.feature is Feature.MEDIA)
    made(server, start=f"<QueueId>{queue.queue_id}</QueueId>")
    wrong = workflow_body(start="<QueueId>pX</QueueId>")
    assert error_of(ask(server, "POST", "/workflow", wrong)) == (400, "QueueNotFound")


def test_callbacks_without_root(httpserver: HTTPServer) -> None:
    """The newest page's form: no root Response; the reader takes it and says so."""
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, duration=1.0, workflow_root=False)
    with MockServer(settings) as server:
        run_id = triggered(server, made(server, config=config(httpserver, Event="WorkflowFinish")))
        server.advance(20)
        (request,) = [request for request, _ in httpserver.log]
    body = request.get_data()
    assert b"<Response>" not in body
    decoded = read_callback(body)
    assert decoded.ok
    assert [note.kind for note in decoded.notes] == [NoteKind.NO_ROOT]
    assert run_told(body).run_id == run_id
