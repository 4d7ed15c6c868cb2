"""Helpers of the tests of workflows and batch jobs over HTTP: valid bodies and strict reading of responses."""

from http_bench import rule, send
from pytest_httpserver import HTTPServer

from ciq_mock.server import MockServer
from ciq_schemas.codec import Document, Reading, read, read_callback, to_value
from ciq_schemas.values import (
    Batch,
    BatchAnswer,
    Job,
    JobAnswer,
    Run,
    RunDetail,
    RunList,
    WorkflowAnswer,
    WorkflowCallback,
    WorkflowList,
    WorkflowTriggered,
)

BUCKET = "examplebucket-1250000000"
OUTPUT = (
    f"<Output><Region>r</Region><Bucket>{BUCKET}</Bucket><Object>out/%s-${{RunId}}-${{InputName}}.x</Object></Output>"
)
COS = {"Host": f"{BUCKET}.cos.ap-chongqing.myqcloud.com"}


def node(name: str, extra: str = "") -> str:
    """A node that writes one file."""
    return f"<{name}><Type>{name.partition('_')[0]}</Type><Operation>{extra}{OUTPUT % name}</Operation></{name}>"


def workflow_body(*, config: str = "", start: str = "", name: str = "wf-1", state: str = "Active") -> bytes:
    """A workflow: a transcode whose output a picture job uses, and a parallel snapshot."""
    notify = f"<NotifyConfig>{config}</NotifyConfig>" if config else ""
    return (
        f"<Request><MediaWorkflow><Name>{name}</Name><State>{state}</State><Topology><Dependencies>"
        "<Start>Transcode_1,Snapshot_2</Start><Transcode_1>PicProcess_3</Transcode_1><Snapshot_2>End</Snapshot_2>"
        "<PicProcess_3>End</PicProcess_3></Dependencies><Nodes>"
        f"<Start><Type>Start</Type><Input><ObjectPrefix>in/</ObjectPrefix>{start}{notify}</Input></Start>"
        f"{node('Transcode_1', '<TemplateId>t01</TemplateId>')}{node('Snapshot_2')}{node('PicProcess_3')}"
        "</Nodes></Topology></MediaWorkflow></Request>"
    ).encode()


def strict_body(document: Document, answer: tuple[int, dict[str, str], bytes]) -> bytes:
    """The body of a successful response, checked in the strict reading."""
    status, headers, body = answer
    assert status == 200, body
    assert headers["Content-Type"] == "application/xml"
    decoded = read(document, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    return body


def create_workflow(server: MockServer, **parts: str) -> str:
    """Create a workflow; return its id."""
    body = strict_body(Document.WORKFLOW_ANSWER, send(server, "POST", "/workflow", workflow_body(**parts)))
    workflow = to_value(WorkflowAnswer, read(Document.WORKFLOW_ANSWER, body)).workflow
    assert workflow is not None
    assert workflow.workflow_id is not None
    return workflow.workflow_id


def trigger(server: MockServer, workflow_id: str, key: str = "in/a.mp4") -> str:
    """Run a workflow; return the run's id."""
    answer = send(server, "POST", f"/triggerworkflow?workflowId={workflow_id}&object={key}")
    body = strict_body(Document.WORKFLOW_TRIGGERED, answer)
    return to_value(WorkflowTriggered, read(Document.WORKFLOW_TRIGGERED, body)).instance_id or ""


def describe_run(server: MockServer, run_id: str) -> Run:
    """The run as described."""
    body = strict_body(Document.RUN_DETAIL, send(server, "GET", f"/workflowexecution/{run_id}"))
    (run,) = to_value(RunDetail, read(Document.RUN_DETAIL, body)).runs
    return run


def list_runs(server: MockServer, query: str = "") -> RunList:
    """The runs as listed."""
    body = strict_body(Document.RUN_LIST, send(server, "GET", f"/workflowexecution?{query}"))
    return to_value(RunList, read(Document.RUN_LIST, body))


def list_workflows(server: MockServer, query: str = "") -> WorkflowList:
    """The workflows as listed."""
    body = strict_body(Document.WORKFLOW_LIST, send(server, "GET", f"/workflow?{query}"))
    return to_value(WorkflowList, read(Document.WORKFLOW_LIST, body))


def list_jobs(server: MockServer, query: str) -> tuple[Job, ...]:
    """The jobs as listed."""
    body = strict_body(Document.JOB_ANSWER, send(server, "GET", f"/jobs?{query}"))
    return to_value(JobAnswer, read(Document.JOB_ANSWER, body)).jobs


def run_callbacks(receiver: HTTPServer) -> list[bytes]:
    """Bodies of the callbacks of runs, in order of arrival."""
    receiver.check()
    bodies = [request.get_data() for request, _ in receiver.log]
    return [body for body in bodies if read_callback(body).document is Document.WORKFLOW_CALLBACK]


def run_of(body: bytes) -> Run:
    """The run in a callback."""
    run = to_value(WorkflowCallback, read_callback(body)).run
    assert run is not None
    return run


def callback_rule(receiver: HTTPServer, **parts: str) -> str:
    """A callback rule with the receiver's address."""
    receiver.expect_request("/wf", method="POST").respond_with_data("")
    return rule(Url=receiver.url_for("/wf"), **({"Event": "TaskFinish,WorkflowFinish"} | parts))


def batch_body(source: str, operation: str, kind: str = "", name: str = "demo") -> bytes:
    """The body of a batch request."""
    typed = f"<Type>{kind}</Type>" if kind else ""
    return (
        f"<Request><Name>{name}</Name>{typed}<Input>{source}</Input><Operation>{operation}</Operation></Request>"
    ).encode()


def create_batch(server: MockServer, body: bytes) -> Batch:
    """Create a batch job."""
    answer = strict_body(Document.BATCH_ANSWER, send(server, "POST", "/inventorytriggerjob", body))
    (batch,) = to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches
    assert batch.state == "Submitted"
    return batch


def describe_batch(server: MockServer, batch_id: str | None) -> BatchAnswer:
    """The batch job as described."""
    answer = strict_body(Document.BATCH_ANSWER, send(server, "GET", f"/inventorytriggerjob/{batch_id}"))
    return to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer))


JOB = f"<Tag>Snapshot</Tag><JobParam><Snapshot><Mode>Interval</Mode></Snapshot></JobParam>{OUTPUT % 'b'}"
