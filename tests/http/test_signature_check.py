"""The signature check against the published vectors, and the documented code of each refusal."""

from urllib.parse import quote

import pytest

from ciq_mock.http.signature import SignedRequest, check
from ciq_mock.service.refusal import Refusal
from ciq_mock.settings import Credentials

KEY = Credentials(secret_id="TESTID0001", secret_key="test-secret-key-0001")
KEYS = {KEY.secret_id: KEY, "OTHER": Credentials(secret_id="OTHER", secret_key="other")}
HOST = b"unit-1250000000.ci.ap-test.myqcloud.com"
KEY_TIME = "1700000000;1700003600"
NOW = 1700000100.0

VECTORS = {
    "A": ("GET", b"/queue", b"", "", "", "74a58f8402d165e154cb7876c09143c76ac7f0b4"),
    "B": (
        "GET",
        b"/docqueue",
        b"pageNumber=1&pageSize=10&queueIds=pa%2Cpb&state=All",
        "host",
        "pagenumber;pagesize;queueids;state",
        "388aa5bdf528b93f5f623941d515b610c6659402",
    ),
    "C": (
        "PUT",
        b"/asrqueue/p00000000000000000000000000000001",
        b"",
        "content-type;host",
        "",
        "29714cbfafcfde9da6a39028295c40844d6edc4d",
    ),
    "D": (
        "GET",
        b"/queue",
        b"queueIds=&state=All&pageNumber=&pageSize=",
        "host",
        "pagenumber;pagesize;queueids;state",
        "b09d2711d7cd68ec8779cce96121fa2dc8b00470",
    ),
}


def authorization(vector: str = "B", **changes: str) -> str:
    """The Authorization of a vector with fields replaced (an empty replacement of `drop` removes one)."""
    _, _, _, headers, parameters, signature = VECTORS[vector]
    fields = {
        "q-sign-algorithm": "sha1",
        "q-ak": KEY.secret_id,
        "q-sign-time": KEY_TIME,
        "q-key-time": KEY_TIME,
        "q-header-list": headers,
        "q-url-param-list": parameters,
        "q-signature": signature,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return "&".join(f"{name}={value}" for name, value in fields.items())


def request(
    vector: str = "B",
    *,
    header: str | None = None,
    path: bytes | None = None,
    query: bytes | None = None,
    host: bytes = HOST,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> SignedRequest:
    """The request of a vector with parts replaced."""
    method, own_path, own_query, *_ = VECTORS[vector]
    headers = [(b"host", host), (b"content-type", b"application/xml"), *extra]
    text = authorization(vector) if header is None else header
    if text:
        headers.append((b"authorization", text.encode()))
    return SignedRequest(
        method=method,
        path=own_path if path is None else path,
        query=own_query if query is None else query,
        headers=headers,
    )


def refusal(signed: SignedRequest, *, now: float = NOW) -> tuple[str, int]:
    """Code and status of the refusal of `signed`."""
    with pytest.raises(Refusal) as caught:
        check(signed, KEYS, now=now)
    assert KEY.secret_key not in caught.value.message
    return caught.value.code, caught.value.status


@pytest.mark.parametrize("vector", VECTORS)
def test_signature_of_each_vector_is_accepted(vector: str) -> None:
    """The official signer made each vector; it is accepted as that of its key (436/7778)."""
    assert check(request(vector), KEYS, now=NOW) == KEY.secret_id


@pytest.mark.parametrize("vector", VECTORS)
def test_signature_of_other_path_is_refused(vector: str) -> None:
    """A signature is valid for its own path only."""
    assert refusal(request(vector, path=b"/file_queue")) == ("SignatureDoesNotMatch", 403)


def test_host_signed_with_or_without_port_is_accepted() -> None:
    """The Python SDK signs the host without the port that the Host header has."""
    assert check(request("B", host=HOST + b":8080"), KEYS, now=NOW) == KEY.secret_id


def test_signature_of_other_host_is_refused() -> None:
    """The signed host counts."""
    assert refusal(request("B", host=b"other-1250000000.ci.ap-test.myqcloud.com"))[0] == "SignatureDoesNotMatch"


def test_unsigned_parameter_is_accepted() -> None:
    """`?cancel` is sent unsigned: only listed names are signed."""
    method_query = VECTORS["B"][2] + b"&cancel"
    assert check(request("B", query=method_query), KEYS, now=NOW) == KEY.secret_id


def test_changed_signed_parameter_is_refused() -> None:
    """The value of a listed parameter is signed too."""
    changed = VECTORS["B"][2].replace(b"=10", b"=99")
    assert refusal(request("B", query=changed))[0] == "SignatureDoesNotMatch"


@pytest.mark.parametrize("space", [b"+", b"%20"])
def test_plus_and_percent_20_have_same_signature(space: bytes) -> None:
    """A parameter is decoded before it is encoded for signing."""
    query = b"name=a" + space + b"b"
    from ciq_mock.http.signature import signature

    value = signature(
        method="GET",
        path=b"/queue",
        parameters=[("name", "a%20b")],
        headers=[],
        key_time=KEY_TIME,
        secret_key=KEY.secret_key,
    )
    header = authorization("A", q_url_param_list="name", q_signature=value)
    assert check(request("A", header=header, query=query), KEYS, now=NOW) == KEY.secret_id


def test_signed_url_is_accepted() -> None:
    """The query may contain the seven pairs, url-encoded, beside the other parameters (436/7778)."""
    pairs = [part.split("=", 1) for part in authorization("B").split("&")]
    query = VECTORS["B"][2] + b"&" + "&".join(f"{n}={quote(v, safe='')}" for n, v in pairs).encode()
    assert check(request("B", header="", query=query), KEYS, now=NOW) == KEY.secret_id


def test_merged_sign_parameter_is_accepted() -> None:
    """The Go SDK can send the whole Authorization as `sign=`."""
    query = VECTORS["B"][2] + b"&sign=" + quote(authorization("B"), safe="").encode()
    assert check(request("B", header="", query=query), KEYS, now=NOW) == KEY.secret_id


@pytest.mark.parametrize("header", ["", "   "])
def test_absent_or_empty_authorization_is_anonymous(header: str) -> None:
    """Both get the same code."""
    assert refusal(request("A", header=header)) == ("MissingAuthorization", 401)


@pytest.mark.parametrize(
    "header",
    [
        "nonsense",
        "q-sign-algorithm=sha1",
        authorization("A", q_sign_algorithm="md5"),
        authorization("A", q_sign_time="yesterday;today"),
        authorization("A", q_key_time="1700000000"),
        authorization("A", q_sign_time="1700000000;99999999999999999999"),
        authorization("A") + "&q-ak=TESTID0001",
        "x" * 9000,
    ],
)
def test_malformed_authorization_is_refused(header: str) -> None:
    """Every value that is not the seven pairs is InvalidAuthorization, not a server error."""
    assert refusal(request("A", header=header)) == ("InvalidAuthorization", 401)


def test_unknown_key_is_refused() -> None:
    """The documents spell the code with a small id."""
    assert refusal(request("A", header=authorization("A", q_ak="NOBODY"))) == ("SecretidNotExist", 401)


def test_signature_with_other_known_key_is_refused() -> None:
    """A signature is valid for its own key only, also when the mock has several keys."""
    assert refusal(request("A", header=authorization("A", q_ak="OTHER")))[0] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(("now", "accepted"), [(1700003600.9, True), (1700003601.0, False), (1699999999.0, False)])
def test_signature_outside_its_time_window_is_refused(now: float, *, accepted: bool) -> None:
    """The last second is inside; before the start and after the end the code is SignatureExpired."""
    if accepted:
        assert check(request("A"), KEYS, now=now) == KEY.secret_id
    else:
        assert refusal(request("A"), now=now) == ("SignatureExpired", 401)


def test_absent_signed_header_is_refused() -> None:
    """A name in q-header-list that the request lacks cannot have been signed."""
    header = authorization("A", q_header_list="x-ci-nothing")
    assert refusal(request("A", header=header)) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize("name", [b"x-ci-security-token", b"x-cos-security-token"])
def test_temporary_key_without_token_is_refused(name: bytes) -> None:
    """Both documented spellings of the token header are accepted; a missing or wrong token is refused."""
    keys = {KEY.secret_id: Credentials(secret_id=KEY.secret_id, secret_key=KEY.secret_key, token="t-1")}
    assert check(request("A", extra=((name, b"t-1"),)), keys, now=NOW) == KEY.secret_id
    for extra in ((), ((name, b"t-2"),)):
        with pytest.raises(Refusal) as caught:
            check(request("A", extra=extra), keys, now=NOW)
        assert caught.value.code == "InvalidAuthorization"
        assert "t-1" not in caught.value.message


@pytest.mark.parametrize(
    ("signed", "now"),
    [
        (request("B", host=b"other-1250000000.ci.ap-test.myqcloud.com:8080"), NOW),
        (request("B"), NOW + 86400),
        (request("B", header=authorization("B", q_ak="NOBODY")), NOW),
    ],
)
def test_refusal_logs_expected_string_to_sign(signed: SignedRequest, now: float) -> None:
    """The log has HttpString and StringToSign of the request as received, and no key."""
    with pytest.raises(Refusal) as caught:
        check(signed, KEYS, now=now)
    shown = caught.value.for_log
    host = dict(signed.headers)[b"host"].decode()
    assert shown.startswith("HttpString:\nget\n/docqueue\npagenumber=1&pagesize=10&queueids=pa%2Cpb&state=All\nhost=")
    assert f"host={host.replace(':', '%3A')}\n" in shown
    assert (f"host={host.removesuffix(':8080')}\n" in shown.partition("without its port")[2]) is (":" in host)
    assert f"StringToSign:\nsha1\n{KEY_TIME}\n" in shown
    assert KEY.secret_key not in shown
    assert caught.value.message not in shown


def test_logged_string_has_published_hash() -> None:
    """A client that signs the logged text is accepted."""
    with pytest.raises(Refusal) as caught:
        check(request("B"), KEYS, now=NOW + 86400)
    assert "80ad31f742688a5914e17b830be1d1f233cb55b1" in caught.value.for_log


def test_signed_token_is_redacted_in_log() -> None:
    """A signed token header is part of HttpString; the log has its name and not its value."""
    header = authorization("A", q_header_list="host;x-ci-security-token")
    with pytest.raises(Refusal) as caught:
        check(request("A", header=header, extra=((b"x-ci-security-token", b"t-secret"),)), KEYS, now=NOW)
    assert "x-ci-security-token=***" in caught.value.for_log
    assert "t-secret" not in caught.value.for_log


@pytest.mark.parametrize("header", ["", "nonsense", authorization("A", q_header_list="x-ci-nothing")])
def test_refusal_without_text_to_sign_logs_reason_only(header: str) -> None:
    """The claim is unreadable, or a listed name is absent."""
    with pytest.raises(Refusal) as caught:
        check(request("A", header=header), KEYS, now=NOW)
    assert caught.value.for_log == ""
    assert caught.value.message


@pytest.mark.parametrize("form", ["pairs", "sign"])
@pytest.mark.parametrize(("now", "code"), [(NOW, ""), (NOW + 86400, "SignatureExpired")])
def test_signed_url_checks_time_window_and_token(form: str, now: float, code: str) -> None:
    """The query has them as the header does; a temporary key's token may be in the query (436/7778)."""
    keys = {KEY.secret_id: Credentials(secret_id=KEY.secret_id, secret_key=KEY.secret_key, token="t-1")}
    pairs = [part.split("=", 1) for part in authorization("B").split("&")]
    signed = (
        "&".join(f"{n}={quote(v, safe='')}" for n, v in pairs)
        if form == "pairs"
        else f"sign={quote(authorization('B'), safe='')}"
    )
    query = VECTORS["B"][2] + f"&{signed}&x-cos-security-token=t-1".encode()
    if not code:
        assert check(request("B", header="", query=query), keys, now=now) == KEY.secret_id
        with pytest.raises(Refusal) as caught:
            check(request("B", header="", query=query.replace(b"=t-1", b"=t-2")), keys, now=now)
        assert caught.value.code == "InvalidAuthorization"
    else:
        with pytest.raises(Refusal) as caught:
            check(request("B", header="", query=query), keys, now=now)
        assert caught.value.code == code


def test_signature_of_each_configured_key_is_accepted() -> None:
    """Each signature is accepted as that of its own key."""
    from ciq_mock.http.signature import signature

    for key in KEYS.values():
        value = signature(
            method="GET", path=b"/queue", parameters=[], headers=[], key_time=KEY_TIME, secret_key=key.secret_key
        )
        header = authorization("A", q_ak=key.secret_id, q_signature=value)
        assert check(request("A", header=header), KEYS, now=NOW) == key.secret_id


def test_header_listed_twice_is_explained() -> None:
    """The reason names the header and both numbers, not a missing header."""
    signed = ((b"authorization", authorization("A", q_header_list="host;host").encode()), (b"host", HOST))
    with pytest.raises(Refusal) as caught:
        check(SignedRequest(method="GET", path=b"/queue", query=b"", headers=signed), KEYS, now=NOW)
    assert caught.value.code == "SignatureDoesNotMatch"
    assert "host is listed 2 times as signed but is in the request 1 time(s)" in caught.value.message
