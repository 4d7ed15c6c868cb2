"""The journal: a sequence of atomic commits, and blocks of ended jobs, in one SQLite file of a directory.

Must not know what the bytes of a commit or block mean. A commit is in the write-ahead log when `append` returns: it
survives the end of the process, but not always a crash of the machine, because a flush of the disk per commit costs too
much; then the last commits are missing as a whole. Each commit and block has a checksum. The file is locked while it is
open. Only its owner can read it, because it contains what clients have sent.
"""

import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zlib import crc32

from ciq_mock.journal.journal_errors import (
    DamagedJournalError,
    JournalError,
    JournalInUseError,
    JournalWriteError,
    NewerFormatError,
)
from ciq_mock.journal.last_commit import LastCommitFile
from ciq_mock.journal.records import FORMAT
from ciq_mock.journal.write_ahead_log import damaged_frame

FILE_NAME = "journal.sqlite3"
SUFFIXES = ("-last", "", "-wal", "-shm")
"""The file and those beside it: the last commit, and two files of SQLite; the order in which `clear` deletes them."""
_MARK = 0x43495131
"""The `application_id` in the header of the file: “CIQ1”."""
_PROBE_BYTES = 64 * 1024
_LARGEST_LOG = 4 << 20
"""Bytes of the write-ahead log that stay on disk after a large transaction."""
_PAGES_FREED = 2000
_LATEST = """
    SELECT max(latest, coalesce((SELECT at FROM commits ORDER BY number DESC LIMIT 1), 0)) FROM state
"""
RECOVER = "ciq mock --data DIR --recover keeps what precedes the damage"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as stored; `at` in epoch seconds."""

    number: int
    at: float
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A change of stored commits that takes effect as a whole."""

    removed: Sequence[int]
    """Numbers of commits to delete."""
    saved: int
    """Bytes by which the commits become shorter."""
    replaced: Sequence[Commit]
    block: tuple[float, bytes] | None
    """Time at which the last job of a new block ended, and the block."""
    forgotten_before: float
    """Blocks whose last job ended before this time are deleted."""
    snapshot: Commit | None = None
    """A snapshot that replaces the stored one, with the number of the last commit before it."""


class Journal(Protocol):
    """The interface of a journal."""

    openings: int
    """Number of earlier openings."""
    size: int
    """Sum of the lengths of all commits, without blocks."""

    def commits(self) -> Iterator[tuple[int, bytes]]:
        """Yield all commits with their numbers, oldest first. Raises DamagedJournalError."""
        ...

    @property
    def last(self) -> int:
        """Number of the last commit."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """Yield all blocks, oldest first. Raises DamagedJournalError."""
        ...

    def snapshot(self) -> Commit | None:
        """Return the snapshot with the number of the last commit before it. Raises DamagedJournalError."""
        ...

    def after(self, number: int, most: int) -> list[Commit]:
        """Return up to `most` commits with greater numbers, oldest first. Raises DamagedJournalError."""
        ...

    def latest(self) -> float | None:
        """Return the time of the last commit, None when there is none."""
        ...

    def append(self, at: float, data: bytes) -> None:
        """Commit. Raises JournalWriteError when the commit failed as a whole."""
        ...

    def rewrite(self, change: Rewrite) -> None:
        """Replace commits. Raises JournalWriteError; then nothing has changed."""
        ...

    def free(self, *, all_pages: bool) -> None:
        """Return unused pages to the file system: a limited number, or all. Raises JournalWriteError."""
        ...

    def probe(self) -> None:
        """Raise JournalWriteError unless a commit can be written."""
        ...

    def clear(self) -> None:
        """Delete all commits and blocks, and give their space back. Raises JournalWriteError."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class SqliteJournal:
    """The journal of a directory, which is created if missing.

    Raises JournalInUseError, NewerFormatError, DamagedJournalError, JournalWriteError.
    """

    _db: sqlite3.Connection
    _next: int
    _next_block: int
    _inode: int
    openings: int
    size: int

    def __init__(self, folder: Path, *, openings: int = 0, damaged: bool = False) -> None:
        """`openings`: number of openings before this file existed. `damaged`: open it also if SQLite finds damage."""
        self._folder = folder
        self._path = folder / FILE_NAME
        self._log = folder / f"{FILE_NAME}-wal"
        self._last_commit = LastCommitFile(folder / f"{FILE_NAME}-last", journal_format=FORMAT)
        self._damaged = damaged
        self._missing = ""
        """Why there is no file; empty when there is one."""
        self._connect(openings)

    def commits(self) -> Iterator[tuple[int, bytes]]:
        for commit in self.read_commits():
            yield commit.number, commit.data

    def read_commits(self) -> Iterator[Commit]:
        """Yield all commits, oldest first. Raises DamagedJournalError."""
        return self._read("SELECT number, at, records, checksum FROM commits ORDER BY number", ())

    def read_blocks(self) -> Iterator[Commit | None]:
        """Yield all blocks with the times at which their last jobs ended; None for one that is damaged."""
        numbers: list[int] = []
        with suppress(sqlite3.Error):
            numbers.extend(number for (number,) in self._db.execute("SELECT number FROM blocks ORDER BY number"))
        for number in numbers:
            try:
                (block,) = self._read("SELECT number, ended, jobs, checksum FROM blocks WHERE number = ?", (number,))
            except (DamagedJournalError, ValueError):
                yield None
            else:
                yield block

    def add_block(self, ended: float, jobs: bytes) -> None:
        """Store a block. Raises JournalWriteError."""
        number, self._next_block = self._next_block, self._next_block + 1
        self._write("INSERT INTO blocks VALUES (?, ?, ?, ?)", number, ended, jobs, _checksum(number, ended, jobs))

    @property
    def last(self) -> int:
        return self._next - 1

    def after(self, number: int, most: int) -> list[Commit]:
        statement = "SELECT number, at, records, checksum FROM commits WHERE number > ? ORDER BY number LIMIT ?"
        return list(self._read(statement, (number, most)))

    def blocks(self) -> Iterator[bytes]:
        for block in self._read("SELECT number, ended, jobs, checksum FROM blocks ORDER BY number", (), kind="block"):
            yield block.data

    def snapshot(self) -> Commit | None:
        rows = self._read("SELECT number, at, data, checksum FROM snapshots", (), kind="the snapshot at commit")
        return next(rows, None)

    def latest(self) -> float | None:
        try:
            (latest,) = self._db.execute(_LATEST)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        return float(latest[0]) or None

    def append(self, at: float, data: bytes) -> None:
        self._check_present()
        number = self._next
        self._write("INSERT INTO commits VALUES (?, ?, ?, ?)", number, at, data, _checksum(number, at, data))
        self._next = number + 1
        self._last_commit.write(number)
        self.size += len(data)

    def rewrite(self, change: Rewrite) -> None:
        self._check_present()
        self._write("BEGIN IMMEDIATE")
        try:
            (latest,) = self._db.execute(_LATEST).fetchone()
            self._write("UPDATE state SET latest = ?, last = ?", latest, self.last)
            for number in change.removed:
                self._write("DELETE FROM commits WHERE number = ?", number)
            for commit in change.replaced:
                checksum = _checksum(commit.number, commit.at, commit.data)
                self._write(
                    "UPDATE commits SET records = ?, checksum = ? WHERE number = ?",
                    commit.data,
                    checksum,
                    commit.number,
                )
            if change.block is not None:
                ended, jobs = change.block
                number = self._next_block
                self._write(
                    "INSERT INTO blocks VALUES (?, ?, ?, ?)", number, ended, jobs, _checksum(number, ended, jobs)
                )
            if change.snapshot is not None:
                self._replace_snapshot(change.snapshot)
            self._write("DELETE FROM blocks WHERE ended < ?", change.forgotten_before)
            self._write("COMMIT")
        except JournalWriteError:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._next_block += change.block is not None
        self.size -= change.saved

    def snapshot_number(self) -> int:
        """Return the number of the last commit before a snapshot that is damaged, 0 if that cannot be read either."""
        with suppress(sqlite3.Error, TypeError):
            return int(self._db.execute("SELECT number FROM snapshots").fetchone()[0])
        return 0

    def add_snapshot(self, snapshot: Commit) -> None:
        """Store a snapshot. Raises JournalWriteError."""
        self._replace_snapshot(snapshot)

    def _replace_snapshot(self, snapshot: Commit) -> None:
        number, at, data = snapshot.number, snapshot.at, snapshot.data
        self._write("DELETE FROM snapshots")
        self._write("INSERT INTO snapshots VALUES (?, ?, ?, ?)", number, at, data, _checksum(number, at, data))

    def free(self, *, all_pages: bool) -> None:
        self._check_present()
        try:
            # `execute` would free one page: it does not step through a statement without columns.
            self._db.executescript("PRAGMA incremental_vacuum" + ("" if all_pages else f"({_PAGES_FREED})"))
            if all_pages:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise JournalWriteError(f"cannot write to {self._path}: {error}") from error

    def probe(self) -> None:
        self._check_present()
        self._write("UPDATE state SET spare = zeroblob(?)", _PROBE_BYTES)
        self._write("UPDATE state SET spare = x''")

    def clear(self) -> None:
        """Replace the file: on a full disk nothing can be deleted inside of it."""
        openings = self.openings + 1
        self.close()
        try:
            for suffix in SUFFIXES:
                (self._folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
        except OSError as error:
            raise JournalWriteError(f"cannot delete {self._path}: {error}") from error
        try:
            self._connect(openings)
        except JournalError as error:
            # The state is empty on the disk too. Until the next `clear` the journal reads as empty.
            self._missing = f"{error}; POST /_ciq/reset tries again"
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            self._open(openings)
        self.openings = openings

    def close(self) -> None:
        self._db.close()
        self._last_commit.close()

    # --- inside -------------------------------------------------------------------------------------------

    def _connect(self, openings: int) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            frame = None if self._damaged else damaged_frame(self._log)
            if frame is not None:  # before SQLite opens the file and drops what follows the frame
                raise DamagedJournalError(f"{self._log} is damaged at frame {frame}: {RECOVER}")
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
        except (OSError, sqlite3.Error) as error:
            raise JournalWriteError(f"cannot write a journal in {self._folder}: {error}") from error
        try:
            self.openings = self._open(openings)
            self._last_commit.open(self.last)
            self._inode = self._path.stat().st_ino
            self._missing = ""
        except sqlite3.Error as error:
            raise self._refused(error) from error
        except OSError as error:
            self._db.close()
            raise JournalWriteError(f"cannot write a journal in {self._folder}: {error}") from error
        except JournalError:
            self._db.close()
            raise

    def _read(self, statement: str, values: tuple[object, ...], *, kind: str = "commit") -> Iterator[Commit]:
        """Yield rows of number, time, data and checksum. Raises DamagedJournalError for a wrong checksum."""
        try:
            for number, at, data, checksum in self._db.execute(statement, values):
                if checksum != _checksum(number, at, data):
                    raise DamagedJournalError(f"{kind} {number} of {self._path} is damaged: {RECOVER}")
                yield Commit(number, at, data)
        except (sqlite3.Error, struct.error, TypeError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DamagedJournalError:
        return DamagedJournalError(f"{self._path} cannot be read: {error}; {RECOVER}")

    def _check_present(self) -> None:
        """Raise JournalWriteError when somebody has deleted or replaced the file: SQLite would not notice."""
        if self._missing:
            raise JournalWriteError(self._missing)
        try:
            self._log.stat()
            present = self._path.stat().st_ino == self._inode
        except OSError:
            present = False
        if not present:
            raise JournalWriteError(
                f"{self._path} was deleted or replaced while the mock was running; "
                "POST /_ciq/reset begins a new journal"
            )

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise JournalWriteError(f"cannot write to {self._path}: {error}") from error

    def _open(self, openings: int) -> int:
        """Lock the file, check that it is a journal, count this opening; return the number of earlier openings."""
        run = self._db.execute
        tables = "SELECT count(*) FROM sqlite_master"
        if run("PRAGMA application_id").fetchone()[0] == 0 and run(tables).fetchone()[0]:
            raise DamagedJournalError(f"{self._path} is not a journal of ciq mock: use another directory")
        run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
        run("BEGIN EXCLUSIVE")
        mark, version = run("PRAGMA application_id").fetchone()[0], run("PRAGMA user_version").fetchone()[0]
        known = None if self._damaged else self._last_commit.read()
        if mark == 0 and not run(tables).fetchone()[0]:
            run(f"PRAGMA application_id = {_MARK}")
            run(f"PRAGMA user_version = {FORMAT}")
            columns = "number INTEGER PRIMARY KEY, {} REAL NOT NULL, {} BLOB NOT NULL, checksum INTEGER NOT NULL"
            run(f"CREATE TABLE commits ({columns.format('at', 'records')})")
            run(f"CREATE TABLE blocks ({columns.format('ended', 'jobs')})")
            run(f"CREATE TABLE snapshots ({columns.format('at', 'data')})")
            state = "openings INTEGER NOT NULL, latest REAL NOT NULL, last INTEGER NOT NULL, spare BLOB NOT NULL"
            run(f"CREATE TABLE state ({state})")
            run("INSERT INTO state VALUES (?, 0, 0, x'')", (openings,))
            known = None
        elif known is not None and known.format == FORMAT and (mark, version) != (_MARK, FORMAT):
            raise DamagedJournalError(f"the first page of {self._path} is damaged: {RECOVER}")
        elif mark != _MARK:
            raise DamagedJournalError(f"{self._path} is not a journal of ciq mock: use another directory")
        elif version > FORMAT:
            raise NewerFormatError(
                f"{self._path} has format {version}, and this version of the kit reads up to {FORMAT}: "
                "use the version that wrote it, or another directory"
            )
        elif version < FORMAT:
            raise JournalError(f"{self._path} has format {version} of a development version: use another directory")
        elif not self._damaged and (problem := run("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DamagedJournalError(f"{self._path} is damaged: {' '.join(problem.split())}; {RECOVER}")
        openings = int(run("SELECT openings FROM state").fetchone()[0])
        run("UPDATE state SET openings = openings + 1")
        self.size = int(run("SELECT coalesce(sum(length(records)), 0) FROM commits").fetchone()[0])
        last = "max(last, coalesce((SELECT max(number) FROM commits), 0))"
        self._next = 1 + int(run(f"SELECT {last} FROM state").fetchone()[0])  # noqa: S608 - no value from outside
        if known is not None and known.same_boot and known.number > self.last:
            missing = f"commit {self._next}" + (f" to {known.number}" if known.number > self._next else "")
            raise DamagedJournalError(
                f"{missing} of {self._path} was acknowledged and is missing, or damaged: {RECOVER}"
            )
        self._next_block = int(run("SELECT coalesce(max(number), 0) FROM blocks").fetchone()[0]) + 1
        run("COMMIT")
        return openings

    def _refused(self, error: sqlite3.Error) -> JournalError:
        self._db.close()
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalInUseError(
                f"{self._folder} is in use by another mock: stop that one, or use another directory"
            )
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return DamagedJournalError(f"{self._path} is not a journal of ciq mock, or is damaged: {error}; {RECOVER}")
        return JournalWriteError(f"cannot write a journal in {self._folder}: {error}")


def _checksum(number: int, at: float, data: bytes) -> int:
    return crc32(data, crc32(struct.pack("<qd", number, at)))
