"""The published run: all features of the reference mock, judged and reported for readers of the project.

`python -m tools.published reports/published` writes it anew; a test checks that it equals a new run. Values that change
from run to run (times, ids) are in the report only; `verdicts.txt` is the same for equal kits.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.profile_values import EVERY_FEATURE
from ciq_conformance.runner.execution import RunConfig, execute
from ciq_reports import badge, html, summary_markdown
from ciq_reports.transcript import RunView
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry, set_version
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Verdict

COMMAND = "python -m tools.published reports/published"
VERDICTS = "verdicts.txt"
_REPORTS: dict[str, Callable[[Sequence[AnyRecord], Path], None]] = {
    "report.html": html.write,
    "summary.md": summary_markdown.write,
    "badge.svg": badge.write,
}
FILES = frozenset({VERDICTS, *_REPORTS})


class NotPublishableError(RuntimeError):
    """The run did not conform, so it is not published."""


def heading() -> tuple[str, ...]:
    """The lines above the verdicts: the requirement set and the target."""
    items = select_items(load_registry(), Feature, Selection())
    return (
        f"# The reference mock under all requirements. Written by `{COMMAND}`; do not edit.",
        f"# set core-{set_version()}, {len(items)} items",
    )


def verdict_lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """`PRI-001-media MUST pass`, in the order of the run."""
    return tuple(f"{verdict.item} {verdict.level} {verdict.outcome}" for verdict in verdicts)


def publish(folder: Path) -> str:
    """Run, judge and write the files into `folder`; return the headline. Raise NotPublishableError if a MUST failed."""
    loaded = load_profile(env={}, flags={"features": ("published", EVERY_FEATURE)}, directory=folder)
    result = execute(RunConfig(loaded=loaded), select_items(load_registry(), loaded.profile.features, Selection()))
    if result.exit_code is not ExitCode.CONFORMS:
        red = [f"{v.item} {v.outcome}: {v.seen or v.reason}" for v in result.verdicts if v.outcome in _UNFIT]
        raise NotPublishableError(f"exit code {result.exit_code}: {'; '.join(red[:5]) or result.trouble}")
    for name, write in _REPORTS.items():
        write(result.records, folder / name)
    lines = (*heading(), *verdict_lines(result.verdicts))
    (folder / VERDICTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return summary_markdown.render(RunView.of(result.records)).splitlines()[2]


_UNFIT = ("fail", "blocked", "inconclusive", "suite-error")


def main(arguments: Sequence[str]) -> int:
    """Publish into the given folder; exit codes 0, 1 (did not conform) and 2 (no such folder)."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"expected the folder of the published run, as in `{COMMAND}`; got {list(arguments)}\n")
        return ExitCode.USAGE
    try:
        headline = publish(Path(arguments[0]))
    except NotPublishableError as error:
        sys.stderr.write(f"nothing was published: {error}\n")
        return ExitCode.DEVIATES
    sys.stdout.write(f"{headline}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
