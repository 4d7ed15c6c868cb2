"""Runs the whole suite against every fault: all requirements of all features, with every failing requirement.

Such a run takes the mock without faults a quarter of a minute, most of it waiting. Several run side by side, each in a
process with its own mock. Finished runs are stored line by line in a file, and a stopped program continues from it.
Faults are tried across the catalogue, so that a run with too little time is a sample of all of it. This module does not
depend on what a fault does or how a page looks.
"""

import multiprocessing
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from itertools import islice
from math import isqrt
from pathlib import Path

import msgspec

from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.profile_values import EVERY_FEATURE
from ciq_conformance.runner.embedded import KnownFault, MockOptions
from ciq_conformance.runner.execution import RunConfig, execute
from ciq_reports.kill_page import Blame, WholeRuns
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry, set_version
from ciq_schemas.transcript.records import Level, Outcome

AT_ONCE = 5
MINUTES = 55.0
"""The program starts no further run after that time."""
LONGEST = 150.0
"""Seconds after which a run is stopped: some faults make every wait last to its timeout."""
RED = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN}
HISTORIES = ExtraTesting(histories=1, seed=3, shrink=False)
_CLEAN = ""
"""The name of the mock without a fault."""
Say = Callable[[str], None]
Trial = Callable[[str, str], Blame]
"""From the name of a fault and the id of its requirement to the failing requirements."""
Workers = Callable[[int], Executor]


class Stopped(Exception):  # noqa: N818 - what the operator did, not an error of ours
    """A signal stopped the runs; the verdicts of the current run are not a result."""


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    """First line of the progress file: only the same code continues it."""

    commit: str
    requirement_set: str


class _Done(msgspec.Struct, frozen=True, tag="done"):
    """One fault with its result."""

    blame: Blame


def effort_for(breaks: str) -> ExtraTesting:
    """The extra testing that a fault of this requirement needs: a restart if only that shows it."""
    return HISTORIES if breaks and load_registry().get(breaks).set in HISTORIES.opened else NO_EXTRA_TESTING


def _items(extra_testing: ExtraTesting = NO_EXTRA_TESTING) -> tuple[Item, ...]:
    return select_items(load_registry(), Feature, Selection(opened=extra_testing.opened))


def try_whole(fault: str, breaks: str) -> Blame:
    """Judge a mock with this fault, or without one, by all requirements; raise Stopped at a signal."""
    began = time.monotonic()
    flags = {"features": ("kill matrix", EVERY_FEATURE), "capabilities.deactivate": ("kill matrix", "true")}
    loaded = load_profile(env={}, flags=flags, directory=Path(__file__).parent)
    embedding = MockOptions(faults=(fault,) if fault else ())
    extra_testing = effort_for(breaks)
    order = RunConfig(loaded=loaded, embedding=embedding, deadline=LONGEST, extra_testing=extra_testing)
    result = execute(order, _items(extra_testing))
    if result.stopped and time.monotonic() - began < LONGEST:
        raise Stopped(result.stopped)
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
    """Worker processes; each can run several trials."""
    return ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))


def try_all_whole(
    faults: Sequence[KnownFault],
    progress: Path,
    *,
    say: Say,
    at_once: int = AT_ONCE,
    minutes: float = MINUTES,
    trial: Trial = try_whole,
    workers: Workers = processes,
) -> WholeRuns:
    """Try the mock without a fault and with each of them, as many as `minutes` permit.

    `progress` is the file of finished runs and is updated after each. `workers` execute `trial`, `at_once` at a time.
    After Ctrl-C no run starts, running ones finish and are stored, and Stopped names the command that continues.
    """
    commit = commit_of(Path(__file__).parent)
    done = {blame.fault: blame for blame in _take_up(progress, commit)}
    wanted = {_CLEAN: "", **{fault.name: fault.breaks for fault in across(faults)}}
    left = [(name, breaks) for name, breaks in wanted.items() if name not in done]
    if len(left) < len(wanted):
        say(f"going on: {len(wanted) - len(left)} of {len(wanted)} runs are done")
    began = time.monotonic()
    with workers(at_once) as pool, progress.open("ab") as stream:
        queue = iter(left)
        out = {pool.submit(trial, *one) for one in islice(queue, at_once)}
        count, stopped = 0, False
        while out:
            try:
                ended, out = wait(out, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                if stopped:
                    raise
                stopped = True
                say("stopping: what is under way comes to its end first; Ctrl-C once more does not wait")
                continue
            for run in ended:
                blame = _outcome(run)
                if blame is None:
                    stopped = True
                    continue
                count += 1
                done[blame.fault] = blame
                _note(stream.write, _Done(blame))
                stream.flush()
                passed = time.monotonic() - began
                say(_line(blame, count, len(left), passed / count * (len(left) - count)))
                if passed < 60 * minutes and not stopped:
                    out |= {pool.submit(trial, *one) for one in islice(queue, 1)}
    if stopped:
        raise Stopped(f"{len(done)} of {len(wanted)} runs stand in {progress}: the same command goes on with them")
    return WholeRuns(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=commit,
        requirement_set=f"core-{set_version()}",
        items=len(_items()),
        faults=len(faults),
        clean=done[_CLEAN].beside,
        blames=tuple(done[fault.name] for fault in faults if fault.name in done),
    )


def _outcome(run: Future[Blame]) -> Blame | None:
    """The result of a run; None when it or its process was stopped."""
    try:
        return run.result()
    except (Stopped, BrokenExecutor):
        return None


def across(faults: Sequence[KnownFault]) -> tuple[KnownFault, ...]:
    """The faults in an order that spreads the first ones over the catalogue, where neighbours are similar."""
    stride = isqrt(len(faults)) + 1
    return tuple(fault for first in range(stride) for fault in faults[first::stride])


def _line(blame: Blame, count: int, total: int, left: float) -> str:
    own = "seen" if blame.detected else "NOT SEEN"
    if blame.fault == _CLEAN:
        own = "no fault"
    beside = f"beside it {len(blame.beside)}: {', '.join(blame.beside[:6])}" if blame.beside else "nothing beside it"
    cut = ", cut short by its deadline" if blame.cut else ""
    head = f"[{count}/{total}, {left / 60:.0f} min left]"
    return f"{head} {blame.fault or 'the sound mock'}: {own}, {beside} ({blame.seconds:.0f} s{cut})"


def _take_up(progress: Path, commit: str) -> Iterator[Blame]:
    """Finished runs of the same code; starts a new file for other code."""
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
    """A line of the file; None for an incomplete one."""
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
        described = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except OSError:
        return "unknown"
    return described.stdout.strip() or "unknown"
