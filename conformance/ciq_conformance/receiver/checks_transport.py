"""Judges callbacks that are sent in the ways that HTTP allows."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import accepted, effects
from ciq_conformance.receiver.steps import TRANSPORT, Transport


@check("RCV-030", TRANSPORT)
def chunked_body_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback with a chunked body gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.CHUNKED)


@check("RCV-031", TRANSPORT)
def http_1_0_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback in HTTP/1.0 gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.HTTP_10)


@check("RCV-032", TRANSPORT)
def expectation_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback with Expect: 100-continue gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.EXPECT)


@check("RCV-033", TRANSPORT)
def kept_connection_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """Several callbacks on one connection get 2xx."""
    return accepted(evidence, TRANSPORT, Transport.KEPT)


@check("RCV-034", TRANSPORT)
def body_in_pieces_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback whose body arrives in pieces gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.PIECES)


@check("RCV-035", TRANSPORT)
def lower_case_headers_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback with header names in lower case gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.LOWER)


@check("RCV-036", TRANSPORT)
def charset_parameter_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """A callback whose Content-Type has a charset gets 2xx."""
    return accepted(evidence, TRANSPORT, Transport.CHARSET)


@check("RCV-037", TRANSPORT)
def other_content_types_are_measured(evidence: Evidence, item: Item) -> Finding:
    """Measures the status for text/xml and for a callback without Content-Type."""
    return accepted(evidence, TRANSPORT, Transport.TEXT_XML, Transport.NO_TYPE)


@check("RCV-038", TRANSPORT)
def each_way_has_its_effect(evidence: Evidence, item: Item) -> Finding:
    """Each job of the accepted callbacks is counted once."""
    return effects(evidence, TRANSPORT, list(Transport))
