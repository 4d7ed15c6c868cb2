"""Tests of which requirements the records of a run leave open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ciq_conformance.judge import open_requirements as module
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds, inconclusive, untested
from ciq_conformance.judge.open_requirements import open_requirements
from ciq_conformance.judge.registry import Item
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import load_registry

ITEM = Item(requirement=load_registry().get("PRI-001"), feature=FEATURES[Feature.MEDIA])


def raises() -> Finding:
    """A check with a defect."""
    raise LookupError


@pytest.mark.parametrize(
    ("finding", "is_open"),
    [
        (lambda: inconclusive("too few jobs"), True),
        (lambda: untested("no job waited"), True),
        (lambda: holds(), False),
        (lambda: deviates("level 2 first", "level 0 first", witness=(1,)), False),
        (lambda: blocked("no job ended"), False),
        (raises, False),
    ],
)
def test_requirement_is_open_until_its_check_decides(
    finding: Callable[[], Finding], *, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Further evidence cannot change a failure, a missing prerequisite or a defect of the check."""
    monkeypatch.setattr(module, "check_of", lambda _id: lambda _evidence, _item: finding())
    assert bool(open_requirements(Evidence(Feature.MEDIA, ()), [ITEM])) is is_open
