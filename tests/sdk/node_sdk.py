"""The core path through the official Node SDK; `tox -e sdk` installs it, passes its folder and runs this test.

Pytest does not collect this file by default because it needs npm.
"""

import os
from pathlib import Path

from coverage_page import node_rows, stored_node_rows


def test_core_path_through_node_sdk_gives_stored_rows() -> None:
    """Activation, queues, jobs, cancel, lists and templates give the rows of the table in docs/."""
    modules = Path(os.environ["CIQ_NODE_MODULES"])
    assert node_rows(modules) == stored_node_rows()
