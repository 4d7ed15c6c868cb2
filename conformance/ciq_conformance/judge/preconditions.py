"""Finds the exchange that a check judges, and stops the check with a finding when it is missing.

`with_preconditions` turns the stop into the result of the check. A missing exchange never counts as a pass.
"""

from collections.abc import Iterable
from functools import wraps

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, inconclusive, untested
from ciq_conformance.judge.registry import Check, Item
from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


class EarlyFinding(Exception):  # noqa: N818 - an early result, not an error
    """Ends a check early: a precondition already decides the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason or finding.seen)
        self.finding = finding


def with_preconditions(check: Check) -> Check:
    """Lets a check end early through `require_response`, `require_success` or `expect_success`."""

    @wraps(check)
    def early_finding_or_result(evidence: Evidence, item: Item) -> Finding:
        try:
            return check(evidence, item)
        except EarlyFinding as stop:
            return stop.finding

    return early_finding_or_result


def record_ids(*responses: ParsedExchange) -> tuple[int, ...]:
    """Returns the record numbers of exchanges, as a witness."""
    return tuple(dict.fromkeys(response.exchange.seq for response in responses))


def not_judged(evidence: Evidence, scenario: ScenarioName, why: str) -> Finding:
    """Returns the finding of a check without its exchange: why the scenario stopped, if it did, else `why`."""
    event = evidence.blocking_event(scenario)
    if event is None:
        return blocked(why)
    if event.name == "unsupported":
        return untested(event.text, witness=(event.seq,))
    if event.name == "interrupted":
        return inconclusive(event.text, witness=(event.seq,))
    return blocked(event.text, witness=(event.seq,))


def require_response(evidence: Evidence, scenario: ScenarioName, step: str) -> ParsedExchange:
    """Returns the exchange of a step, whatever the target answered; stops when the scenario never made it."""
    response = evidence.one(scenario, step)
    if response is None:
        raise EarlyFinding(not_judged(evidence, scenario, f"the scenario {scenario} never made step {step}"))
    return response


def require_success(evidence: Evidence, scenario: ScenarioName, step: str) -> ParsedExchange:
    """Returns the exchange of a step that the check needs accepted; stops as blocked when the target rejected it."""
    response = require_response(evidence, scenario, step)
    if not response.ok:
        raise EarlyFinding(
            blocked(f"the target answered step {step} with {describe_response(response)}", witness=record_ids(response))
        )
    return response


def expect_success(evidence: Evidence, scenario: ScenarioName, step: str, expected: str) -> ParsedExchange:
    """Returns the exchange that the requirement demands accepted; stops as a deviation when the target rejected it."""
    response = require_response(evidence, scenario, step)
    if not response.ok:
        raise EarlyFinding(deviates(expected, describe_response(response), witness=record_ids(response)))
    return response


DOCUMENTED_STATUS = 200
"""The status of every successful response in the documents' samples; only the page of DELETE has no status line."""


def expect_status_200(evidence: Evidence, scenario: ScenarioName, step: str, expected: str) -> ParsedExchange:
    """As `expect_success`, with the documented status: for the one requirement of an operation that names it."""
    response = expect_success(evidence, scenario, step, expected)
    if response.exchange.status != DOCUMENTED_STATUS:
        raise EarlyFinding(deviates(expected, describe_response(response), witness=record_ids(response)))
    return response


def other_status(response: ParsedExchange) -> str:
    """Returns the status of an accepted response when it is not the documented one (`HTTP 202`), else empty."""
    return describe_response(response) if response.ok and response.exchange.status != DOCUMENTED_STATUS else ""


def require_responses(evidence: Evidence, scenario: ScenarioName, *steps: str) -> tuple[ParsedExchange, ...]:
    """Returns all exchanges of the steps; stops when there is none."""
    responses = evidence.of(scenario, *steps)
    if not responses:
        wanted = ", ".join(steps)
        raise EarlyFinding(not_judged(evidence, scenario, f"the scenario {scenario} made no exchange for: {wanted}"))
    return responses


def expect_rejections(
    responses: Iterable[ParsedExchange],
    expected: str,
    *,
    status: int | None = None,
    codes: frozenset[str] = frozenset(),
) -> Finding:
    """Judges that the target rejects all exchanges: with `status` (None: any 4xx) and one of `codes` (empty: any)."""
    wrong = Deviations()
    rejected: list[tuple[int, str]] = []
    for response in responses:
        answer = f"{response.exchange.step}: {describe_response(response)}"
        right_status = response.refused if status is None else response.exchange.status == status
        if right_status and (not codes or (response.error.code or "").strip() in codes):
            rejected.append((response.exchange.seq, answer))
        else:
            wrong.add(response.exchange.seq, answer)
    first = rejected[:3]
    return wrong.finding(expected, holds("; ".join(text for _, text in first), witness=tuple(seq for seq, _ in first)))
