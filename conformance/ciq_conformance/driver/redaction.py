"""Removes secrets from everything that the transcript records. Pure.

It replaces the signature and key id inside Authorization and the value of every token header. Then it replaces the
secret values themselves, so that a target that returns a secret cannot put it into the run file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from ciq_conformance.profile import Credentials
from ciq_schemas.transcript.records import HeaderField

HIDDEN = "***"
_SIGNATURE = re.compile(r"(q-(?:signature|ak)=)[^&\s\"'<>]*", re.IGNORECASE)
_SIGNATURE_BYTES = re.compile(rb"(q-(?:signature|ak)=)[^&\s\"'<>]*", re.IGNORECASE)
_TOKEN_HEADERS = frozenset(
    {"x-ci-security-token", "x-cos-security-token", "cookie", "set-cookie", "proxy-authorization"}
)
_SHORTEST = 4
"""Shorter values are not replaced: they would match ordinary words."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Replaces secrets in headers, bodies and texts."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, credentials: Credentials | None, *more: str) -> "Redaction":
        """Collects the secrets in `credentials`, longest first so that no part of one remains."""
        known: Iterable[str] = more
        if credentials is not None:
            token = credentials.token
            known = (*more, credentials.secret_id, credentials.secret_key, token, quote(token, safe=""))
        return cls(tuple(sorted({text for text in known if len(text) >= _SHORTEST}, key=len, reverse=True)))

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return _SIGNATURE.sub(rf"\g<1>{HIDDEN}", text)

    def body(self, body: bytes) -> bytes:
        """The bytes without secrets; untouched when there are none."""
        for secret in self.secrets:
            body = body.replace(secret.encode(), HIDDEN.encode())
        return _SIGNATURE_BYTES.sub(rb"\g<1>" + HIDDEN.encode(), body)

    def headers(self, fields: Iterable[HeaderField]) -> tuple[HeaderField, ...]:
        """The header fields without secrets, names and order kept."""
        return tuple(
            (name, HIDDEN if name.lower() in _TOKEN_HEADERS else self._field(name, value)) for name, value in fields
        )

    def _field(self, name: str, value: str) -> str:
        value = self.text(value)
        if name.lower() == "authorization" and "q-signature=" not in value:
            return HIDDEN
        return value
