"""One item for each requirement, feature and format; the plugin collects them by name (`PRI-001-media`)."""

from ciq_conformance.judge.registry import Item
from ciq_conformance.runner.execution import RunResult
from ciq_conformance.suite.item_report import report


def test_requirement(ciq_run: RunResult, item: Item) -> None:
    """Passes, skips or fails by the verdict on the requirement."""
    report(item.name, ciq_run)
