"""Checks of the scenario `callback`: format, structure, EventName and Content-Type of the bodies (SHP)."""

from collections.abc import Iterator, Mapping

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback.checks import format_of
from ciq_conformance.areas.callback.jobs import deliveries_of, has_format, jobs_of, readable_deliveries_of
from ciq_conformance.areas.callback.labels import BY_RULE, CHANNELS
from ciq_conformance.judge.body_paths import WRAPPER, UnreadableBody, read_body
from ciq_conformance.judge.callback_body import (
    STRUCTURAL,
    TASK_FINISH,
    child_text,
    missing_parts,
    values_not_strings,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.codec import NoteKind
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.parsed import ParsedCallback
from ciq_schemas.transcript.raw import header


def _bodies(evidence: Evidence, form: Format) -> tuple[ParsedCallback, ...] | Finding:
    """Returns the bodies in a format for its jobs; a body that names no job belongs to the format of its address."""
    deliveries = deliveries_of(evidence, form)
    nameless = tuple(
        callback
        for callback in evidence.arrivals(_channel(evidence, form))
        if not callback.job_ids and has_format(callback, form)
    )
    if isinstance(deliveries, Finding):
        # A format that no document promises stays untested, even if a body arrived.
        return nameless if nameless and not isinstance(jobs_of(evidence, form), Finding) else deliveries
    named = {delivery.seq: delivery.callback for delivery in deliveries}
    named.update({callback.arrival.seq: callback for callback in nameless})
    return tuple(named[seq] for seq in sorted(named))


@check("SHP-001", SPEC)
def body_is_well_formed(evidence: Evidence, item: Item) -> Finding:
    """XML is well-formed, JSON is one object."""
    form = format_of(item)
    expected = "a JSON object" if form is Format.JSON else "well-formed XML"
    bodies = _bodies(evidence, form)
    if isinstance(bodies, Finding):
        arrivals = evidence.arrivals(_channel(evidence, form))
        others = [callback for callback in arrivals if not has_format(callback, form)]
        if bodies.kind is not Kind.BLOCKED or not others:
            return bodies
        return deviates(
            expected,
            f"{len(others)} bodies, none of them {form.upper()}; the first begins with {_beginning(others[0])}",
            witness=(others[0].arrival.seq,),
        )
    found = Deviations()
    for callback in bodies:
        try:
            read_body(callback.body)
        except UnreadableBody as error:
            found.add(callback.arrival.seq, str(error))
    for callback in _in_other_format(evidence, form):
        found.add(callback.arrival.seq, f"one body begins with {_beginning(callback)}")
    for callback in bodies:
        if callback.compressed and not callback.compression_declared:
            found.add(callback.arrival.seq, "the body is gzip-compressed, and no Content-Encoding says so")
    compressed = [callback.arrival.seq for callback in bodies if callback.compressed]
    return found.finding(expected, _compressed(compressed, len(bodies), bodies[0].arrival.seq, expected))


def _compressed(seqs: list[int], count: int, first: int, expected: str) -> Finding:
    """Returns the finding where every body is readable: a warning when some were compressed."""
    if not seqs:
        return holds(f"{count} bodies", witness=(first,))
    return observed(
        f"{len(seqs)} of {count} bodies are gzip-compressed, with Content-Encoding gzip",
        witness=tuple(seqs[:3]),
        expected=expected,
        reason="no page describes a compressed callback, and many receivers do not decompress one",
    )


def _channel(evidence: Evidence, form: Format) -> str:
    return channel_name(evidence.feature, SPEC, CHANNELS[form])


def _beginning(callback: ParsedCallback) -> str:
    return repr(callback.body[:20].decode("utf-8", "replace"))


def _in_other_format(evidence: Evidence, form: Format) -> Iterator[ParsedCallback]:
    """Yields bodies in the other format, where the same kind of request brought this format for other jobs."""
    jobs = jobs_of(evidence, form)
    if isinstance(jobs, Finding):
        return
    by_rule = [callback for job in jobs if job.step in BY_RULE[form] for callback in job.unambiguous_callbacks]
    direct = [callback for job in jobs if job.step not in BY_RULE[form] for callback in job.unambiguous_callbacks]
    for callbacks in (by_rule, direct):
        if any(has_format(callback, form) for callback in callbacks):
            yield from (callback for callback in callbacks if not has_format(callback, form))


@check("SHP-002", SPEC)
def body_has_the_documented_structure(evidence: Evidence, item: Item) -> Finding:
    """The body has the root, JobsDetail and its documented children, with containers where the documents have them."""
    form = format_of(item)
    bodies = _bodies(evidence, form)
    if isinstance(bodies, Finding):
        return bodies
    found = Deviations()
    read = 0
    codeless = 0
    for callback in bodies:
        try:
            body = read_body(callback.body)
        except UnreadableBody:
            continue
        read += 1
        if form is Format.XML and body.root != WRAPPER:
            found.add(callback.arrival.seq, f"the root is {body.root}")
        jobs = body.content.get("JobsDetail", []) if isinstance(body.content, Mapping) else []
        if not jobs:
            found.add(callback.arrival.seq, "JobsDetail is missing")
        for job in jobs:
            for problem in missing_parts(job):
                found.add(callback.arrival.seq, problem)
            codeless += not child_text(job, "Code")
        for error in callback.decoded.problems:
            if error.kind in STRUCTURAL:
                found.add(callback.arrival.seq, str(error))
    if not read:
        return blocked("no body is readable; SHP-001 judges that", witness=(bodies[0].arrival.seq,))
    seen = f"{read} bodies" + (", without Code on success as on some pages" if codeless else "")
    return found.finding(
        "Response (JSON may omit it) with JobsDetail, which has JobId, State, Tag, QueueId, CreationTime, Input and "
        "Operation",
        holds(seen, witness=(bodies[0].arrival.seq,)),
    )


@check("SHP-003", SPEC)
def event_name_is_task_finish(evidence: Evidence, item: Item) -> Finding:
    """EventName is TaskFinish; on the oldest pages no body has an EventName."""
    deliveries = readable_deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    nameless = [delivery.seq for delivery in deliveries if delivery.callback.callback.event_name is None]
    for delivery in deliveries:
        name = delivery.callback.callback.event_name
        if name is not None and name.strip() != TASK_FINISH:
            found.add(delivery.seq, f"EventName is {name!r}")
    if nameless and _sends_event_name(evidence):
        for seq in nameless:
            found.add(seq, "EventName is missing, although other callbacks of the feature have it")
    expected = f"EventName {TASK_FINISH}"
    if nameless:
        return found.finding(
            expected,
            observed(
                f"{len(nameless)} of {len(deliveries)} bodies have no EventName",
                witness=tuple(nameless[:3]),
                expected=expected,
                reason="the older documented format (436/46412, 436/47214); receivers for newer pages read EventName",
            ),
        )
    return found.finding(expected, holds(f"{len(deliveries)} bodies with {TASK_FINISH}", witness=(deliveries[0].seq,)))


def _sends_event_name(evidence: Evidence) -> bool:
    """Whether some body has an EventName, so that the target does not use the older format."""
    by_format = (deliveries_of(evidence, form) for form in Format)
    return any(
        delivery.callback.callback.event_name
        for deliveries in by_format
        if not isinstance(deliveries, Finding)
        for delivery in deliveries
    )


@check("SHP-006", SPEC)
def content_type_fits_the_format(evidence: Evidence, item: Item) -> Finding:
    """XML has Content-Type application/xml; no document defines the Content-Type of JSON."""
    form = format_of(item)
    bodies = _bodies(evidence, form)
    if isinstance(bodies, Finding):
        return bodies
    expected = f"Content-Type application/{form}"
    others: dict[str, int] = {}
    for callback in bodies:
        value = header(callback.arrival.headers, "content-type") or ""
        if value.partition(";")[0].strip().lower() != f"application/{form}":
            others.setdefault(f"Content-Type {value}" if value else "no Content-Type", callback.arrival.seq)
    if not others:
        return holds(f"{len(bodies)} bodies as application/{form}", witness=(bodies[0].arrival.seq,))
    if form is Format.JSON:
        return observed(
            "; ".join(others),
            witness=tuple(others.values()),
            expected=expected,
            reason="no page names the Content-Type of JSON bodies, but receivers expect application/json",
        )
    found = Deviations()
    for seen, seq in others.items():
        found.add(seq, seen)
    return found.finding(expected, holds())


@check("SHP-009", SPEC)
def jobs_detail_in_json_is_reported(evidence: Evidence, item: Item) -> Finding:
    """Reports whether JobsDetail is an array or an object in JSON."""
    deliveries = deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    words = {NoteKind.JSON_ARRAY: "an array", NoteKind.JSON_OBJECT: "an object"}
    shapes: dict[str, int] = {}
    for delivery in deliveries:
        for note in delivery.callback.decoded.notes:
            if note.kind in words:
                shapes.setdefault(words[note.kind], delivery.seq)
    if not shapes:
        return blocked("no body has a JobsDetail; SHP-001 and SHP-002 judge that", witness=(deliveries[0].seq,))
    return observed(
        f"JobsDetail is {' and '.join(shapes)}",
        witness=tuple(shapes.values()),
        reason="samples show both; a receiver must accept either",
    )


@check("SHP-011", SPEC)
def json_values_are_strings(evidence: Evidence, item: Item) -> Finding:
    """Values in JSON are strings, as in all samples except for one JobLevel."""
    deliveries = deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    read = 0
    for delivery in deliveries:
        try:
            body = read_body(delivery.callback.body)
        except UnreadableBody:
            continue
        read += 1
        for problem in values_not_strings(body):
            found.add(delivery.seq, problem)
    if not read:
        return blocked("no body is readable; SHP-001 judges that")
    return found.finding("values are JSON strings", holds(f"{read} bodies", witness=(deliveries[0].seq,)))
