"""No verdict turns green where the answers show nothing: a whole run is judged again with its answers emptied."""

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
    """What a run against the embedded mock left, without its verdicts."""
    loaded = load_profile(env={}, flags={"features": ("test", ",".join(FEATURES))}, directory=Path(__file__).parent)
    result = execute(RunConfig(loaded=loaded), select_items(REGISTRY, FEATURES, Selection()))
    return tuple(r for r in result.records if not isinstance(r, (Verdict, Footer)))


def passed(records: tuple[AnyRecord, ...], emptied: Emptied) -> set[str]:
    """Ids that pass when every answer is emptied and no callback came."""
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
    """The same answer to everything, without headers."""
    return lambda exchange: msgspec.structs.replace(
        exchange, status=status, response_headers=(), response_body=Body(text=text)
    )


SHOWN_BY_ANY_ANSWER = {
    "CAN-008",  # an answer below 500
    "ERR-009",  # an answer below 500
    "ERR-010",  # an answer without the entity's text
    "HDR-005",  # an answer without the header
}
"""What is demanded of these is seen in an answer that tells nothing else."""


@pytest.mark.parametrize(
    ("emptied", "legitimate"),
    [
        (lambda _exchange: None, set()),
        (answering(500, ""), set()),
        (answering(200, ""), SHOWN_BY_ANY_ANSWER | {"CAN-006"}),
        (answering(200, "<Response/>"), SHOWN_BY_ANY_ANSWER | {"ONE-005", "QUE-020"}),
    ],
    ids=["no exchange", "500", "empty body", "empty document"],
)
def test_what_shows_nothing_turns_nothing_green(
    records: tuple[AnyRecord, ...], emptied: Emptied, legitimate: set[str]
) -> None:
    """Only what such an answer really shows may pass: no body of a cancel, no queue in an empty list."""
    assert passed(records, emptied) <= legitimate


def test_the_run_itself_is_green(records: tuple[AnyRecord, ...]) -> None:
    """The records that are emptied above show a great deal as they are."""
    verdicts = judge_run(records, select_items(REGISTRY, FEATURES, Selection()), declared={})
    assert len({v.requirement for v in verdicts if v.outcome is Outcome.PASS}) > 200
