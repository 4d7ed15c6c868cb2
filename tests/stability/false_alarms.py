"""Runs the suite on many legal targets and counts, per requirement, how many verdicts were red.

`python tests/stability/false_alarms.py reports/published --minutes 60` judges the mock in random mixtures of dialects,
speeds and orders of scenarios, and the legal variations of the miniature. It adds to the counts that the folder already
holds for the same requirements, and writes `false-alarms.json` and a page beside it. Every target conforms, so a red
verdict is a false alarm. Without one in n verdicts, the rate is below 3/n with 95 % confidence (rule of three).
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import msgspec

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "dialects"), str(TESTS / "support")]

from miniature.catalog import LEGAL  # noqa: E402 - after the folders of the helpers
from miniature.server import Miniature  # noqa: E402
from mixtures import consistent  # noqa: E402

from ciq_conformance.judge.selection import Selection, select_items  # noqa: E402
from ciq_conformance.profile_loading import load_profile  # noqa: E402
from ciq_conformance.runner.execution import RunConfig, RunResult, execute  # noqa: E402
from ciq_mock.server import MockServer  # noqa: E402
from ciq_mock.settings import MockSettings  # noqa: E402
from ciq_mock.variants.dialects import DIALECTS  # noqa: E402
from ciq_schemas.features import SEED_FEATURES  # noqa: E402
from ciq_schemas.requirement import load_registry, set_version  # noqa: E402
from ciq_schemas.transcript.records import Level, Outcome, Verdict  # noqa: E402

RED = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR})
JUDGED = RED | {Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.WARN}
WORKERS = (1, 2, 4, 10)
SECONDS = (0.01, 0.03, 0.1, 0.3)
"""Durations of a job."""
MOST_DIALECTS = 6
LONGEST = 300.0
"""Seconds after which a run is stopped and not counted."""
EXAMPLES = 20
"""False alarms that are published with what the suite observed."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of one requirement."""

    verdicts: int = 0
    red: int = 0
    inconclusive: int = 0
    warned: int = 0
    """A conforming target may leave out what a SHOULD asks for, so a warning is no false alarm by itself."""


class FalseAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """One red verdict on a conforming target."""

    target: str
    item: str
    outcome: str
    observed: str


class FalseAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """The published counts."""

    requirement_set: str
    runs: int = 0
    stopped: int = 0
    """Runs that took too long and are not counted."""
    counts: Mapping[str, Count] = msgspec.field(default_factory=dict)
    examples: tuple[FalseAlarm, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One legal target, as the random generator chose it."""

    features: tuple[str, ...]
    seed: int
    dialects: tuple[str, ...] = ()
    workers: int = 4
    seconds: float = 0.03
    variation: str = ""
    """Name of a legal variation of the miniature; empty for the mock."""

    def __str__(self) -> str:
        what = f"miniature, {self.variation}" if self.variation else f"mock, {self.workers} workers, {self.seconds:g} s"
        return f"{what} [{', '.join(self.dialects)}] {'+'.join(self.features)} --shuffle {self.seed}"


def targets(rng: random.Random) -> Iterator[Target]:
    """An endless sequence of legal targets; every fourth one is the miniature."""
    number = 0
    while True:
        number += 1
        features = tuple(str(f) for f in rng.sample(sorted(SEED_FEATURES), k=rng.randint(1, len(SEED_FEATURES))))
        seed = rng.randrange(10**6)
        if number % 4 == 0:
            yield Target(features, seed, variation=rng.choice(sorted(LEGAL)))
            continue
        dialects = consistent(rng.sample(sorted(DIALECTS), k=rng.randint(0, MOST_DIALECTS)))
        yield Target(features, seed, dialects, rng.choice(WORKERS), rng.choice(SECONDS))


def judge(target: Target) -> tuple[Verdict, ...] | None:
    """Run the suite on the target; None when it took too long."""
    if target.variation:
        with Miniature(LEGAL[target.variation]) as miniature:
            result = _run(miniature.url, target)
    else:
        settings = MockSettings(workers=target.workers, duration=target.seconds, dialects=target.dialects)
        with MockServer(settings) as server:
            result = _run(server.url, target)
    return None if result.stopped else result.verdicts


def _run(url: str, target: Target) -> RunResult:
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_profile(
            env={},
            flags={"url": ("--target", url), "features": ("--feature", list(target.features))},
            directory=Path(folder),
        )
        items = select_items(load_registry(), loaded.profile.features, Selection())
        config = RunConfig(loaded=loaded, deadline=LONGEST, shuffle=target.seed)
        return execute(config, items)


def add(known: FalseAlarms, target: Target, verdicts: Sequence[Verdict] | None) -> FalseAlarms:
    """The counts with those of one run more."""
    if verdicts is None:
        return msgspec.structs.replace(known, stopped=known.stopped + 1)
    counts = dict(known.counts)
    tally: dict[str, Counter[str]] = {}
    found = []
    for verdict in verdicts:
        if verdict.outcome not in JUDGED:
            continue
        mine = tally.setdefault(verdict.requirement, Counter())
        mine["verdicts"] += 1
        mine["inconclusive"] += verdict.outcome is Outcome.INCONCLUSIVE
        mine["warned"] += verdict.outcome is Outcome.WARN
        if verdict.outcome in RED:
            mine["red"] += 1
            observed = (verdict.seen or verdict.reason)[:300]
            found.append(
                FalseAlarm(target=str(target), item=verdict.item, outcome=verdict.outcome.value, observed=observed)
            )
    for requirement, mine in tally.items():
        before = counts.get(requirement, Count())
        counts[requirement] = Count(
            verdicts=before.verdicts + mine["verdicts"],
            red=before.red + mine["red"],
            inconclusive=before.inconclusive + mine["inconclusive"],
            warned=before.warned + mine["warned"],
        )
    return FalseAlarms(
        requirement_set=known.requirement_set,
        runs=known.runs + 1,
        stopped=known.stopped,
        counts=dict(sorted(counts.items())),
        examples=(*known.examples, *found)[:EXAMPLES],
    )


def read(path: Path, requirement_set: str) -> FalseAlarms:
    """The counts in the file; none where it is missing or of other requirements."""
    if path.is_file():
        known = msgspec.json.decode(path.read_bytes(), type=FalseAlarms)
        if known.requirement_set == requirement_set:
            return known
    return FalseAlarms(requirement_set=requirement_set)


def page(known: FalseAlarms) -> str:
    """The counts as a Markdown page."""
    levels = {requirement.id: requirement.level for requirement in load_registry()}
    total = sum(count.verdicts for count in known.counts.values())
    red = sum(count.red for count in known.counts.values())
    lines = [
        "# False alarms",
        "",
        f"{known.runs} runs on conforming targets gave {total} verdicts; {red} of them were red.",
        f"{known.stopped} runs took longer than {LONGEST:.0f} s and are not counted.",
        "",
        "`python tests/stability/false_alarms.py reports/published --minutes 60` adds to these counts.",
        "Without a red verdict in n, the rate of false alarms is below 3/n with 95 % confidence.",
        "",
        "| Requirement | Level | Verdicts | Red | Inconclusive | Warned | Rate below |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for requirement, count in known.counts.items():
        level = levels.get(requirement, Level.NOTE)
        bound = "-" if count.red else f"{min(1.0, 3 / count.verdicts):.2%}"
        numbers = (count.verdicts, count.red, count.inconclusive, count.warned)
        lines.append(f"| {requirement} | {level} | {' | '.join(map(str, numbers))} | {bound} |")
    if known.examples:
        lines += ["", "## Red verdicts", ""]
        lines += [f"- `{e.item}` {e.outcome} on {e.target}: {e.observed}" for e in known.examples]
    return "\n".join(lines) + "\n"


def write(folder: Path, known: FalseAlarms) -> None:
    """Write both files."""
    encoded = msgspec.json.format(msgspec.json.encode(known), indent=1)
    (folder / "false-alarms.json").write_bytes(encoded + b"\n")
    (folder / "false-alarms.md").write_text(page(known), encoding="utf-8")


def main() -> int:
    """Run targets until the time is over; return 1 when a red verdict was found in this call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where false-alarms.json is read and written")
    parser.add_argument("--minutes", type=float, default=60.0, help="no run starts after that time (60)")
    parser.add_argument("--at-once", type=int, default=3, help="runs at the same time (3)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="which targets are chosen")
    options = parser.parse_args()
    version = set_version()
    known = before = read(options.folder / "false-alarms.json", version)
    chosen = targets(random.Random(options.seed))
    end = time.monotonic() + 60 * options.minutes
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.at_once, mp_context=context, max_tasks_per_child=1) as pool:
        running: dict[Future[tuple[Verdict, ...] | None], Target] = {}
        while running or time.monotonic() < end:
            while len(running) < options.at_once and time.monotonic() < end:
                target = next(chosen)
                running[pool.submit(judge, target)] = target
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                target = running.pop(future)
                now = add(known, target, future.result())
                alarms = sum(c.red for c in now.counts.values()) - sum(c.red for c in known.counts.values())
                print(f"{now.runs} runs, {alarms} red: {target}", flush=True)
                for example in now.examples[len(known.examples) :]:
                    print(f"  {example.item} {example.outcome}: {example.observed}", flush=True)
                known = now
                write(options.folder, known)
    red = sum(c.red for c in known.counts.values()) - sum(c.red for c in before.counts.values())
    return int(red > 0)


if __name__ == "__main__":
    raise SystemExit(main())
