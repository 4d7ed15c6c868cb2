"""Bad input in requests on workflows and batch jobs: each case is refused with its code and stores nothing."""

import re
from collections.abc import Iterator

import pytest
from http_bench import error_of, send
from workflow_bench import JOB, OUTPUT, batch_body, create_workflow, list_workflows, strict_body, workflow_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import Document, read, to_value
from ciq_schemas.features import Feature
from ciq_schemas.values import (
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


ARGUMENT = "InvalidArgument"
TOPOLOGY = re.compile(rb"<Topology>.*</Topology>", re.DOTALL)
WORKFLOWS: dict[str, tuple[bytes, str]] = {
    "empty body": (b"", "MissingContent"),
    "not XML": (b"hello", "InvalidContent"),
    "wrong root": (workflow_body().replace(b"Request>", b"Question>"), "InvalidContent"),
    "entity": (b'<!DOCTYPE r [<!ENTITY a "x">]>' + workflow_body(), "InvalidContent"),
    "no topology": (TOPOLOGY.sub(b"", workflow_body()), ARGUMENT),
    "long name": (workflow_body(name="n" * 129), ARGUMENT),
    "name with a blank": (workflow_body(name="a b"), ARGUMENT),
    "bad state": (workflow_body(state="Asleep"), ARGUMENT),
    "unknown type": (workflow_body().replace(b"<Type>Snapshot<", b"<Type>Snapshott<"), ARGUMENT),
    "no output": (workflow_body().replace((OUTPUT % "Snapshot_2").encode(), b""), ARGUMENT),
    "output as text": (
        workflow_body().replace((OUTPUT % "Snapshot_2").encode(), b"<Output>x</Output>"), ARGUMENT
    ),
    "bad level": (workflow_body().replace(b"<TemplateId>t01<", b"<JobLevel>9</JobLevel><TemplateId>t01<"), ARGUMENT),
    "circle": (workflow_body().replace(b"<PicProcess_3>End", b"<PicProcess_3>Transcode_1"), ARGUMENT),
    "lost node": (workflow_body().replace(b"Transcode_1,Snapshot_2<", b"Transcode_1<"), ARGUMENT),
    "rule without address": (workflow_body(config="<State>On</State><Event>TaskFinish</Event>"), ARGUMENT),
    "rule without event": (workflow_body(config="<State>On</State><Url>http://a.example/</Url>"), ARGUMENT),
    "unknown event": (workflow_body(config="<Url>http://a.example/</Url><Event>Ends</Event>"), ARGUMENT),
    "rule of no address": (workflow_body(config="<Url>ftp://a</Url><Event>TaskFinish</Event>"), ARGUMENT),
    "unknown rule state": (workflow_body(config="<State>Maybe</State>"), ARGUMENT),
}  # fmt: skip


@pytest.mark.parametrize("case", WORKFLOWS)
def test_invalid_workflow_is_refused(server: MockServer, case: str) -> None:
    """The mock refuses it when created and when updated; nothing is stored or changed."""
    body, code = WORKFLOWS[case]
    assert error_of(send(server, "POST", "/workflow", body)) == (400, code)
    workflow_id = create_workflow(server)
    before = list_workflows(server).workflows
    assert error_of(send(server, "PUT", f"/workflow/{workflow_id}", body)) == (400, code)
    assert list_workflows(server).workflows == before


REQUESTS: dict[str, tuple[str, str, tuple[int, str]]] = {
    "update of unknown workflow": ("PUT", "/workflow/wX", (400, "ResourceNotFound")),
    "switch of unknown workflow": ("PUT", "/workflow/wX?active", (400, "ResourceNotFound")),
    "both switches": ("PUT", "/workflow/wX?active&paused", (400, ARGUMENT)),
    "delete of unknown workflow": ("DELETE", "/workflow/wX", (400, "ResourceNotFound")),
    "trigger of unknown workflow": ("POST", "/triggerworkflow?workflowId=wX&object=a", (400, "ResourceNotFound")),
    "trigger without object": ("POST", "/triggerworkflow?workflowId=wX&object=", (400, ARGUMENT)),
    "trigger with a long name": (
        "POST", f"/triggerworkflow?workflowId=wX&object=a&name={'n' * 129}", (400, ARGUMENT)
    ),
    "unknown run": ("GET", "/workflowexecution/iX", (400, "ResourceNotFound")),
    "runs, size 0": ("GET", "/workflowexecution?size=0", (400, ARGUMENT)),
    "runs, size 101": ("GET", "/workflowexecution?size=101", (400, ARGUMENT)),
    "runs, unknown state": ("GET", "/workflowexecution?states=Pause", (400, ARGUMENT)),
    "runs, bad token": ("GET", "/workflowexecution?nextToken=x", (400, ARGUMENT)),
    "runs, bad order": ("GET", "/workflowexecution?orderByTime=Up", (400, ARGUMENT)),
    "runs, bad time": ("GET", "/workflowexecution?startCreationTime=now", (400, ARGUMENT)),
    "workflows, page 0": ("GET", "/workflow?pageNumber=0", (400, ARGUMENT)),
    "batches, unknown type": ("GET", "/inventorytriggerjob?type=Both", (400, ARGUMENT)),
    "batches, unknown state": ("GET", "/inventorytriggerjob?states=Done", (400, ARGUMENT)),
    "batches, bad token": ("GET", "/inventorytriggerjob?nextToken=x", (400, ARGUMENT)),
    "cancel of unknown batch": ("PUT", "/inventorytriggerjob/bX?cancel", (400, "ResourceNotFound")),
    "wrong method": ("DELETE", "/inventorytriggerjob/bX", (405, "MethodNotAllowed")),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUESTS)
def test_invalid_workflow_request_is_refused(server: MockServer, case: str) -> None:
    """The response has the case's code in the error form."""
    method, target, refused = REQUESTS[case]
    body = workflow_body() if method == "PUT" and target.endswith("wX") else b""
    assert error_of(send(server, method, target, body)) == refused


ONE = "<Object>in/a</Object>"
BATCHES: dict[str, tuple[bytes, str]] = {
    "empty body": (b"", "MissingContent"),
    "no name": (batch_body(ONE, JOB).replace(b"<Name>demo</Name>", b""), ARGUMENT),
    "long name": (batch_body(ONE, JOB, name="n" * 129), ARGUMENT),
    "unknown type": (batch_body(ONE, JOB, "Both"), ARGUMENT),
    "no input": (batch_body("", JOB), ARGUMENT),
    "two inputs": (batch_body(ONE + "<Prefix>in/</Prefix>", JOB), ARGUMENT),
    "no tag": (batch_body(ONE, "<JobParam/>"), ARGUMENT),
    "unknown tag": (batch_body(ONE, JOB.replace("<Tag>Snapshot<", "<Tag>Snap<")), ARGUMENT),
    "no output": (batch_body(ONE, "<Tag>Snapshot</Tag>"), ARGUMENT),
    "bad level": (batch_body(ONE, JOB + "<JobLevel>9</JobLevel>"), ARGUMENT),
    "unknown queue": (batch_body(ONE, JOB + "<QueueId>pX</QueueId>"), "QueueNotFound"),
    "no workflow": (batch_body(ONE, JOB, "Workflow"), ARGUMENT),
    "unknown workflow": (batch_body(ONE, "<WorkflowIds>wX</WorkflowIds>"), "ResourceNotFound"),
    "bad interval": (batch_body(ONE, JOB + "<TimeInterval><Start>now</Start></TimeInterval>"), ARGUMENT),
    "bad address": (batch_body(ONE, JOB + "<CallBack>ftp://x</CallBack>"), ARGUMENT),
}


@pytest.mark.parametrize("case", BATCHES)
def test_invalid_batch_is_refused(server: MockServer, case: str) -> None:
    """Nothing is stored or started."""
    body, code = BATCHES[case]
    assert error_of(send(server, "POST", "/inventorytriggerjob", body)) == (400, code)
    answer = strict_body(Document.BATCH_ANSWER, send(server, "GET", "/inventorytriggerjob"))
    assert to_value(BatchAnswer, read(Document.BATCH_ANSWER, answer)).batches == ()
    assert server.jobs == ()


def test_workflow_with_node_of_inactive_feature_is_refused() -> None:
    """The code is that of the feature."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,))) as server:
        assert error_of(send(server, "POST", "/workflow", workflow_body())) == (400, "PicBucketUnBinded")
        assert error_of(send(server, "POST", "/workflow", workflow_body(), {"Host": "ci.r.myqcloud.com"})) == (
            400,
            "InvalidHost",
        )
