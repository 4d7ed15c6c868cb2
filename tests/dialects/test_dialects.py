"""The suite blames no dialect: each alone, and mixtures of them. What takes minutes: `tox -e dialects`."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from mixtures import DRAWING, consistent, feature_of
from mock_runs import blamed, judged

from ciq_mock.variants.dialects import DIALECTS

ORDER = ("PRI-00[1267]", "PAU-*")
QUICK = (
    ("held-shows-submitted", "shuffled-elements", "extra-elements", "unset-times-absent", "one-worker"),
    ("json-object", "json-wrapper", "json-numbers", "old-callback", "no-xml-declaration", "jittery-callbacks"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_passes(name: str) -> None:
    """Every requirement of the core holds in the dialect, on the feature that shows it."""
    assert blamed(judged([name], features=[feature_of(name)])) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["workflow-times-with-colon", "workflow-callback-without-root", "extra-elements"])
def test_workflows_in_a_dialect_pass(name: str) -> None:
    """Every requirement of workflows and batch jobs holds in a dialect that is seen there."""
    result = judged([name], features=["media"], areas=["workflow", "batch"])
    assert result.verdicts
    assert blamed(result) == []


@pytest.mark.slow
@seed(436)
@settings(DRAWING, max_examples=16)
@given(
    names=st.lists(st.sampled_from(tuple(DIALECTS)), min_size=3, max_size=14, unique=True).map(consistent),
    feature=st.sampled_from(("media", "media", "speech", "doc")),
)
def test_a_mixture_passes(names: tuple[str, ...], feature: str) -> None:
    """Every requirement of the core holds in dialects taken together."""
    assert blamed(judged(names, features=[feature])) == []


@pytest.mark.slow
def test_all_at_once_pass() -> None:
    """Nor is a mock blamed that takes every freedom there is, with jobs of the usual length."""
    names = consistent(name for name in DIALECTS if name not in ("instant-jobs", "slow-jobs"))
    assert blamed(judged(names, features=["media", "speech", "doc"])) == []


@pytest.mark.parametrize("names", QUICK, ids="+".join)
def test_a_few_pass_on_one_feature(names: tuple[str, ...]) -> None:
    """Two mixtures in the fast tests: order, pause and the shape of callbacks on one feature."""
    assert blamed(judged(names, features=["media"], requirements=[*ORDER, "SHP-*", "DEL-00[1235]"])) == []
