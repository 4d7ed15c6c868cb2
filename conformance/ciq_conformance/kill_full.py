"""Blame over the whole suite: every fault against all requirements of all features, and what else goes red.

A run takes the clean mock a quarter of a minute, most of it waiting, so several go side by side, each in a process
with a mock of its own. What is done stands in a file line by line: a run that was cut off goes on where it was.
Faults are tried across the catalogue, so that a run that had no more time is a sample of all of it.
Must not know what a fault does, nor how a page looks.
"""

import multiprocessing
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec

from ciq_conformance.driver.effort import NO_EFFORT, Effort
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.profile_values import EVERY_FEATURE
from ciq_conformance.runner.embedded import Embedding, KnownFault
from ciq_conformance.runner.execution import RunOrder, execute
from ciq_reports.kill_page import Blame, WholeRuns
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry, set_version
from ciq_schemas.run import Level, Outcome

AT_ONCE = 5
LONGEST = 150.0
"""Seconds after which a run is cut short: some faults make every wait last to its end."""
RED = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN}
HISTORIES = Effort(histories=1, seed=3, shrink=False)
_CLEAN = ""
"""Stands for the mock without any fault."""
_STRIDE = 9
"""Neighbours in the catalogue are alike: tried is first every ninth, then the ones behind those."""
Say = Callable[[str], None]
Trial = Callable[[str, str], Blame]
"""Name of a fault and the id it breaks in, blame out."""
Workers = Callable[[int], Executor]


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    """First line of the file of what is done: only the same code goes on with it."""

    commit: str
    requirement_set: str


class _Done(msgspec.Struct, frozen=True, tag="done"):
    """One fault, tried."""

    blame: Blame


def effort_for(breaks: str) -> Effort:
    """What a run must spend to see a fault of this requirement: a restart where only that shows it."""
    return HISTORIES if breaks and load_registry().get(breaks).set in HISTORIES.opened else NO_EFFORT


def _items(effort: Effort = NO_EFFORT) -> tuple[Item, ...]:
    return select_items(load_registry(), Feature, Selection(opened=effort.opened))


def try_whole(fault: str, breaks: str) -> Blame:
    """Judge a mock with this fault, or without any, by everything there is."""
    began = time.monotonic()
    flags = {"features": ("kill matrix", EVERY_FEATURE), "capabilities.deactivate": ("kill matrix", "true")}
    loaded = load_profile(env={}, flags=flags, directory=Path(__file__).parent)
    embedding = Embedding(faults=(fault,) if fault else ())
    effort = effort_for(breaks)
    order = RunOrder(loaded=loaded, embedding=embedding, deadline=LONGEST, effort=effort)
    result = execute(order, _items(effort))
    red = [verdict for verdict in result.verdicts if verdict.outcome is RED.get(verdict.level)]
    ids = sorted({verdict.requirement for verdict in red})
    return Blame(
        fault=fault,
        detected=breaks in ids,
        beside=tuple(one for one in ids if one != breaks),
        blocked=len({v.requirement for v in result.verdicts if v.outcome is Outcome.BLOCKED}),
        cut=bool(result.stopped),
        seconds=round(time.monotonic() - began, 1),
    )


def processes(number: int) -> Executor:
    """Each run in a process that has made others before."""
    return ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))


def try_all_whole(
    faults: Sequence[KnownFault],
    progress: Path,
    *,
    say: Say,
    at_once: int = AT_ONCE,
    minutes: float = 55.0,
    trial: Trial = try_whole,
    workers: Workers = processes,
) -> WholeRuns:
    """Try the mock without a fault and with each of them, as many as `minutes` allow.

    `progress` is the file of what is done, kept up to date. `trial` is carried out by `workers`, so many at once.
    """
    commit = commit_of(Path(__file__).parent)
    done = {blame.fault: blame for blame in _take_up(progress, commit)}
    wanted = {_CLEAN: "", **{fault.name: fault.breaks for fault in _across(faults)}}
    left = [(name, breaks) for name, breaks in wanted.items() if name not in done]
    if len(left) < len(wanted):
        say(f"going on: {len(wanted) - len(left)} of {len(wanted)} runs are done")
    began = time.monotonic()
    with workers(at_once) as pool, progress.open("ab") as stream:
        queue = iter(left)
        out = {pool.submit(trial, *one) for one in islice(queue, at_once)}
        count = 0
        while out:
            ended, out = wait(out, return_when=FIRST_COMPLETED)
            for run in ended:
                count += 1
                blame = run.result()
                done[blame.fault] = blame
                _note(stream.write, _Done(blame))
                stream.flush()
                passed = time.monotonic() - began
                say(_line(blame, count, len(left), passed / count * (len(left) - count)))
                if passed < 60 * minutes:
                    out |= {pool.submit(trial, *one) for one in islice(queue, 1)}
    return WholeRuns(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=commit,
        requirement_set=f"core-{set_version()}",
        items=len(_items()),
        faults=len(faults),
        clean=done[_CLEAN].beside,
        blames=tuple(done[fault.name] for fault in faults if fault.name in done),
    )


def _across(faults: Sequence[KnownFault]) -> tuple[KnownFault, ...]:
    return tuple(fault for first in range(_STRIDE) for fault in faults[first::_STRIDE])


def _line(blame: Blame, count: int, total: int, left: float) -> str:
    own = "seen" if blame.detected else "NOT SEEN"
    if blame.fault == _CLEAN:
        own = "no fault"
    beside = f"beside it {len(blame.beside)}: {', '.join(blame.beside[:6])}" if blame.beside else "nothing beside it"
    cut = ", cut short" if blame.cut else ""
    head = f"[{count}/{total}, {left / 60:.0f} min left]"
    return f"{head} {blame.fault or 'the sound mock'}: {own}, {beside} ({blame.seconds:.0f} s{cut})"


def _take_up(progress: Path, commit: str) -> Iterator[Blame]:
    """What is done already, by the same code; begins the file anew where it is of another."""
    begun = _Begun(commit=commit, requirement_set=set_version())
    lines = progress.read_bytes().splitlines() if progress.exists() else []
    records = [_read(line) for line in lines]
    if not records or records[0] != begun:
        progress.write_bytes(b"")
        with progress.open("ab") as stream:
            _note(stream.write, begun)
        return
    yield from (record.blame for record in records if isinstance(record, _Done))


def _read(line: bytes) -> _Begun | _Done | None:
    """A line of the file; None for one that was cut off in the middle."""
    try:
        return msgspec.json.decode(line, type=_Begun | _Done)
    except msgspec.DecodeError:
        return None


def _note(write: Callable[[bytes], object], record: _Begun | _Done) -> None:
    write(msgspec.json.encode(record) + b"\n")


def commit_of(folder: Path) -> str:
    """The commit that is checked out, `-dirty` where files differ from it; `unknown` outside a repository."""
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except OSError:
        return "unknown"
    return told.stdout.strip() or "unknown"
