"""Tests that no verdict passes without evidence: a whole run is judged again with its responses emptied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.judge.verdict import judge_run
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.runner.execution import RunConfig, execute
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import AnyRecord, Body, CallbackReceived, Exchange, Footer, Outcome, Verdict

FEATURES = (Feature.MEDIA, Feature.SPEECH)
REGISTRY = load_registry()
Emptied = Callable[[Exchange], Exchange | None]


@pytest.fixture(scope="module")
def records() -> tuple[AnyRecord, ...]:
    """The records of a run against the embedded mock, without its verdicts."""
    loaded = load_profile(env={}, flags={"features": ("test", ",".join(FEATURES))}, directory=Path(__file__).parent)
    result = execute(RunConfig(loaded=loaded), select_items(REGISTRY, FEATURES, Selection()))
    return tuple(r for r in result.records if not isinstance(r, (Verdict, Footer)))


def passed(records: tuple[AnyRecord, ...], emptied: Emptied) -> set[str]:
    """Returns the ids that pass when every response is emptied and no callback was received."""
    kept: list[AnyRecord] = []
    for record in records:
        if isinstance(record, CallbackReceived):
            continue
        left = emptied(record) if isinstance(record, Exchange) else record
        if left is not None:
            kept.append(left)
    verdicts = judge_run(kept, select_items(REGISTRY, FEATURES, Selection()), declared={})
    assert not [v for v in verdicts if v.outcome is Outcome.SUITE_ERROR]
    return {v.requirement for v in verdicts if v.outcome is Outcome.PASS}


def answering(status: int, text: str) -> Emptied:
    """Gives every exchange the same response, without headers."""
    return lambda exchange: msgspec.structs.replace(
        exchange, status=status, response_headers=(), response_body=Body(text=text)
    )


SHOWN_BY_ANY_RESPONSE = {
    "CAN-008",  # a response below 500
    "ERR-009",  # a response below 500
    "ERR-010",  # a response without the entity's text
    "HDR-005",  # a response without the header
}
"""Requirements whose evidence is in a response without any other content."""


@pytest.mark.parametrize(
    ("emptied", "legitimate"),
    [
        (lambda _exchange: None, set()),
        (answering(500, ""), set()),
        (answering(200, ""), SHOWN_BY_ANY_RESPONSE | {"CAN-006"}),
        (answering(200, "<Response/>"), SHOWN_BY_ANY_RESPONSE | {"ONE-005", "QUE-020"}),
    ],
    ids=["no exchange", "500", "empty body", "empty document"],
)
def test_emptied_responses_pass_only_what_they_show(
    records: tuple[AnyRecord, ...], emptied: Emptied, legitimate: set[str]
) -> None:
    """A response passes only what it shows: no body of a cancel, no queue in an empty list."""
    assert passed(records, emptied) <= legitimate


def test_unchanged_run_passes(records: tuple[AnyRecord, ...]) -> None:
    """The records pass many requirements before they are emptied."""
    verdicts = judge_run(records, select_items(REGISTRY, FEATURES, Selection()), declared={})
    assert len({v.requirement for v in verdicts if v.outcome is Outcome.PASS}) > 200
