"""Recorded requests of the SDK about workflows, their runs and batch jobs, each answered for what it names."""

import pytest
from recording_bench import BUCKET, Bench, refused, strictly
from sdk_recordings import recording

from ciq_schemas.codec import Document, read

WORKFLOW = "w0000000000000000000000000000001"
RUN = "i0000000000000000000000000000001"


def made(bench: Bench) -> dict[str, object]:
    """The workflow of the recordings."""
    workflow = strictly(Document.WORKFLOW_ANSWER, bench.replay(recording("ci_create_workflow"))).value["MediaWorkflow"]
    assert isinstance(workflow, dict)
    return workflow


def test_creating_and_finding_a_workflow(bench: Bench) -> None:
    """The answer echoes name and graph of the request; the list finds it by id and name."""
    workflow = made(bench)
    asked = read(Document.WORKFLOW_REQUEST, recording("ci_create_workflow").body).value["MediaWorkflow"]
    assert isinstance(asked, dict)
    assert (workflow["WorkflowId"], workflow["BucketId"], workflow["State"]) == (WORKFLOW, BUCKET, "Active")
    assert workflow["Name"] == asked["Name"]
    topology, wanted = workflow["Topology"], asked["Topology"]
    assert isinstance(topology, dict)
    assert isinstance(wanted, dict)
    assert topology["Dependencies"] == wanted["Dependencies"]
    found = strictly(Document.WORKFLOW_LIST, bench.replay(recording("ci_get_workflow"))).value
    listed = found["MediaWorkflowList"]
    assert isinstance(listed, list)
    assert [(one["WorkflowId"], one["Name"]) for one in listed] == [(WORKFLOW, workflow["Name"])]


@pytest.mark.parametrize(
    ("name", "state"),
    [("ci_update_workflow_state", "Active"), ("ci_update_workflow_state__paused", "Paused")],
)
def test_switching_a_workflow(bench: Bench, name: str, state: str) -> None:
    """`?active=` and `?paused=` need no body; the list shows the state."""
    refused(bench.replay(recording(name)), "ResourceNotFound", 400)
    made(bench)
    assert bench.replay(recording(name)).status == 200
    listed = strictly(Document.WORKFLOW_LIST, bench.replay(recording("ci_get_workflow"))).value["MediaWorkflowList"]
    assert isinstance(listed, list)
    assert [one["State"] for one in listed] == [state]


def test_updating_and_deleting_a_workflow(bench: Bench) -> None:
    """A workflow that is off can be updated and deleted; what does not exist is refused, a deleted one too."""
    update, delete = recording("ci_update_workflow"), recording("ci_delete_workflow")
    for call in (update, delete):
        refused(bench.replay(call), "ResourceNotFound", 400)
    made(bench)
    assert bench.replay(recording("ci_update_workflow_state__paused")).status == 200
    assert strictly(Document.WORKFLOW_ANSWER, bench.replay(update)).value["MediaWorkflow"]
    assert bench.replay(recording("ci_update_workflow_state__paused")).status == 200
    assert strictly(Document.WORKFLOW_DELETED, bench.replay(delete)).value["WorkflowId"] == WORKFLOW
    refused(bench.replay(delete), "ResourceNotFound", 400)


def test_triggering_a_workflow_makes_a_run(bench: Bench) -> None:
    """The object's name comes through with spaces, a plus and other letters; the run is described and listed."""
    trigger = recording("ci_trigger_workflow")
    refused(bench.replay(trigger), "ResourceNotFound", 400)
    made(bench)
    bench.ids.jobs = ["x1"]
    assert strictly(Document.WORKFLOW_TRIGGERED, bench.replay(trigger)).value["InstanceId"] == RUN
    (run,) = strictly(Document.RUN_DETAIL, bench.replay(recording("ci_get_workflowexecution"))).value[
        "WorkflowExecution"
    ]  # type: ignore[misc]
    assert isinstance(run, dict)
    assert (run["RunId"], run["WorkflowId"], run["State"]) == (RUN, WORKFLOW, "Running")
    assert run["Object"] == "in dir/中文 a+b.mp4"
    assert [job.input_object for job in bench.server.jobs] == ["in dir/中文 a+b.mp4"]


def test_a_batch_job_that_does_not_exist(bench: Bench) -> None:
    """Describing an unknown one names its id, cancelling it with `?cancel` is refused, and the list is empty."""
    wanted = recording("ci_get_inventory_trigger_jobs")
    answer = strictly(Document.BATCH_ANSWER, bench.replay(wanted)).value
    assert answer["NonExistJobIds"] in (wanted.path.rpartition("/")[2], [wanted.path.rpartition("/")[2]])
    refused(bench.replay(recording("ci_delete_inventory_trigger_jobs")), "ResourceNotFound", 400)
    listed = strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_list_inventory_trigger_jobs"))).value
    assert not listed.get("JobsDetail")


def test_creating_a_batch_job(bench: Bench) -> None:
    """The answer shows name, type and operation of the request, and the list finds it."""
    bench.ids.jobs = ["b1"]
    answer = strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_create_inventory_trigger_jobs"))).value
    (batch,) = answer["JobsDetail"]  # type: ignore[misc]
    assert isinstance(batch, dict)
    assert (batch["Name"], batch["Type"]) == ("batch", "Job")
    listed = strictly(Document.BATCH_ANSWER, bench.replay(recording("ci_list_inventory_trigger_jobs"))).value
    (found,) = listed["JobsDetail"]  # type: ignore[misc]
    assert isinstance(found, dict)
    assert found["JobId"] == batch["JobId"]
