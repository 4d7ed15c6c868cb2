"""Checks of signatures in the scenario `errors` (ERR-011 to ERR-013, ERR-024 to ERR-026)."""

from ciq_conformance.areas.errors import SPEC
from ciq_conformance.areas.errors.labels import SIGNATURES, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, absent, blocked, deviates, holds, untested
from ciq_conformance.judge.preconditions import record_ids, require_response, with_preconditions
from ciq_conformance.judge.registry import Item, check, shows
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import describe_response

REJECTED = (401, 403)


def _signature(evidence: Evidence, step: Label, expected: str) -> Finding:
    if evidence.one(SPEC, step) is None and evidence.blocking_event(SPEC) is None:
        if evidence.declared.get(Capability.SIGNATURE) is False:
            return absent("the profile declares that the target does not check signatures")
        return untested("the profile contains no keys, so the suite could not send signatures")
    response = require_response(evidence, SPEC, step)
    if response.exchange.status in REJECTED:
        return holds(describe_response(response), witness=record_ids(response))
    return deviates(expected, describe_response(response), witness=record_ids(response))


@check("ERR-011", SPEC)
@with_preconditions
def unsigned_requests_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a queue list and a submit without Authorization."""
    expected = "401 or 403 without Authorization"
    finding = _signature(evidence, Label.UNSIGNED, expected)
    submit = evidence.one(SPEC, Label.UNSIGNED_SUBMIT)
    if finding.kind is Kind.HOLDS and submit is not None and submit.exchange.status not in REJECTED:
        return deviates(
            expected, f"a submit without Authorization: {describe_response(submit)}", witness=record_ids(submit)
        )
    return finding


@check("ERR-012", SPEC)
@with_preconditions
def wrong_signature_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a queue list with a wrong signature."""
    return _signature(evidence, Label.WRONG_SIGNATURE, "401 or 403 for a wrong signature")


@check("ERR-013", SPEC)
@with_preconditions
def expired_signature_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a queue list whose signature expired yesterday."""
    return _signature(evidence, Label.EXPIRED_SIGNATURE, "401 or 403 for an expired signature")


def _without_verification(evidence: Evidence) -> Finding | None:
    """Returns the finding where a signature proves nothing: the target accepts any signature, or none."""
    for earlier, what, see in (
        (Label.UNSIGNED, "an unsigned request", "ERR-011"),
        (Label.WRONG_SIGNATURE, "a wrong signature", "ERR-012"),
    ):
        response = evidence.one(SPEC, earlier)
        if response is not None and response.exchange.status not in REJECTED:
            reason = f"the target answered {what} with {describe_response(response)}; see {see}"
            return blocked(reason, witness=record_ids(response))
    return None


@check("ERR-024", SPEC)
@with_preconditions
def unknown_key_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a queue list signed under a SecretId that no key has."""
    expected = "401 or 403 for a signature under an unknown SecretId"
    early = _without_verification(evidence)
    return early or _signature(evidence, Label.UNKNOWN_KEY, expected)


@check("ERR-025", SPEC)
@with_preconditions
def signature_of_another_request_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a queue list whose signature belongs to another method or to another path."""
    wrong, rejected = Deviations(), []
    for step, what in ((Label.OTHER_METHOD, "method"), (Label.OTHER_PATH, "path")):
        finding = _without_verification(evidence) or _signature(evidence, step, "")
        if finding.kind not in (Kind.HOLDS, Kind.DEVIATES):
            return finding
        if finding.kind is Kind.DEVIATES:
            wrong.add(finding.witness[0], f"a signature for another {what}: {finding.seen}")
        rejected.append(finding)
    seen = "; ".join(finding.seen for finding in rejected)
    witness = tuple(seq for finding in rejected for seq in finding.witness)
    return wrong.finding("401 or 403 for a signature of another method or path", holds(seen, witness=witness))


@check("ERR-026", SPEC)
@with_preconditions
def signed_url_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """The target accepts a queue list whose signature is in the query."""
    early = _without_verification(evidence)
    if early is not None:
        return early
    finding = _signature(evidence, Label.SIGNED_URL, "")
    if finding.kind in (Kind.ABSENT, Kind.UNTESTED):
        return finding
    response = require_response(evidence, SPEC, Label.SIGNED_URL)
    if response.ok:
        return holds(describe_response(response), witness=record_ids(response))
    expected = "success for a request whose signature is in the query"
    return deviates(expected, describe_response(response), witness=record_ids(response))


@shows(Capability.SIGNATURE)
def checks_signatures(evidence: Evidence) -> bool:
    """The target rejected a request with no signature or a wrong one, so it verifies signatures."""
    return any(response.exchange.status in (401, 403) for response in evidence.of(SPEC, *SIGNATURES))
