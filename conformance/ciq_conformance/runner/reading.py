"""Reading a run file from a path the operator gave."""

from pathlib import Path

from ciq_conformance.runner.execution import RUN_FILE
from ciq_schemas.transcript.records import AnyRecord, RunFileError, read_records


def read_run_file(path: Path) -> tuple[Path, tuple[AnyRecord, ...]]:
    """The file meant by `path` (itself, or `run.ndjson` in it) and its records; RunFileError says what is wrong."""
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
