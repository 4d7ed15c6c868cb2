"""A mock whose journal cannot be written: requests fail with the service's error and change nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from durable_bench import MEDIA, Client, mock_process, part, submit_body

from ciq_mock.journal import durable_store
from ciq_mock.journal.journal_errors import JournalWriteError
from ciq_mock.journal.sqlite_journal import FILE_NAME, SqliteJournal
from ciq_mock.server import MockServer

MIB = 1024 * 1024


class Disk:
    """Whether the journals of a test can be written."""

    full = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that can be filled; every journal that is opened afterwards is on it."""
    disk = Disk()

    class OnDisk(SqliteJournal):
        def _write(self, statement: str, *values: object) -> None:
            if disk.full:
                raise JournalWriteError("cannot write to the journal: database or disk is full")
            super()._write(statement, *values)

    monkeypatch.setattr(durable_store, "SqliteJournal", OnDisk)
    return disk


@pytest.fixture
def mock(tmp_path: Path, disk: Disk) -> Iterator[MockServer]:
    """A mock on that disk."""
    assert not disk.full
    with MockServer(MEDIA, data=tmp_path) as server:
        yield server


def test_request_on_full_disk_is_refused_and_changes_nothing(mock: MockServer, disk: Disk) -> None:
    """The response is InternalError with the reason. Calls that only read return the state of the last commit.

    When the disk has room again, neither job nor pause exists in this process and in the next.
    """
    with Client(mock.port) as client:
        kept = client.submit()
        queue_id = part(client.send("GET", "/queue")[1], "QueueId")
        disk.full = True
        status, text = client.send("POST", "/jobs", submit_body())
        assert (status, part(text, "Code")) == (500, "InternalError")
        assert "disk is full" in part(text, "Message")
        assert part(text, "Resource") == "/jobs"
        paused = (
            b"<Request><Name>n</Name><State>Paused</State><NotifyConfig><State>Off</State></NotifyConfig></Request>"
        )
        assert client.send("PUT", f"/queue/{queue_id}", paused)[0] == 500
        assert client.state(kept) == "Running"
        assert client.send("GET", "/jobs?tag=Snapshot")[1].count("<JobId>") == 1
        assert part(client.send("GET", "/queue")[1], "State") == "Active"
        assert [job.job_id for job in mock.jobs] == [kept]
        disk.full = False
        assert client.send("GET", f"/jobs/{kept}")[0] == 200
        assert [job.job_id for job in mock.jobs] == [kept]
        assert part(client.send("GET", "/queue")[1], "State") == "Active"
        later = client.submit()
    mock.restart()
    assert [job.job_id for job in mock.jobs] == [kept, later]


def test_job_on_full_disk_sends_no_callback(mock: MockServer, disk: Disk) -> None:
    """An end that cannot be stored is not reported; new jobs run when the disk has room again."""
    with Client(mock.port) as client:
        disk.full = True
        assert client.send("POST", "/jobs", submit_body(extra="<CallBack>http://127.0.0.1:9/</CallBack>"))[0] == 500
        assert mock.advance(7200.0) > 0
        assert mock.jobs == ()
        assert mock.deliveries == ()
        disk.full = False
        assert client.state(client.submit()) in ("Submitted", "Running")


def test_upload_on_full_disk_is_refused(mock: MockServer, disk: Disk) -> None:
    """The object does not exist afterwards."""
    with Client(mock.port) as client:
        assert client.send("PUT", "/_objects/b-1/kept.txt", b"kept")[0] == 200
        disk.full = True
        status, text = client.send("PUT", "/_objects/b-1/lost.txt", b"lost")
        assert (status, part(text, "Code")) == (500, "InternalError")
        disk.full = False
        assert client.send("GET", "/_objects/b-1/lost.txt")[0] == 404
        assert client.send("GET", "/_objects/b-1/kept.txt") == (200, "kept")


def test_start_on_full_disk_is_refused(tmp_path: Path, disk: Disk) -> None:
    """The mock does not start. With room it starts on the same directory."""
    disk.full = True
    with pytest.raises(JournalWriteError, match="disk is full"):
        MockServer(MEDIA, data=tmp_path).start()
    disk.full = False
    with MockServer(MEDIA, data=tmp_path) as server:
        assert len(server.queues) == 1


def test_reset_on_disk_that_stays_full_is_repeated_later(mock: MockServer, disk: Disk) -> None:
    """The admin API responds with its own error form. The jobs are gone, in this process and on the disk."""
    with Client(mock.port) as client:
        lost = client.submit()
        disk.full = True
        status, text = client.send("POST", "/_ciq/reset")
        assert (status, "disk is full" in json.loads(text)["error"]) == (500, True)
        assert client.known([lost]) == set()
        disk.full = False
        assert client.send("POST", "/_ciq/reset")[0] == 200
        kept = client.submit()
        mock.restart()
    assert [job.job_id for job in mock.jobs] == [kept]


def test_reset_at_file_size_limit_gives_space_back(tmp_path: Path) -> None:
    """When the journal cannot grow, calls that read are answered, and a reset lets the mock continue."""
    with mock_process(tmp_path, "--duration", "3600", most_bytes=MIB) as mock, Client(mock.port) as client:
        first = client.submit()
        long = "x" * 20_000
        while client.send("PUT", f"/_objects/b-1/{len(long)}.bin", long.encode())[0] == 200:
            long += "x"
        assert client.send("POST", "/jobs", submit_body())[0] == 500
        assert client.state(first) == "Running"
        assert client.send("GET", "/_objects/b-1/20000.bin")[0] == 200
        assert client.send("POST", "/_ciq/reset")[0] == 200
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < MIB // 4
        assert client.state(client.submit()) in ("Submitted", "Running")


def test_deleted_journal_is_noticed(tmp_path: Path) -> None:
    """Cases: the directory, the file, another file in its place. Changes are refused until a reset; reads are not."""
    for number, damage in enumerate((shutil.rmtree, unlink_journal, replace_journal)):
        folder = tmp_path / str(number)
        with MockServer(MEDIA, data=folder) as mock, Client(mock.port) as client:
            kept = client.submit()
            damage(folder)
            status, text = client.send("POST", "/jobs", submit_body())
            assert (status, part(text, "Code")) == (500, "InternalError")
            assert "was deleted or replaced" in part(text, "Message")
            assert client.state(kept) == "Running"
            assert client.send("POST", "/_ciq/reset")[0] == 200
            again = client.submit()
            mock.restart()
            assert [job.job_id for job in mock.jobs] == [again]


def unlink_journal(folder: Path) -> None:
    """Delete the file of the journal only."""
    (folder / FILE_NAME).unlink()


def replace_journal(folder: Path) -> None:
    """Put another file in its place."""
    (folder / "other").write_bytes((folder / FILE_NAME).read_bytes())
    (folder / "other").replace(folder / FILE_NAME)


def test_journal_at_file_size_limit_keeps_acknowledged_jobs(tmp_path: Path) -> None:
    """The system limit cuts a write off in the middle.

    The acknowledged submits are all there after a restart, the refused ones are not, and the journal can be read.
    """
    ids: list[str] = []
    refused = 0
    with (
        mock_process(tmp_path, "--duration", "3600", "--workers", "1", most_bytes=MIB) as mock,
        Client(mock.port) as one,
    ):
        long = "x" * 20_000
        for _ in range(120):
            status, text = one.send("POST", "/jobs", submit_body(extra=f"<!--{long}-->", source=f"in/{long[:800]}"))
            if status == 200:
                ids.append(part(text, "JobId"))
            else:
                assert (status, part(text, "Code")) == (500, "InternalError")
                refused += 1
            if refused >= 3:
                break
            assert one.send("PUT", "/_objects/b-1/big.bin", b"x" * 20_000)[0] in (200, 500)
        mock.kill()
    assert refused >= 3
    assert ids
    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        assert client.known(ids) == set(ids)
        listed = client.send("GET", "/jobs?tag=Snapshot&size=100")[1]
        assert listed.count("<JobId>") == len(ids)
