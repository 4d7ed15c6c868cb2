"""Every recorded request of the SDK that touches queues and jobs, replayed byte for byte, signatures verified."""

import pytest
from recording_bench import BUCKET, KEYS, QUEUE_ID, TEMPLATE_ID, Bench, refused, strictly
from sdk_recordings import names, recording, send_raw

from ciq_schemas.codec import Document, queue_of_update, read, to_value
from ciq_schemas.features import FEATURES
from ciq_schemas.operations import OperationKind, operation_of
from ciq_schemas.values import JobAnswer, QueueList

_FOUND = {name: operation_of(recording(name).method, recording(name).path) for name in names()}


def of(*kinds: OperationKind) -> list[str]:
    """The recordings of calls of these kinds."""
    return [name for name, operation in _FOUND.items() if operation is not None and operation.kind in kinds]


OPENED = of(OperationKind.ACTIVATE)
CLOSED = of(OperationKind.DEACTIVATE)
BUCKET_LISTS = of(OperationKind.LIST_BUCKETS)
QUEUE_LISTS = of(OperationKind.LIST_QUEUES)
UPDATES = of(OperationKind.UPDATE_QUEUE)
CREATES = of(OperationKind.SUBMIT_JOB)
LISTS = of(OperationKind.LIST_JOBS)
CANCELS = of(OperationKind.CANCEL_JOB)
DESCRIBES = of(OperationKind.DESCRIBE_JOB)


@pytest.mark.parametrize("name", OPENED)
def test_opening_a_bucket(bench: Bench, name: str) -> None:
    """Activation answers with the feature's container, and the SDK finds what it asks for in it."""
    on_job_ended = bench.replay(recording(name))
    value = strictly(Document.BUCKET_ANSWER, on_job_ended).value
    (container,) = (item for key, item in value.items() if key != "RequestId")
    assert isinstance(container, dict)
    assert container["Name"] == container["BucketId"] == BUCKET


@pytest.mark.parametrize("name", CLOSED)
def test_closing_a_bucket(bench: Bench, name: str) -> None:
    """Deactivation names the bucket; once closed, its queues are no longer listed."""
    wanted = recording(name)
    assert strictly(Document.BUCKET_CLOSED, bench.replay(wanted)).value["BucketName"] == BUCKET
    spec = next(spec for spec in FEATURES.values() if spec.bucket_path == wanted.path)
    assert spec.feature not in {queue.feature for queue in bench.server.queues}
    refused(bench.replay(wanted), spec.unbound_code, 400)


@pytest.mark.parametrize("name", BUCKET_LISTS)
def test_listing_buckets(bench: Bench, name: str) -> None:
    """At the region's host, the list holds the bucket exactly when the filters admit it."""
    wanted = recording(name)
    value = strictly(Document.BUCKET_LIST, bench.replay(wanted)).value
    spec = next(spec for spec in FEATURES.values() if spec.bucket_path == wanted.path)
    admitted = (
        BUCKET in wanted.query.get("bucketNames", BUCKET).split(",")
        and "ap-chongqing" in wanted.query.get("regions", "ap-chongqing").split(",")
        and BUCKET.startswith(wanted.query.get("bucketName", ""))
    )
    page = int(wanted.query.get("pageNumber", "1"))
    assert value["TotalCount"] == str(int(admitted))
    listed = value.get(spec.bucket_list_element, [])
    assert isinstance(listed, list)
    assert len(listed) == int(admitted and page == 1)


@pytest.mark.parametrize("name", QUEUE_LISTS)
def test_listing_queues(bench: Bench, name: str) -> None:
    """The queue is listed when the filters admit it; ids that do not exist are named."""
    wanted = recording(name)
    queues = to_value(QueueList, strictly(Document.QUEUE_LIST, bench.replay(wanted)))
    ids = [one for one in wanted.query.get("queueIds", "").split(",") if one]
    admitted = wanted.query.get("state", "All") in ("All", "Active") and (not ids or QUEUE_ID in ids)
    first_page = bool(ids) or int(wanted.query.get("pageNumber", "1")) == 1
    assert [queue.queue_id for queue in queues.queues] == [QUEUE_ID] * (admitted and first_page)
    assert list(queues.non_exist_ids) == [one for one in ids if one != QUEUE_ID]
    spec = next(spec for spec in FEATURES.values() if spec.queue_path == wanted.path)
    assert all(queue.category == spec.categories[0] for queue in queues.queues)


@pytest.mark.parametrize("name", UPDATES)
def test_updating_a_queue(bench: Bench, name: str) -> None:
    """The answer is the queue as asked for, though QueueID stands in the body and no Content-Type is sent."""
    on_job_ended = bench.replay(recording(name))
    queue = queue_of_update(strictly(Document.QUEUE_UPDATE_ANSWER, on_job_ended))
    assert queue is not None
    assert queue.notify_config is not None
    assert (queue.queue_id, queue.name, queue.state) == (QUEUE_ID, "queue-1", "Active")
    rule = queue.notify_config
    assert (rule.url, rule.event, rule.type) == ("http://cb.example.com/notify", "TaskFinish", "Url")
    assert (rule.state, rule.result_format) == ("On", "JSON")


@pytest.mark.parametrize("name", CREATES)
def test_creating_jobs(bench: Bench, name: str) -> None:
    """One job comes back, Submitted, and echoes tag, input and output of the request."""
    wanted = recording(name)
    bench.ids.jobs = ["x1"]
    (job,) = to_value(JobAnswer, strictly(Document.JOB_ANSWER, bench.replay(wanted))).jobs
    asked = read(Document.JOB_SUBMIT_REQUEST, wanted.body).value
    assert (job.job_id, job.state, job.queue_id, job.tag) == ("x1", "Submitted", QUEUE_ID, asked["Tag"])
    given = asked.get("Input")
    if isinstance(given, dict):
        assert job.input is not None
        assert job.input.object == given["Object"]
    assert job.operation is not None
    (operation,) = asked["Operation"] if isinstance(asked["Operation"], list) else ()
    if "Output" in operation:
        assert job.operation.output is not None
        assert job.operation.output.object == operation["Output"].get("Object")
    if "TemplateId" in operation:
        assert job.operation.template_id == operation["TemplateId"]
        assert job.operation.template_name


def test_a_job_echoes_the_name_of_its_template(bench: Bench) -> None:
    """TemplateId of a template that was made before brings its name into the answer (1045/73113)."""
    assert bench.replay(recording("ci_create_template")).status == 200
    bench.ids.jobs = ["x1"]
    (job,) = to_value(JobAnswer, strictly(Document.JOB_ANSWER, bench.replay(recording("ci_create_media_jobs")))).jobs
    assert job.operation is not None
    assert (job.operation.template_id, job.operation.template_name) == (TEMPLATE_ID, "t")


@pytest.mark.parametrize("name", DESCRIBES)
def test_describing_jobs(bench: Bench, name: str) -> None:
    """The first id asked for exists and is described; the others stand in NonExistJobIds."""
    wanted = recording(name)
    path, _, ids = wanted.path.rpartition("/")
    first, *others = ids.split(",")
    bench.have_jobs(path, first)
    answer = to_value(JobAnswer, strictly(Document.JOB_ANSWER, bench.replay(wanted)))
    assert [job.job_id for job in answer.jobs] == [first]
    assert list(answer.non_exist_ids) == others


@pytest.mark.parametrize("name", LISTS)
def test_listing_jobs(bench: Bench, name: str) -> None:
    """A list is answered; a token that no list gave out is refused as an argument."""
    wanted = recording(name)
    bench.have_jobs(wanted.path, "x1")
    on_job_ended = bench.replay(wanted)
    if "nextToken" in wanted.query:
        refused(on_job_ended, "InvalidArgument", 400)
        return
    answer = to_value(JobAnswer, strictly(Document.JOB_ANSWER, on_job_ended))
    admitted = wanted.query["tag"] == "Transcode" and wanted.query.get("states", "All") == "All"
    assert [job.job_id for job in answer.jobs] == ["x1"] * admitted


@pytest.mark.parametrize("name", CANCELS)
def test_cancelling_a_job(bench: Bench, name: str) -> None:
    """`?cancel` is on the wire and not in the signature; the answer has no body, the job is cancelled."""
    wanted = recording(name)
    path, _, job_id = wanted.path.rpartition("/")
    refused(bench.replay(wanted), "ResourceNotFound", 400)
    bench.have_jobs(path, "blocker", job_id)
    on_job_ended = bench.replay(wanted)
    assert (on_job_ended.status, on_job_ended.body, on_job_ended.header("Content-Length")) == (200, b"", "0")
    assert {job.job_id: str(job.state) for job in bench.server.jobs} == {
        "blocker": "Running",
        job_id: "Cancel",
    }


@pytest.mark.parametrize("name", names("variants"))
def test_variants(bench: Bench, name: str) -> None:
    """Redirected, tokened and retried requests: absolute-form targets, other hosts, hosts with a port."""
    wanted = recording(name)
    on_job_ended = bench.replay(wanted)
    if wanted.method == "POST":
        strictly(Document.BUCKET_ANSWER, on_job_ended)
    else:
        queues = to_value(QueueList, strictly(Document.QUEUE_LIST, on_job_ended))
        assert [queue.bucket_id for queue in queues.queues] == [BUCKET]


@pytest.mark.parametrize("name", names())
def test_altered_recordings_are_refused(bench: Bench, name: str) -> None:
    """Another host than the signed one makes the signature wrong, and nothing happens; the log says what was due."""
    wanted = recording(name)
    before = bench.server.queues
    altered = wanted.raw.replace(b".ap-chongqing.", b".ap-shanghai.", 1)
    refused(bench.replay(wanted, altered), "SignatureDoesNotMatch", 403)
    logged = bench.server.requests[-1]
    assert logged.reason
    assert logged.expected.startswith(f"HttpString:\n{wanted.method.lower()}\n{wanted.path}\n")
    assert KEYS.secret_key not in logged.expected
    assert bench.server.jobs == ()
    assert bench.server.queues == before


def test_a_recording_out_of_its_time_is_refused(bench: Bench) -> None:
    """The window in q-sign-time is kept: a day later the same bytes are expired."""
    wanted = recording("ci_get_media_queue")
    bench.times[0] = wanted.signed_at + 86400
    refused(send_raw(bench.server.port, wanted.raw), "SignatureExpired", 401)
