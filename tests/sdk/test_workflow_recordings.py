"""Recorded requests of the SDK on workflows, runs and batch jobs, each with its expected response."""

import pytest
from recording_bench import BUCKET, Bench, expect_refusal, read_strictly
from sdk_recordings import recording

from ciq_schemas.codec import Document, read

WORKFLOW = "w0000000000000000000000000000001"
RUN = "i0000000000000000000000000000001"


def create_workflow(bench: Bench) -> dict[str, object]:
    """The workflow of the recordings."""
    workflow = read_strictly(Document.WORKFLOW_ANSWER, bench.replay(recording("ci_create_workflow"))).value[
        "MediaWorkflow"
    ]
    assert isinstance(workflow, dict)
    return workflow


def test_recorded_workflow_is_created_and_found(bench: Bench) -> None:
    """The response has name and graph of the request; the list finds it by id and name."""
    workflow = create_workflow(bench)
    requested = read(Document.WORKFLOW_REQUEST, recording("ci_create_workflow").body).value["MediaWorkflow"]
    assert isinstance(requested, dict)
    assert (workflow["WorkflowId"], workflow["BucketId"], workflow["State"]) == (WORKFLOW, BUCKET, "Active")
    assert workflow["Name"] == requested["Name"]
    topology, expected = workflow["Topology"], requested["Topology"]
    assert isinstance(topology, dict)
    assert isinstance(expected, dict)
    assert topology["Dependencies"] == expected["Dependencies"]
    found = read_strictly(Document.WORKFLOW_LIST, bench.replay(recording("ci_get_workflow"))).value
    listed = found["MediaWorkflowList"]
    assert isinstance(listed, list)
    assert [(one["WorkflowId"], one["Name"]) for one in listed] == [(WORKFLOW, workflow["Name"])]


@pytest.mark.parametrize(
    ("name", "state"),
    [("ci_update_workflow_state", "Active"), ("ci_update_workflow_state__paused", "Paused")],
)
def test_recorded_workflow_state_change_is_listed(bench: Bench, name: str, state: str) -> None:
    """`?active=` and `?paused=` need no body."""
    expect_refusal(bench.replay(recording(name)), "ResourceNotFound", 400)
    create_workflow(bench)
    assert bench.replay(recording(name)).status == 200
    listed = read_strictly(Document.WORKFLOW_LIST, bench.replay(recording("ci_get_workflow"))).value[
        "MediaWorkflowList"
    ]
    assert isinstance(listed, list)
    assert [one["State"] for one in listed] == [state]


def test_recorded_workflow_is_updated_and_deleted(bench: Bench) -> None:
    """The workflow is off; unknown and deleted workflows are refused."""
    update, delete = recording("ci_update_workflow"), recording("ci_delete_workflow")
    for call in (update, delete):
        expect_refusal(bench.replay(call), "ResourceNotFound", 400)
    create_workflow(bench)
    assert bench.replay(recording("ci_update_workflow_state__paused")).status == 200
    assert read_strictly(Document.WORKFLOW_ANSWER, bench.replay(update)).value["MediaWorkflow"]
    assert bench.replay(recording("ci_update_workflow_state__paused")).status == 200
    assert read_strictly(Document.WORKFLOW_DELETED, bench.replay(delete)).value["WorkflowId"] == WORKFLOW
    expect_refusal(bench.replay(delete), "ResourceNotFound", 400)


def test_recorded_trigger_creates_run(bench: Bench) -> None:
    """The object's name keeps spaces, a plus and other characters; the run is described and listed."""
    trigger = recording("ci_trigger_workflow")
    expect_refusal(bench.replay(trigger), "ResourceNotFound", 400)
    create_workflow(bench)
    bench.ids.jobs = ["x1"]
    assert read_strictly(Document.WORKFLOW_TRIGGERED, bench.replay(trigger)).value["InstanceId"] == RUN
    (run,) = read_strictly(Document.RUN_DETAIL, bench.replay(recording("ci_get_workflowexecution"))).value[
        "WorkflowExecution"
    ]  # type: ignore[misc]
    assert isinstance(run, dict)
    assert (run["RunId"], run["WorkflowId"], run["State"]) == (RUN, WORKFLOW, "Running")
    assert run["Object"] == "in dir/中文 a+b.mp4"
    assert [job.input_object for job in bench.server.jobs] == ["in dir/中文 a+b.mp4"]


def test_recorded_request_for_unknown_batch_is_refused(bench: Bench) -> None:
    """Describe names its id, cancel with `?cancel` is refused, and the list is empty."""
    request = recording("ci_get_inventory_trigger_jobs")
    answer = read_strictly(Document.BATCH_ANSWER, bench.replay(request)).value
    assert answer["NonExistJobIds"] in (request.path.rpartition("/")[2], [request.path.rpartition("/")[2]])
    expect_refusal(bench.replay(recording("ci_delete_inventory_trigger_jobs")), "ResourceNotFound", 400)
    listed = read_strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_list_inventory_trigger_jobs"))).value
    assert not listed.get("JobsDetail")


def test_recorded_batch_job_is_created_and_listed(bench: Bench) -> None:
    """The response has name, type and operation of the request."""
    bench.ids.jobs = ["b1"]
    answer = read_strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_create_inventory_trigger_jobs"))).value
    (batch,) = answer["JobsDetail"]  # type: ignore[misc]
    assert isinstance(batch, dict)
    assert (batch["Name"], batch["Type"]) == ("batch", "Job")
    listed = read_strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_list_inventory_trigger_jobs"))).value
    (found,) = listed["JobsDetail"]  # type: ignore[misc]
    assert isinstance(found, dict)
    assert found["JobId"] == batch["JobId"]
