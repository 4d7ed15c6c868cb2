"""MockServer(data=DIR): a restart restores the state, or fails with a reason."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from http_bench import send, submit_body, update_body
from pytest_httpserver import HTTPServer

from ciq_mock.cli import main
from ciq_mock.clock import ClockKind
from ciq_mock.journal.journal_errors import JournalError
from ciq_mock.journal.records import FORMAT, CallbackSettled, written
from ciq_mock.journal.sqlite_journal import FILE_NAME, SqliteJournal
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, DeliverySettings, MockSettings
from ciq_schemas.features import Feature

STEPPED = MockSettings(activated=(Feature.MEDIA, Feature.DOC), workers=1, duration=10.0, clock=ClockKind.MANUAL, seed=3)
TEMPLATE = (
    b"<Request><Tag>Snapshot</Tag><Name>small</Name>"
    b"<Snapshot><Mode>Interval</Mode><Start>1</Start><TimeInterval>2</TimeInterval><Count>3</Count></Snapshot></Request>"
)
WORDS = (
    b"<Request><TableName>towns</TableName>"
    b"<VocabularyWeights><Vocabulary>a</Vocabulary><Weight>3</Weight></VocabularyWeights></Request>"
)


def get(server: MockServer, target: str) -> str:
    """The response to a GET without its request id."""
    status, _, body = send(server, "GET", target)
    assert status == 200, body
    return re.sub("<RequestId>[^<]*</RequestId>", "", body.decode())


def part(text: str, name: str) -> str:
    """The text of the first element with that name."""
    return text.split(f"<{name}>")[1].split("<")[0]


def test_restart_restores_every_record(tmp_path: Path) -> None:
    """Queues, jobs in every state, templates, bindings, hot words, objects and a deactivated feature are tested.

    Their responses are identical after two restarts; time continues and no id is issued twice.
    """
    targets = ["/queue", "/jobs?tag=Snapshot", "/template", "/cibuckets", "/asrhotvocabtable", "/mediabucket"]
    with MockServer(STEPPED, data=tmp_path) as server:
        ids = [part(send(server, "POST", "/jobs", submit_body())[2].decode(), "JobId") for _ in range(4)]
        server.advance(15)
        assert send(server, "PUT", f"/jobs/{ids[3]}?cancel")[0] == 200
        queue_id = part(get(server, "/queue"), "QueueId")
        assert send(server, "PUT", f"/queue/{queue_id}", update_body(name="mine", state="Paused"))[0] == 200
        assert send(server, "POST", "/template", TEMPLATE)[0] == 200
        template_id = part(get(server, "/template"), "TemplateId")
        assert send(server, "PUT", f"/template/{template_id}", TEMPLATE.replace(b"small", b"other"))[0] == 200
        assert send(server, "POST", "/asrhotvocabtable", WORDS)[0] == 200
        assert send(server, "PUT", "/", headers={"Host": "second-1250000000.ci.ap-test.myqcloud.com"})[0] == 200
        assert send(server, "PUT", "/_objects/b-1/in.txt", b"words")[0] == 200
        assert send(server, "DELETE", "/docbucket")[0] == 200
        targets += [f"/jobs/{job_id}" for job_id in ids]
        before = {target: get(server, target) for target in targets}
        now = server.now()
        for abrupt in (False, True):
            server.restart(abrupt=abrupt)
            assert {target: get(server, target) for target in targets} == before
            assert send(server, "GET", "/docqueue")[0] == 400
            assert send(server, "GET", "/_objects/b-1/in.txt")[2] == b"words"
            assert server.now() == now
            fresh = part(send(server, "POST", "/jobs", submit_body())[2].decode(), "JobId")
            assert fresh not in ids
            ids.append(fresh)
            before["/jobs?tag=Snapshot"] = get(server, "/jobs?tag=Snapshot")
        assert [job.state.value for job in server.jobs] == ["Success", "Running", "Pause", "Cancel", "Pause", "Pause"]
        server.advance(5)
        assert server.jobs[1].ended == server.jobs[1].created + 20.0


def test_restart_sends_pending_callback_and_not_delivered_one(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The rule at the end of the job applies."""
    httpserver.expect_request("/taken").respond_with_data("")
    httpserver.expect_request("/owed").respond_with_data("", status=500)
    delivery = DeliverySettings(retry_after=(3600.0,))
    with MockServer(replace(STEPPED, duration=0.0, delivery=delivery), data=tmp_path) as server:
        send(server, "POST", "/jobs", submit_body(extra=f"<CallBack>{httpserver.url_for('/taken')}</CallBack>"))
        server.advance(0)
        server.wait_for_callbacks(1)
        send(server, "POST", "/jobs", submit_body(extra=f"<CallBack>{httpserver.url_for('/owed')}</CallBack>"))
        server.advance(0)
        assert len(server.wait_for_callbacks(lambda attempts: len(attempts) == 2)) == 1
        server.restart(abrupt=True)
        attempts = server.wait_for_callbacks(lambda attempts: len(attempts) == 1)
        assert attempts == ()
        assert server.deliveries[0].job_id == server.jobs[1].job_id
        assert [request.path for request, _ in httpserver.log] == ["/taken", "/owed", "/owed"], "none at the end"
        server.restart(abrupt=True)
        httpserver.clear_all_handlers()
        httpserver.expect_request("/owed").respond_with_data("")
        server.wait_for_callbacks(lambda attempts: len(attempts) == 1)
        server.advance(3600.0)
        (delivered,) = server.wait_for_callbacks(1)
        assert delivered.job_id == server.jobs[1].job_id
        server.restart()
        server.advance(7200.0)
        assert server.deliveries == ()


def test_restart_keeps_job_halted_by_pause(tmp_path: Path) -> None:
    """In the dialect in which a pause halts running jobs, they wait after a restart too and then continue."""
    with MockServer(replace(STEPPED, dialects=("pause-halts-running",)), data=tmp_path) as server:
        send(server, "POST", "/jobs", submit_body())
        server.advance(4)
        queue_id = part(get(server, "/queue"), "QueueId")
        send(server, "PUT", f"/queue/{queue_id}", update_body(state="Paused"))
        (before,) = server.jobs
        assert before.state.value == "Pause"
        server.restart()
        assert server.jobs == (before,)
        send(server, "PUT", f"/queue/{queue_id}", update_body(state="Active"))
        server.advance(6)
        assert server.jobs[0].state.value == "Success"


def test_restart_after_reset_keeps_nothing(tmp_path: Path) -> None:
    """The journal then contains no more than a new one."""
    with MockServer(STEPPED, data=tmp_path) as server:
        send(server, "POST", "/jobs", submit_body())
        server.reset()
        queues = server.queues
        server.restart()
        assert server.jobs == ()
        assert server.queues == queues
        assert len(queues) == 2


def test_feature_option_at_later_start_activates_feature(tmp_path: Path) -> None:
    """Features of earlier starts keep their queues."""
    with MockServer(STEPPED, data=tmp_path) as server:
        before = {queue.queue_id for queue in server.queues}
    with MockServer(replace(STEPPED, activated=(Feature.MEDIA, Feature.SPEECH)), data=tmp_path) as server:
        assert before < {queue.queue_id for queue in server.queues}
        assert {queue.feature for queue in server.queues} == {Feature.MEDIA, Feature.DOC, Feature.SPEECH}


def test_journal_contains_no_secret(tmp_path: Path) -> None:
    """Cases: keys and signatures anywhere in a request, and play keys."""
    keys = Credentials(secret_id="id-of-the-key", secret_key="the-key-itself", token="the-token")
    with MockServer(replace(STEPPED, credentials=()), data=tmp_path) as server:
        assert server.settings.credentials != (keys,)
        signed = "?q-sign-algorithm=sha1&q-ak=id-of-the-key&q-signature=feedbeefcafe"
        headers = {"Authorization": "q-signature=feedbeefcafe", "x-ci-security-token": "the-token"}
        assert send(server, "POST", f"/jobs{signed}", submit_body(), headers)[0] == 200
        assert send(server, "POST", f"/template{signed}", TEMPLATE, headers)[0] == 200
        assert send(server, "PUT", "/playKey?masterPlayKey=master-play-key", b"", headers)[0] == 200
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Snapshot" in kept
    for secret in (b"id-of-the-key", b"feedbeefcafe", b"the-token", b"master-play-key"):
        assert secret not in kept


def test_restart_without_data_directory_is_refused() -> None:
    """A mock without `data` has no journal to restore."""
    with MockServer(STEPPED) as server, pytest.raises(RuntimeError, match="data=DIRECTORY"):
        server.restart()
    with pytest.raises(RuntimeError, match="between start and stop"):
        MockServer(STEPPED, data="never-made").restart()


def test_directory_in_use_or_of_newer_format_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Python raises an exception; the command ends with exit code 2 and one line."""
    with MockServer(STEPPED, data=tmp_path):
        with pytest.raises(JournalError, match="in use by another mock"):
            MockServer(STEPPED, data=tmp_path).start()
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(tmp_path)])
        assert ended.value.code == 2
        assert "in use by another mock" in capsys.readouterr().err
    journal = SqliteJournal(tmp_path)
    journal._db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    journal.close()
    (tmp_path / f"{FILE_NAME}-last").unlink()  # a newer release names its own format there
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path)])
    assert "use the version that wrote it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "data", [b"\xc1 no records", written([CallbackSettled(1.0, 5)]).replace(b"settled", b"unknown")]
)
def test_unreadable_journal_record_is_reported(tmp_path: Path, data: bytes) -> None:
    """The message has the number of the commit. A start on the same port is possible afterwards."""
    journal = SqliteJournal(tmp_path)
    journal.append(1.0, data)
    journal.close()
    server = MockServer(STEPPED, data=tmp_path)
    with pytest.raises(JournalError, match="commit 1 of the journal cannot be replayed"):
        server.start()
    (tmp_path / FILE_NAME).unlink()
    with MockServer(STEPPED, data=tmp_path, port=server.port) as another:
        assert another.jobs == ()
