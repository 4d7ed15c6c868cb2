"""What the tests of workflows and batch jobs on the wire share: good bodies, and answers read to the letter."""

from http_bench import ask, rule
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
    """A workflow: a transcode whose output a picture job works on, and a snapshot beside it."""
    notify = f"<NotifyConfig>{config}</NotifyConfig>" if config else ""
    return (
        f"<Request><MediaWorkflow><Name>{name}</Name><State>{state}</State><Topology><Dependencies>"
        "<Start>Transcode_1,Snapshot_2</Start><Transcode_1>PicProcess_3</Transcode_1><Snapshot_2>End</Snapshot_2>"
        "<PicProcess_3>End</PicProcess_3></Dependencies><Nodes>"
        f"<Start><Type>Start</Type><Input><ObjectPrefix>in/</ObjectPrefix>{start}{notify}</Input></Start>"
        f"{node('Transcode_1', '<TemplateId>t01</TemplateId>')}{node('Snapshot_2')}{node('PicProcess_3')}"
        "</Nodes></Topology></MediaWorkflow></Request>"
    ).encode()


def good(document: Document, answer: tuple[int, dict[str, str], bytes]) -> bytes:
    """Body of an accepted call whose answer is valid to the letter."""
    status, headers, body = answer
    assert status == 200, body
    assert headers["Content-Type"] == "application/xml"
    decoded = read(document, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    return body


def made(server: MockServer, **parts: str) -> str:
    """Make a workflow; its id."""
    body = good(Document.WORKFLOW_ANSWER, ask(server, "POST", "/workflow", workflow_body(**parts)))
    workflow = to_value(WorkflowAnswer, read(Document.WORKFLOW_ANSWER, body)).workflow
    assert workflow is not None
    assert workflow.workflow_id is not None
    return workflow.workflow_id


def triggered(server: MockServer, workflow_id: str, key: str = "in/a.mp4") -> str:
    """Run a workflow; the run's id."""
    answer = ask(server, "POST", f"/triggerworkflow?workflowId={workflow_id}&object={key}")
    body = good(Document.WORKFLOW_TRIGGERED, answer)
    return to_value(WorkflowTriggered, read(Document.WORKFLOW_TRIGGERED, body)).instance_id or ""


def described(server: MockServer, run_id: str) -> Run:
    """A run as described."""
    body = good(Document.RUN_DETAIL, ask(server, "GET", f"/workflowexecution/{run_id}"))
    (run,) = to_value(RunDetail, read(Document.RUN_DETAIL, body)).runs
    return run


def listed(server: MockServer, query: str = "") -> RunList:
    """Runs as listed."""
    body = good(Document.RUN_LIST, ask(server, "GET", f"/workflowexecution?{query}"))
    return to_value(RunList, read(Document.RUN_LIST, body))


def workflows(server: MockServer, query: str = "") -> WorkflowList:
    """Workflows as listed."""
    body = good(Document.WORKFLOW_LIST, ask(server, "GET", f"/workflow?{query}"))
    return to_value(WorkflowList, read(Document.WORKFLOW_LIST, body))


def jobs(server: MockServer, query: str) -> tuple[Job, ...]:
    """Jobs as listed."""
    body = good(Document.JOB_ANSWER, ask(server, "GET", f"/jobs?{query}"))
    return to_value(JobAnswer, read(Document.JOB_ANSWER, body)).jobs


def finished(receiver: HTTPServer) -> list[bytes]:
    """Bodies of the callbacks of runs, in order of arrival."""
    receiver.check()
    bodies = [request.get_data() for request, _ in receiver.log]
    return [body for body in bodies if read_callback(body).document is Document.WORKFLOW_CALLBACK]


def run_told(body: bytes) -> Run:
    """The run that a callback tells of."""
    run = to_value(WorkflowCallback, read_callback(body)).run
    assert run is not None
    return run


def config(receiver: HTTPServer, **parts: str) -> str:
    """A callback rule that leads to the receiver."""
    receiver.expect_request("/wf", method="POST").respond_with_data("")
    return rule(Url=receiver.url_for("/wf"), **({"Event": "TaskFinish,WorkflowFinish"} | parts))


def batch_body(source: str, operation: str, kind: str = "", name: str = "demo") -> bytes:
    """A batch request."""
    typed = f"<Type>{kind}</Type>" if kind else ""
    return (
        f"<Request><Name>{name}</Name>{typed}<Input>{source}</Input><Operation>{operation}</Operation></Request>"
    ).encode()


def batch_made(server: MockServer, body: bytes) -> Batch:
    """Make a batch job."""
    answer = good(Document.BATCH_ANSWER, ask(server, "POST", "/inventorytriggerjob", body))
    (batch,) = to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches
    assert batch.state == "Submitted"
    return batch


def batch_of(server: MockServer, batch_id: str | None) -> BatchAnswer:
    """A batch job as described."""
    answer = good(Document.BATCH_ANSWER, ask(server, "GET", f"/inventorytriggerjob/{batch_id}"))
    return to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer))


JOB = f"<Tag>Snapshot</Tag><JobParam><Snapshot><Mode>Interval</Mode></Snapshot></JobParam>{OUTPUT % 'b'}"
