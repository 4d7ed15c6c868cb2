"""The inputs that coverage-guided fuzzing stored, and its corrected findings, run through the targets again."""

import io

import pytest
from guided_corpus import CORPUS, FINDINGS, MOST_BYTES, findings, seeds, stored
from guided_targets import TARGETS

from ciq_schemas.transcript.records import RunFileError, read_records


@pytest.mark.parametrize("target", TARGETS)
def test_stored_inputs_of_target_have_no_finding(target: str) -> None:
    """Inputs: seeds, the smallest inputs that reach code of their own, and corrected findings."""
    for data in [*seeds(target), *stored(target), *findings(target)]:
        TARGETS[target](data)


def test_corpus_is_small_and_belongs_to_targets() -> None:
    """A file per target, and the findings."""
    names = {path.stem for path in CORPUS.iterdir()}
    assert names == {*TARGETS, FINDINGS}
    assert all(0 < sum(map(len, stored(target))) <= MOST_BYTES for target in TARGETS)


def test_run_file_with_invalid_base64_is_rejected() -> None:
    """Finding: the body was read without a check, so that a report failed with a traceback."""
    bad = findings("run-file")[0]
    with pytest.raises(RunFileError, match=r"line 2 is not a record.*base64"):
        list(read_records(io.BytesIO(bad)))


def test_run_file_whose_first_record_is_no_header_is_rejected() -> None:
    """Finding: after a blank line the first record was not checked."""
    with pytest.raises(RunFileError, match="line 3 is not a header"):
        list(read_records(io.BytesIO(findings("run-file")[1])))
