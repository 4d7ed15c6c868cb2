"""Judges malformed and hostile requests: answered without a server error, without effect, and survived."""

from urllib.parse import urlsplit

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, deviates, holds, inconclusive
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import accepted, described, effects, never, sent, without_steps
from ciq_conformance.receiver.steps import CANARY, MALFORMED, Bad
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.transcript.records import Exchange, Header

_EXPECTED = "a response without a server error: a 5xx invites the service to send the same body again"
_LOOPBACK = ("127.", "localhost", "[::1]", "::1")


def _answered(evidence: Evidence, *bad: Bad, may_close: bool = False) -> Finding:
    """Judges that each of these requests got a response below 500; `may_close` allows a closed connection."""
    found = sent(evidence, MALFORMED, bad)
    if not found:
        return without_steps(evidence, MALFORMED)
    wrong = Deviations()
    for exchange in found:
        closed = may_close and not exchange.status and "within" not in exchange.error
        if exchange.status >= 500 or not (exchange.status or closed):
            wrong.add(exchange.seq, described(exchange))
    statuses = "; ".join(described(exchange) for exchange in found)
    return wrong.finding(_EXPECTED, holds(statuses, witness=tuple(exchange.seq for exchange in found)))


@check("RCV-060", MALFORMED)
def truncated_body_is_answered(evidence: Evidence, item: Item) -> Finding:
    """Truncated XML and JSON get a response below 500."""
    return _answered(evidence, Bad.TRUNCATED_XML, Bad.TRUNCATED_JSON)


@check("RCV-061", MALFORMED)
def truncated_body_has_no_effect(evidence: Evidence, item: Item) -> Finding:
    """The jobs of truncated bodies are not counted."""
    found = sent(evidence, MALFORMED, (Bad.TRUNCATED_XML, Bad.TRUNCATED_JSON))
    if not found:
        return without_steps(evidence, MALFORMED)
    jobs = {job: exchange for exchange in found for job in _named(exchange)}
    return never(evidence, jobs, "a body that is not complete has no effect")


def _named(exchange: Exchange) -> tuple[str, ...]:
    """Returns the ids in a body that cannot be parsed."""
    text = exchange.request_body.text
    for begin, end in (("<JobId>", "</JobId>"), ('"JobId":"', '"')):
        found = text.partition(begin)[2].partition(end)[0]
        if found:
            return (found,)
    return ()


@check("RCV-062", MALFORMED)
def empty_body_is_answered(evidence: Evidence, item: Item) -> Finding:
    """An empty and a blank body get a response below 500."""
    return _answered(evidence, Bad.EMPTY, Bad.BLANK)


@check("RCV-063", MALFORMED)
def wrong_content_type_is_answered(evidence: Evidence, item: Item) -> Finding:
    """A body with the Content-Type of another one gets a response below 500."""
    return _answered(evidence, Bad.XML_AS_JSON, Bad.JSON_AS_XML, Bad.FORM_TYPE, Bad.UNKNOWN_TYPE)


@check("RCV-064", MALFORMED)
def huge_body_is_answered(evidence: Evidence, item: Item) -> Finding:
    """A body of 8 MiB gets a response below 500, or the receiver closes the connection."""
    return _answered(evidence, Bad.HUGE, may_close=True)


@check("RCV-065", MALFORMED)
def deep_body_is_answered(evidence: Evidence, item: Item) -> Finding:
    """XML and JSON of 20,000 levels get a response below 500."""
    return _answered(evidence, Bad.DEEP_XML, Bad.DEEP_JSON)


@check("RCV-066", MALFORMED)
def entity_bomb_is_answered(evidence: Evidence, item: Item) -> Finding:
    """A body whose entities expand to gigabytes gets a response below 500."""
    return _answered(evidence, Bad.ENTITY_BOMB)


@check("RCV-067", MALFORMED)
def external_entity_is_not_followed(evidence: Evidence, item: Item) -> Finding:
    """No request reaches the address that the external entity names."""
    found = sent(evidence, MALFORMED, (Bad.EXTERNAL_ENTITY,))
    if not found:
        return without_steps(evidence, MALFORMED)
    visits = evidence.arrivals(channel_name(evidence.feature, MALFORMED, CANARY))
    if visits:
        arrival = visits[0].arrival
        return deviates(
            "the receiver resolves no external entity",
            f"{arrival.method} {arrival.target.partition('?')[0]} reached the address of the entity",
            witness=(found[0].seq, arrival.seq),
        )
    answered = _answered(evidence, Bad.EXTERNAL_ENTITY)
    if answered.kind is not Kind.HOLDS:
        return answered
    if not _reaches_canary(evidence):
        return inconclusive(
            "no request came, but the receiver is on another host and may not reach the suite: "
            "give --canary-bind and --canary-url",
            witness=(found[0].seq,),
        )
    return holds(f"no request came; {described(found[0])}", witness=(found[0].seq,))


def _reaches_canary(evidence: Evidence) -> bool:
    for record in evidence.records:
        if isinstance(record, Header):
            host = (urlsplit(record.target.url).hostname or "").lower()
            return host.startswith(_LOOPBACK) or any(s.name == "canary_url" for s in record.settings)
    return False


@check("RCV-068", MALFORMED)
def wrong_encoding_is_answered(evidence: Evidence, item: Item) -> Finding:
    """Invalid UTF-8, a NUL character and an unknown encoding get a response below 500."""
    return _answered(evidence, Bad.INVALID_UTF8, Bad.NUL, Bad.UNKNOWN_ENCODING)


@check("RCV-069", MALFORMED)
def other_content_is_answered(evidence: Evidence, item: Item) -> Finding:
    """Bodies that are no callback get a response below 500."""
    other = (Bad.TEXT, Bad.OTHER_ROOT, Bad.JSON_ARRAY, Bad.JSON_NUMBER, Bad.NO_JOB, Bad.NO_JOB_ID, Bad.WRONG_TYPES)
    return _answered(evidence, *other)


@check("RCV-070", MALFORMED)
def unknown_event_is_answered(evidence: Evidence, item: Item) -> Finding:
    """A callback with an unknown EventName gets a response below 500."""
    return _answered(evidence, Bad.UNKNOWN_EVENT)


@check("RCV-071", MALFORMED)
def strange_job_id_is_answered(evidence: Evidence, item: Item) -> Finding:
    """A JobId with characters of paths and queries, and one of 10,000 characters, get a response below 500."""
    return _answered(evidence, Bad.STRANGE_ID, Bad.LONG_ID)


@check("RCV-072", MALFORMED)
def get_is_answered(evidence: Evidence, item: Item) -> Finding:
    """GET at the address of the receiver gets a response below 500."""
    return _answered(evidence, Bad.GET)


@check("RCV-073", MALFORMED)
def receiver_survives(evidence: Evidence, item: Item) -> Finding:
    """The valid callback after each malformed request gets 2xx."""
    return accepted(evidence, MALFORMED, *(bad.after for bad in Bad))


@check("RCV-074", MALFORMED)
def valid_callbacks_keep_their_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of the valid callback after each malformed request is counted once."""
    return effects(evidence, MALFORMED, [bad.after for bad in Bad])
