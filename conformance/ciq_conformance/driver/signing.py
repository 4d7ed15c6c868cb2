"""Computes the XML ("v5") signature of the service, as the official SDKs do. Pure: the caller passes time and keys.

Source: 436/7778 (algorithm), 1045/33452 (the job service accepts the same). It signs all query parameters, `host`, a
`content-type` and, as the Python SDK does, a token header (`x-ci-*`).
"""

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import quote, unquote, unquote_plus

from ciq_conformance.profile import Credentials

TOKEN_HEADER = "x-ci-security-token"  # noqa: S105 - the name of a header
VALIDITY = 3600
"""Seconds for which a signature is valid."""
LEEWAY = 60
"""Seconds before now from which a signature is valid: the target's clock may be behind."""


class Signing(StrEnum):
    """How to sign a request. All after NONE are invalid, except IN_URL: it puts a valid signature into the query."""

    NORMAL = "normal"
    NONE = "none"
    WRONG = "wrong"
    EXPIRED = "expired"
    UNKNOWN_KEY = "unknown-key"
    """Signed with the right secret, under an id that no key has."""
    OTHER_METHOD = "other-method"
    OTHER_PATH = "other-path"
    IN_URL = "in-url"


_FAKE = Credentials(secret_id="AKIDciqkitfakekeys", secret_key="ciq-kit-fake-key")  # noqa: S106 - no secret


def signed_headers(
    headers: Mapping[str, str],
    *,
    credentials: Credentials | None,
    method: str,
    target: str,
    now: float,
    signing: Signing = Signing.NORMAL,
) -> dict[str, str]:
    """Returns `headers` with the Authorization (and the token header) that `signing` requires.

    `target` is path and query as sent, `now` Unix time in seconds. Without credentials a normal request remains
    unsigned; a deliberately invalid signature then uses a fake key.
    """
    result = dict(headers)
    if signing is Signing.NONE or (credentials is None and signing is Signing.NORMAL):
        return result
    keys = credentials or _FAKE
    if keys.token:
        result[TOKEN_HEADER] = keys.token
    start = int(now) - LEEWAY
    if signing is Signing.EXPIRED:
        start -= 3 * VALIDITY
    path, mark, query = target.partition("?")
    result["Authorization"] = authorization(
        secret_id=_FAKE.secret_id if signing is Signing.UNKNOWN_KEY else keys.secret_id,
        secret_key=keys.secret_key + ("-wrong" if signing is Signing.WRONG else ""),
        method=("PUT" if method == "GET" else "GET") if signing is Signing.OTHER_METHOD else method,
        target=f"{path}-other{mark}{query}" if signing is Signing.OTHER_PATH else target,
        headers=result,
        key_time=f"{start};{start + LEEWAY + VALIDITY}",
    )
    return result


def signed_url(target: str, *, host: str, credentials: Credentials, method: str, now: float) -> str:
    """Returns path and query with the signature as parameters (436/7778), which signs `host` and the parameters.

    The token of a temporary key is the signed parameter `x-cos-security-token`.
    """
    if credentials.token:
        target += f"{'&' if '?' in target else '?'}x-cos-security-token={quote(credentials.token, safe='')}"
    start = int(now) - LEEWAY
    fields = authorization(
        secret_id=credentials.secret_id,
        secret_key=credentials.secret_key,
        method=method,
        target=target,
        headers={"Host": host},
        key_time=f"{start};{start + LEEWAY + VALIDITY}",
    )
    pairs = (field.partition("=") for field in fields.split("&"))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, _, value in pairs)
    return f"{target}{'&' if '?' in target else '?'}{query}"


def authorization(
    *, secret_id: str, secret_key: str, method: str, target: str, headers: Mapping[str, str], key_time: str
) -> str:
    """Returns the Authorization value; signs `host`, `content-type` and `x-ci-*` of `headers`, and all parameters."""
    path, _, query = target.partition("?")
    parameters = sorted(_parameters(query))
    named = sorted(
        (_encoded(name).lower(), _encoded(value))
        for name, value in headers.items()
        if name.lower() in ("host", "content-type") or name.lower().startswith("x-ci-")
    )
    http_string = "\n".join((method.lower(), unquote(path), _joined(parameters), _joined(named), ""))
    digest = hashlib.sha1(http_string.encode()).hexdigest()  # noqa: S324 - the documented algorithm
    string_to_sign = f"sha1\n{key_time}\n{digest}\n"
    sign_key = _mac(secret_key, key_time)
    return "&".join(
        (
            "q-sign-algorithm=sha1",
            f"q-ak={secret_id}",
            f"q-sign-time={key_time}",
            f"q-key-time={key_time}",
            f"q-header-list={';'.join(name for name, _ in named)}",
            f"q-url-param-list={';'.join(name for name, _ in parameters)}",
            f"q-signature={_mac(sign_key, string_to_sign)}",
        )
    )


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(_encoded(unquote_plus(name)).lower(), _encoded(unquote_plus(value))) for name, _, value in pairs]


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _mac(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha1).hexdigest()
