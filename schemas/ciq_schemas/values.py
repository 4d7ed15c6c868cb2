"""Defines the typed values of the contract: the content of a document, independent of XML and JSON.

All text is as received (None = the element is absent, "" = present and empty), so a value can be built from any
document that parses. The validator decides whether the text is valid. Attribute `job_id` is element `JobId`.
"""

from collections.abc import Mapping

import msgspec


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    pass


Open = Mapping[str, object]
"""Content of an open container: text, mapping or list of those, by element name."""


class KafkaConfig(_Value, frozen=True, kw_only=True):
    """The topic of a callback rule; only the Go SDK has it."""

    region: str | None = None
    instance_id: str | None = None
    topic: str | None = None


class NotifyConfig(_Value, frozen=True, kw_only=True):
    """The callback rule of a queue (1045/72939, 1045/72940)."""

    url: str | None = None
    event: str | None = None
    type: str | None = None
    state: str | None = None
    result_format: str | None = None
    mq_mode: str | None = None
    mq_region: str | None = None
    mq_name: str | None = None
    kafka_config: KafkaConfig | None = None


class Queue(_Value, frozen=True, kw_only=True):
    """A queue in a list or in the response to an update (1045/72939, 1045/47935)."""

    queue_id: str | None = None
    name: str | None = None
    state: str | None = None
    notify_config: NotifyConfig | None = None
    max_size: str | None = None
    max_concurrent: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    bucket_id: str | None = None
    category: str | None = None


class QueueList(_Value, frozen=True, kw_only=True):
    """Response to GET on a queue path."""

    request_id: str | None = None
    total_count: str | None = None
    page_number: str | None = None
    page_size: str | None = None
    queues: tuple[Queue, ...] = msgspec.field(default=(), name="QueueList")
    non_exist_ids: tuple[str, ...] = msgspec.field(default=(), name="NonExistPIDs")
    """Read from both documented forms: repeated text, and one container of `QueueID`."""


class Bucket(_Value, frozen=True, kw_only=True):
    """A bucket in an activation response or a bucket list (1045/73363, 1045/73364)."""

    name: str | None = None
    bucket_id: str | None = None
    region: str | None = None
    create_time: str | None = None
    alias_bucket_id: str | None = None


class JobInput(_Value, frozen=True, kw_only=True):
    """`JobsDetail.Input`."""

    object: str | None = None
    url: str | None = None
    bucket_id: str | None = None
    region: str | None = None


class Output(_Value, frozen=True, kw_only=True):
    """`Operation.Output`."""

    region: str | None = None
    bucket: str | None = None
    object: str | None = None


class Operation(_Value, frozen=True, kw_only=True):
    """The common part of `JobsDetail.Operation`; `containers` has the elements of one tag."""

    tag: str | None = None
    template_id: str | None = None
    template_name: str | None = None
    output: Output | None = None
    user_data: str | None = None
    job_level: str | None = None
    containers: Open = {}


class JobWorkflow(_Value, frozen=True, kw_only=True):
    """`JobsDetail.Workflow`: the run that started the job."""

    name: str | None = None
    run_id: str | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None


class Job(_Value, frozen=True, kw_only=True):
    """One `JobsDetail` (436/73198, 1045/73113) of a response or a callback."""

    code: str | None = None
    message: str | None = None
    job_id: str | None = None
    tag: str | None = None
    state: str | None = None
    progress: str | None = None
    creation_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    queue_id: str | None = None
    input: JobInput | None = None
    operation: Operation | None = None
    workflows: tuple[JobWorkflow, ...] = msgspec.field(default=(), name="Workflow")
    """One, for a job that a workflow started; the Go SDK declares it as repeated."""


class JobAnswer(_Value, frozen=True, kw_only=True):
    """Response to submit, describe and list; a missing part is empty."""

    jobs: tuple[Job, ...] = msgspec.field(default=(), name="JobsDetail")
    non_exist_ids: tuple[str, ...] = msgspec.field(default=(), name="NonExistJobIds")
    """Read from repeated elements or from one comma-separated text."""
    next_token: str | None = None


class JobCallback(_Value, frozen=True, kw_only=True):
    """A TaskFinish body, XML or JSON, with or without the `Response` wrapper (1045/43607, 436/49074, 1545/65203)."""

    event_name: str | None = None
    jobs: tuple[Job, ...] = msgspec.field(default=(), name="JobsDetail")


class Topology(_Value, frozen=True, kw_only=True):
    """The graph of a workflow; its elements are named after the nodes."""

    containers: Open = {}
    """`Dependencies` and `Nodes`."""


class Workflow(_Value, frozen=True, kw_only=True):
    """`MediaWorkflow` of a response, or an element of a workflow list (1045/50339)."""

    name: str | None = None
    workflow_id: str | None = None
    state: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    bucket_id: str | None = None
    topology: Topology | None = None


class WorkflowAnswer(_Value, frozen=True, kw_only=True):
    """Response to creating and updating a workflow."""

    request_id: str | None = None
    workflow: Workflow | None = msgspec.field(default=None, name="MediaWorkflow")


class WorkflowList(_Value, frozen=True, kw_only=True):
    """Response to GET /workflow."""

    request_id: str | None = None
    total_count: str | None = None
    page_number: str | None = None
    page_size: str | None = None
    workflows: tuple[Workflow, ...] = msgspec.field(default=(), name="MediaWorkflowList")
    non_exist_ids: tuple[str, ...] = msgspec.field(default=(), name="NonExistIDs")


class WorkflowDeleted(_Value, frozen=True, kw_only=True):
    """Response to DELETE of a workflow."""

    request_id: str | None = None
    workflow_id: str | None = None


class WorkflowTriggered(_Value, frozen=True, kw_only=True):
    """Response to POST /triggerworkflow."""

    request_id: str | None = None
    instance_id: str | None = None


class WorkflowTask(_Value, frozen=True, kw_only=True):
    """A task of a run, in its description and its callback."""

    type: str | None = None
    create_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    state: str | None = None
    job_id: str | None = None
    name: str | None = None
    code: str | None = None
    message: str | None = None


class Run(_Value, frozen=True, kw_only=True):
    """A run of a workflow in a list, a description or a callback, each with a part of these elements."""

    run_id: str | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None
    name: str | None = None
    """The workflow's name in samples of the description."""
    bucket_id: str | None = None
    object: str | None = None
    create_time: str | None = None
    creation_time: str | None = None
    state: str | None = None
    topology: Topology | None = None
    tasks: tuple[WorkflowTask, ...] = ()


class RunList(_Value, frozen=True, kw_only=True):
    """Response to GET /workflowexecution."""

    runs: tuple[Run, ...] = msgspec.field(default=(), name="WorkflowExecutionList")
    next_token: str | None = None


class RunDetail(_Value, frozen=True, kw_only=True):
    """Response to GET /workflowexecution/RunId."""

    runs: tuple[Run, ...] = msgspec.field(default=(), name="WorkflowExecution")


class WorkflowCallback(_Value, frozen=True, kw_only=True):
    """A WorkflowFinish body, XML or JSON, with or without the root Response."""

    event_name: str | None = None
    run: Run | None = msgspec.field(default=None, name="WorkflowExecution")


class Batch(_Value, frozen=True, kw_only=True):
    """`JobsDetail` of a batch job (1045/47030)."""

    code: str | None = None
    message: str | None = None
    name: str | None = None
    type: str | None = None
    job_id: str | None = None
    state: str | None = None
    creation_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None


class BatchAnswer(_Value, frozen=True, kw_only=True):
    """Response to creating, describing and listing batch jobs."""

    request_id: str | None = None
    batches: tuple[Batch, ...] = msgspec.field(default=(), name="JobsDetail")
    non_exist_ids: tuple[str, ...] = msgspec.field(default=(), name="NonExistJobIds")
    next_token: str | None = None


class ErrorAnswer(_Value, frozen=True, kw_only=True):
    """The error form (1045/43611, 436/46214)."""

    code: str | None = None
    message: str | None = None
    resource: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
