"""Tries the script of `ciq repro` for every fault of the mock: it must show the fault again, and not on a sound mock.

`python -m tools.repro_trials reports/published` judges each fault by its own requirement, writes the script, and runs
it against the mock with the fault and against the mock without it. Finished trials are stored line by line, and a
stopped program continues with the rest. Random histories write scripts of their own; `tests/explore` covers them.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path

import msgspec

from ciq_conformance.judge.registry import Item, scenario_of
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile import Profile
from ciq_conformance.registry import load_checks
from ciq_conformance.repro.case import MissingCaseError, case_of
from ciq_conformance.repro.request_replay import NOT_BY_REQUESTS
from ciq_conformance.repro.script import write_script
from ciq_conformance.runner.embedded import KnownFault, embedded_target, known_faults
from ciq_conformance.runner.execution import RunConfig, RunResult, execute
from ciq_schemas.features import Feature
from ciq_schemas.requirement import CORE, load_registry, set_version
from ciq_schemas.transcript.records import ExitCode
from tools.kill_full import across, effort_for
from tools.kill_matrix import features_for, loaded_for, mock_options

COMMAND = "python -m tools.repro_trials reports/published"
JSON = "repro-scripts.json"
PROGRESS = "repro-scripts.ndjson"
_AT_ONCE = 3
_LONGEST = 240
"""Seconds of a script."""
_OWN_SCRIPT = "explore"
_RUNS = 3
"""Most runs until one shows the fault: a run on a busy machine may observe too little."""
_LAST = 700
"""Characters of output that a trial keeps."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The script of one fault on both mocks."""

    fault: str
    requirement: str
    feature: str
    faulty: int | None = None
    """Exit code on the mock with the fault; None without a script."""
    clean: int | None = None
    """Exit code on the mock without it."""
    text: str = ""
    """Why there is no script, or the output of the run that was wrong."""
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """The script shows the fault and nothing else, or says that requests cannot show it."""
        return (self.faulty, self.clean) in ((1, 0), (NOT_BY_REQUESTS, NOT_BY_REQUESTS))


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """The published result."""

    requirement_set: str
    faults: int
    """How many faults have a script; those without a trial were not tried yet."""
    trials: tuple[Trial, ...]


def faults_with_script() -> tuple[KnownFault, ...]:
    """The faults for which `ciq repro` writes the script; random histories write their own."""
    load_checks()

    def own(fault: KnownFault) -> bool:
        scenario = scenario_of(fault.breaks)
        return scenario is not None and scenario.name == _OWN_SCRIPT

    return tuple(fault for fault in known_faults() if not own(fault))


def try_script(fault: KnownFault, runs: int = _RUNS) -> Trial:
    """Run the suite until it shows the fault, write the script, and run it on both mocks."""
    began = time.monotonic()
    feature = fault.shows_on or load_registry().get(fault.breaks).features[0]
    profile = loaded_for(features_for(fault.breaks, feature), (fault.name,)).profile
    options = mock_options(fault.breaks, (fault.name,))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        faulty = clean = None
        with embedded_target(profile, options) as target:
            text = _write(fault, feature, target.profile, script, runs)
            if not text:
                faulty, output = run_script(script, target.profile)
                text = "" if faulty == 1 else output
        if faulty is not None:
            with embedded_target(profile, replace(options, faults=())) as target:
                clean, output = run_script(script, target.profile)
                text = text if text or clean == 0 else output
    seconds = round(time.monotonic() - began, 1)
    return Trial(
        fault=fault.name,
        requirement=fault.breaks,
        feature=feature,
        faulty=faulty,
        clean=clean,
        text=text[-_LAST:],
        seconds=seconds,
    )


def _write(fault: KnownFault, feature: Feature, target: Profile, script: Path, runs: int) -> str:
    """Write the script; return why there is none, else an empty text."""
    problem = ""
    for _ in range(runs):
        result = _judge(fault, feature, target)
        try:
            write_script(case_of(result.records, fault.breaks, feature), script)
        except MissingCaseError as error:
            problem = str(error)
        else:
            return ""
    return problem


def _judge(fault: KnownFault, feature: Feature, target: Profile) -> RunResult:
    features = features_for(fault.breaks, feature)
    # The target is that of the trial and outlives the run, as a target of a user does.
    loaded = replace(loaded_for(features, (fault.name,)), profile=replace(target, embedded=False))
    return execute(RunConfig(loaded=loaded, extra_testing=effort_for(fault.breaks)), _items(fault, features))


def _items(fault: KnownFault, features: Sequence[Feature]) -> tuple[Item, ...]:
    requirement = load_registry().get(fault.breaks)
    areas = () if requirement.set == CORE else (requirement.area,)
    selection = Selection(areas=areas, requirements=(fault.breaks,), opened=effort_for(fault.breaks).opened)
    return select_items(load_registry(), features, selection)


def run_script(script: Path, target: Profile) -> tuple[int, str]:
    """Run a script as its reader would, with an empty Python path; return its exit code and its output."""
    keys = target.credentials
    environment = {"PATH": os.environ["PATH"]}
    if keys is not None:
        environment |= {"CIQ_SECRET_ID": keys.secret_id, "CIQ_SECRET_KEY": keys.secret_key}
    command = [sys.executable, "-I", str(script), target.url]
    try:
        done = subprocess.run(  # noqa: S603 - the script that this module wrote
            command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"not finished after {_LONGEST} s"
    return done.returncode, done.stdout + done.stderr


def _stored(progress: Path) -> Iterator[Trial]:
    """The finished trials of the file, without an incomplete last line."""
    for line in progress.read_bytes().splitlines() if progress.exists() else ():
        try:
            yield msgspec.json.decode(line, type=Trial)
        except msgspec.DecodeError:
            continue


def _finished(folder: Path) -> Iterator[Trial]:
    """The right trials of an incomplete published result, then those of the progress file."""
    published = folder / JSON
    if published.exists():
        before = msgspec.json.decode(published.read_bytes(), type=Trials)
        if before.requirement_set == _set() and len(before.trials) < before.faults:
            yield from (trial for trial in before.trials if trial.right)
    yield from _stored(folder / PROGRESS)


def _set() -> str:
    return f"core-{set_version()}"


def main(arguments: Sequence[str]) -> int:
    """Try what is not stored and publish what is finished; return 1 when a script is wrong."""
    parser = ArgumentParser(prog="python -m tools.repro_trials", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the results are written")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no trial after this time")
    parser.add_argument("--at-once", type=int, default=_AT_ONCE, help="trials side by side")
    parser.add_argument("--only", default="", help="names of faults, separated by commas: nothing is stored")
    options = parser.parse_args(arguments)
    faults = faults_with_script()
    progress: Path = options.folder / PROGRESS
    chosen = options.only.split(",") if options.only else []
    known = {fault.name for fault in faults}
    done = {} if chosen else {trial.fault: trial for trial in _finished(options.folder) if trial.fault in known}
    wanted = [fault for fault in across(faults) if fault.name not in done and (not chosen or fault.name in chosen)]
    end = time.monotonic() + 60 * options.minutes
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.at_once, mp_context=context) as pool:
        queue = iter(wanted)
        running = {pool.submit(try_script, fault) for fault in islice(queue, options.at_once if options.minutes else 0)}
        while running:
            finished = next(as_completed(running))
            running.discard(finished)
            trial = finished.result()
            done[trial.fault] = trial
            _say(f"{len(done)} {'ok   ' if trial.right else 'WRONG'} {_words(trial)}")
            if not chosen:
                with progress.open("ab") as stream:
                    stream.write(msgspec.json.encode(trial) + b"\n")
            following = next(queue, None) if time.monotonic() < end else None
            if following is not None:
                running.add(pool.submit(try_script, following))
    if not chosen:
        trials = tuple(done[fault.name] for fault in faults if fault.name in done)
        published = Trials(requirement_set=_set(), faults=len(faults), trials=trials)
        encoded = msgspec.json.format(msgspec.json.encode(published), indent=1)
        (options.folder / JSON).write_bytes(encoded + b"\n")
        if len(trials) == len(faults):
            progress.unlink(missing_ok=True)
    wrong = [trial for trial in done.values() if not trial.right]
    _say(f"{len(done) - len(wrong)} of {len(done)} scripts are right")
    return ExitCode.DEVIATES if wrong else ExitCode.CONFORMS


def _words(trial: Trial) -> str:
    codes = f"faulty {trial.faulty}, clean {trial.clean}, {trial.seconds:.0f} s"
    detail = "" if trial.right else f"\n    {' | '.join(trial.text.splitlines()[-8:])}"
    return f"{trial.fault} {trial.requirement}-{trial.feature}: {codes}{detail}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
