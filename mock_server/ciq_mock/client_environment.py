"""`ciq mock env`: prints the environment variables that lead the official SDKs to a mock, for `eval` in a shell.

Must not start or ask a mock.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

USAGE_ERROR = 2
TRUST_STORE_PASSWORD = "changeit"  # noqa: S105 - Java wants one; the store holds no secret


def trust_store_of(ca_file: Path) -> Path:
    """Return the file of the trust store for Java that belongs to a certificate file."""
    return ca_file.with_suffix(".p12")


def variables(url: str, ca_file: Path | None) -> Mapping[str, str]:
    """Return the variables by name: proxies, and with a certificate file what makes each language trust it."""
    parts = urlsplit(url)
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), url)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1")
    java = [
        *(
            f"-D{scheme}.{name}={value}"
            for scheme in ("http", "https")
            for name, value in (("proxyHost", parts.hostname), ("proxyPort", parts.port))
        ),
        "-Dhttp.nonProxyHosts=localhost|127.*",
    ]
    trust = {}
    if ca_file is not None:
        path = str(ca_file.resolve())
        for name in ("CIQ_CA_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            trust[name] = path
        java += [
            f"-Djavax.net.ssl.trustStore={trust_store_of(ca_file.resolve())}",
            "-Djavax.net.ssl.trustStoreType=PKCS12",
            f"-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD}",
        ]
    return proxy | direct | trust | {"JAVA_TOOL_OPTIONS": " ".join(java)}


def print_environment(arguments: Sequence[str]) -> NoReturn:
    """Entry point of `ciq mock env`; ends with SystemExit."""
    options = _parser().parse_args(arguments)
    ca_file: Path | None = options.tls_ca
    if ca_file is not None and not ca_file.is_file():
        sys.stderr.write(
            f"ciq mock env: there is no file {ca_file}: start the mock first, with --tls --tls-ca {ca_file}\n"
        )
        raise SystemExit(USAGE_ERROR)
    for name, value in variables(options.url, ca_file).items():
        sys.stdout.write(f"{name}={value}\n" if options.dotenv else f"export {name}={shlex.quote(value)}\n")
    raise SystemExit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ciq mock env",
        description="Print the environment in which the official SDKs send their requests to a mock:\n\n"
        "  ciq mock --port 8080 --tls --tls-ca ca.pem &\n"
        '  eval "$(ciq mock env --url http://127.0.0.1:8080 --tls-ca ca.pem)"\n\n'
        "All HTTP and HTTPS requests of the shell's programs then go to the mock, which refuses other hosts by name.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--url",
        type=_url,
        default="http://127.0.0.1:8080",
        help="address of the mock, as printed at its start (%(default)s)",
    )
    parser.add_argument(
        "--tls-ca", type=Path, metavar="FILE", help="certificate of the mock's authority; without it HTTP only"
    )
    parser.add_argument(
        "--dotenv", action="store_true", help="NAME=VALUE lines, for docker --env-file or GITHUB_ENV, instead of export"
    )
    return parser


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port is not None
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query:
        raise argparse.ArgumentTypeError(f"expected http://HOST:PORT, got {text!r}")
    return text.rstrip("/")
