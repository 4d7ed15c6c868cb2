"""Every recorded method of the official Python SDK on a running mock, read back through the SDK."""

import pytest
from coverage_page import COMMAND, PAGE, PATH, Row, python_rows, render
from empty_fields import reason_of
from python_methods import EXERCISES
from python_test_names import OUT_OF_SCOPE, WORKS
from real_clients import stored
from sdk_recordings import names


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A run of every method."""
    return python_rows()


@pytest.fixture(scope="module")
def found(rows: list[Row]) -> dict[str, str]:
    """What each method found, or how it failed."""
    return {row.method: row.found for row in rows}


def test_coverage_page_is_current(rows: list[Row]) -> None:
    """docs/sdk-coverage.md shows this run of the Python SDK and the stored rows of the others."""
    assert PAGE.read_text(encoding="utf-8") == render(rows), f"stale: run `{COMMAND}`"


@pytest.mark.parametrize("method", EXERCISES)
def test_sdk_method_reads_its_response(found: dict[str, str], method: str) -> None:
    """The request succeeds, and the SDK finds the expected content in the response."""
    assert not found[method].startswith("failed"), found[method]


def test_all_recorded_methods_are_called() -> None:
    """There are 67 recorded methods; the exercises call them all and no other."""
    recorded = {name.partition("__")[0] for name in names()}
    assert set(EXERCISES) == recorded
    assert len(recorded) == 67


def test_tests_of_the_sdk_are_covered_or_out_of_scope() -> None:
    """A test counts as covered when each of its methods has an exercise."""
    assert len(WORKS) + len(OUT_OF_SCOPE) == 68
    assert WORKS.keys().isdisjoint(OUT_OF_SCOPE)
    for name, methods in WORKS.items():
        assert set(methods) <= EXERCISES.keys(), name


@pytest.mark.parametrize("sdk", ["go", "java"])
def test_empty_field_has_a_reason(sdk: str) -> None:
    """A field that a page gives a value is filled; nothing else is called empty without a reason."""
    unexplained = {f"{one.step}: {path}" for one in stored(sdk) for path in one.empty if not reason_of(path)}
    assert not unexplained
    assert reason_of("JobsDetail.JobId") == reason_of("jobsDetail.state") == reason_of("QueueList.QueueId") == ""


@pytest.mark.parametrize("sdk", ["go", "java"])
def test_ended_job_has_its_result(sdk: str) -> None:
    """The reason "when the job has ended" does not hold for the description of the ended job."""
    (described,) = [one for one in stored(sdk) if one.step == "describe"]
    assert "State = Success" in described.found
    assert not any(path.lower().endswith(("operation.mediaresult", "endtime")) for path in described.empty)


def test_path_names_steps_of_the_programs() -> None:
    """Each step is one of Go or Java, and each of theirs is shown, but for the refused request at the end."""
    named = {step for step, _, _ in PATH}
    ran = {one.step for sdk in ("go", "java") for one in stored(sdk)}
    assert named <= ran
    assert ran - named == {"describe cancelled", "unknown job", "unknown tag"}
