"""The path through the official SDKs; `tox -e sdk` fetches them (fetch_sdks.py) and runs these tests.

Pytest does not collect this file by default, because it needs npm, Go, Java and their registries.
"""

import os
from pathlib import Path

import pytest
from coverage_page import python_rows
from real_clients import HTTP, HTTPS, Step, go_steps, java_steps, node_steps, stored

FOLDER = Path(os.environ["CIQ_SDKS"])


@pytest.mark.parametrize("scheme", [HTTPS, HTTP])
def test_path_through_node_sdk_gives_stored_rows(scheme: str) -> None:
    """Over HTTPS by CONNECT, over HTTP by its option Ip."""
    assert node_steps(FOLDER / "node" / "node_modules", scheme) == stored("node")


@pytest.mark.parametrize("scheme", [HTTPS, HTTP])
def test_path_through_go_sdk_gives_stored_rows(scheme: str) -> None:
    """Every value, and every field that stays empty."""
    assert go_steps(FOLDER / "go_path", scheme) == stored("go")


def test_path_through_java_sdk_gives_stored_rows() -> None:
    """Over HTTPS only: this SDK refuses HTTP for these calls."""
    steps = java_steps(FOLDER / "java")
    assert steps == stored("java")
    assert [one for one in steps if "fails in the SDK" in one.found] == [
        Step("list workflows", "fails in the SDK, which cannot parse the answer: NullPointerException")
    ]


def test_every_method_of_python_sdk_works_over_https() -> None:
    """As over HTTP, with the real hosts."""
    assert python_rows(HTTPS) == python_rows(HTTP)
