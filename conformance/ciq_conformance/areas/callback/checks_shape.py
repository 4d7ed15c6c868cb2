"""Checks of the scenario `callback`: the dress of the bodies - form, structure, EventName, Content-Type (SHP)."""

from collections.abc import Iterator, Mapping

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback.checks import form_of
from ciq_conformance.areas.callback.jobs import is_form, jobs_of, readable_of, tellings_of
from ciq_conformance.areas.callback.labels import BY_RULE, CHANNELS
from ciq_conformance.judge.body_paths import WRAPPER, Node, UnreadableBody, leaves, read_body, text_of
from ciq_conformance.judge.documented import is_covered
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.codec import NoteKind, ProblemKind
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.parsed import ParsedCallback
from ciq_schemas.transcript.raw import header

TASK_FINISH = "TaskFinish"
_TEXTS = ("JobId", "State", "QueueId", "CreationTime")
_STRUCTURAL = frozenset({ProblemKind.STRUCTURE, ProblemKind.TOO_MANY})
"""What the schema's word is taken for; values (states, times) have requirements of their own."""
_NO_INPUT = frozenset({"FileCompress", "Tts"})
"""Tags whose source stands in Operation (436/83112 and the pages of the tags)."""
_NUMBER_IN_SAMPLE = "JobLevel"
"""The one element that a documented JSON sample shows as a number (Translation)."""


def _bodies(evidence: Evidence, form: Format) -> tuple[ParsedCallback, ...] | Finding:
    """Bodies that came in a form for its jobs; a body that names no job counts by the address it came to."""
    tellings = tellings_of(evidence, form)
    nameless = tuple(
        callback
        for callback in evidence.arrivals(_channel(evidence, form))
        if not callback.job_ids and is_form(callback, form)
    )
    if isinstance(tellings, Finding):
        # A form nobody promised stays absent, whatever came.
        return nameless if nameless and not isinstance(jobs_of(evidence, form), Finding) else tellings
    named = {telling.seq: telling.callback for telling in tellings}
    named.update({callback.arrival.seq: callback for callback in nameless})
    return tuple(named[seq] for seq in sorted(named))


@check("SHP-001", SPEC)
def well_formed(evidence: Evidence, item: Item) -> Finding:
    """XML is well-formed, JSON is one object."""
    form = form_of(item)
    expected = "a JSON object" if form is Format.JSON else "well-formed XML"
    bodies = _bodies(evidence, form)
    if isinstance(bodies, Finding):
        came = [callback for callback in evidence.arrivals(_channel(evidence, form)) if not is_form(callback, form)]
        if bodies.kind is not Kind.BLOCKED or not came:
            return bodies
        return deviates(
            expected,
            f"{len(came)} bodies, none of them {form.upper()}; the first begins {_beginning(came[0])}",
            witness=(came[0].arrival.seq,),
        )
    found = Deviations()
    for callback in bodies:
        try:
            read_body(callback.arrival.body.data)
        except UnreadableBody as error:
            found.add(callback.arrival.seq, str(error))
    for callback in _odd_ones(evidence, form):
        found.add(callback.arrival.seq, f"a body among others that begins {_beginning(callback)}")
    return found.finding(expected, holds(f"{len(bodies)} bodies", witness=(bodies[0].arrival.seq,)))


def _channel(evidence: Evidence, form: Format) -> str:
    return channel_name(evidence.feature, SPEC, CHANNELS[form])


def _beginning(callback: ParsedCallback) -> str:
    return repr(callback.arrival.body.data[:20].decode("utf-8", "replace"))


def _odd_ones(evidence: Evidence, form: Format) -> Iterator[ParsedCallback]:
    """Bodies in the other form, where the same way of asking brought this form for other jobs."""
    jobs = jobs_of(evidence, form)
    if isinstance(jobs, Finding):
        return
    by_rule = [callback for job in jobs if job.step in BY_RULE[form] for callback in job.unambiguous_callbacks]
    direct = [callback for job in jobs if job.step not in BY_RULE[form] for callback in job.unambiguous_callbacks]
    for way in (by_rule, direct):
        if any(is_form(callback, form) for callback in way):
            yield from (callback for callback in way if not is_form(callback, form))


@check("SHP-002", SPEC)
def documented_shape(evidence: Evidence, item: Item) -> Finding:
    """Root, JobsDetail and its documented children are there, containers where containers belong."""
    form = form_of(item)
    bodies = _bodies(evidence, form)
    if isinstance(bodies, Finding):
        return bodies
    found = Deviations()
    read = 0
    codeless = 0
    for callback in bodies:
        try:
            body = read_body(callback.arrival.body.data)
        except UnreadableBody:
            continue
        read += 1
        if form is Format.XML and body.root != WRAPPER:
            found.add(callback.arrival.seq, f"the root is {body.root}")
        jobs = body.content.get("JobsDetail", []) if isinstance(body.content, Mapping) else []
        if not jobs:
            found.add(callback.arrival.seq, "JobsDetail is missing")
        for job in jobs:
            for problem in _problems(job):
                found.add(callback.arrival.seq, problem)
            codeless += not _text(job, "Code")
        for error in callback.decoded.problems:
            if error.kind in _STRUCTURAL:
                found.add(callback.arrival.seq, str(error))
    if not read:
        return blocked("no body could be read; SHP-001 judges that", witness=(bodies[0].arrival.seq,))
    told = f"{read} bodies" + (", without Code on success as some pages have it" if codeless else "")
    return found.finding(
        "Response (JSON may leave it out) with JobsDetail, in it JobId, State, Tag, QueueId, CreationTime, Input and "
        "Operation",
        holds(told, witness=(bodies[0].arrival.seq,)),
    )


def _problems(job: Node) -> list[str]:
    """What a JobsDetail lacks. Code is owed by a failed job only: pages and samples differ on the others."""
    if not isinstance(job, Mapping):
        return ["JobsDetail holds a value instead of elements"]
    problems = [f"JobsDetail.{name} is missing or empty" for name in _TEXTS if not _text(job, name)]
    operation = next(iter(job.get("Operation", ())), None)
    tag = _text(job, "Tag") or _text(operation, "Tag")
    if not tag:
        problems.append("JobsDetail.Tag is missing or empty")
    if _text(job, "State") == "Failed" and not _text(job, "Code"):
        problems.append("JobsDetail.Code of a failed job is missing or empty")
    if not isinstance(operation, Mapping):
        problems.append("JobsDetail.Operation is missing or no container")
    source = next(iter(job.get("Input", ())), None)
    if not isinstance(source, Mapping) and tag not in _NO_INPUT:
        problems.append("JobsDetail.Input is missing or no container")
    return problems


def _text(node: Node, name: str) -> str:
    if not isinstance(node, Mapping):
        return ""
    first = next(iter(node.get(name, ())), None)
    return "" if isinstance(first, Mapping) else text_of(first)


@check("SHP-003", SPEC)
def event_is_task_finish(evidence: Evidence, item: Item) -> Finding:
    """EventName is TaskFinish; the oldest pages have none, in any body."""
    tellings = readable_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    nameless = [telling.seq for telling in tellings if telling.callback.callback.event_name is None]
    for telling in tellings:
        name = telling.callback.callback.event_name
        if name is not None and name.strip() != TASK_FINISH:
            found.add(telling.seq, f"EventName is {name!r}")
    if nameless and _knows_event(evidence):
        for seq in nameless:
            found.add(seq, "EventName is missing, though other callbacks of the feature have it")
    expected = f"EventName {TASK_FINISH}"
    if nameless:
        return found.finding(
            expected,
            observed(
                f"{len(nameless)} of {len(tellings)} bodies have no EventName",
                witness=tuple(nameless[:3]),
                expected=expected,
                reason="the older documented form (436/46412, 436/47214); receivers of newer pages switch on EventName",
            ),
        )
    return found.finding(expected, holds(f"{len(tellings)} bodies with {TASK_FINISH}", witness=(tellings[0].seq,)))


def _knows_event(evidence: Evidence) -> bool:
    """Some body has the name: the target does not keep to the older form."""
    every = (tellings_of(evidence, form) for form in Format)
    return any(
        telling.callback.callback.event_name
        for tellings in every
        if not isinstance(tellings, Finding)
        for telling in tellings
    )


@check("SHP-006", SPEC)
def content_type_fits(evidence: Evidence, item: Item) -> Finding:
    """XML comes as application/xml; what JSON comes as is written nowhere."""
    form = form_of(item)
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
            reason="no page names the Content-Type of JSON bodies, but receivers will look for application/json",
        )
    found = Deviations()
    for seen, seq in others.items():
        found.add(seq, seen)
    return found.finding(expected, holds())


@check("SHP-009", SPEC)
def jobs_detail_in_json(evidence: Evidence, item: Item) -> Finding:
    """Measured: is JobsDetail an array or an object in JSON?"""
    tellings = tellings_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    words = {NoteKind.JSON_ARRAY: "an array", NoteKind.JSON_OBJECT: "an object"}
    shapes: dict[str, int] = {}
    for telling in tellings:
        for note in telling.callback.decoded.notes:
            if note.kind in words:
                shapes.setdefault(words[note.kind], telling.seq)
    if not shapes:
        return blocked("no body has a JobsDetail; SHP-001 and SHP-002 judge that", witness=(tellings[0].seq,))
    return observed(
        f"JobsDetail is {' and '.join(shapes)}",
        witness=tuple(shapes.values()),
        reason="samples show both; a receiver must take either",
    )


@check("SHP-011", SPEC)
def json_values_are_strings(evidence: Evidence, item: Item) -> Finding:
    """All samples write values as strings, but for one JobLevel."""
    tellings = tellings_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    read = 0
    for telling in tellings:
        try:
            body = read_body(telling.callback.arrival.body.data)
        except UnreadableBody:
            continue
        read += 1
        for path, leaf in leaves(body.content):
            if isinstance(leaf, str) or (path.endswith(_NUMBER_IN_SAMPLE) and isinstance(leaf, int)):
                continue
            if not is_covered(path.split(".")):
                continue  # an element of the target's own, of which no sentence speaks
            found.add(telling.seq, f"{path} is {'null' if leaf is None else text_of(leaf)}, no string")
    if not read:
        return blocked("no body could be read; SHP-001 judges that")
    return found.finding("values are JSON strings", holds(f"{read} bodies", witness=(tellings[0].seq,)))
