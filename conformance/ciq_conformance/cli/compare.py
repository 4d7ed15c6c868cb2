"""`ciq compare`: compares several runs on one page."""

from pathlib import Path
from typing import Annotated

import typer

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite

DEFAULT_OUTPUT = Path("comparison.html")


def compare(
    run_files: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run files, or the directories that contain them; two or more."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the page.")
    ] = DEFAULT_OUTPUT,
) -> None:
    """Compare runs on one page: one row per requirement, one column per run, different results first.

    Columns are named by file or directory. The command sends nothing and judges nothing.
    """
    need_suite("compare")
    from ciq_conformance.runner.reading import read_run_file
    from ciq_reports import matrix
    from ciq_schemas.transcript.records import RunFileError

    if len(run_files) < 2:
        raise options.usage(f"expected two runs or more, as in `ciq compare before after`; got {run_files[0]} alone")
    try:
        runs = [(label, read_run_file(path)[1]) for label, path in zip(_labels(run_files), run_files, strict=True)]
    except RunFileError as error:
        raise options.usage(str(error)) from error
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        matrix.write(runs, output)
    except RunFileError as error:
        raise options.usage(str(error)) from error
    except OSError as error:
        raise options.usage(f"cannot write {output}: {error.strerror}") from error
    typer.echo(f"comparison: {output}")


def _labels(paths: list[Path]) -> list[str]:
    """Returns short distinct names: the directory or file, with parent directories where names are equal."""
    places = [path.resolve() if path.is_dir() or path.name != "run.ndjson" else path.resolve().parent for path in paths]
    for depth in range(1, 1 + max(len(place.parts) for place in places)):
        labels = ["/".join(place.parts[-depth:]) for place in places]
        if len(set(labels)) == len(set(places)):
            return labels
    return [str(place) for place in places]
