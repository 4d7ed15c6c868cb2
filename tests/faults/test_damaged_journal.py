"""A damaged journal: the mock finds it, names it, does not start, and keeps what precedes the damage on request."""

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from durable_bench import MEDIA, Client, mock_process

from ciq_mock.clock import ClockKind
from ciq_mock.journal.journal_errors import DamagedJournalError, JournalError
from ciq_mock.journal.maintenance import recover
from ciq_mock.journal.sqlite_journal import FILE_NAME, SqliteJournal
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

RECORDS = b"in/%d.mp4"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The directory of a journal with 40 jobs in as many commits, and their ids."""
    folder = tmp_path_factory.mktemp("journal")
    with MockServer(MEDIA, data=folder) as mock, Client(mock.port) as client:
        ids = [client.submit(f"in/{number}.mp4") for number in range(40)]
    return folder, ids


def flipped(data: bytes, place: int) -> bytes:
    """The bytes with one bit flipped."""
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def test_flipped_bit_in_commit_is_named_and_recovered(tmp_path: Path, journal: tuple[Path, list[str]]) -> None:
    """The message names the commit. `--recover` keeps the commits before it and the damaged file."""
    folder, ids = journal
    broken = shutil.copytree(folder, tmp_path / "broken")
    data = (broken / FILE_NAME).read_bytes()
    place = data.index(RECORDS % 25)
    (broken / FILE_NAME).write_bytes(flipped(data, place))
    with pytest.raises(DamagedJournalError, match=r"commit \d+ of .*--recover"):
        MockServer(MEDIA, data=broken).start()
    command = [sys.executable, "-m", "ciq_mock", "--data", str(broken), "--activated", "media"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert re.search(r"commit \d+ of .* is damaged.*--recover", refused.stderr)
    with mock_process(broken, "--recover", "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        assert client.known(ids) == set(ids[:25])
        assert client.submit() not in ids
    (kept,) = broken.glob("damaged-*")
    assert (kept / FILE_NAME).read_bytes()[place] == flipped(data, place)[place]


def test_flipped_bit_in_log_is_named_and_recovered(tmp_path: Path) -> None:
    """SQLite would silently drop the rest of its write-ahead log, which a killed mock leaves behind."""
    ids = []
    with mock_process(tmp_path, "--duration", "3600") as mock, Client(mock.port) as client:
        ids += [client.submit(f"in/{number}.mp4") for number in range(40)]
        mock.kill()
    log = tmp_path / f"{FILE_NAME}-wal"
    data = log.read_bytes()
    log.write_bytes(flipped(data, data.rindex(RECORDS % 25)))
    with pytest.raises(DamagedJournalError, match=r"wal is damaged at frame \d+.*--recover"):
        MockServer(MEDIA, data=tmp_path).start()
    assert "frame" in str(recover(tmp_path))
    with MockServer(MEDIA, data=tmp_path) as server, Client(server.port) as client:
        known = client.known(ids)
        assert known == set(ids[: len(known)])
        assert 20 <= len(known) <= 39


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no id of its boot")
def test_flipped_bit_in_last_frame_of_log_is_named_and_recovered(tmp_path: Path) -> None:
    """SQLite takes the frame for an incomplete write; the journal knows that its commit was acknowledged."""
    with mock_process(tmp_path, "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        ids = [client.submit(f"in/{number}.mp4") for number in range(10)]
        mock.kill()
    log = tmp_path / f"{FILE_NAME}-wal"
    data = log.read_bytes()
    log.write_bytes(flipped(data, len(data) - 1000))
    for _ in range(2):  # the first attempt has let SQLite drop the frame
        with pytest.raises(DamagedJournalError, match=r"commit \d+ of .* was acknowledged and is missing.*--recover"):
            MockServer(MEDIA, data=tmp_path).start()
    assert "was acknowledged" in str(recover(tmp_path))
    with MockServer(MEDIA, data=tmp_path) as server, Client(server.port) as client:
        assert client.known(ids) == set(ids[:-1])
        assert client.submit() not in ids


def test_flipped_bit_in_header_of_log_is_named_and_loses_nothing(tmp_path: Path) -> None:
    """Without its header SQLite would read no frame. `--recover` finds the flipped bit by the checksum."""
    with mock_process(tmp_path / "live", "--duration", "3600", "--workers", "1") as mock, Client(mock.port) as client:
        ids = [client.submit(f"in/{number}.mp4") for number in range(10)]
        mock.kill()
    for place in (1, 6, 10, 14, 17, 22, 27, 31):  # a byte of each field of the header
        folder = shutil.copytree(tmp_path / "live", tmp_path / str(place))
        log = folder / f"{FILE_NAME}-wal"
        log.write_bytes(flipped(log.read_bytes(), place))
        with pytest.raises(DamagedJournalError, match=r"wal is damaged at frame 0"):
            SqliteJournal(folder)
        recover(folder)
        with MockServer(MEDIA, data=folder) as server, Client(server.port) as client:
            assert client.known(ids) == set(ids)


@pytest.mark.parametrize("place", [0, 20, 60, 62, 68, 71, 105, 1000, 3900, 4000, 4090])
def test_flipped_bit_in_first_page_is_named_or_harmless_and_recovered(
    tmp_path: Path, journal: tuple[Path, list[str]], place: int
) -> None:
    """The page holds the header of SQLite and the schema. All jobs are kept."""
    folder, ids = journal
    broken = shutil.copytree(folder, tmp_path / "broken")
    data = (broken / FILE_NAME).read_bytes()
    (broken / FILE_NAME).write_bytes(flipped(data, place))
    try:
        read(broken)
    except DamagedJournalError as error:
        assert "--recover" in str(error)  # noqa: PT017
        assert "Kept: 4" in str(recover(broken))
    with MockServer(MEDIA, data=broken) as server, Client(server.port) as client:
        assert client.known(ids) == set(ids)


def test_lost_first_page_is_recovered(tmp_path: Path, journal: tuple[Path, list[str]]) -> None:
    """The file on the last commit shows that it was a journal."""
    broken = shutil.copytree(journal[0], tmp_path / "broken")
    data = (broken / FILE_NAME).read_bytes()
    (broken / FILE_NAME).write_bytes(bytes(4096) + data[4096:])
    recover(broken)
    with MockServer(MEDIA, data=broken) as server, Client(server.port) as client:
        assert client.known(journal[1]) == set(journal[1])


def test_file_of_another_program_is_not_recovered(tmp_path: Path) -> None:
    """It stays where it is."""
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DamagedJournalError):
        recover(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert list(tmp_path.glob("damaged-*")) == []


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bit_anywhere_is_found_or_harmless(tmp_path: Path, journal: tuple[Path, list[str]], seed: int) -> None:
    """Either the journal is refused as damaged, or all commits are read as they were written."""
    folder, _ = journal
    with_bit = shutil.copytree(folder, tmp_path / "with-bit")
    original = read(shutil.copytree(folder, tmp_path / "original"))
    data = (with_bit / FILE_NAME).read_bytes()
    (with_bit / FILE_NAME).write_bytes(flipped(data, random.Random(seed).randrange(len(data))))
    try:
        found = read(with_bit)
    except JournalError:
        return
    assert found == original


def read(folder: Path) -> list[tuple[int, bytes]]:
    """All commits."""
    opened = SqliteJournal(folder)
    try:
        return list(opened.commits())
    finally:
        opened.close()


def test_recovery_of_whole_journal_changes_nothing(tmp_path: Path, journal: tuple[Path, list[str]]) -> None:
    """It reports that nothing is damaged."""
    folder = shutil.copytree(journal[0], tmp_path / "whole")
    before = read(folder)
    assert "not damaged" in str(recover(folder))
    assert read(folder) == before
    assert list(folder.glob("damaged-*")) == []


def test_damaged_block_of_ended_jobs_loses_only_its_jobs(tmp_path: Path) -> None:
    """The message names the block; all other jobs are kept."""
    settings = MockSettings(activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=1.0)
    with MockServer(settings, data=tmp_path) as mock, Client(mock.port) as client:
        ended = [client.submit() for _ in range(20)]
        mock.advance(60.0)
        assert client.send("POST", "/_ciq/compact")[0] == 200
        later = [client.submit() for _ in range(5)]
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        ((jobs,),) = db.execute("SELECT jobs FROM blocks").fetchall()
        db.execute("UPDATE blocks SET jobs = ?", (flipped(jobs, len(jobs) // 2),))
    db.close()
    with pytest.raises(DamagedJournalError, match=r"block 1 of .*--recover"):
        MockServer(settings, data=tmp_path).start()
    assert "1 damaged blocks" in str(recover(tmp_path))
    with MockServer(settings, data=tmp_path) as mock, Client(mock.port) as client:
        assert client.known(ended + later) == set(later)
