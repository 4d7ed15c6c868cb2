"""The certificate authority of one mock, and the server certificates that it issues.

The authority is made when the mock starts and may issue for the service's domains and this machine only (name
constraints, RFC 5280 4.2.1.10), so that a machine that trusts it by mistake trusts no other site. Its key stays in
memory unless a file is given. The libraries are slow to import: this module is loaded only by a mock with TLS.
"""

import ipaddress
import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from ciq_mock.client_environment import TRUST_STORE_PASSWORD, trust_store_of
from ciq_mock.http.hosts import SERVICE_DOMAINS
from ciq_mock.settings import Certificate, SettingError

_VALID = timedelta(days=365)
_MOST_CONTEXTS = 256
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")
_WRONG_NAME = "another-host.myqcloud.com"
"""In the constraints of the authority, so that clients complain about the name and not about a constraint."""


class Authority:
    """Issues server certificates, and keeps one TLS context for each name."""

    def __init__(self, ca: trustme.CA, *, names: Sequence[str], certificate: Certificate) -> None:
        """`names` are host names and IP addresses of the mock beside the local ones."""
        self._ca = ca
        self._names = tuple(dict.fromkeys((*_LOCAL_NAMES, *names)))
        self._certificate = certificate
        self._issuer = _new_ca(self._names) if certificate is Certificate.UNKNOWN_AUTHORITY else ca
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.default = self._context(*self._names)
        """For clients that name no host in the handshake, as those that connect to an IP address."""

    @classmethod
    def create(
        cls,
        *,
        names: Sequence[str] = (),
        certificate: Certificate = Certificate.SOUND,
        ca_file: Path | None = None,
        key_file: Path | None = None,
    ) -> "Authority":
        """Return a new authority, and write its certificate and its key to the files that are given.

        When `key_file` exists the authority of both files is used again. Raises SettingError when the files do not fit.
        """
        if key_file is not None and key_file.exists():
            return cls(_stored_ca(ca_file, key_file), names=names, certificate=certificate)
        authority = cls(_new_ca((*_LOCAL_NAMES, *names)), names=names, certificate=certificate)
        try:
            if ca_file is not None:
                authority.write(ca_file)
            if key_file is not None:
                with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(authority._ca.private_key_pem.bytes())
        except OSError as error:
            raise SettingError(f"the certificate authority cannot be written: {error}") from error
        return authority

    @property
    def pem(self) -> bytes:
        """The certificate that clients must trust."""
        return self._ca.cert_pem.bytes()

    def write(self, ca_file: Path) -> None:
        """Write the certificate of the authority, and beside it (.p12) the trust store for Java. Raises OSError."""
        ca_file.write_bytes(self.pem)
        certificate = x509.load_pem_x509_certificate(self.pem)
        store = pkcs12.serialize_java_truststore(
            [pkcs12.PKCS12Certificate(certificate, b"ciq mock")],
            BestAvailableEncryption(TRUST_STORE_PASSWORD.encode()),
        )
        trust_store_of(ca_file).write_bytes(store)

    def context_for(self, name: str) -> ssl.SSLContext:
        """Return the TLS context whose certificate is valid for a host name, and for the other hosts of its domain."""
        if name in self._names:
            return self.default
        parent = name.partition(".")[2]
        key = parent if parent.count(".") > 1 else name
        context = self._contexts.get(key)
        if context is None:
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            context = self._contexts[key] = self._context(*((f"*.{key}", key) if key == parent else (key,)))
        return context

    def _context(self, *names: str) -> ssl.SSLContext:
        now = datetime.now(UTC)
        expired = self._certificate is Certificate.EXPIRED
        if self._certificate is Certificate.WRONG_NAME:
            names = (_WRONG_NAME,)
        leaf = self._issuer.issue_cert(
            *names,
            organization_name="ciq mock",
            not_before=now - timedelta(days=2),
            not_after=now - timedelta(days=1) if expired else now + _VALID,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        context.num_tickets = 0  # a resumed session would keep the certificate of another host
        context.set_alpn_protocols(["http/1.1"])
        leaf.configure_cert(context)
        return context


def _new_ca(names: Sequence[str]) -> trustme.CA:
    """Return a new authority that may issue for the service's domains and for `names` only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ciq mock authority {os.urandom(6).hex()}")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + _VALID + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return trustme.CA.from_pem(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    hosts, networks = dict.fromkeys(SERVICE_DOMAINS), dict.fromkeys(_LOCAL_NETWORKS)
    for name in names:
        try:
            networks.setdefault(str(ipaddress.ip_network(name)))
        except ValueError:
            hosts.setdefault(name)
    return [
        *(x509.DNSName(host) for host in hosts),
        *(x509.IPAddress(ipaddress.ip_network(network)) for network in networks),
    ]


def _stored_ca(ca_file: Path | None, key_file: Path) -> trustme.CA:
    """Return the authority of both files. Raises SettingError."""
    if ca_file is None:
        raise SettingError("the key of the authority has a file, so its certificate needs one: --tls-ca FILE")
    try:
        certificate, key = ca_file.read_bytes(), key_file.read_bytes()
        loaded = x509.load_pem_x509_certificate(certificate)
        fits = load_pem_private_key(key, None).public_key() == loaded.public_key()
    except (OSError, ValueError, TypeError) as error:
        raise SettingError(f"the authority in {ca_file} and {key_file} cannot be read: {error}") from error
    if not fits:
        raise SettingError(f"the key in {key_file} is not that of the certificate in {ca_file}: remove both files")
    if loaded.not_valid_after_utc < datetime.now(UTC) + timedelta(hours=1):
        raise SettingError(f"the authority in {ca_file} has expired: remove {ca_file} and {key_file}")
    return trustme.CA.from_pem(certificate, key)
