"""Faults of TLS: certificates that clients must reject, and handshakes that do not end.

They test clients of the mock. No requirement is broken, because no page of the service describes TLS; the kill matrix
has the faults of requirements only.
"""

from dataclasses import replace

from ciq_mock.overrides import Override
from ciq_mock.settings import Certificate, Handshake
from ciq_mock.variants.faults.fault import ClientFault


def _certificate(certificate: Certificate) -> Override:
    return Override(settings=lambda settings: replace(settings, tls=replace(settings.tls, certificate=certificate)))


def _handshake(handshake: Handshake) -> Override:
    return Override(settings=lambda settings: replace(settings, tls=replace(settings.tls, handshake=handshake)))


FAULTS = (
    ClientFault("tls-expired", "The mock's certificates have expired.", _certificate(Certificate.EXPIRED)),
    ClientFault("tls-wrong-name", "The mock's certificates are for another host.", _certificate(Certificate.WRONG_NAME)),
    ClientFault("tls-unknown-authority", "The mock's certificates are from another authority than the file says.", _certificate(Certificate.UNKNOWN_AUTHORITY)),
    ClientFault("tls-handshake-cut", "The mock cuts each connection when the TLS handshake begins.", _handshake(Handshake.CUT)),
    ClientFault("tls-handshake-slow", "The mock waits 5 s before it answers a TLS handshake.", _handshake(Handshake.SLOW)),
)  # fmt: skip
