"""Runs mutants of the reference mock against the suite and publishes what the suite does not detect.

`python -m tools.mutants` runs mutants until its time is over, then writes reports/published/mutants.json and
docs/weak-spots.md. Each finished mutant is a line of a progress file; the same command continues it. The order of the
mutants is random and fixed, so that those which have run are a sample of all.
"""

import queue
import sys
import threading
import time
import tomllib
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ciq_schemas.requirement import set_version
from ciq_schemas.transcript.records import ExitCode
from tools.kill_full import commit_of
from tools.mutant_list import ROOT, ListingError, Mutant, digest, list_mutants, module_digest
from tools.mutant_trial import (
    INCONCLUSIVE,
    KILLED,
    NOT_EXECUTED,
    SILENT,
    Lines,
    Result,
    candidates,
    make_tree,
    measure,
    run_suite,
    running_mock,
    scenarios,
    stages,
    try_mutant,
)
from tools.weak_spots import ModuleCount, Published, Spot, headline, page, to_json

FILE, PAGE = ROOT / "reports" / "published" / "mutants.json", ROOT / "docs" / "weak-spots.md"
EQUIVALENT = ROOT / "tools" / "equivalent_mutants.toml"
"""Mutants that were not killed and that a person has read and found equivalent, with the reason."""
TOOL = "cosmic-ray"
_LOCK = threading.Lock()


class _Header(msgspec.Struct, frozen=True, tag="header"):
    sources: str
    commit: str


class _Measured(msgspec.Struct, frozen=True, tag="measured"):
    scenario: str
    lines: dict[str, list[int]]


class _Clean(msgspec.Struct, frozen=True, tag="clean"):
    red: list[str]


class _Done(msgspec.Struct, frozen=True, tag="done"):
    result: Result


_Line = _Header | _Measured | _Clean | _Done


class Progress:
    """The progress file: what was measured and which mutants have run.

    Measured lines are valid for one state of all sources, the result of a mutant while its module is unchanged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[str, dict[str, frozenset[int]]] = {}
        self.clean: frozenset[str] | None = None
        self.results: dict[str, Result] = {}
        found = [_read(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        self.commit = commit_of(ROOT)
        current = False
        for line in found:
            if isinstance(line, _Header):
                current = line.sources == digest()
            elif current or isinstance(line, _Done):
                self._take(line)
        if not current:
            self.add(_Header(sources=digest(), commit=self.commit))

    def add(self, line: _Line) -> None:
        """Stores one line."""
        with _LOCK, self.path.open("ab") as stream:
            stream.write(msgspec.json.encode(line) + b"\n")
            self._take(line)

    def _take(self, line: _Line | None) -> None:
        if isinstance(line, _Measured):
            self.lines[line.scenario] = {module: frozenset(numbers) for module, numbers in line.lines.items()}
        elif isinstance(line, _Clean):
            self.clean = frozenset(line.red)
        elif isinstance(line, _Done) and line.result.text == module_digest(line.result.module):
            self.results[line.result.key] = line.result


def _read(line: bytes) -> _Line | None:
    """Returns a line of the file; None for an incomplete one."""
    try:
        return msgspec.json.decode(line, type=_Line)
    except msgspec.DecodeError:
        return None


def prepare(progress: Progress, folder: Path) -> Lines:
    """Measures the scenarios and runs the mock without a mutant, unless the progress file has it already."""
    names = list(scenarios())
    for name in names:
        if name not in progress.lines:
            began = time.monotonic()
            progress.add(_Measured(scenario=name, lines=measure(folder, name)))
            _say(f"measured scenario {name} in {time.monotonic() - began:.0f} s")
    if progress.clean is None:
        tree, red = make_tree(folder / "tree-clean"), set[str]()
        for part, workers in stages(names):
            with running_mock(tree, workers) as url:
                run = run_suite(url, part)
            red |= {*run.red, *run.blocked, *run.open}
        _say(f"the mock without a mutant: red or open are {', '.join(sorted(red)) or 'none'}")
        progress.add(_Clean(red=sorted(red)))
    return progress.lines


def run(
    progress: Progress, left: Sequence[Mutant], folder: Path, cosmic_ray: str, at_once: int, minutes: float
) -> None:
    """Runs mutants until none is left or the time is over; stores each."""
    lines, clean = progress.lines, progress.clean or frozenset()
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(at_once):
        trees.put(make_tree(folder / f"tree-{number}"))
    end = time.monotonic() + 60 * minutes

    def one(mutant: Mutant) -> Result | None:
        if time.monotonic() > end:
            return None
        tree = trees.get()
        try:
            return try_mutant(mutant, lines, tree, cosmic_ray, clean)
        finally:
            trees.put(tree)

    pool = ThreadPoolExecutor(at_once)
    try:
        for count, future in enumerate(as_completed([pool.submit(one, mutant) for mutant in left]), 1):
            result = future.result()
            if result is not None:
                progress.add(_Done(result))
                _say(f"[{count}/{len(left)}] {_line(result)}")
    except KeyboardInterrupt:
        _say("stopping: mutants that run now are run again by the next call")
    finally:
        pool.shutdown(cancel_futures=True)


def _line(result: Result) -> str:
    seen = f" by {', '.join(result.seen_by)}" if result.seen_by else ""
    return f"{result.key} line {result.line}: {result.status}{seen} ({result.seconds:.0f} s)"


def published(progress: Progress, mutants: Sequence[Mutant], reasons: Mapping[str, str]) -> Published:
    """Returns what is published of the mutants that have run."""
    ran = [progress.results[mutant.key] for mutant in mutants if mutant.key in progress.results]
    by_status: dict[str, list[Spot]] = {
        status: [] for status in (KILLED, SILENT, NOT_EXECUTED, INCONCLUSIVE, "equivalent")
    }
    counts: dict[str, Counter[str]] = {mutant.module: Counter() for mutant in mutants}
    for result in ran:
        equivalent = result.status in (SILENT, INCONCLUSIVE) and result.key in reasons
        status = "equivalent" if equivalent else result.status
        counts[result.module][status] += 1
        note = reasons[result.key] if equivalent else ", ".join(result.seen_by)
        by_status[status].append(
            Spot(result.module, result.line, result.definition, result.operator, result.change, note)
        )
    exist = Counter(mutant.module for mutant in mutants)
    spots = {
        status: tuple(sorted(found, key=lambda spot: (spot.module, spot.line))) for status, found in by_status.items()
    }
    return Published(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=progress.commit,
        sources=digest(),
        requirement_set=f"core-{set_version()}",
        tool=TOOL,
        unexecuted=sum(not candidates(mutant, progress.lines) for mutant in mutants),
        modules=tuple(
            ModuleCount(
                module=module,
                exist=exist[module],
                run=count.total(),
                killed=count[KILLED],
                silent=count[SILENT],
                not_executed=count[NOT_EXECUTED],
                equivalent=count["equivalent"],
                inconclusive=count[INCONCLUSIVE],
            )
            for module, count in sorted(counts.items())
        ),
        silent=spots[SILENT],
        not_executed=spots[NOT_EXECUTED],
        equivalent=spots["equivalent"],
        inconclusive=spots[INCONCLUSIVE],
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tools.mutants", description="Run mutants of the mock against the suite.")
    parser.add_argument(
        "--work", type=Path, default=Path(".mutants"), help="folder for progress and copies (default %(default)s)"
    )
    parser.add_argument("--cosmic-ray", default="cosmic-ray", help="the program cosmic-ray")
    parser.add_argument("--minutes", type=float, default=55, help="start no further mutant after this time")
    parser.add_argument("--at-once", type=int, default=2, help="mutants that run side by side (default %(default)d)")
    parser.add_argument(
        "--most", type=int, default=10**9, help="run at most so many mutants, those of earlier runs included"
    )
    parser.add_argument("--again", action="store_true", help="first run the inconclusive mutants again")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs mutants and writes the published files; returns the exit code."""
    options = _parser().parse_args(arguments)
    folder = options.work.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mutants = list_mutants(options.cosmic_ray, folder)
    except (ListingError, OSError) as error:
        sys.stderr.write(f"{error}\n`tox -e mutants` installs cosmic-ray\n")
        return ExitCode.USAGE
    progress = Progress(folder / "progress.ndjson")
    _say(f"{len(mutants)} mutants exist, {len(progress.results)} have run")
    prepare(progress, folder)
    open_ones = {key for key, result in progress.results.items() if result.status == INCONCLUSIVE and options.again}
    wanted = mutants[: options.most]
    left = [mutant for mutant in wanted if mutant.key in open_ones]
    left += [mutant for mutant in wanted if mutant.key not in progress.results]
    run(progress, left, folder, options.cosmic_ray, options.at_once, options.minutes)
    reasons = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    found = published(progress, mutants, reasons)
    FILE.write_bytes(to_json(found))
    PAGE.write_text(page(found), encoding="utf-8")
    _say(headline(found))
    return ExitCode.CONFORMS


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
