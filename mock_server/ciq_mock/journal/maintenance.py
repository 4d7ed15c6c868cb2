"""Maintains the journal of a mock that does not run: compacts it, or recovers it after damage.

A recovery keeps all commits before the first damaged one, and all blocks that can be read. A damaged first page is
replaced. The damaged files stay in the directory under another name.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ciq_mock.journal.durable_store import DurableStore
from ciq_mock.journal.journal_errors import DamagedJournalError, JournalError
from ciq_mock.journal.last_commit import LastCommitFile
from ciq_mock.journal.records import FORMAT
from ciq_mock.journal.snapshot import Snapshot, written_snapshot
from ciq_mock.journal.sqlite_journal import FILE_NAME, SUFFIXES, Commit, SqliteJournal
from ciq_mock.journal.write_ahead_log import repair_header
from ciq_mock.server import make_mock
from ciq_mock.settings import MockSettings

_PAGE = 4096
"""Bytes of a page of SQLite."""
_CHANGES = slice(92, 96)
"""Place, in the header, of the number of changes for which the size in it is valid."""
DAMAGED = "damaged"
"""Name of the directory, inside that of the journal, that receives the damaged files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a recovery has found and kept; `problem` is empty if nothing was damaged."""

    problem: str
    commits: int = 0
    blocks: int = 0
    blocks_lost: int = 0
    damaged_files: Path | None = None

    def __str__(self) -> str:
        if not self.problem:
            return "the journal is not damaged"
        blocks = f" and {self.blocks} blocks of ended jobs" if self.blocks else ""
        lost = f"; {self.blocks_lost} damaged blocks of ended jobs are lost" if self.blocks_lost else ""
        return (
            f"{self.problem}. Kept: {self.commits} commits{blocks}{lost}. The damaged files are in {self.damaged_files}"
        )


def compact(settings: MockSettings, folder: Path) -> tuple[int, int]:
    """Compact the journal of a directory; return its bytes before and after. Raises StoreError."""
    before = _bytes(folder)

    async def restore_and_compact() -> None:
        mock = make_mock(settings, store=DurableStore.in_folder(folder))
        try:
            mock.compact()
        finally:
            await mock.close(drop=True)

    asyncio.run(restore_and_compact())
    return before, _bytes(folder)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob(f"{FILE_NAME}*"))


def recover(folder: Path) -> Recovery:
    """Recover the journal of a directory. Raises JournalError when nothing can be read."""
    try:
        _read_all(folder)
    except DamagedJournalError as error:
        problem = str(error).partition(": ciq mock --data")[0].partition("; ciq mock --data")[0]
    else:
        return Recovery(problem="")
    damaged = _free_name(folder)
    damaged.mkdir()
    for suffix in reversed(SUFFIXES):  # the file itself last: until then a second attempt finds it
        with suppress(FileNotFoundError):
            (folder / f"{FILE_NAME}{suffix}").rename(damaged / f"{FILE_NAME}{suffix}")
    try:
        source = _opened(_copy(damaged))
    except JournalError:
        for suffix in SUFFIXES:  # nothing can be kept: it may be the file of another program
            with suppress(FileNotFoundError):
                (damaged / f"{FILE_NAME}{suffix}").rename(folder / f"{FILE_NAME}{suffix}")
        shutil.rmtree(damaged)
        raise
    try:
        target = SqliteJournal(folder, openings=source.openings + 1)
        try:
            blocks, lost = _copy_blocks(source, target)
            commits = before_snapshot = 0
            at, snapshot = _snapshot(source)
            for commit in _readable(source):
                if at and snapshot is None and commit.number > at:
                    break  # it may change what the lost snapshot held
                target.append(commit.at, commit.data)
                commits += 1
                before_snapshot += commit.number <= at
            if at:
                data = written_snapshot(Snapshot.empty()) if snapshot is None else snapshot.data
                target.add_snapshot(Commit(before_snapshot, 0.0 if snapshot is None else snapshot.at, data))
        finally:
            target.close()
    finally:
        source.close()
        shutil.rmtree(damaged / "copy", ignore_errors=True)
    return Recovery(problem=problem, commits=commits, blocks=blocks, blocks_lost=lost, damaged_files=damaged)


def _opened(folder: Path) -> SqliteJournal:
    """Open a damaged journal; when that fails, with the first page of a new one. Raises JournalError.

    The first page holds the header and the schema of the file. Only counters in it change after the file was created.
    """
    try:
        return SqliteJournal(folder, damaged=True)
    except JournalError:
        SqliteJournal(folder / "new").close()
        file = folder / FILE_NAME
        page, data = bytearray((folder / "new" / FILE_NAME).read_bytes()[:_PAGE]), file.read_bytes()
        written = [place for place, byte in enumerate(page) if byte]
        alike = sum(data[place : place + 1] == page[place : place + 1] for place in written)
        last = LastCommitFile(folder / f"{FILE_NAME}-last", journal_format=FORMAT).read()
        if last is None and alike < len(written) // 2:
            raise  # nothing shows that it was a journal
        page[_CHANGES] = bytes(4)  # SQLite then ignores the size in the header
        file.write_bytes(bytes(page) + data[_PAGE:])
        return SqliteJournal(folder, damaged=True)


def _read_all(folder: Path) -> None:
    """Read everything. Raises DamagedJournalError."""
    journal = SqliteJournal(folder)
    try:
        for _ in journal.commits():
            pass
        for _ in journal.blocks():
            pass
        journal.snapshot()
    finally:
        journal.close()


def _readable(journal: SqliteJournal) -> Iterator[Commit]:
    """Yield the commits before the first damaged one."""
    with suppress(JournalError):
        yield from journal.read_commits()


def _snapshot(journal: SqliteJournal) -> tuple[int, Commit | None]:
    """Return the number of the last commit before the snapshot, 0 without one; and the snapshot, None if damaged."""
    try:
        snapshot = journal.snapshot()
    except JournalError:
        return journal.snapshot_number(), None
    return (0, None) if snapshot is None else (snapshot.number, snapshot)


def _copy_blocks(source: SqliteJournal, target: SqliteJournal) -> tuple[int, int]:
    """Copy the blocks that can be read; return their number and that of the others."""
    kept = lost = 0
    for block in source.read_blocks():
        if block is None:
            lost += 1
        else:
            target.add_block(block.at, block.data)
            kept += 1
    return kept, lost


def _copy(damaged: Path) -> Path:
    """Return a copy of the damaged files: SQLite changes the files that it opens."""
    copy = damaged / "copy"
    copy.mkdir()
    for file in damaged.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    repair_header(copy / f"{FILE_NAME}-wal")
    return copy


def _free_name(folder: Path) -> Path:
    names = (folder / f"{DAMAGED}-{number}" for number in range(1, 1000))
    return next(name for name in names if not name.exists())
