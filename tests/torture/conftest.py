"""Collects the figures of all attacks; with TORTURE_WRITE=1 the run writes them to docs/reliability.md."""

import os
from collections.abc import Iterator

import pytest
from reliability_page import TORTURE, write_section
from torture_figures import WRITE, Figures


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """The figures of this run."""
    collected = Figures()
    yield collected
    if os.environ.get(WRITE) == "1":
        write_section(TORTURE, collected.rows)
