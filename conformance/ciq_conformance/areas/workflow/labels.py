"""Steps, channels and nodes of the scenario `workflow`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

    FIRST = "first"
    CREATE = "create"
    LISTED = "listed"
    TRIGGER = "trigger"
    WATCH = "watch"
    RUN = "run"
    JOBS = "jobs"
    UPDATE = "update"
    UPDATED = "updated"
    TRIGGER_JSON = "trigger-json"
    WATCH_JSON = "watch-json"
    TRIGGER_MISSING = "trigger-missing"
    WATCH_MISSING = "watch-missing"
    RUNS = "runs"
    RUNS_PAGE = "runs-page"
    RUNS_ASC = "runs-asc"
    RUNS_SUCCESS = "runs-success"
    RUNS_FAILED = "runs-failed"
    PAUSE = "pause"
    PAUSED = "paused"
    ACTIVATE = "activate"
    ACTIVATED = "activated"
    BAD_CREATE = "bad-create"
    BAD_STATE = "bad-state"
    LONG_NAME = "long-name"
    TRIGGER_UNKNOWN = "trigger-unknown"
    TRIGGER_NOTHING = "trigger-nothing"
    RUN_UNKNOWN = "run-unknown"
    DELETE = "delete"
    DELETED = "deleted"
    CLEAN = "clean"


XML_CHANNEL, JSON_CHANNEL = "xml", "json"
"""Channels of the workflow's own callback rule, before and after the update."""

FIRST_NODE, SIDE_NODE, LAST_NODE = "Segment_1581665960501", "Segment_1581665960502", "Segment_1581665960503"
"""Start leads to the first and the side node, the first node to the last."""
NODES = (FIRST_NODE, SIDE_NODE, LAST_NODE)
NODE_TYPE = "Segment"
"""The tag whose parameters the page has inside a node (1045/43733), so that a node needs no template."""
