"""Workflows and batch jobs, which start jobs without a submit of a client. Pure, like the engine."""

from ciq_mock.workflow.batches import (
    BatchEndedError,
    Batches,
    BatchFilter,
    BatchJob,
    BatchPlan,
    BatchType,
    ObjectsError,
    UnknownBatchError,
)
from ciq_mock.workflow.paging import Page
from ciq_mock.workflow.records import Run, RunState, Task, Workflow, WorkflowPlan
from ciq_mock.workflow.topology import Graph, Node, TopologyError, WorkflowError, read_topology
from ciq_mock.workflow.workflows import (
    RunFilter,
    TooManyWorkflowsError,
    UnknownRunError,
    UnknownWorkflowError,
    Workflows,
)

__all__ = [
    "BatchEndedError",
    "BatchFilter",
    "BatchJob",
    "BatchPlan",
    "BatchType",
    "Batches",
    "Graph",
    "Node",
    "ObjectsError",
    "Page",
    "Run",
    "RunFilter",
    "RunState",
    "Task",
    "TooManyWorkflowsError",
    "TopologyError",
    "UnknownBatchError",
    "UnknownRunError",
    "UnknownWorkflowError",
    "Workflow",
    "WorkflowError",
    "WorkflowPlan",
    "Workflows",
    "read_topology",
]
