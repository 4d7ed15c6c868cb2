"""Which certificates the suite trusts at an HTTPS target: those of one file, or those of the certifi package.

Order: the profile's `ca_file` (`--ca-file`, CIQ_CA_FILE), then SSL_CERT_FILE, then REQUESTS_CA_BUNDLE.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
HOW_TO_TRUST = "give the certificate of its authority with --ca-file FILE or CIQ_CA_FILE"


class CertificateFileError(ValueError):
    """The file with the trusted certificates cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The trusted certificates."""

    file: str = ""
    """Path of the file; empty for those of certifi."""

    @property
    def verify(self) -> str | bool:
        """The value of `verify` for requests."""
        return self.file or True

    @classmethod
    def of(cls, ca_file: str, url: str, environment: Mapping[str, str] = os.environ) -> "Trust":
        """Returns what to trust at `url`; raises CertificateFileError for a file that has no certificates."""
        if not url.startswith("https:"):
            return cls()
        named = {"ca_file": ca_file} | {name: environment.get(name, "") for name in VARIABLES}
        for name, path in named.items():
            if path:
                _check(name, path)
                return cls(path)
        return cls()


NO_FILE = Trust()


def _check(name: str, path: str) -> None:
    if not Path(path).is_file():
        raise CertificateFileError(f"{name} is {path}, but there is no such file")
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CertificateFileError(f"{name} is {path}, which has no certificates in PEM form ({error})") from error


def certificate_problem(error: BaseException | None) -> str:
    """Returns why a certificate is not trusted, in OpenSSL's words; empty when an error has another reason."""
    seen = 0
    while error is not None and seen < 20:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message) or "no reason given"
        reason = next(
            (one for one in (getattr(error, "reason", None), *error.args) if isinstance(one, Exception)), None
        )
        error = reason or error.__cause__ or error.__context__
        seen += 1
    return ""
