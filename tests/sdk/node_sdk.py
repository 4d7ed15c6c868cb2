"""The core path through the official Node SDK; run by `tox -e sdk`, which installs it and says where it lies.

Not among the tests that are found by themselves: it needs npm.
"""

import os
from pathlib import Path

from coverage_page import node_rows, stored_node_rows


def test_the_core_path_through_the_node_sdk() -> None:
    """Activation, queues, jobs, cancelling, lists and templates read back as the table in docs/ says."""
    modules = Path(os.environ["CIQ_NODE_MODULES"])
    assert node_rows(modules) == stored_node_rows()
