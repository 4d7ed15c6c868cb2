"""Successful requests: queues, updates, several operations, callbacks, message queues."""

from collections.abc import Iterator

import pytest
from http_bench import operation, rule, send, submit_body, update_body
from pytest_httpserver import HTTPServer

from ciq_mock.clock import ClockKind
from ciq_mock.engine import HeldReading
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.codec import (
    Document,
    Reading,
    queue_of_update,
    read,
    read_callback,
    same_content,
    to_value,
    validate,
)
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.values import Job, JobAnswer, JobCallback, Queue, QueueList

ALL = tuple(Feature)


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(activated=ALL, clock=ClockKind.MANUAL, workers=1, duration=10.0)
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def jobs_in(answer: tuple[int, dict[str, str], bytes]) -> tuple[Job, ...]:
    """The jobs of a successful response, checked in the strict reading."""
    status, _, body = answer
    assert status == 200, body
    decoded = read(Document.JOB_ANSWER, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    return to_value(JobAnswer, decoded).jobs


def queue_of(server: MockServer, feature: Feature) -> Queue:
    """The queue of a feature in the queue list."""
    status, _, body = send(server, "GET", FEATURES[feature].queue_path)
    assert status == 200
    decoded = read(Document.QUEUE_LIST, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    (queue,) = to_value(QueueList, decoded).queues
    return queue


def update(server: MockServer, feature: Feature, body: bytes) -> Queue:
    """Update a feature's queue; return the queue in the response."""
    queue_id = queue_of(server, feature).queue_id
    status, _, answer = send(server, "PUT", f"{FEATURES[feature].queue_path}/{queue_id}", body)
    assert status == 200, answer
    decoded = read(Document.QUEUE_UPDATE_ANSWER, answer, Reading.STRICT)
    assert decoded.ok, decoded.problems
    queue = queue_of_update(decoded)
    assert queue is not None
    return queue


def body_for(feature: Feature, *, source: str = "in/a.bin", extra: str = "") -> bytes:
    """A valid submit of a feature."""
    return submit_body(
        tag=FEATURES[feature].tags[0], source=source, operations=operation().replace(
            "<Snapshot><Mode>Interval</Mode></Snapshot>", ""
        ), extra=extra,
    )  # fmt: skip


@pytest.mark.parametrize("feature", ALL)
def test_job_of_each_feature_is_served_on_its_path(server: MockServer, feature: Feature) -> None:
    """Submit, describe and list work on the feature's own path and are strictly valid."""
    spec = FEATURES[feature]
    (job,) = jobs_in(send(server, "POST", spec.job_path, body_for(feature)))
    assert (job.state, job.tag, job.end_time) == ("Submitted", spec.tags[0], "-")
    assert job.job_id is not None
    assert job.job_id[0] == spec.id_letter
    server.advance(60)
    (described,) = jobs_in(send(server, "GET", f"{spec.job_path}/{job.job_id}"))
    assert (described.state, described.progress) == ("Success", "100")
    (listed,) = jobs_in(send(server, "GET", f"{spec.job_path}?tag={spec.tags[0]}"))
    assert listed == described
    assert (described.operation is not None and described.operation.job_level == "0") is spec.has_job_level


@pytest.mark.parametrize("feature", [feature for feature in ALL if FEATURES[feature].on_shared_path])
def test_shared_path_accepts_job_of_every_tag(server: MockServer, feature: Feature) -> None:
    """Newer pages submit on /jobs whatever the tag is; both paths return the same job."""
    (job,) = jobs_in(send(server, "POST", "/jobs", body_for(feature)))
    assert job.queue_id == queue_of(server, feature).queue_id
    own = jobs_in(send(server, "GET", f"{FEATURES[feature].job_path}/{job.job_id}"))
    assert own == jobs_in(send(server, "GET", f"/jobs/{job.job_id}"))


@pytest.mark.parametrize("feature", ALL)
def test_queue_update_is_returned_and_listed(server: MockServer, feature: Feature) -> None:
    """Name, state and rule are as sent; the body may contain the id, and its elements may have any order."""
    before = queue_of(server, feature)
    server.advance(5)
    text = rule(ResultFormat="JSON", Url="https://cb.example.com/a?b=1&amp;c=2")
    body = (
        f"<Request><State>Paused</State><NotifyConfig>{text}</NotifyConfig><QueueID>other</QueueID>"
        f"<Name>队列_1-a*</Name></Request>"
    ).encode()
    after = update(server, feature, body)
    assert after == queue_of(server, feature)
    assert (after.name, after.state, after.queue_id) == ("队列_1-a*", "Paused", before.queue_id)
    assert after.notify_config is not None
    assert after.notify_config.url == "https://cb.example.com/a?b=1&c=2"
    assert after.notify_config.result_format == "JSON"
    assert after.create_time == before.create_time
    assert (after.update_time or "") > (before.update_time or "")


def test_document_callback_rule_needs_url_only(server: MockServer) -> None:
    """The document pages require neither Type nor Event (1045/47936)."""
    queue = update(server, Feature.DOC, update_body(rule=rule(Type="", Event="")))
    assert queue.notify_config is not None
    assert (queue.notify_config.type, queue.notify_config.event) == ("Url", "TaskFinish")


def test_submit_with_several_operations_creates_one_job_each(server: MockServer) -> None:
    """The jobs have the order of the Operations; the tag is in Operation then (436/85083)."""
    operations = "".join(
        operation(f"<Tag>Snapshot</Tag><UserData>{n}</UserData><JobLevel>{n % 3}</JobLevel>") for n in range(6)
    )
    jobs = jobs_in(send(server, "POST", "/jobs", submit_body(tag="", operations=operations)))
    operations = [job.operation for job in jobs]
    assert [(one.user_data, one.job_level, one.tag) for one in operations if one] == [
        (str(n), str(n % 3), "Snapshot") for n in range(6)
    ]
    assert {job.tag for job in jobs} == {None}
    assert len({job.job_id for job in jobs}) == 6


def test_operation_without_tag_uses_tag_of_request(server: MockServer) -> None:
    """A tag in an Operation has precedence for that Operation (1045/47323)."""
    operations = operation() + operation("<Tag>Transcode</Tag>")
    jobs = jobs_in(send(server, "POST", "/jobs", submit_body(operations=operations)))
    assert [job.operation.tag for job in jobs if job.operation] == ["Snapshot", "Transcode"]


def test_job_with_template_id_shows_template_name(server: MockServer) -> None:
    """TemplateId gives TemplateName (436/73198)."""
    body = submit_body(operations=operation("<TemplateId>t1</TemplateId>"))
    (job,) = jobs_in(send(server, "POST", "/jobs", body))
    assert job.operation is not None
    assert job.operation.template_id == "t1"
    assert job.operation.template_name


def test_special_characters_are_returned_unchanged(server: MockServer, httpserver: HTTPServer) -> None:
    """Chinese, blanks, brackets and ampersands are the same in submit, describe and both callbacks."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    source = "目录/a b+&lt;c&gt;&amp;.mp4"
    for form in ("XML", "JSON"):
        extra = f"<CallBack>{httpserver.url_for('/cb')}</CallBack><CallBackFormat>{form}</CallBackFormat>"
        data = operation("<UserData>&lt;&amp;&gt;\"'</UserData>")
        (job,) = jobs_in(send(server, "POST", "/jobs", submit_body(source=source, operations=data, extra=extra)))
        assert job.input is not None
        assert job.input.object == "目录/a b+<c>&.mp4"
        assert job.operation is not None
        assert job.operation.user_data == "<&>\"'"
    server.advance(60)
    server.wait_for_callbacks(2)
    httpserver.check()
    one, other = (read_callback(request.get_data()) for request, _ in httpserver.log)
    for decoded in (one, other):
        (callback_job,) = to_value(JobCallback, decoded).jobs
        assert callback_job.input is not None
        assert callback_job.operation is not None
        assert (callback_job.input.object, callback_job.operation.user_data) == ("目录/a b+<c>&.mp4", "<&>\"'")


@pytest.mark.parametrize("source", ["in/a.mp4", "missing/a.mp4"])
@pytest.mark.parametrize("feature", ALL)
def test_xml_and_json_callback_agree_with_describe(
    server: MockServer, httpserver: HTTPServer, feature: Feature, source: str
) -> None:
    """Both forms are valid."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    spec = FEATURES[feature]
    for form in ("XML", "JSON"):
        extra = f"<CallBack>{httpserver.url_for('/cb')}</CallBack><CallBackFormat>{form}</CallBackFormat>"
        assert send(server, "POST", spec.job_path, body_for(feature, source=source, extra=extra))[0] == 200
    server.advance(60)
    server.wait_for_callbacks(2)
    bodies = [request.get_data() for request, _ in httpserver.log]
    assert validate(Document.TASK_CALLBACK, bodies[0]) == ()
    types = [request.headers["Content-Type"] for request, _ in httpserver.log]
    assert types == ["application/xml", "application/json"]
    for body in bodies:
        decoded = read_callback(body)
        assert decoded.ok, decoded.problems
        (callback_job,) = to_value(JobCallback, decoded).jobs
        raw = read(Document.JOB_ANSWER, send(server, "GET", f"{spec.job_path}/{callback_job.job_id}")[2]).value
        (described,) = raw["JobsDetail"] if isinstance(raw["JobsDetail"], list) else ()
        described.pop("Progress")
        (sent,) = decoded.value["JobsDetail"] if isinstance(decoded.value["JobsDetail"], list) else ()
        assert same_content(sent, described)
        assert callback_job.state == ("Failed" if source.startswith("missing") else "Success")


def test_callback_value_no_sends_no_callback(server: MockServer, httpserver: HTTPServer) -> None:
    """CallBack=no turns the callback off for that job; other jobs use the queue's address."""
    httpserver.expect_request("/queue", method="POST").respond_with_data("")
    update(server, Feature.MEDIA, update_body(rule=rule(Url=httpserver.url_for("/queue"))))
    send(server, "POST", "/jobs", submit_body(extra="<CallBack>no</CallBack>"))
    (job,) = jobs_in(send(server, "POST", "/jobs", submit_body()))
    server.advance(100)
    server.wait_for_callbacks(1)
    assert [attempt.job_id for attempt in server.deliveries] == [job.job_id]


def test_job_list_filters_by_each_parameter(server: MockServer) -> None:
    """The filters are time window, states, object, queue and order."""
    first, second, third = (
        jobs_in(send(server, "POST", "/jobs", submit_body(source=f"in/{n}")))[0].job_id for n in range(3)
    )
    server.advance(3600)
    (late,) = (jobs_in(send(server, "POST", "/jobs", submit_body(source="in/9")))[0].job_id,)

    def listed(query: str) -> list[str | None]:
        return [job.job_id for job in jobs_in(send(server, "GET", f"/jobs?tag=Snapshot{query}"))]

    queue_id = queue_of(server, Feature.MEDIA).queue_id
    (job,) = jobs_in(send(server, "GET", f"/jobs/{late}"))
    bound = (job.creation_time or "").replace("+", "%2B")
    assert listed("") == [late, third, second, first]
    assert listed("&orderByTime=Asc") == [first, second, third, late]
    assert listed(f"&startCreationTime={bound}") == [late]
    assert listed(f"&startCreationTime={job.creation_time}") == [late]  # a plus that the client did not encode
    assert listed("&endCreationTime=2001-01-01T00:00:00Z") == []
    assert listed("&states=Success,Failed") == [third, second, first]
    assert listed("&states=All&nextToken=&size=") == [late, third, second, first]
    assert listed("&inputObject=in/1") == [second]
    assert listed(f"&queueId={queue_id}&TAG=ignored") == [late, third, second, first]
    assert listed("&queueId=pnone") == []


def test_queue_list_filters_by_each_parameter(server: MockServer) -> None:
    """The filters are id, state, category and page; each unknown id is named once."""
    queue_id = queue_of(server, Feature.MEDIA).queue_id

    def listed(query: str) -> QueueList:
        decoded = read(Document.QUEUE_LIST, send(server, "GET", f"/queue?{query}")[2], Reading.STRICT)
        assert decoded.ok, decoded.problems
        return to_value(QueueList, decoded)

    by_id = listed(f"queueIds=px,{queue_id},px&state=All")
    assert ([queue.queue_id for queue in by_id.queues], by_id.non_exist_ids) == ([queue_id], ("px",))
    assert by_id.total_count is None
    assert listed("state=Paused").total_count == "0"
    assert listed("category=SpeedTranscoding").queues == ()
    assert len(listed("category=CateAll").queues) == 1
    second_page = listed("pageNumber=2&pageSize=1")
    assert (second_page.total_count, second_page.page_number, second_page.queues) == ("1", "2", ())


def test_media_with_speed_queue_has_two_queues() -> None:
    """Category and id select one, QueueType submits to the second, and both can be paused."""
    with MockServer(MockSettings(activated=(Feature.MEDIA, Feature.DOC), speed_queue=True)) as server:
        own, speed = (queue for queue in server.queues if queue.feature is Feature.MEDIA)
        assert (own.name, speed.name) == ("queue-1", "queue-speed-transcoding-process-1")
        assert len([queue for queue in server.queues if queue.feature is Feature.DOC]) == 1

        def listed(query: str) -> list[str | None]:
            decoded = read(Document.QUEUE_LIST, send(server, "GET", f"/queue?{query}")[2], Reading.STRICT)
            assert decoded.ok, decoded.problems
            return [queue.queue_id for queue in to_value(QueueList, decoded).queues]

        both = [own.queue_id, speed.queue_id]
        assert listed("") == listed("category=Transcoding") == both[:1]
        assert listed("category=SpeedTranscoding") == listed(f"queueIds={speed.queue_id}") == both[1:]
        assert listed("category=CateAll") == both
        paused = update_body(state="Paused").replace(b"queue-1", b"fast")
        assert send(server, "PUT", f"/queue/{speed.queue_id}", paused)[0] == 200
        assert listed("category=CateAll&state=Paused") == both[1:]
        body = submit_body()
        fast = body.replace(b"</Request>", b"<QueueType>SpeedTranscoding</QueueType></Request>")
        (slow_job,), (fast_job,) = (jobs_in(send(server, "POST", "/jobs", sent)) for sent in (body, fast))
        assert (slow_job.queue_id, fast_job.queue_id, fast_job.state) == (*both, "Pause")
        (found,) = jobs_in(send(server, "GET", "/jobs?tag=Snapshot&queueType=SpeedTranscoding"))
        assert found.job_id == fast_job.job_id
        invalid_body = body.replace(b"</Request>", b"<QueueType>Odd</QueueType></Request>")
        assert send(server, "POST", "/jobs", invalid_body)[0] == 400
        assert send(server, "DELETE", "/mediabucket")[0] == 200
        assert [queue.feature for queue in server.queues] == [Feature.DOC]


def test_held_job_shows_submitted_if_set() -> None:
    """Waiting jobs of a paused queue then show Submitted (1045/47936) instead of Pause."""
    settings = MockSettings(activated=(Feature.MEDIA,), held=HeldReading.SUBMITTED)
    with MockServer(settings) as server:
        update(server, Feature.MEDIA, update_body(state="Paused"))
        (job,) = jobs_in(send(server, "POST", "/jobs", submit_body()))
        assert job.state == "Submitted"


def test_items_of_other_bucket_are_unknown(server: MockServer) -> None:
    """A job and a queue of one bucket do not exist in another."""
    (job,) = jobs_in(send(server, "POST", "/jobs", submit_body()))
    host = {"Host": "other-1250000000.ci.ap-test.myqcloud.com"}
    assert send(server, "POST", "/mediabucket", headers=host)[0] == 200
    answer = to_value(JobAnswer, read(Document.JOB_ANSWER, send(server, "GET", f"/jobs/{job.job_id}", headers=host)[2]))
    assert (answer.jobs, answer.non_exist_ids) == ((), (job.job_id,))


def test_second_activation_returns_same_queue(server: MockServer) -> None:
    """Regions and prefixes filter the list."""
    before = queue_of(server, Feature.MEDIA)
    first = send(server, "POST", "/mediabucket")[2].partition(b"<MediaBucket>")[2]
    assert send(server, "POST", "/mediabucket")[2].partition(b"<MediaBucket>")[2] == first
    assert queue_of(server, Feature.MEDIA) == before
    for query, count in (("", 1), ("regions=ap-nowhere", 0), ("regions=All", 1), ("bucketName=exam", 1)):
        _, _, body = send(server, "GET", f"/mediabucket?{query}")
        assert validate(Document.BUCKET_LIST, body) == ()
        assert f"<TotalCount>{count}</TotalCount>".encode() in body
