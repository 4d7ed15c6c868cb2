"""Compaction of the journal: a restart restores the same state, and the journal holds what is kept, not all history."""

import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from http_bench import error_of, rule, send, submit_body, update_body
from pytest_httpserver import HTTPServer
from workflow_bench import JOB, batch_body, create_batch, create_workflow, trigger

from ciq_mock.clock import ClockKind
from ciq_mock.journal import compaction
from ciq_mock.journal.journal_errors import DamagedJournalError
from ciq_mock.journal.maintenance import recover
from ciq_mock.journal.records import CallRecorded, IdIssued, JobAccepted, RunCallbackSettled, read
from ciq_mock.journal.sqlite_journal import FILE_NAME, SqliteJournal
from ciq_mock.server import MockServer
from ciq_mock.settings import DeliverySettings, MockSettings, RuleMoment, Shutdown
from ciq_schemas.features import Feature

SETTINGS = MockSettings(
    activated=(Feature.MEDIA, Feature.PIC),
    clock=ClockKind.MANUAL,
    workers=2,
    duration=5.0,
    records=40,
    delivery=DeliverySettings(shutdown=Shutdown.DROP),
)
TEMPLATE = b"""<Request><Tag>Snapshot</Tag><Name>t-%d</Name><Snapshot><Mode>Interval</Mode><Start>0</Start>
<TimeInterval>1</TimeInterval><Count>3</Count></Snapshot></Request>"""
KEYS = ("in/a.mp4", "in/b.mp4", "out.jpg")


class Client:
    """A client that sends random requests to a mock."""

    def __init__(self, mock: MockServer, seed: int, *, workflows: bool) -> None:
        self.mock = mock
        self.random = random.Random(seed)
        self.workflows = workflows
        self.ids: list[str] = []

    def act(self) -> None:
        """Send one random request, or let time pass."""
        actions: list[Callable[[], None]] = [
            self.submit, self.submit, self.submit, self.cancel, self.update, self.upload, self.remove, self.advance,
            self.advance, self.compact, self.switch,
        ]  # fmt: skip
        if self.workflows:
            actions += [self.run_workflow, self.template, self.finish, self.change_workflow]
        self.random.choice(actions)()

    def submit(self) -> None:
        tag = self.random.choice(["Snapshot", "FileHashCode", "Transcode"])
        extra = f"<JobLevel>{self.random.randrange(3)}</JobLevel>" if self.random.random() < 0.5 else ""
        extra += self.random.choice(["", "<CallBack>http://127.0.0.1:9/none</CallBack>"])
        body = submit_body(source=self.random.choice((*KEYS, "missing/x")), extra=extra)
        if tag == "FileHashCode":
            body = (
                b"<Request><Tag>FileHashCode</Tag><Input><Object>in/a.mp4</Object></Input><Operation>"
                b"<FileHashCodeConfig><Type>MD5</Type></FileHashCodeConfig></Operation></Request>"
            )
        send(self.mock, "POST", "/file_jobs" if tag == "FileHashCode" else "/jobs", body)

    def cancel(self) -> None:
        waiting = [job.job_id for job in self.mock.jobs if job.state in ("Submitted", "Pause")]
        if waiting:
            send(self.mock, "PUT", f"/jobs/{self.random.choice(waiting)}?cancel")

    def update(self) -> None:
        queue = self.random.choice([queue for queue in self.mock.queues if queue.feature is Feature.MEDIA] or [None])
        if queue is not None:
            url = f"http://127.0.0.1:9/{self.random.randrange(9)}"
            body = update_body(state=self.random.choice(["Active", "Paused"]), rule=rule(Url=url))
            send(self.mock, "PUT", f"/queue/{queue.queue_id}", body)

    def upload(self) -> None:
        key = self.random.choice(KEYS)
        send(self.mock, "PUT", f"/_objects/{self.mock.bucket}/{key}", self.random.randbytes(20))

    def remove(self) -> None:
        send(self.mock, "DELETE", f"/_objects/{self.mock.bucket}/{self.random.choice(KEYS)}")

    def switch(self) -> None:
        if self.random.random() < 0.3:
            send(self.mock, "DELETE", "/mediabucket")
        send(self.mock, "POST", "/mediabucket")
        send(self.mock, "POST", "/file_bucket")

    def advance(self) -> None:
        self.mock.advance(self.random.choice([0.0, 1.0, 6.0, 30.0]))

    def compact(self) -> None:
        assert send(self.mock, "POST", "/_ciq/compact")[0] == 200

    def run_workflow(self) -> None:
        if send(self.mock, "GET", "/queue")[0] == 200:
            trigger(self.mock, create_workflow(self.mock, name=f"wf-{self.random.getrandbits(40)}"))
            create_batch(self.mock, batch_body("<Prefix>in/</Prefix>", JOB, "Job"))

    def template(self) -> None:
        send(self.mock, "POST", "/template", TEMPLATE % self.random.getrandbits(40))
        known = re.findall(rb"<TemplateId>(\w+)<", send(self.mock, "GET", "/template?size=100")[2])
        if len(known) > 2:
            send(self.mock, "DELETE", f"/template/{self.random.choice(known).decode()}")

    def change_workflow(self) -> None:
        known = re.findall(rb"<WorkflowId>(\w+)<", send(self.mock, "GET", "/workflow?size=100")[2])
        if known:
            chosen = self.random.choice(known).decode()
            calls = [("DELETE", ""), ("PUT", "?active"), ("PUT", "?paused")]
            method, query = self.random.choice(calls)
            send(self.mock, method, f"/workflow/{chosen}{query}")

    def finish(self) -> None:
        """Let everything end, so that a compaction may take a snapshot."""
        send(self.mock, "POST", "/mediabucket")
        send(self.mock, "POST", "/file_bucket")
        for queue in self.mock.queues:
            if queue.feature is Feature.MEDIA:
                send(self.mock, "PUT", f"/queue/{queue.queue_id}", update_body(state="Active", rule=rule(Url="")))
        self.mock.advance(2000.0)


def shown(mock: MockServer) -> list[object]:
    """The state that clients can see."""
    jobs = mock.jobs
    ids = [job.job_id for job in jobs]
    described = [without_ids(send(mock, "GET", f"/jobs/{job_id}")[2]) for job_id in ids]
    runs = re.findall(rb"<RunId>(\w+)<", send(mock, "GET", "/workflowexecution?size=100")[2])
    targets = (
        "/jobs?tag=Snapshot&size=100", "/file_jobs?tag=FileHashCode&size=100", "/workflowexecution?size=100",
        "/inventorytriggerjob?size=100", "/inventorytriggerjob?type=Job&size=100", "/workflow?size=100",
        "/template?size=100", "/queue?state=All", "/mediabucket",
        *(f"/workflowexecution/{run.decode()}" for run in runs),
    )  # fmt: skip
    lists = [without_ids(send(mock, "GET", target)[2]) for target in targets]
    objects = [send(mock, "GET", f"/_objects/{mock.bucket}/{key}")[2] for key in KEYS]
    return [jobs, mock.queues, described, lists, [part for part in objects if b"RequestId" not in part]]


def without_ids(body: bytes) -> bytes:
    """The body without the ids of its request."""
    return re.sub(rb"<(RequestId|TraceId)>[^<]*</", b"", body)


@pytest.mark.parametrize("workflows", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_compacted_journal_restores_same_state(tmp_path: Path, seed: int, workflows: bool) -> None:
    """After random histories with compactions at random moments, a restart changes nothing that clients see."""
    with MockServer(SETTINGS, data=tmp_path) as mock:
        client = Client(mock, seed, workflows=workflows)
        for _ in range(4):
            for _ in range(25):
                client.act()
            before = shown(mock)
            mock.restart(abrupt=True)
            assert shown(mock) == before
            client.compact()
            assert shown(mock) == before
            mock.restart(abrupt=True)
            assert shown(mock) == before


def records_of(folder: Path) -> Counter[type]:
    """The number of records of each kind in a journal, which a mock may use."""
    with TemporaryDirectory() as name:
        journal = SqliteJournal(shutil.copytree(folder, Path(name) / "copy"))
        try:
            return Counter(type(record) for _, data in journal.commits() for record in read(data))
        finally:
            journal.close()


def test_records_of_ended_workflows_and_batches_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in a snapshot. Afterwards workflows continue as before, also across a second snapshot."""
    monkeypatch.setattr(compaction, "GROWTH", 20_000)
    with MockServer(replace(SETTINGS, records=1000), data=tmp_path) as mock:
        send(mock, "POST", "/template", TEMPLATE % 7)
        workflow_id = create_workflow(mock)
        removed_id = create_workflow(mock, name="removed")
        for _ in range(5):
            trigger(mock, workflow_id)
            trigger(mock, removed_id)
        create_batch(mock, batch_body("<Prefix>in/</Prefix>", JOB, "Job"))
        send(mock, "DELETE", f"/workflow/{removed_id}")
        mock.advance(500)
        before = shown(mock)
        assert records_of(tmp_path)[CallRecorded] >= 15
        send(mock, "POST", "/_ciq/compact")
        mock.restart(abrupt=True)
        assert shown(mock) == before
        counts = records_of(tmp_path)
        assert not counts.keys() & {CallRecorded, IdIssued, JobAccepted, RunCallbackSettled}
        run_id = trigger(mock, workflow_id)
        mock.advance(1)
        send(mock, "POST", "/_ciq/compact")  # no snapshot: the run is unfinished
        mock.restart(abrupt=True)
        assert b"<State>Running<" in send(mock, "GET", f"/workflowexecution/{run_id}")[2]
        mock.advance(500)
        assert b"<State>Success<" in send(mock, "GET", f"/workflowexecution/{run_id}")[2]
        assert error_of(send(mock, "PUT", f"/workflow/{removed_id}?active"))[0] == 400
        before = shown(mock)
        send(mock, "POST", "/_ciq/compact")
        mock.restart(abrupt=True)
        assert shown(mock) == before


def test_snapshot_without_command_bounds_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workflows that come and go leave no records."""
    monkeypatch.setattr(compaction, "GROWTH", 20_000)
    with MockServer(SETTINGS, data=tmp_path) as mock:
        for number in range(30):
            workflow_id = create_workflow(mock, name=f"wf-{number}")
            mock.advance(1)
            send(mock, "DELETE", f"/workflow/{workflow_id}")
            mock.advance(1)
    assert records_of(tmp_path)[CallRecorded] < 40


def test_damaged_snapshot_is_named_and_what_precedes_is_kept(tmp_path: Path) -> None:
    """The jobs before the snapshot are kept, without workflows."""
    with MockServer(SETTINGS, data=tmp_path) as mock:
        send(mock, "POST", "/jobs", submit_body())
        trigger(mock, create_workflow(mock))
        mock.advance(500)
        send(mock, "POST", "/_ciq/compact")
        trigger(mock, create_workflow(mock, name="later"))
        jobs = [job.job_id for job in mock.jobs]
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE snapshots SET checksum = checksum + 1")
    db.close()
    with pytest.raises(DamagedJournalError, match=r"the snapshot at commit \d+ of .*--recover"):
        MockServer(SETTINGS, data=tmp_path).start()
    recover(tmp_path)
    with MockServer(SETTINGS, data=tmp_path) as mock:
        assert [job.job_id for job in mock.jobs] == jobs[: len(mock.jobs)]
        assert len(mock.jobs) >= 4
        assert b"<WorkflowId>" not in send(mock, "GET", "/workflow")[2]
        trigger(mock, create_workflow(mock))


def test_whole_snapshot_survives_recovery(tmp_path: Path) -> None:
    """A damaged commit behind it is dropped; the commits have other numbers afterwards."""
    with MockServer(SETTINGS, data=tmp_path) as mock:
        run_id = trigger(mock, create_workflow(mock))
        mock.advance(500)
        send(mock, "POST", "/_ciq/compact")
        run = without_ids(send(mock, "GET", f"/workflowexecution/{run_id}")[2])
        send(mock, "POST", "/jobs", submit_body())
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE commits SET checksum = 1 WHERE number = (SELECT max(number) FROM commits)")
    db.close()
    recover(tmp_path)
    with MockServer(SETTINGS, data=tmp_path) as mock:
        assert without_ids(send(mock, "GET", f"/workflowexecution/{run_id}")[2]) == run


def test_pending_callback_survives_compaction(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Its rule is the one at the end of the job, which was replaced since; a settled callback is not sent again."""
    httpserver.expect_request("/old").respond_with_data("")
    httpserver.expect_request("/new").respond_with_data("")
    settings = MockSettings(
        activated=(Feature.MEDIA,),
        clock=ClockKind.MANUAL,
        duration=5.0,
        rule_read_at=RuleMoment.END,
        delivery=DeliverySettings(shutdown=Shutdown.DROP, delay=60.0),
    )
    with MockServer(settings, data=tmp_path) as mock:
        (queue,) = mock.queues
        target = f"/queue/{queue.queue_id}"
        send(mock, "PUT", target, update_body(rule=rule(Url=httpserver.url_for("/old"))))
        send(mock, "POST", "/jobs", submit_body())
        mock.advance(10)
        mock.advance(1)
        for number in range(3):
            send(mock, "PUT", target, update_body(name=f"n{number}", rule=rule(Url=httpserver.url_for("/new"))))
            mock.advance(1)
        send(mock, "POST", "/_ciq/compact")
        mock.restart(abrupt=True)
        mock.advance(100)
        mock.wait_for_callbacks(1)
        assert [request.path for request, _ in httpserver.log] == ["/old"]
        send(mock, "POST", "/_ciq/compact")
        mock.restart()
        mock.advance(100)
        assert mock.deliveries == ()


def test_journal_follows_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a command the journal stays small while jobs, settings, uploads and features come and go."""
    monkeypatch.setattr(compaction, "GROWTH", 20_000)
    settings = MockSettings(activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=0.0, records=20)
    sizes = []
    with MockServer(settings, data=tmp_path) as mock:
        for number in range(12):
            for _ in range(30):
                send(mock, "POST", "/jobs", submit_body(source=f"in/{number}.mp4"))
                mock.advance(1)
            send(mock, "PUT", f"/_objects/b-1/{number % 2}", b"x" * 2000)
            (queue,) = mock.queues
            send(mock, "PUT", f"/queue/{queue.queue_id}", update_body(name=f"n{number}"))
            if number % 3 == 0:
                send(mock, "DELETE", "/mediabucket")
                send(mock, "POST", "/mediabucket")
            sizes.append((tmp_path / FILE_NAME).stat().st_size)
        assert len(mock.jobs) == 20
        mock.restart()
        assert len(mock.jobs) == 20
    assert (tmp_path / FILE_NAME).stat().st_size < 200_000
