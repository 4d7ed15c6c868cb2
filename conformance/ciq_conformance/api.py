"""Runs the suite against a target, or judges a recorded run again."""

from collections.abc import Sequence
from pathlib import Path

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.runner.execution import RunConfig, RunResult, execute
from ciq_conformance.runner.offline import Judged, judge_again
from ciq_conformance.runner.reading import read_run_file
from ciq_schemas.requirement import load_registry


def run_suite(
    url: str = "",
    *,
    profile: Path | None = None,
    requirements: Sequence[str] = (),
    output: Path | None = None,
) -> RunResult:
    """Runs the suite against the target at `url`; without one, against the profile's target or the embedded mock.

    `requirements` are globs on ids, such as `PAU-*`; empty selects all. `output` is the folder of the run file.
    Raises ProfileError or RunConfigError before anything is sent.
    """
    loaded = load_profile(path=profile, flags={"url": ("url", url)} if url else {})
    selection = Selection(requirements=tuple(requirements))
    items = select_items(load_registry(), loaded.profile.features, selection)
    return execute(RunConfig(loaded=loaded, output=output), items)


def judge_run_file(
    path: Path,
    *,
    requirements: Sequence[str] = (),
    baseline: Path | None = None,
    known_flaky: Path | None = None,
) -> Judged:
    """Judges a recorded run again, offline; `path` is a `run.ndjson` or its folder.

    `baseline` and `known_flaky` are files of accepted deviations, as for `ciq judge`. Raises RunFileError, and
    BaselineError for a file that cannot be used.
    """
    _, records = read_run_file(path)
    return judge_again(records, Selection(requirements=tuple(requirements)), baseline=baseline, known_flaky=known_flaky)
