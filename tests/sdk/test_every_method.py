"""Every recorded method of the official Python SDK on a running mock, read back through the SDK."""

import pytest
from coverage_page import COMMAND, PAGE, Row, python_rows, render, stored_node_rows
from python_methods import EXERCISES
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
    """docs/sdk-coverage.md shows this run of the Python SDK and the stored rows of the Node SDK."""
    assert PAGE.read_text(encoding="utf-8") == render(rows, stored_node_rows()), f"stale: run `{COMMAND}`"


@pytest.mark.parametrize("method", EXERCISES)
def test_sdk_method_reads_its_response(found: dict[str, str], method: str) -> None:
    """The request succeeds, and the SDK finds the expected content in the response."""
    assert not found[method].startswith("failed"), found[method]


def test_all_recorded_methods_are_called() -> None:
    """There are 67 recorded methods; the exercises call them all and no other."""
    recorded = {name.partition("__")[0] for name in names()}
    assert set(EXERCISES) == recorded
    assert len(recorded) == 67
