"""Provides the figures of the kill matrix for the reports: how many deliberate faults the suite detects.

The package contains the figures, so that a report is one file and needs no network;
`python -m ciq_reports.kill_figures reports/published/kill-matrix.json` writes them again. Reads no run file.
"""

import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from ciq_reports import kill_page
from ciq_schemas import __version__

COMMAND = "python -m ciq_reports.kill_figures reports/published/kill-matrix.json"
FILE = "kill-figures.json"
PLACE = "reports/published/kill-matrix.html"
"""Path in the sources of the kit."""
_USAGE = 2


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Summary numbers of the kill matrix."""

    kit_version: str
    requirement_set: str
    faults: int
    found: int
    """Faults for which the suite reported the broken requirement as failed or warned."""
    requirements: int
    """Requirements that these faults break."""


def figures_of(matrix: kill_page.Matrix) -> Figures:
    """Returns the numbers of a matrix that this version of the kit made."""
    return Figures(
        kit_version=__version__,
        requirement_set=matrix.requirement_set,
        faults=len(matrix.kills),
        found=len(matrix.kills) - len(matrix.missed),
        requirements=len({kill.requirement for kill in matrix.kills}),
    )


@cache
def shipped() -> Figures:
    """Returns the figures of the last published matrix."""
    return msgspec.json.decode((files("ciq_reports") / FILE).read_bytes(), type=Figures)


def sentence(figures: Figures, requirement_set: str) -> str:
    """Returns the sentence for the end of a report; `PLACE` follows it. `requirement_set` is the set of the run."""
    other = "" if figures.requirement_set == requirement_set else f", this run by {requirement_set}"
    return (
        f"This suite detects {figures.found} of {figures.faults} deliberate faults, over {figures.requirements} "
        f"requirements (kit {figures.kit_version}, set {figures.requirement_set}{other}). Kill matrix:"
    )


def written(figures: Figures) -> bytes:
    """Returns the content of the shipped file."""
    return msgspec.json.format(msgspec.json.encode(figures)) + b"\n"


def main(arguments: Sequence[str]) -> int:
    """Writes the figures of the given matrix into the package."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        sys.stderr.write(f"expected the kill matrix, as in `{COMMAND}`; got {list(arguments)}\n")
        return _USAGE
    matrix = kill_page.from_json(Path(arguments[0]).read_bytes())
    Path(__file__).with_name(FILE).write_bytes(written(figures_of(matrix)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
