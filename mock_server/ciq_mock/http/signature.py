"""The XML ("v5") signature check: pure, keys and time passed in.

Computes the signature of a request and raises the documented refusal for each defect. Must not know sockets or routes.
Source: 436/7778 (algorithm, signed URL), 1045/33452 (same algorithm for CI), 1545/65185 (error codes).
"""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import quote, unquote_to_bytes

from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Credentials

_SIGNATURE_FIELDS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)
_TOKEN_NAMES = ("x-ci-security-token", "x-cos-security-token")
"""The CI page has the first name, the COS page and the Go SDK have the second (1045/43609, 436/7778)."""
_SECRET_VALUE = re.compile(r"\b(x-(?:ci|cos)-security-token|(?:master|backup)playkey)=[^&\n]*")
_LONGEST_AUTHORIZATION = 8192
_LONGEST_SHOWN = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """The parts of a request that a signature covers, as received and not yet decoded.

    `path` without query, origin form; `query` without its question mark; `headers` with lower-case names.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Window:
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    secret_id: str
    key_time: str
    windows: tuple[_Window, ...]
    header_names: tuple[str, ...]
    parameter_names: tuple[str, ...]
    signature: str


def check(request: SignedRequest, keys: Mapping[str, Credentials], *, now: float) -> str:
    """Return the secret id that signed `request`; raise Refusal with the documented code otherwise.

    `keys` is by secret id, `now` in Unix seconds. The refusal's message is the reason; it never holds a key, the
    expected signature or a token. Its `for_log` is the text that the client should have signed, with secrets blanked.
    """
    parameters = list(_pairs(request.query))
    claim = _parse(_authorization(request, parameters))
    try:
        _check_claim(claim, request, parameters, keys, now)
    except Refusal as refused:
        refused.for_log = _to_be_signed(claim, request, parameters)
        raise
    return claim.secret_id


def _check_claim(
    claim: _Claim,
    request: SignedRequest,
    parameters: Sequence[tuple[str, bytes]],
    keys: Mapping[str, Credentials],
    now: float,
) -> None:
    key = keys.get(claim.secret_id)
    if key is None:
        raise Refusal(ErrorCode.SECRETID_NOT_EXIST, "the SecretId in q-ak is not known here")
    _check_time(claim, now)
    _check_token(key, request, parameters)
    expected = (_signed(key.secret_key, claim.key_time, text) for text in _http_strings(claim, request, parameters))
    if not any(hmac.compare_digest(value, claim.signature) for value in expected):
        raise Refusal(
            ErrorCode.SIGNATURE_DOES_NOT_MATCH,
            "q-signature differs from the signature of the request as received",
        )


def signature(
    *,
    method: str,
    path: bytes,
    parameters: Sequence[tuple[str, str]],
    headers: Sequence[tuple[str, str]],
    key_time: str,
    secret_key: str,
) -> str:
    """Return `q-signature`: `path` decoded, `parameters` and `headers` encoded and in signing order (436/7778)."""
    return _signed(secret_key, key_time, _http_string(method, path, parameters, headers))


def _http_string(
    method: str, path: bytes, parameters: Sequence[tuple[str, str]], headers: Sequence[tuple[str, str]]
) -> bytes:
    """HttpString of 436/7778."""
    lines = (
        method.lower().encode(),
        path,
        "&".join(f"{name}={value}" for name, value in parameters).encode(),
        "&".join(f"{name}={value}" for name, value in headers).encode(),
        b"",
    )
    return b"\n".join(lines)


def _string_to_sign(key_time: str, http_string: bytes) -> str:
    """StringToSign of 436/7778."""
    return f"sha1\n{key_time}\n{sha1(http_string, usedforsecurity=False).hexdigest()}\n"


def _signed(secret_key: str, key_time: str, http_string: bytes) -> str:
    sign_key = _mac(secret_key.encode(), key_time.encode())
    return _mac(sign_key.encode(), _string_to_sign(key_time, http_string).encode())


def _mac(key: bytes, message: bytes) -> str:
    return hmac.digest(key, message, "sha1").hex()


def _encode(value: bytes) -> str:
    return quote(value, safe="-_.~")


def _pairs(query: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield encoded lower-case name and decoded value of each parameter, `+` read as a space."""
    for part in query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            decoded = unquote_to_bytes(name.replace(b"+", b" "))
            yield _encode(decoded).lower(), unquote_to_bytes(value.replace(b"+", b" "))


def _authorization(request: SignedRequest, parameters: Sequence[tuple[str, bytes]]) -> str:
    """Return the seven pairs as one text: from the header, from `sign=`, or gathered from a signed URL."""
    for name, value in request.headers:
        if name == b"authorization" and value.strip():
            return value.decode("latin-1").strip()
    found = dict(parameters)
    if "sign" in found:
        return found["sign"].decode("latin-1")
    if "q-signature" in found or "q-ak" in found:
        return "&".join(f"{name}={found[name].decode('latin-1')}" for name in _SIGNATURE_FIELDS if name in found)
    raise Refusal(ErrorCode.MISSING_AUTHORIZATION, "the request carries no Authorization")


def _parse(authorization: str) -> _Claim:
    if len(authorization) > _LONGEST_AUTHORIZATION:
        raise _malformed("it is too long")
    fields: dict[str, str] = {}
    for part in authorization.split("&"):
        name, _, value = part.partition("=")
        if name in fields:
            raise _malformed(f"{name} occurs twice")
        fields[name] = value
    missing = [name for name in _SIGNATURE_FIELDS if name not in fields]
    if missing:
        raise _malformed(f"{missing[0]} is missing")
    if fields["q-sign-algorithm"] != "sha1":
        raise _malformed("q-sign-algorithm is not sha1")
    windows = tuple(_window(name, fields[name]) for name in ("q-sign-time", "q-key-time"))
    if not fields["q-signature"].isascii():
        raise _malformed("q-signature is not ASCII")
    return _Claim(
        secret_id=fields["q-ak"],
        key_time=fields["q-key-time"],
        windows=windows,
        header_names=_names(fields["q-header-list"]),
        parameter_names=_names(fields["q-url-param-list"]),
        signature=fields["q-signature"].lower(),
    )


def _names(listed: str) -> tuple[str, ...]:
    return tuple(sorted(name for name in listed.lower().split(";") if name))


def _window(name: str, text: str) -> _Window:
    start, separator, end = text.partition(";")
    if not (separator and _is_seconds(start) and _is_seconds(end)):
        raise _malformed(f"{name} is not <start>;<end> in Unix seconds")
    return _Window(int(start), int(end))


def _is_seconds(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _malformed(what: str) -> Refusal:
    return Refusal(ErrorCode.INVALID_AUTHORIZATION, f"the Authorization is malformed: {what}")


def _check_time(claim: _Claim, now: float) -> None:
    """Check that `now` is in both windows, ends included. The code of a time before the start is not documented."""
    for window in claim.windows:
        if now >= window.end + 1:
            raise Refusal(ErrorCode.SIGNATURE_EXPIRED, f"the signature ended at {window.end}")
        if now < window.start:
            raise Refusal(ErrorCode.SIGNATURE_EXPIRED, f"the signature begins at {window.start}")


def _check_token(key: Credentials, request: SignedRequest, parameters: Sequence[tuple[str, bytes]]) -> None:
    if not key.token:
        return
    given = [value for name, value in request.headers if name.decode("latin-1") in _TOKEN_NAMES]
    given += [value for name, value in parameters if name in _TOKEN_NAMES]
    if not any(hmac.compare_digest(value, key.token.encode()) for value in given):
        raise Refusal(
            ErrorCode.INVALID_AUTHORIZATION, "the key is temporary and its security token is missing or wrong"
        )


def _to_be_signed(claim: _Claim, request: SignedRequest, parameters: Sequence[tuple[str, bytes]]) -> str:
    """Return the texts that the client should have signed, for the log: each HttpString with its StringToSign.

    Empty when a listed name is not in the request: no signature can match then. Tokens and play keys are blanked; the
    hash is computed before that.
    """
    try:
        texts = list(_http_strings(claim, request, parameters))
    except Refusal:
        return ""
    parts = (f"HttpString:\n{_shown(text)}StringToSign:\n{_string_to_sign(claim.key_time, text)}" for text in texts)
    return "or, if the client signed the host without its port,\n".join(parts)[:_LONGEST_SHOWN]


def _shown(http_string: bytes) -> str:
    return _SECRET_VALUE.sub(r"\1=***", http_string.decode("utf-8", "backslashreplace"))


def _http_strings(claim: _Claim, request: SignedRequest, parameters: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield each HttpString that may have been signed: with the Host as received, then without its port.

    The Python SDK signs the host without its port, the Node and Go SDKs sign it with the port.
    """
    query: dict[str, list[bytes]] = {}
    for name, value in parameters:
        query.setdefault(name, []).append(value)
    headers: dict[str, list[bytes]] = {}
    for raw_name, value in request.headers:
        headers.setdefault(_encode(raw_name), []).append(value)
    signed_parameters = _chosen(claim.parameter_names, query)
    hosts = headers.get("host", [])
    candidates = [hosts]
    if hosts and b":" in hosts[0]:
        candidates.append([hosts[0].rpartition(b":")[0]])
    for host in candidates:
        signed_headers = _chosen(claim.header_names, {**headers, "host": host})
        yield _http_string(request.method, unquote_to_bytes(request.path), signed_parameters, signed_headers)


def _chosen(names: Sequence[str], available: Mapping[str, list[bytes]]) -> list[tuple[str, str]]:
    """Return the listed pairs, encoded; a name listed n times takes its values in sorted order (Go SDK)."""
    left = {name: sorted(available.get(name, ())) for name in set(names)}
    chosen: list[tuple[str, str]] = []
    for name in names:
        if not left[name]:
            raise Refusal(ErrorCode.SIGNATURE_DOES_NOT_MATCH, _why_missing(name, names, available))
        chosen.append((name, _encode(left[name].pop(0))))
    return chosen


def _why_missing(name: str, names: Sequence[str], available: Mapping[str, list[bytes]]) -> str:
    """Return why a listed name has no value left: it is not in the request, or it is listed too often."""
    present = len(available.get(name, ()))
    if not present:
        return f"{name} is listed as signed but not in the request"
    return f"{name} is listed {names.count(name)} times as signed but is in the request {present} time(s): list it once"
