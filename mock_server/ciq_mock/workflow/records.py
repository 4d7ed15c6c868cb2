"""Workflows, their runs and the tasks of a run. Only `Workflows` changes them.

Times are epoch seconds. Must not know XML, HTTP or a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ciq_mock.engine import Failure, Job
from ciq_mock.workflow.topology import Graph, Node
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState
from ciq_schemas.values import NotifyConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPlan:
    """The definition of a workflow, from the request of a client."""

    name: str
    state: QueueState
    graph: Graph
    topology: Mapping[str, object]
    """Content of the Topology element, echoed unchanged."""
    queue_ids: Mapping[Feature, str]
    """Queue to use, by feature; absent: the default queue of the feature."""
    rule: NotifyConfig | None
    """Its own callback rule; None when it has none and the queue's rule applies."""


class Workflow:
    """A workflow of a bucket. An update replaces its plan; a run continues with the plan that it began with."""

    __slots__ = ("bucket", "created", "id", "number", "plan", "region", "updated")

    def __init__(
        self, *, workflow_id: str, number: int, bucket: str, region: str, plan: WorkflowPlan, now: float
    ) -> None:
        self.id = workflow_id
        self.number = number
        self.bucket = bucket
        self.region = region
        self.plan = plan
        self.created = now
        self.updated = now


class RunState(StrEnum):
    """State of a run (436/50855)."""

    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCEL = "Cancel"


@dataclass(slots=True, kw_only=True)
class Task:
    """A node in a run. It has no job when the node runs none, or when the job was refused."""

    node: Node
    created: float
    source: str
    """Key of its input."""
    job: Job | None = None
    failure: Failure | None = None
    """Why the job was refused."""

    @property
    def state(self) -> JobState:
        """The job's state."""
        if self.job is not None:
            return self.job.state
        return JobState.SUCCESS if self.failure is None else JobState.FAILED

    @property
    def done(self) -> bool:
        """True when the task has ended, with success or not."""
        return self.state in FINAL_STATES

    @property
    def started(self) -> float | None:
        """When its job started."""
        return self.created if self.job is None else self.job.started

    @property
    def ended(self) -> float | None:
        """When its job ended."""
        return self.created if self.job is None else self.job.ended


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """One run of a workflow on one object."""

    id: str
    number: int
    workflow: Workflow
    plan: WorkflowPlan
    object: str
    created: float
    name: str = ""
    batch_id: str = ""
    tasks: dict[str, Task] = field(default_factory=dict)
    """By name of the node, in order of their beginning."""
    ended: float | None = None

    @property
    def state(self) -> RunState:
        """Running until all tasks have ended; then Failed if one failed (436/80040), Cancel if one was cancelled."""
        if self.ended is None:
            return RunState.RUNNING
        states = {task.state for task in self.tasks.values()}
        if JobState.FAILED in states:
            return RunState.FAILED
        return RunState.CANCEL if JobState.CANCEL in states else RunState.SUCCESS
