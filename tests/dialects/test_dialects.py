"""The suite passes on every dialect and on mixtures of them. The slow ones: `tox -e dialects`."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from mixtures import DRAWING, consistent, feature_of
from mock_runs import failing, judged

from ciq_mock.variants.dialects import DIALECTS

ORDER = ("PRI-00[1267]", "PAU-*")
QUICK = (
    ("held-shows-submitted", "shuffled-elements", "extra-elements", "unset-times-absent", "one-worker"),
    ("json-object", "json-wrapper", "json-numbers", "old-callback", "no-xml-declaration", "jittery-callbacks"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_mock_in_one_dialect_passes(name: str) -> None:
    """Every requirement of the core passes on the feature that shows the dialect."""
    assert failing(judged([name], features=[feature_of(name)])) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["workflow-times-with-colon", "workflow-callback-without-root", "extra-elements"])
def test_mock_in_workflow_dialect_passes(name: str) -> None:
    """Every requirement of workflows and batch jobs passes in a dialect that shows there."""
    result = judged([name], features=["media"], areas=["workflow", "batch"])
    assert result.verdicts
    assert failing(result) == []


@pytest.mark.slow
@seed(436)
@settings(DRAWING, max_examples=16)
@given(
    names=st.lists(st.sampled_from(tuple(DIALECTS)), min_size=3, max_size=14, unique=True).map(consistent),
    feature=st.sampled_from(("media", "media", "speech", "doc")),
)
def test_mock_in_mixed_dialects_passes(names: tuple[str, ...], feature: str) -> None:
    """Every requirement of the core passes in a drawn combination of dialects."""
    assert failing(judged(names, features=[feature])) == []


@pytest.mark.slow
def test_mock_in_all_dialects_passes() -> None:
    """Every requirement passes in all consistent dialects together, with jobs of the usual length."""
    names = consistent(name for name in DIALECTS if name not in ("instant-jobs", "slow-jobs"))
    assert failing(judged(names, features=["media", "speech", "doc"])) == []


@pytest.mark.parametrize("names", QUICK, ids="+".join)
def test_mock_in_selected_mixture_passes(names: tuple[str, ...]) -> None:
    """Two mixtures in the fast tests: order, pause and the shape of callbacks on one feature."""
    assert failing(judged(names, features=["media"], requirements=[*ORDER, "SHP-*", "DEL-00[1235]"])) == []
