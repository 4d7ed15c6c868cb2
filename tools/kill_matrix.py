"""The kill matrix: every fault of the reference mock against the suite, each in its own run.

`python -m tools.kill_matrix reports/published` writes it anew and keeps the results of the last run with `--full`
(`kill_full`). A fault is detected when the verdict of the requirement that it names is `fail` on a MUST or `warn` on a
SHOULD. Blocked, inconclusive, a crash or another id is no detection. A run executes one scenario, that of the
requirement, on one feature.
"""

import multiprocessing
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType

import msgspec

from ciq_conformance.driver.extra_testing import ExtraTesting
from ciq_conformance.judge.registry import Item, scenario_of
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import Loaded, load_profile
from ciq_conformance.registry import load_areas, load_checks
from ciq_conformance.runner.embedded import KnownFault, MockOptions, known_faults, uncovered
from ciq_conformance.runner.execution import RunConfig, RunResult, execute
from ciq_reports.kill_page import Kill, Matrix, from_json, headline, to_html, to_json, whole_headline
from ciq_schemas.features import Feature
from ciq_schemas.requirement import CORE, Requirement, load_registry, set_version
from ciq_schemas.transcript.records import ExitCode
from tools.kill_full import AT_ONCE, MINUTES, RED, Stopped, effort_for, try_all_whole

COMMAND = "python -m tools.kill_matrix reports/published"
JSON, HTML = "kill-matrix.json", "kill-matrix.html"
PROGRESS = "kill-full.ndjson"
"""Name of the file with the finished runs of a full run; it is removed when all are finished."""
_JOB_SECONDS = 0.05
_SLOW: Mapping[str, float] = MappingProxyType(
    {"PRI-005": 0.2, "PRI-006": 0.3, "PRI-008": 0.6, "PRI-009": 0.1, "WFL-023": 0.6}
)
"""Few jobs (or runs) show these requirements.

The jobs are slow enough to be observed, or distinguished by their second, one by one.
"""
_SIDE_BY_SIDE = frozenset({"PRI-008", "failure-wakes"})
"""Requirements and faults that show with several workers only."""
_PATIENT: Mapping[str, str] = MappingProxyType({"pause-ends-by-itself": "4"})
"""The timeout factor of faults that show only after a longer time than the suite waits by default."""
_AT_ONCE = 3
TRIES = 3
"""Most runs against a fault that the first run has missed."""


def try_fault(fault: KnownFault) -> Kill:
    """Run the suite against a mock with the fault and read the verdict of its requirement."""
    began = time.monotonic()
    requirement = load_registry().get(fault.breaks)
    feature = fault.shows_on or requirement.features[0]
    result = run_against(requirement, feature, (fault.name,))
    own = [verdict for verdict in result.verdicts if verdict.requirement == requirement.id]
    red = [verdict for verdict in own if verdict.outcome is RED[requirement.level]]
    beside = {
        verdict.requirement
        for verdict in result.verdicts
        if verdict.requirement != requirement.id and verdict.outcome in RED.values()
    }
    deciding = red or own
    return Kill(
        fault=fault.name,
        description=fault.description,
        replaces=fault.replaces,
        requirement=requirement.id,
        level=requirement.level,
        feature=feature,
        outcomes=tuple(verdict.outcome for verdict in own),
        detected=bool(red),
        seen=(deciding[0].seen or deciding[0].reason) if deciding else "",
        beside=tuple(sorted(beside)),
        seconds=round(time.monotonic() - began, 1),
    )


def try_again(fault: KnownFault, missed: Kill, trial: Callable[[KnownFault], Kill] = try_fault) -> Kill:
    """Try a missed fault alone, because a run on a busy machine may observe too little. The matrix records it."""
    for tries in range(2, TRIES + 1):
        kill = msgspec.structs.replace(trial(fault), tries=tries)
        if kill.detected:
            return kill
    return msgspec.structs.replace(missed, tries=TRIES)


def run_against(requirement: Requirement, feature: Feature, faults: tuple[str, ...]) -> RunResult:
    """Run the scenario of a requirement against a mock with faults and judge all requirements of the scenario."""
    features = features_for(requirement.id, feature)
    extra_testing = effort_for(requirement.id)
    return execute(
        RunConfig(
            loaded=loaded_for(features, faults),
            embedding=mock_options(requirement.id, faults),
            extra_testing=extra_testing,
        ),
        _items(requirement, features, extra_testing),
    )


def features_for(requirement: str, feature: Feature) -> tuple[Feature, ...]:
    """The features of a run that judges the requirement on `feature`: a second one where it is about two."""
    load_checks()
    scenario = scenario_of(requirement)
    if scenario and scenario.independence:
        return (feature, Feature.SPEECH if feature is Feature.MEDIA else Feature.MEDIA)
    return (feature,)


def mock_options(requirement: str, faults: tuple[str, ...]) -> MockOptions:
    """The mock on which these faults show: its workers and the duration of its jobs."""
    load_checks()
    scenario = scenario_of(requirement)
    # One worker shows the order of starts best; with many workers several jobs start at the same time.
    exclusive = bool(scenario and scenario.one_worker) and _SIDE_BY_SIDE.isdisjoint((requirement, *faults))
    return MockOptions(faults=faults, workers=1 if exclusive else 8, job_seconds=_SLOW.get(requirement, _JOB_SECONDS))


def loaded_for(features: Sequence[Feature], faults: tuple[str, ...]) -> Loaded:
    """The profile of a run against a mock with these faults."""
    return load_profile(
        env={},
        flags={
            "features": ("kill matrix", ",".join(features)),
            "capabilities.deactivate": ("kill matrix", "true"),
            "timeout_factor": ("kill matrix", next((_PATIENT[name] for name in faults if name in _PATIENT), "1")),
        },
        directory=Path(__file__).parent,
    )


def _items(requirement: Requirement, features: Sequence[Feature], extra_testing: ExtraTesting) -> tuple[Item, ...]:
    scenario = scenario_of(requirement.id)
    wanted = (
        {spec for spec in load_areas() if spec == scenario or not spec.runs} if scenario and scenario.runs else set()
    )
    # A run over some features selects requirements outside the core only if their area is named.
    areas = () if requirement.set == CORE else (requirement.area,)
    chosen = select_items(load_registry(), features, Selection(areas=areas, opened=extra_testing.opened))
    return tuple(
        item for item in chosen if item.requirement.id == requirement.id or scenario_of(item.requirement.id) in wanted
    )


def try_all(faults: Sequence[KnownFault], *, at_once: int = _AT_ONCE) -> Matrix:
    """Try the faults, a few at a time, each in a process that has tried others before."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context) as pool:
        kills = tuple(pool.map(try_fault, faults))
    kills = tuple(kill if kill.detected else try_again(fault, kill) for fault, kill in zip(faults, kills, strict=True))
    return Matrix(requirement_set=f"core-{set_version()}", uncovered=uncovered(faults), kills=kills)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m tools.kill_matrix",
        description="Try the suite against every fault of the reference mock, and write the matrix into FOLDER.",
        epilog=(
            f"Exit codes: {ExitCode.CONFORMS} all seen; {ExitCode.DEVIATES} a fault missed, or with --full the mock "
            f"red without any; {ExitCode.USAGE} usage; {ExitCode.NOTHING_PROVEN} stopped: the same command goes on."
        ),
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the published run: reports/published")
    parser.add_argument(
        "--full", action="store_true", help="each fault against the whole suite: what else goes red beside it"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=MINUTES,
        help="begin no more runs of --full after this time (default %(default)g)",
    )
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, help="so many runs of --full side by side (default %(default)d)"
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Try all faults and write the matrix into the given folder; return the exit code."""
    options = _parser().parse_args(arguments)
    folder, full = options.folder, options.full
    if not folder.is_dir():
        sys.stderr.write(f"expected the folder of the published run, as in `{COMMAND}` [--full]; got {folder}\n")
        return ExitCode.USAGE
    earlier = from_json((folder / JSON).read_bytes()) if (folder / JSON).exists() else None
    if full:
        if earlier is None:
            sys.stderr.write(f"{folder / JSON} is not there: make the matrix without --full first (`{COMMAND}`)\n")
            return ExitCode.USAGE
        try:
            whole = try_all_whole(
                known_faults(), folder / PROGRESS, say=_say, minutes=options.minutes, at_once=max(1, options.at_once)
            )
        except Stopped as stopped:
            _say(f"stopped, and nothing published: {stopped}")
            return ExitCode.NOTHING_PROVEN
        matrix = msgspec.structs.replace(earlier, whole=whole)
    else:
        matrix = msgspec.structs.replace(try_all(known_faults()), whole=earlier.whole if earlier else None)
    (folder / JSON).write_bytes(to_json(matrix))
    (folder / HTML).write_text(to_html(matrix), encoding="utf-8")
    if full and matrix.whole and len(matrix.whole.blames) == matrix.whole.faults:
        (folder / PROGRESS).unlink()
    _say(whole_headline(matrix) if full else headline(matrix))
    for kill in () if full else matrix.missed:
        _say(f"missed: {kill.fault} ({kill.requirement} {', '.join(kill.outcomes)}): {kill.seen}")
    red = matrix.whole.clean if full and matrix.whole else matrix.missed
    return ExitCode.DEVIATES if red else ExitCode.CONFORMS


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
