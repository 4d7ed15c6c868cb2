"""Reads a run file from a path given by the operator."""

from pathlib import Path

from ciq_conformance.runner.execution import RUN_FILE
from ciq_schemas.transcript.records import AnyRecord, RunFileError, read_records


def read_run_file(path: Path) -> tuple[Path, tuple[AnyRecord, ...]]:
    """Returns the file at `path` (or `run.ndjson` in that directory) and its records; raises RunFileError."""
    file = path / RUN_FILE if path.is_dir() else path
    try:
        with file.open("rb") as lines:
            records = tuple(read_records(lines))
    except OSError as error:
        raise RunFileError(f"cannot read {file}: {error.strerror}") from error
    except RunFileError as error:
        raise RunFileError(f"{file}: {error}") from error
    if not records:
        raise RunFileError(f"{file} is empty: is it a run.ndjson written by ciq run?")
    return file, records
