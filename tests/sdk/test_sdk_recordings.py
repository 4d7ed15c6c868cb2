"""Every recorded request of the SDK that touches queues and jobs, replayed byte for byte, signatures verified."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sdk_recordings import Heard, Recording, names, recording, send_raw

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.codec import Decoded, Document, Reading, queue_of_update, read, to_value
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.values import ErrorAnswer, JobAnswer, QueueList

BUCKET = "examplebucket-1250000000"
QUEUE_ID = "p0000000000000000000000000000001"
KEYS = Credentials(secret_id="AKIDEXAMPLE", secret_key="EXAMPLEKEY")

OPENED = [n for n in names() if n.startswith("ci_open_")]
CLOSED = [n for n in names() if n.startswith("ci_close_")]
BUCKET_LISTS = [n for n in names() if n.startswith("ci_get_") and n.endswith("bucket")]
QUEUE_LISTS = [n for n in names() if n.startswith("ci_get_") and "queue" in n]
UPDATES = [n for n in names() if n.startswith("ci_update_")]
CREATES = [n for n in names() if n.startswith("ci_create_")]
LISTS = [n for n in names() if n.startswith("ci_list_")]
CANCELS = [n for n in names() if n.startswith("ci_cancel_")]
DESCRIBES = [n for n in names() if n.startswith("ci_get_") and n not in BUCKET_LISTS and n not in QUEUE_LISTS]
CREATE_OF = {
    "/jobs": "ci_create_media_jobs",
    "/pic_jobs": "ci_create_media_pic_jobs",
    "/asr_jobs": "ci_create_asr_job",
    "/doc_jobs": "ci_create_doc_job",
    "/file_jobs": "ci_create_file_hash_job",
}


@dataclass
class RecordedIds:
    """Gives queues the id that the recordings use, and jobs the ids a test asks for."""

    jobs: list[str] = field(default_factory=list)

    def __call__(self, letter: str) -> str:
        """A queue's or a job's id."""
        return QUEUE_ID if letter == "p" else self.jobs.pop(0)


@dataclass
class Bench:
    """A mock that stands at the time of the recordings."""

    server: MockServer
    ids: RecordedIds
    times: list[float]

    def replay(self, wanted: Recording, raw: bytes | None = None) -> Heard:
        """Send a recording at the time of its signature."""
        self.times[0] = wanted.signed_at
        return send_raw(self.server.port, wanted.raw if raw is None else raw, method=wanted.method)

    def have_jobs(self, path: str, *ids: str) -> None:
        """Submit jobs of these ids on a job path; the first runs, the others wait."""
        self.ids.jobs = list(ids)
        for _ in ids:
            assert self.replay(recording(CREATE_OF[path])).status == 200


@pytest.fixture(scope="module")
def _running() -> Iterator[Bench]:
    ids, times = RecordedIds(), [0.0]
    settings = MockSettings(
        activated=tuple(Feature),
        credentials=(KEYS,),
        clock=ClockKind.STEPPED,
        start_time=1704038400.0,
        workers=1,
        duration=1000.0,
    )
    with MockServer(settings, ids=ids, wall_clock=lambda: times[0]) as server:
        yield Bench(server, ids, times)


@pytest.fixture
def bench(_running: Bench) -> Bench:
    """The mock, reset."""
    _running.server.reset()
    _running.ids.jobs = []
    return _running


def strictly(document: Document, heard: Heard, status: int = 200) -> Decoded:
    """The answer as `document`, which it must be to the letter, with the headers the SDKs need."""
    assert heard.status == status, heard.body
    assert heard.header("Content-Type") == "application/xml"
    assert heard.header("Content-Length") == str(len(heard.body))
    assert heard.header("x-ci-request-id")
    assert heard.header("x-ci-request-id") == heard.header("x-cos-request-id")
    decoded = read(document, heard.body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    if "RequestId" in decoded.value:
        assert decoded.value["RequestId"] == heard.header("x-ci-request-id")
    return decoded


def refused(heard: Heard, code: str, status: int) -> None:
    """The answer is that refusal, in the error form, with every part that SDKs read."""
    error = to_value(ErrorAnswer, strictly(Document.ERROR, heard, status))
    assert error.code == code
    assert error.message
    assert error.resource
    assert error.trace_id == heard.header("x-ci-trace-id")


def test_every_recording_is_used() -> None:
    """No recording lies about untested."""
    used = OPENED + CLOSED + BUCKET_LISTS + QUEUE_LISTS + UPDATES + CREATES + LISTS + CANCELS + DESCRIBES
    assert sorted(used) == names()
    assert len(used) == len(set(used))


@pytest.mark.parametrize("name", OPENED)
def test_opening_a_bucket(bench: Bench, name: str) -> None:
    """Activation answers with the feature's container, and the SDK finds what it asks for in it."""
    heard = bench.replay(recording(name))
    value = strictly(Document.BUCKET_ANSWER, heard).value
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
    heard = bench.replay(recording(name))
    queue = queue_of_update(strictly(Document.QUEUE_UPDATE_ANSWER, heard))
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
    heard = bench.replay(wanted)
    if "nextToken" in wanted.query:
        refused(heard, "InvalidArgument", 400)
        return
    answer = to_value(JobAnswer, strictly(Document.JOB_ANSWER, heard))
    admitted = wanted.query["tag"] == "Transcode" and wanted.query.get("states", "All") == "All"
    assert [job.job_id for job in answer.jobs] == ["x1"] * admitted


@pytest.mark.parametrize("name", CANCELS)
def test_cancelling_a_job(bench: Bench, name: str) -> None:
    """`?cancel` is on the wire and not in the signature; the answer has no body, the job is cancelled."""
    wanted = recording(name)
    path, _, job_id = wanted.path.rpartition("/")
    refused(bench.replay(wanted), "ResourceNotFound", 400)
    bench.have_jobs(path, "blocker", job_id)
    heard = bench.replay(wanted)
    assert (heard.status, heard.body, heard.header("Content-Length")) == (200, b"", "0")
    assert {job.job_id: str(job.state) for job in bench.server.jobs} == {
        "blocker": "Running",
        job_id: "Cancel",
    }


@pytest.mark.parametrize("name", names("variants"))
def test_variants(bench: Bench, name: str) -> None:
    """Redirected, tokened and retried requests: absolute-form targets, other hosts, hosts with a port."""
    wanted = recording(name)
    heard = bench.replay(wanted)
    if wanted.method == "POST":
        strictly(Document.BUCKET_ANSWER, heard)
    else:
        queues = to_value(QueueList, strictly(Document.QUEUE_LIST, heard))
        assert [queue.bucket_id for queue in queues.queues] == [BUCKET]


@pytest.mark.parametrize("name", names())
def test_altered_recordings_are_refused(bench: Bench, name: str) -> None:
    """Another host than the signed one makes the signature wrong, and nothing happens."""
    wanted = recording(name)
    before = bench.server.queues
    altered = wanted.raw.replace(b".ap-chongqing.", b".ap-shanghai.", 1)
    refused(bench.replay(wanted, altered), "SignatureDoesNotMatch", 403)
    assert bench.server.jobs == ()
    assert bench.server.queues == before


def test_a_recording_out_of_its_time_is_refused(bench: Bench) -> None:
    """The window in q-sign-time is kept: a day later the same bytes are expired."""
    wanted = recording("ci_get_media_queue")
    bench.times[0] = wanted.signed_at + 86400
    refused(send_raw(bench.server.port, wanted.raw), "SignatureExpired", 401)
