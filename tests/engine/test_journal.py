"""The journal file: commits are read back complete and in order; every other file is refused with a reason."""

import os
import sqlite3
import stat
import sys
from pathlib import Path
from zlib import crc32

import pytest

from ciq_mock.journal.journal_errors import (
    DamagedJournalError,
    JournalError,
    JournalInUseError,
    JournalWriteError,
    NewerFormatError,
)
from ciq_mock.journal.last_commit import LastCommit, LastCommitFile
from ciq_mock.journal.records import FORMAT
from ciq_mock.journal.sqlite_journal import FILE_NAME, Rewrite, SqliteJournal

LINUX = sys.platform == "linux"


def written(folder: Path, *commits: bytes) -> Path:
    """The file of a journal with commits at seconds 1, 2, ..."""
    journal = SqliteJournal(folder)
    for number, data in enumerate(commits, 1):
        journal.append(float(number), data)
    journal.close()
    return folder / FILE_NAME


def read(folder: Path) -> list[bytes]:
    """All commits of a journal."""
    journal = SqliteJournal(folder)
    try:
        return [data for _, data in journal.commits()]
    finally:
        journal.close()


def test_commits_are_read_back_in_order(tmp_path: Path) -> None:
    """This holds after a second opening, which is counted; the time of the last commit is known."""
    assert SqliteJournal(tmp_path / "new" / "deep").latest() is None
    written(tmp_path, b"one", b"two")
    journal = SqliteJournal(tmp_path)
    assert journal.openings == 1
    assert journal.latest() == 2.0
    journal.append(3.0, b"three")
    assert [data for _, data in journal.commits()] == [b"one", b"two", b"three"]
    journal.clear()
    journal.close()
    assert read(tmp_path) == []


def test_second_journal_on_same_directory_is_refused(tmp_path: Path) -> None:
    """The message names the directory; after the first is closed the second can open it."""
    first = SqliteJournal(tmp_path)
    with pytest.raises(JournalInUseError, match=f"{tmp_path} is in use by another mock"):
        SqliteJournal(tmp_path)
    first.append(1.0, b"still mine")
    first.close()
    assert read(tmp_path) == [b"still mine"]


def test_journal_of_newer_format_is_refused(tmp_path: Path) -> None:
    """The message names both formats, and the file does not change."""
    file = written(tmp_path, b"future")
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()
    other = LastCommitFile(tmp_path / f"{FILE_NAME}-last", journal_format=FORMAT + 1)
    other.open(1)
    other.close()
    with pytest.raises(NewerFormatError, match=f"has format {FORMAT + 1}.*reads up to {FORMAT}"):
        SqliteJournal(tmp_path)
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT records FROM commits").fetchall() == [(b"future",)]
        assert db.execute("SELECT openings FROM state").fetchone() == (1,)
    db.close()


def test_file_that_is_not_a_journal_is_refused(tmp_path: Path) -> None:
    """Cases: a database of another program, a text, a directory that is a file, one that cannot be written."""
    foreign, text, taken = tmp_path / "foreign", tmp_path / "text", tmp_path / "taken"
    for folder in (foreign, text):
        folder.mkdir()
    with sqlite3.connect(foreign / FILE_NAME) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(DamagedJournalError, match="is not a journal of ciq mock"):
        SqliteJournal(foreign)
    (text / FILE_NAME).write_text("dear diary\n" * 100)
    with pytest.raises(DamagedJournalError, match="is not a journal of ciq mock"):
        SqliteJournal(text)
    taken.write_text("")
    with pytest.raises(JournalWriteError, match="cannot write a journal in"):
        SqliteJournal(taken)


@pytest.mark.parametrize("lost", [1, 20, 500, 4000])
def test_truncated_file_loses_only_last_commits(tmp_path: Path, lost: int) -> None:
    """The end of the file is cut off, as by a crash of the machine in the middle of a write.

    The last commits may be lost. The others are complete and are the first ones. Without a crash that is damage.
    """
    made = [bytes([65 + number]) * 3000 for number in range(8)]
    journal = SqliteJournal(tmp_path / "live")
    for number, data in enumerate(made):
        journal.append(float(number), data)
    torn = tmp_path / "torn"
    torn.mkdir()
    for file in (tmp_path / "live").iterdir():
        (torn / file.name).write_bytes(file.read_bytes())
    journal.close()
    log = torn / f"{FILE_NAME}-wal"
    os.truncate(log, log.stat().st_size - lost)
    if LINUX:
        with pytest.raises(DamagedJournalError, match=r"commit [78]( to 8)? of .* was acknowledged and is missing"):
            read(torn)
    other_boot(torn)
    found = read(torn)
    assert found == made[: len(found)]
    assert len(made) - 2 <= len(found) < len(made)


def other_boot(folder: Path) -> None:
    """Change the journal's file on its last commit as if the machine had been restarted since."""
    file = folder / f"{FILE_NAME}-last"
    data = file.read_bytes()[:-4]
    data = data[:-16] + bytes(15) + b"\1"
    file.write_bytes(data + crc32(data).to_bytes(4, "little"))


@pytest.mark.parametrize("number", [-1, 0, 9])
def test_file_on_last_commit_may_be_older_damaged_or_missing(tmp_path: Path, number: int) -> None:
    """A kill between a commit and the write of its number leaves a lower number. -1: the file is damaged."""
    written(tmp_path, b"one", b"two")
    file = tmp_path / f"{FILE_NAME}-last"
    if number < 0:
        file.write_bytes(bytes(len(file.read_bytes())))
    elif number:
        file.unlink()
    else:
        other = LastCommitFile(file, journal_format=FORMAT)
        other.open(1)
        other.close()
    assert read(tmp_path) == [b"one", b"two"]
    assert LastCommitFile(file, journal_format=FORMAT).read() == LastCommit(2, FORMAT, LINUX)


def test_numbers_of_removed_commits_are_not_used_again(tmp_path: Path) -> None:
    """A compaction may remove the last commit; the file on the last commit stays valid."""
    written(tmp_path, b"one", b"two")
    journal = SqliteJournal(tmp_path)
    journal.rewrite(Rewrite(removed=[1, 2], saved=6, replaced=[], block=None, forgotten_before=0.0))
    journal.close()
    journal = SqliteJournal(tmp_path)
    journal.append(3.0, b"three")
    assert list(journal.commits()) == [(3, b"three")]
    journal.close()


def test_damaged_page_is_reported_as_damage(tmp_path: Path) -> None:
    """The error is the journal's own, not an exception of SQLite."""
    file = written(tmp_path, *[bytes(3000)] * 40)
    data = bytearray(file.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    file.write_bytes(data)
    with pytest.raises(JournalError, match=r"damaged|cannot be read"):
        read(tmp_path)


def test_journal_file_is_readable_by_owner_only(tmp_path: Path) -> None:
    """The journal contains what clients have sent."""
    file = written(tmp_path, b"theirs")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
