"""One item for each requirement, feature and form; `plugin` collects them by name (`PRI-001-media`)."""

from ciq_conformance.judge.registry import Item
from ciq_conformance.runner.execution import RunResult
from ciq_conformance.suite.item_report import report


def test_requirement(ciq_run: RunResult, item: Item) -> None:
    """The target meets the requirement: passes, skips or fails as the verdict says."""
    report(item.name, ciq_run)
