"""Builds the requests of the workflow and batch scenarios: a graph of three tasks, and batch jobs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ciq_conformance.areas.workflow.labels import FIRST_NODE, LAST_NODE, NODE_TYPE, NODES, SIDE_NODE

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_PARAMETERS = "<Segment><Format>mkv</Format><Duration>20</Duration></Segment>"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRequest:
    """A workflow to create. Start leads to the first and the side node, the first node to the last."""

    name: str
    bucket: str
    region: str
    prefix: str
    """ObjectPrefix and folder of the outputs; no other upload has this prefix."""
    queue_id: str
    url: str = ""
    """URL of the workflow's own callback rule; empty for none."""
    result_format: str = "XML"
    state: str = "Active"

    @property
    def topology(self) -> str:
        """The Topology element."""
        rule = (
            f"<NotifyConfig><State>On</State><Url>{escape(self.url)}</Url><Event>TaskFinish,WorkflowFinish</Event>"
            f"<Type>Url</Type><ResultFormat>{self.result_format}</ResultFormat></NotifyConfig>"
            if self.url
            else ""
        )
        nodes = "".join(f"<{n}><Type>{NODE_TYPE}</Type>{self._operation(n)}</{n}>" for n in NODES)
        return (
            f"<Topology><Dependencies><Start>{FIRST_NODE},{SIDE_NODE}</Start>"
            f"<{FIRST_NODE}>{LAST_NODE}</{FIRST_NODE}><{SIDE_NODE}>End</{SIDE_NODE}><{LAST_NODE}>End</{LAST_NODE}>"
            f"</Dependencies><Nodes><Start><Type>Start</Type><Input><QueueId>{escape(self.queue_id)}</QueueId>"
            f"<ObjectPrefix>{escape(self.prefix)}/in</ObjectPrefix>{rule}</Input></Start>{nodes}</Nodes></Topology>"
        )

    def _operation(self, node: str) -> str:
        output = f"{self.prefix}/${{RunId}}/{node}-${{Number}}.mkv"
        return f"<Operation>{_PARAMETERS}{_output(self.region, self.bucket, output)}</Operation>"

    def body(self, *, topology: bool = True) -> bytes:
        """Returns the request body; without a topology it is invalid."""
        return (
            f"{_DECLARATION}<Request><MediaWorkflow><Name>{escape(self.name)}</Name><State>{self.state}</State>"
            f"{self.topology if topology else ''}</MediaWorkflow></Request>"
        ).encode()


def workflow_batch_body(*, name: str, objects: str, workflow_ids: Sequence[str]) -> bytes:
    """Returns a batch job that runs workflows on one object; without a name it is invalid."""
    named = f"<Name>{escape(name)}</Name>" if name else ""
    return (
        f"{_DECLARATION}<Request>{named}<Type>Workflow</Type><Input><Object>{escape(objects)}</Object></Input>"
        f"<Operation><WorkflowIds>{','.join(workflow_ids)}</WorkflowIds></Operation></Request>"
    ).encode()


def job_batch_body(*, name: str, source: str, region: str, bucket: str, prefix: str, queue_id: str) -> bytes:
    """Returns a batch job that runs one kind of job on one object."""
    return (
        f"{_DECLARATION}<Request><Name>{escape(name)}</Name><Type>Job</Type>"
        f"<Input><Object>{escape(source)}</Object></Input><Operation><Tag>{NODE_TYPE}</Tag>"
        f"<JobParam>{_PARAMETERS}</JobParam>{_output(region, bucket, f'{prefix}/batch-${{Number}}.mkv')}"
        f"<UserData>{escape(name)}</UserData><JobLevel>1</JobLevel><QueueId>{escape(queue_id)}</QueueId>"
        "</Operation></Request>"
    ).encode()


def _output(region: str, bucket: str, name: str) -> str:
    return f"<Output><Region>{escape(region)}</Region><Bucket>{escape(bucket)}</Bucket><Object>{name}</Object></Output>"
