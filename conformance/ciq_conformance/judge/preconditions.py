"""What a question rests on: the exchange it is about. When that is missing the check stops with the reason.

`premised` turns the stop into the finding. Nothing here holds by absence: no exchange, no verdict on the target.
"""

from collections.abc import Iterable
from functools import wraps

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.registry import Check, Item
from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


class EarlyFinding(Exception):  # noqa: N818 - an early answer, not an error
    """The check is answered before its own question could be put."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason or finding.seen)
        self.finding = finding


def with_preconditions(check: Check) -> Check:
    """Let a check stop early through `asked`, `granted` or `accepted`."""

    @wraps(check)
    def stopped_or_judged(evidence: Evidence, item: Item) -> Finding:
        try:
            return check(evidence, item)
        except EarlyFinding as stop:
            return stop.finding

    return stopped_or_judged


def record_ids(*responses: ParsedExchange) -> tuple[int, ...]:
    """Record numbers of exchanges, as a witness."""
    return tuple(dict.fromkeys(response.exchange.seq for response in responses))


def not_judged(evidence: Evidence, scenario: ScenarioName, why: str) -> Finding:
    """The finding for a question that was never put: the scenario's own obstacle when it met one."""
    event = evidence.blocking_event(scenario)
    if event is None:
        return blocked(why)
    if event.name == "unsupported":
        return absent(event.text, witness=(event.seq,))
    if event.name == "interrupted":
        return cannot_tell(event.text, witness=(event.seq,))
    return blocked(event.text, witness=(event.seq,))


def require_response(evidence: Evidence, scenario: ScenarioName, step: str) -> ParsedExchange:
    """The exchange of a step, however it was answered; stops when it was never made."""
    response = evidence.one(scenario, step)
    if response is None:
        raise EarlyFinding(not_judged(evidence, scenario, f"the step {step} of the scenario {scenario} was never made"))
    return response


def require_success(evidence: Evidence, scenario: ScenarioName, step: str) -> ParsedExchange:
    """The exchange of a step that the question needs accepted; stops as blocked when it was not."""
    response = require_response(evidence, scenario, step)
    if not response.ok:
        raise EarlyFinding(
            blocked(f"the step {step} was answered {describe_response(response)}", witness=record_ids(response))
        )
    return response


def expect_success(evidence: Evidence, scenario: ScenarioName, step: str, expected: str) -> ParsedExchange:
    """The exchange that the requirement itself wants accepted; stops as a deviation when it was not."""
    response = require_response(evidence, scenario, step)
    if not response.ok:
        raise EarlyFinding(deviates(expected, describe_response(response), witness=record_ids(response)))
    return response


SAMPLES_SAY = 200
"""The status of every good answer in the documents' samples; DELETE alone has a page without its status line."""


def expect_status_200(evidence: Evidence, scenario: ScenarioName, step: str, expected: str) -> ParsedExchange:
    """As `accepted`, by the status in the documents: for the one requirement of an operation that names it."""
    response = expect_success(evidence, scenario, step, expected)
    if response.exchange.status != SAMPLES_SAY:
        raise EarlyFinding(deviates(expected, describe_response(response), witness=record_ids(response)))
    return response


def other_status(response: ParsedExchange) -> str:
    """`HTTP 202` of an accepted answer with another status than the documents', else empty."""
    return describe_response(response) if response.ok and response.exchange.status != SAMPLES_SAY else ""


def require_responses(evidence: Evidence, scenario: ScenarioName, *steps: str) -> tuple[ParsedExchange, ...]:
    """All exchanges of the steps; stops when there is none."""
    responses = evidence.of(scenario, *steps)
    if not responses:
        wanted = ", ".join(steps)
        raise EarlyFinding(
            not_judged(evidence, scenario, f"no exchange of the scenario {scenario} was made for: {wanted}")
        )
    return responses


def expect_rejections(
    responses: Iterable[ParsedExchange],
    expected: str,
    *,
    status: int | None = None,
    codes: frozenset[str] = frozenset(),
) -> Finding:
    """All exchanges are refused: with `status` (any 4xx when None) and one of `codes` (any when empty)."""
    wrong = Deviations()
    told: list[tuple[int, str]] = []
    for response in responses:
        answer = f"{response.exchange.step}: {describe_response(response)}"
        right_status = response.refused if status is None else response.exchange.status == status
        if right_status and (not codes or (response.error.code or "").strip() in codes):
            told.append((response.exchange.seq, answer))
        else:
            wrong.add(response.exchange.seq, answer)
    shown = holds("; ".join(text for _, text in told[:3]), witness=tuple(number for number, _ in told[:3]))
    return wrong.finding(expected, shown)
