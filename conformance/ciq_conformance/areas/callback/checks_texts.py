"""Checks of the scenario `callback`: texts that come as they were given - UserData, names of objects (SHP).

What was given is read from the request itself, so that a service which changes it at the submit already is seen too.
"""

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.checks import form_of
from ciq_conformance.areas.callback.jobs import Telling, readable_of, tellings_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.job_facts import first_difference, object_of, output_of, shortened, user_data_of
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.requests import requested_job

_NEW_LINE = frozenset("\r\n")
"""Around a text that a pretty printer has put on lines of its own; what it ended with cannot be told then."""

_LONG = 60
"""Characters beyond which two texts that differ may look alike once they are cut for a message."""


def _is_special(evidence: Evidence, item: Item, telling: Telling) -> bool:
    return telling.job.step in steps.SPECIAL[form_of(item)]


@check("SHP-010", SPEC)
def names_of_objects_survive(evidence: Evidence, item: Item) -> Finding:
    """Keys of inputs and outputs with letters of another script, and with what an address writes otherwise."""
    form = form_of(item)
    readable, tellings = readable_of(evidence, form), tellings_of(evidence, form)
    if isinstance(readable, Finding):
        return readable
    if isinstance(tellings, Finding):
        return tellings
    expected = f"an Input.Object and an Output.Object with letters such as {steps.SPECIAL_FOLDER} as they were given"
    odd = [
        telling
        for telling in tellings
        if telling.job.step in (*steps.SPECIAL[form], steps.SECOND[form])
        and not all((name or "").isascii() for name in _names_asked(telling))
    ]
    if not odd:
        refused = [response for response in evidence.of(SPEC, *steps.SPECIAL[form]) if response.refused]
        if refused:
            exchange = refused[0].exchange
            return deviates(expected, f"the job was refused with {exchange.status}", witness=(exchange.seq,))
        return blocked("the jobs with such names were not told; DEL-001 judges that")
    found = Deviations()
    for telling in odd:
        if telling not in readable:
            found.add(telling.seq, "the body with them cannot be read, others can")
            continue
        source, output = _names_asked(telling)
        key = object_of(telling.told)
        if key and key != source:
            found.add(telling.seq, f"Input.Object {source!r} came as {key!r}")
        told = output_of(telling.told)[2]
        folder = (output or "").rpartition("/")[0]
        if told and not told.startswith(folder):  # the file's name may have its ${Number} filled in
            found.add(telling.seq, f"Output.Object {output!r} came as {told!r}")
    return found.finding(expected, holds(f"{len(odd)} callback(s)", witness=(odd[0].seq,)))


def _names_asked(telling: Telling) -> tuple[str | None, str | None]:
    asked = requested_job(telling.job.submit)
    return asked.input_object, asked.output[2]


@check("SHP-012", SPEC)
def user_data_comes_unchanged(evidence: Evidence, item: Item) -> Finding:
    """UserData of all jobs that were told, one of them with all that is odd and as long as may be."""
    form = form_of(item)
    readable, tellings = readable_of(evidence, form), tellings_of(evidence, form)
    if isinstance(readable, Finding):
        return readable
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    for telling in tellings:
        if telling not in readable:
            if _is_special(evidence, item, telling):
                found.add(telling.seq, "the body with special characters cannot be read, others can")
            continue
        given, came = requested_job(telling.job.submit).user_data, user_data_of(telling.told)
        if given and came != given:
            found.add(telling.seq, f"UserData of {telling.job.step}: {_difference(came, given)}")
    expected = f"UserData character for character as given, up to {steps.LONGEST_USER_DATA} characters"
    if found.items or any(_is_special(evidence, item, telling) for telling in tellings):
        return found.finding(expected, holds(f"{len(readable)} callback(s)", witness=(readable[0].seq,)))
    refused = [response for response in evidence.of(SPEC, *steps.SPECIAL[form]) if response.refused]
    if refused:
        exchange = refused[0].exchange
        why = f"the job with special characters was refused with {exchange.status}; SUB-008 and SUB-009 judge that"
        return blocked(why, witness=(exchange.seq,))
    return blocked("the job with special characters was not told; DEL-001 judges that")


def _difference(came: str | None, given: str) -> str:
    if not came or len(given) <= _LONG:
        return f"{shortened(came)} instead of {shortened(given)}"
    return first_difference(came, given)


@check("SHP-013", SPEC)
def blanks_are_kept(evidence: Evidence, item: Item) -> Finding:
    """UserData with blanks at its ends; a pretty printer breaks the line around it."""
    readable = readable_of(evidence, form_of(item))
    if isinstance(readable, Finding):
        return readable
    found = Deviations()
    seen: list[int] = []
    for telling in readable:
        sent = _as_sent(telling)
        came = (telling.told.operation.user_data if telling.told.operation else None) or ""
        inner = came.strip(" \t")
        # Another text altogether is SHP-012's to judge.
        if sent == sent.strip() or inner.strip() != sent.strip() or _on_own_lines(inner):
            continue
        seen.append(telling.seq)
        if came != sent:
            ends = f"{came[:8]!r} ... {came[-8:]!r} instead of {sent[:8]!r} ... {sent[-8:]!r}"
            found.add(telling.seq, f"{telling.job.step}: {ends}")
    if not seen:
        return cannot_tell("no body has UserData that was given with blanks at its ends, and on one line")
    return found.finding(
        "UserData with the blanks at its ends as given", holds(f"{len(seen)} callback(s)", witness=(seen[0],))
    )


def _as_sent(telling: Telling) -> str:
    root = raw.root_of(telling.job.submit.exchange.request_body.data)
    operation = next(iter(raw.children(root, "Operation")), None)
    return "".join(element.text or "" for element in raw.children(operation, "UserData"))


def _on_own_lines(text: str) -> bool:
    return text[:1] in _NEW_LINE and text[-1:] in _NEW_LINE
