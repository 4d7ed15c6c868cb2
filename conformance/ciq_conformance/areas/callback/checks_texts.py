"""Checks of the scenario `callback`: UserData and object names in callbacks are those of the request (SHP).

The checks read the request itself, so that they also detect a target that changes a text at the submit.
"""

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.checks import format_of
from ciq_conformance.areas.callback.jobs import Delivery, deliveries_of, readable_deliveries_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.job_facts import first_difference, object_of, output_of, shortened, user_data_of
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.requests import requested_job

_NEW_LINE = frozenset("\r\n")
"""At the ends of a text that a pretty printer put on its own lines; its outer blanks are unknown then."""

_LONG = 60
"""Length above which two different texts may look equal when a message shortens them."""


def _is_special(evidence: Evidence, item: Item, delivery: Delivery) -> bool:
    return delivery.job.step in steps.SPECIAL[format_of(item)]


@check("SHP-010", SPEC)
def object_names_are_unchanged(evidence: Evidence, item: Item) -> Finding:
    """Callbacks have the Input.Object and Output.Object of the request, with non-ASCII and escaped characters."""
    form = format_of(item)
    readable, deliveries = readable_deliveries_of(evidence, form), deliveries_of(evidence, form)
    if isinstance(readable, Finding):
        return readable
    if isinstance(deliveries, Finding):
        return deliveries
    expected = f"an Input.Object and an Output.Object with letters such as {steps.SPECIAL_FOLDER} as in the request"
    non_ascii = [
        delivery
        for delivery in deliveries
        if delivery.job.step in (*steps.SPECIAL[form], steps.SECOND[form])
        and not all((name or "").isascii() for name in _requested_names(delivery))
    ]
    if not non_ascii:
        refused = [response for response in evidence.of(SPEC, *steps.SPECIAL[form]) if response.refused]
        if refused:
            exchange = refused[0].exchange
            return deviates(expected, f"the target rejected the job with {exchange.status}", witness=(exchange.seq,))
        return blocked("no callback of a job with such names arrived; DEL-001 judges that")
    found = Deviations()
    for delivery in non_ascii:
        if delivery not in readable:
            found.add(delivery.seq, "the body with such names is not readable, others are")
            continue
        source, output = _requested_names(delivery)
        key = object_of(delivery.reported)
        if key and key != source:
            found.add(delivery.seq, f"Input.Object {source!r} is {key!r} in the callback")
        reported = output_of(delivery.reported)[2]
        folder = (output or "").rpartition("/")[0]
        if reported and not reported.startswith(folder):  # the target may replace ${Number} in the file name
            found.add(delivery.seq, f"Output.Object {output!r} is {reported!r} in the callback")
    return found.finding(expected, holds(f"{len(non_ascii)} callback(s)", witness=(non_ascii[0].seq,)))


def _requested_names(delivery: Delivery) -> tuple[str | None, str | None]:
    requested = requested_job(delivery.job.submit)
    return requested.input_object, requested.output[2]


@check("SHP-012", SPEC)
def user_data_is_unchanged(evidence: Evidence, item: Item) -> Finding:
    """Callbacks have the UserData of the request, also with special characters and at maximum length."""
    form = format_of(item)
    readable, deliveries = readable_deliveries_of(evidence, form), deliveries_of(evidence, form)
    if isinstance(readable, Finding):
        return readable
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    for delivery in deliveries:
        if delivery not in readable:
            if _is_special(evidence, item, delivery):
                found.add(delivery.seq, "the body with special characters is not readable, others are")
            continue
        sent, received = requested_job(delivery.job.submit).user_data, user_data_of(delivery.reported)
        if sent and received != sent:
            found.add(delivery.seq, f"UserData of {delivery.job.step}: {_difference(received, sent)}")
    expected = f"UserData exactly as in the request, up to {steps.LONGEST_USER_DATA} characters"
    if found.items or any(_is_special(evidence, item, delivery) for delivery in deliveries):
        return found.finding(expected, holds(f"{len(readable)} callback(s)", witness=(readable[0].seq,)))
    refused = [response for response in evidence.of(SPEC, *steps.SPECIAL[form]) if response.refused]
    if refused:
        exchange = refused[0].exchange
        why = f"the target answered special characters with {exchange.status}; SUB-008 and SUB-009 judge that"
        return blocked(why, witness=(exchange.seq,))
    return blocked("no callback of the job with special characters arrived; DEL-001 judges that")


def _difference(received: str | None, sent: str) -> str:
    if not received or len(sent) <= _LONG:
        return f"{shortened(received)} instead of {shortened(sent)}"
    return first_difference(received, sent)


@check("SHP-013", SPEC)
def outer_blanks_are_kept(evidence: Evidence, item: Item) -> Finding:
    """Callbacks keep blanks at the ends of UserData, except where a pretty printer put the text on its own lines."""
    readable = readable_deliveries_of(evidence, format_of(item))
    if isinstance(readable, Finding):
        return readable
    found = Deviations()
    seen: list[int] = []
    on_own_lines: list[int] = []
    for delivery in readable:
        sent = _as_sent(delivery)
        received = (delivery.reported.operation.user_data if delivery.reported.operation else None) or ""
        inner = received.strip(" \t")
        # SHP-012 judges a different text.
        if sent == sent.strip() or inner.strip() != sent.strip():
            continue
        if _on_own_lines(inner):
            on_own_lines.append(delivery.seq)
            continue
        seen.append(delivery.seq)
        if received != sent:
            ends = f"{received[:8]!r} ... {received[-8:]!r} instead of {sent[:8]!r} ... {sent[-8:]!r}"
            found.add(delivery.seq, f"{delivery.job.step}: {ends}")
    expected = "UserData with the same blanks at its ends as in the request"
    if not seen and on_own_lines:
        reason = "the line breaks hide whether the target keeps the blanks"
        return observed("line breaks around UserData", expected=expected, reason=reason, witness=(on_own_lines[0],))
    if not seen:
        return inconclusive("no body has UserData whose request has blanks at its ends")
    return found.finding(expected, holds(f"{len(seen)} callback(s)", witness=(seen[0],)))


def _as_sent(delivery: Delivery) -> str:
    root = raw.root_of(delivery.job.submit.exchange.request_body.data)
    operation = next(iter(raw.children(root, "Operation")), None)
    return "".join(element.text or "" for element in raw.children(operation, "UserData"))


def _on_own_lines(text: str) -> bool:
    return text[:1] in _NEW_LINE and text[-1:] in _NEW_LINE
