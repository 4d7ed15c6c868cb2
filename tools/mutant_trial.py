"""Runs the suite against one mutant of the reference mock, and measures which lines of the mock each scenario executes.

The mutant is in a copy of the sources that only the process of the mock imports. The suite runs in its own process with
the unchanged sources: it shares the codec with the mock, and a mutant there must not change the judge.
"""

import ast
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec

from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.registry import load_areas, load_checks
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict, read_records
from tools.mutant_list import MUTATED, PACKAGES, Mutant, module_digest, source

RED = {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN}
KILLED, SILENT, NOT_EXECUTED, INCONCLUSIVE = "killed", "silent", "not executed", "inconclusive"
_OPTIONAL = frozenset({"explore", "fuzz"})
_JOB_SECONDS = "0.1"
_START = 60.0
_DEADLINE = 120
_FIRST = 4
"""So many of the most specific scenarios run first; the others run if these detect nothing."""
Lines = Mapping[str, Mapping[str, frozenset[int]]]
"""Executed lines by scenario and module."""


class Result(msgspec.Struct, frozen=True):
    """What became of one mutant."""

    key: str
    module: str
    text: str
    """Digest of the module's text without the mutant."""
    operator: str
    line: int
    definition: str
    change: str
    status: str
    seen_by: tuple[str, ...] = ()
    scenarios: int = 0
    seconds: float = 0.0


class SuiteRun(msgspec.Struct, frozen=True):
    """The verdicts of one run that matter here."""

    code: int
    red: tuple[str, ...]
    blocked: tuple[str, ...]
    """MUST requirements whose prerequisite failed; the exit code of the run counts them as failed."""
    open: tuple[str, ...]
    """MUST requirements that are inconclusive."""


@cache
def scenarios() -> Mapping[str, ScenarioSpec]:
    """Returns the scenarios of a run without options, by name."""
    load_checks()
    return {spec.name: spec for spec in load_areas() if spec.runs and spec.name not in _OPTIONAL and not spec.option}


def requirement_ids(names: Sequence[str]) -> list[str]:
    """Returns the requirements that these scenarios judge, and those that every exchange judges."""
    load_checks()
    specs = {scenarios()[name] for name in names} | {spec for spec in load_areas() if not spec.runs}
    return [one.id for one in load_registry() if not one.untested and scenario_of(one.id) in specs]


@contextmanager
def running_mock(tree: Path, workers: int, *, coverage: Path | None = None) -> Iterator[str]:
    """Runs a mock from the sources in `tree`; yields its address, or an empty text if it does not start."""
    options = ["--port", "0", "--workers", str(workers), "--duration", _JOB_SECONDS, "--activated", "all"]
    tracer = ["-m", "coverage", "run", f"--data-file={coverage}", "--source=ciq_mock,ciq_schemas"] if coverage else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CIQ_", "COVERAGE_"))}
    with tempfile.TemporaryFile("w+") as output:
        server = subprocess.Popen(
            [sys.executable, *tracer, "-m", "ciq_mock", *options],
            env=environment | {"PYTHONPATH": str(tree)},
            cwd=tree,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address(server, output.fileno())
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server: subprocess.Popen[bytes], output: int) -> str:
    end = time.monotonic() + _START
    while server.poll() is None and time.monotonic() < end:
        found = re.search(rb"http://[\w.]+:\d+", os.pread(output, 4096, 0))
        if found:
            return found.group().decode()
        time.sleep(0.05)
    return ""


def run_suite(url: str, names: Sequence[str], deadline: int = _DEADLINE) -> SuiteRun:
    """Runs the scenarios against a mock, on media and where they need it on a second feature."""
    features = {Feature.MEDIA} | ({Feature.SPEECH} if any(scenarios()[name].independence for name in names) else set())
    ids = [part for one in requirement_ids(names) for part in ("--only", one)]
    chosen = [part for feature in sorted(features) for part in ("--feature", feature)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CIQ_")}
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["run", "--target", url, "--output", folder, "--deadline", str(deadline), *chosen, *ids]
        done = subprocess.run(
            [sys.executable, "-m", "ciq_conformance", *arguments],
            env=environment | {"CIQ_DEACTIVATE": "true"},
            cwd=folder,
            capture_output=True,
            timeout=3 * deadline,
            check=False,
        )
        path = Path(folder) / "run.ndjson"
        lines = path.read_bytes().splitlines() if path.exists() else []
        verdicts = [one for one in read_records(lines) if isinstance(one, Verdict)]
    must = [one for one in verdicts if one.level is Level.MUST]
    return SuiteRun(
        code=done.returncode,
        red=_ids(one for one in verdicts if one.outcome is RED.get(one.level)),
        blocked=_ids(one for one in must if one.outcome is Outcome.BLOCKED),
        open=_ids(one for one in must if one.outcome is Outcome.INCONCLUSIVE),
    )


def _ids(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(sorted({one.requirement for one in verdicts}))


def make_tree(folder: Path) -> Path:
    """Copies the packages of the mock; returns the folder to import them from."""
    shutil.rmtree(folder, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def measure(folder: Path, name: str) -> dict[str, list[int]]:
    """Returns the executed lines of each mutated module while one scenario runs."""
    tree, data, report = make_tree(folder / "tree-coverage"), folder / "coverage.data", folder / "coverage.json"
    data.unlink(missing_ok=True)
    with running_mock(tree, 4, coverage=data) as url:
        run_suite(url, [name])
    command = [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={data}", "-o", str(report)]
    subprocess.run(command, cwd=tree, check=True)
    files = msgspec.json.decode(report.read_bytes())["files"]
    lines = {"/".join(Path(path).parts[-3:]): found["executed_lines"] for path, found in files.items()}
    return {module: executed for module, executed in lines.items() if module.rpartition("/")[0] in MUTATED}


def candidates(mutant: Mutant, lines: Lines) -> list[str]:
    """Returns the scenarios that execute the statement of a mutant, the most specific first."""
    starts = [first for first, last in _statements(mutant.module) if first <= mutant.line <= last]
    statement = range(max(starts, default=mutant.line), mutant.line + 1)
    found = [name for name, modules in lines.items() if modules.get(mutant.module, frozenset()).intersection(statement)]
    return sorted(found, key=lambda name: sum(map(len, lines[name].values())))


@cache
def _statements(module: str) -> tuple[tuple[int, int], ...]:
    """Returns first and last line of each statement of a module."""
    nodes = ast.walk(ast.parse(source(module).read_text(encoding="utf-8")))
    found = (node for node in nodes if isinstance(node, ast.stmt | ast.excepthandler))
    return tuple((node.lineno, node.end_lineno or node.lineno) for node in found)


def try_mutant(mutant: Mutant, lines: Lines, tree: Path, cosmic_ray: str, clean: frozenset[str]) -> Result:
    """Applies a mutant in `tree`, runs the scenarios that execute it until one detects it, and restores the tree."""
    began = time.monotonic()
    names = candidates(mutant, lines)
    path = tree / mutant.module
    original = path.read_text(encoding="utf-8")
    apply = [cosmic_ray, "apply", str(path), mutant.operator, str(mutant.occurrence)]
    try:
        subprocess.run(apply, capture_output=True, check=True)
        _forget_compiled(path)
        change = _change(original, path.read_text(encoding="utf-8"))
        status, seen = _judge(tree, names, clean) if names else (NOT_EXECUTED, ())
    finally:
        path.write_text(original, encoding="utf-8")
        _forget_compiled(path)
    return Result(
        key=mutant.key,
        module=mutant.module,
        text=module_digest(mutant.module),
        operator=mutant.operator.removeprefix("core/"),
        line=mutant.line,
        definition=mutant.definition,
        change=change,
        status=status,
        seen_by=seen,
        scenarios=len(names),
        seconds=round(time.monotonic() - began, 1),
    )


def _judge(tree: Path, names: Sequence[str], clean: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    left: set[str] = set()
    for part, workers in stages(names):
        with running_mock(tree, workers) as url:
            if not url:
                return KILLED, ("the mock does not start",)
            try:
                run = run_suite(url, part)
            except subprocess.TimeoutExpired:
                left.add("a run without end")
                continue
        if red := [one for one in run.red if one not in clean]:
            return KILLED, tuple(red[:5])
        if blocked := [one for one in run.blocked if one not in clean]:
            return KILLED, tuple(blocked[:5])
        if run.code == ExitCode.UNREACHABLE:
            return KILLED, ("target not reachable",)
        left |= set(run.open) - clean
        if run.code == ExitCode.SUITE_ERROR:
            left.add("suite error")
    return (INCONCLUSIVE, tuple(sorted(left)[:5])) if left else (SILENT, ())


def stages(names: Sequence[str]) -> list[tuple[list[str], int]]:
    """Returns runs with their number of workers: a few specific scenarios, the others, and those for one worker."""
    alone = [name for name in names if scenarios()[name].one_worker]
    others = [name for name in names if name not in alone]
    parts = ((others[:_FIRST], 8), (alone, 1), (others[_FIRST:], 8))
    return [(part, workers) for part, workers in parts if part]


def _forget_compiled(path: Path) -> None:
    """Removes compiled files: a mutant of equal length in the same second would otherwise not be compiled."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def _change(before: str, after: str) -> str:
    """Returns the changed lines as `old` => `new`."""
    parts = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
    old = " ".join(line[1:].strip() for line in parts if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in parts if line.startswith("+"))
    return f"{old} => {new}"
