"""Every recorded request of the SDK on queues and jobs, replayed byte for byte with signature check."""

import pytest
from recording_bench import BUCKET, KEYS, QUEUE_ID, TEMPLATE_ID, Bench, expect_refusal, read_strictly
from sdk_recordings import names, recording, send_raw

from ciq_schemas.codec import Document, queue_of_update, read, to_value
from ciq_schemas.features import FEATURES
from ciq_schemas.operations import OperationKind, operation_of
from ciq_schemas.values import JobAnswer, QueueList

_FOUND = {name: operation_of(recording(name).method, recording(name).path) for name in names()}


def recordings_of(*kinds: OperationKind) -> list[str]:
    """The recordings of requests of these kinds."""
    return [name for name, operation in _FOUND.items() if operation is not None and operation.kind in kinds]


OPENED = recordings_of(OperationKind.ACTIVATE)
CLOSED = recordings_of(OperationKind.DEACTIVATE)
BUCKET_LISTS = recordings_of(OperationKind.LIST_BUCKETS)
QUEUE_LISTS = recordings_of(OperationKind.LIST_QUEUES)
UPDATES = recordings_of(OperationKind.UPDATE_QUEUE)
CREATES = recordings_of(OperationKind.SUBMIT_JOB)
LISTS = recordings_of(OperationKind.LIST_JOBS)
CANCELS = recordings_of(OperationKind.CANCEL_JOB)
DESCRIBES = recordings_of(OperationKind.DESCRIBE_JOB)


@pytest.mark.parametrize("name", OPENED)
def test_recorded_activation_returns_container_of_feature(bench: Bench, name: str) -> None:
    """The SDK finds its expected element in the response."""
    on_job_ended = bench.replay(recording(name))
    value = read_strictly(Document.BUCKET_ANSWER, on_job_ended).value
    (container,) = (item for key, item in value.items() if key != "RequestId")
    assert isinstance(container, dict)
    assert container["Name"] == container["BucketId"] == BUCKET


@pytest.mark.parametrize("name", CLOSED)
def test_recorded_deactivation_names_bucket(bench: Bench, name: str) -> None:
    """Afterwards its queues are no longer listed."""
    request = recording(name)
    assert read_strictly(Document.BUCKET_CLOSED, bench.replay(request)).value["BucketName"] == BUCKET
    spec = next(spec for spec in FEATURES.values() if spec.bucket_path == request.path)
    assert spec.feature not in {queue.feature for queue in bench.server.queues}
    expect_refusal(bench.replay(request), spec.unbound_code, 400)


@pytest.mark.parametrize("name", BUCKET_LISTS)
def test_recorded_bucket_list_applies_filters(bench: Bench, name: str) -> None:
    """The list at the region's host has the bucket exactly when the filters match it."""
    request = recording(name)
    value = read_strictly(Document.BUCKET_LIST, bench.replay(request)).value
    spec = next(spec for spec in FEATURES.values() if spec.bucket_path == request.path)
    admitted = (
        BUCKET in request.query.get("bucketNames", BUCKET).split(",")
        and "ap-chongqing" in request.query.get("regions", "ap-chongqing").split(",")
        and BUCKET.startswith(request.query.get("bucketName", ""))
    )
    page = int(request.query.get("pageNumber", "1"))
    assert value["TotalCount"] == str(int(admitted))
    listed = value.get(spec.bucket_list_element, [])
    assert isinstance(listed, list)
    assert len(listed) == int(admitted and page == 1)


@pytest.mark.parametrize("name", QUEUE_LISTS)
def test_recorded_queue_list_applies_filters(bench: Bench, name: str) -> None:
    """Unknown ids are named."""
    request = recording(name)
    queues = to_value(QueueList, read_strictly(Document.QUEUE_LIST, bench.replay(request)))
    ids = [one for one in request.query.get("queueIds", "").split(",") if one]
    admitted = request.query.get("state", "All") in ("All", "Active") and (not ids or QUEUE_ID in ids)
    first_page = bool(ids) or int(request.query.get("pageNumber", "1")) == 1
    assert [queue.queue_id for queue in queues.queues] == [QUEUE_ID] * (admitted and first_page)
    assert list(queues.non_exist_ids) == [one for one in ids if one != QUEUE_ID]
    spec = next(spec for spec in FEATURES.values() if spec.queue_path == request.path)
    assert all(queue.category == spec.categories[0] for queue in queues.queues)


@pytest.mark.parametrize("name", UPDATES)
def test_recorded_queue_update_returns_requested_queue(bench: Bench, name: str) -> None:
    """The recorded request has QueueID in the body and no Content-Type."""
    on_job_ended = bench.replay(recording(name))
    queue = queue_of_update(read_strictly(Document.QUEUE_UPDATE_ANSWER, on_job_ended))
    assert queue is not None
    assert queue.notify_config is not None
    assert (queue.queue_id, queue.name, queue.state) == (QUEUE_ID, "queue-1", "Active")
    rule = queue.notify_config
    assert (rule.url, rule.event, rule.type) == ("http://cb.example.com/notify", "TaskFinish", "Url")
    assert (rule.state, rule.result_format) == ("On", "JSON")


@pytest.mark.parametrize("name", CREATES)
def test_recorded_submit_returns_submitted_job(bench: Bench, name: str) -> None:
    """The job has tag, input and output of the request."""
    request = recording(name)
    bench.ids.jobs = ["x1"]
    (job,) = to_value(JobAnswer, read_strictly(Document.JOB_ANSWER, bench.replay(request))).jobs
    requested = read(Document.JOB_SUBMIT_REQUEST, request.body).value
    assert (job.job_id, job.state, job.queue_id, job.tag) == ("x1", "Submitted", QUEUE_ID, requested["Tag"])
    given = requested.get("Input")
    if isinstance(given, dict):
        assert job.input is not None
        assert job.input.object == given["Object"]
    assert job.operation is not None
    (operation,) = requested["Operation"] if isinstance(requested["Operation"], list) else ()
    if "Output" in operation:
        assert job.operation.output is not None
        assert job.operation.output.object == operation["Output"].get("Object")
    if "TemplateId" in operation:
        assert job.operation.template_id == operation["TemplateId"]
        assert job.operation.template_name


def test_recorded_submit_with_template_returns_template_name(bench: Bench) -> None:
    """The response has the name of an existing template (1045/73113)."""
    assert bench.replay(recording("ci_create_template")).status == 200
    bench.ids.jobs = ["x1"]
    (job,) = to_value(
        JobAnswer, read_strictly(Document.JOB_ANSWER, bench.replay(recording("ci_create_media_jobs")))
    ).jobs
    assert job.operation is not None
    assert (job.operation.template_id, job.operation.template_name) == (TEMPLATE_ID, "t")


@pytest.mark.parametrize("name", DESCRIBES)
def test_recorded_describe_returns_known_and_names_unknown_jobs(bench: Bench, name: str) -> None:
    """The first id exists; the others are in NonExistJobIds."""
    request = recording(name)
    path, _, ids = request.path.rpartition("/")
    first, *others = ids.split(",")
    bench.submit_jobs(path, first)
    answer = to_value(JobAnswer, read_strictly(Document.JOB_ANSWER, bench.replay(request)))
    assert [job.job_id for job in answer.jobs] == [first]
    assert list(answer.non_exist_ids) == others


@pytest.mark.parametrize("name", LISTS)
def test_recorded_job_list_succeeds_or_refuses_unknown_token(bench: Bench, name: str) -> None:
    """A token that the mock did not issue is an invalid argument."""
    request = recording(name)
    bench.submit_jobs(request.path, "x1")
    on_job_ended = bench.replay(request)
    if "nextToken" in request.query:
        expect_refusal(on_job_ended, "InvalidArgument", 400)
        return
    answer = to_value(JobAnswer, read_strictly(Document.JOB_ANSWER, on_job_ended))
    admitted = request.query["tag"] == "Transcode" and request.query.get("states", "All") == "All"
    assert [job.job_id for job in answer.jobs] == ["x1"] * admitted


@pytest.mark.parametrize("name", CANCELS)
def test_recorded_cancel_cancels_job(bench: Bench, name: str) -> None:
    """`?cancel` is sent but not signed; the response has no body."""
    request = recording(name)
    path, _, job_id = request.path.rpartition("/")
    expect_refusal(bench.replay(request), "ResourceNotFound", 400)
    bench.submit_jobs(path, "blocker", job_id)
    on_job_ended = bench.replay(request)
    assert (on_job_ended.status, on_job_ended.body, on_job_ended.header("Content-Length")) == (200, b"", "0")
    assert {job.job_id: str(job.state) for job in bench.server.jobs} == {
        "blocker": "Running",
        job_id: "Cancel",
    }


@pytest.mark.parametrize("name", names("variants"))
def test_recorded_request_variants_are_accepted(bench: Bench, name: str) -> None:
    """Redirected and retried requests, with token, absolute-form targets, other hosts, hosts with a port."""
    request = recording(name)
    on_job_ended = bench.replay(request)
    if request.method == "POST":
        read_strictly(Document.BUCKET_ANSWER, on_job_ended)
    else:
        queues = to_value(QueueList, read_strictly(Document.QUEUE_LIST, on_job_ended))
        assert [queue.bucket_id for queue in queues.queues] == [BUCKET]


@pytest.mark.parametrize("name", names())
def test_recording_with_changed_host_is_refused(bench: Bench, name: str) -> None:
    """The signature does not match and nothing changes; the log has the expected text to sign."""
    request = recording(name)
    before = bench.server.queues
    altered = request.raw.replace(b".ap-chongqing.", b".ap-shanghai.", 1)
    expect_refusal(bench.replay(request, altered), "SignatureDoesNotMatch", 403)
    logged = bench.server.requests[-1]
    assert logged.reason
    assert logged.expected.startswith(f"HttpString:\n{request.method.lower()}\n{request.path}\n")
    assert KEYS.secret_key not in logged.expected
    assert bench.server.jobs == ()
    assert bench.server.queues == before


def test_recording_outside_its_time_window_is_refused(bench: Bench) -> None:
    """A day later the same bytes are expired."""
    request = recording("ci_get_media_queue")
    bench.times[0] = request.signed_at + 86400
    expect_refusal(send_raw(bench.server.port, request.raw), "SignatureExpired", 401)
