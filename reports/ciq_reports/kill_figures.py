"""The figures of the kill matrix that a report shows: how many deliberate faults the suite detects.

The figures ship with the package, so that a report is one file and needs no network;
`python -m ciq_reports.kill_figures reports/published/kill-matrix.json` writes them again.
Knows the kill matrix. Must not know a run.
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
"""In the sources of the kit."""
_USAGE = 2


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The kill matrix in a few numbers."""

    kit_version: str
    requirement_set: str
    faults: int
    found: int
    """Faults that turned their own requirement red."""
    requirements: int
    """Requirements that these faults break."""


def figures_of(matrix: kill_page.Matrix) -> Figures:
    """The numbers of a matrix, made by this version of the kit."""
    return Figures(
        kit_version=__version__,
        requirement_set=matrix.requirement_set,
        faults=len(matrix.kills),
        found=len(matrix.kills) - len(matrix.missed),
        requirements=len({kill.requirement for kill in matrix.kills}),
    )


@cache
def shipped() -> Figures:
    """The figures of the last published matrix."""
    return msgspec.json.decode((files("ciq_reports") / FILE).read_bytes(), type=Figures)


def sentence(figures: Figures, requirement_set: str) -> str:
    """What stands below a report of a run that was judged by `requirement_set`; the place is told apart (`PLACE`)."""
    other = "" if figures.requirement_set == requirement_set else f", this run by {requirement_set}"
    return (
        f"This suite kills {figures.found} of {figures.faults} faults made on purpose, over {figures.requirements} "
        f"requirements (kit {figures.kit_version}, set {figures.requirement_set}{other}): kill matrix in"
    )


def written(figures: Figures) -> bytes:
    """The file that ships."""
    return msgspec.json.format(msgspec.json.encode(figures)) + b"\n"


def main(arguments: Sequence[str]) -> int:
    """Write the figures of the matrix named into the package."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        sys.stderr.write(f"expected the kill matrix, as in `{COMMAND}`; got {list(arguments)}\n")
        return _USAGE
    matrix = kill_page.from_json(Path(arguments[0]).read_bytes())
    Path(__file__).with_name(FILE).write_bytes(written(figures_of(matrix)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
