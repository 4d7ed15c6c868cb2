"""The signature check against the published vectors, and each refusal with its documented code."""

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
    """The Authorization of a vector, with fields replaced (an empty replacement of `drop` removes one)."""
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
    """The request of a vector, with parts replaced."""
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
    """Code and status that `signed` is refused with."""
    with pytest.raises(Refusal) as caught:
        check(signed, KEYS, now=now)
    assert KEY.secret_key not in caught.value.message
    return caught.value.code, caught.value.status


@pytest.mark.parametrize("vector", VECTORS)
def test_the_vectors_are_accepted(vector: str) -> None:
    """Each vector, made with the official signer, is accepted as that of its key (436/7778)."""
    assert check(request(vector), KEYS, now=NOW) == KEY.secret_id


@pytest.mark.parametrize("vector", VECTORS)
def test_another_path_is_not_the_signed_one(vector: str) -> None:
    """A signature holds for its own path only."""
    assert refusal(request(vector, path=b"/file_queue")) == ("SignatureDoesNotMatch", 403)


def test_a_host_is_signed_with_or_without_its_port() -> None:
    """The Python SDK signs the host without the port that stands in Host."""
    assert check(request("B", host=HOST + b":8080"), KEYS, now=NOW) == KEY.secret_id


def test_another_host_is_refused() -> None:
    """The signed host decides."""
    assert refusal(request("B", host=b"other-1250000000.ci.ap-test.myqcloud.com"))[0] == "SignatureDoesNotMatch"


def test_an_unsigned_parameter_may_be_added() -> None:
    """`?cancel` is on the wire unsigned: only listed names count."""
    method_query = VECTORS["B"][2] + b"&cancel"
    assert check(request("B", query=method_query), KEYS, now=NOW) == KEY.secret_id


def test_a_changed_signed_parameter_is_refused() -> None:
    """A listed parameter counts with its value."""
    changed = VECTORS["B"][2].replace(b"=10", b"=99")
    assert refusal(request("B", query=changed))[0] == "SignatureDoesNotMatch"


@pytest.mark.parametrize("space", [b"+", b"%20"])
def test_both_spaces_of_a_query_are_one_value(space: bytes) -> None:
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


def test_a_signed_url_is_accepted() -> None:
    """The seven pairs may stand in the query, url-encoded, beside the business parameters (436/7778)."""
    pairs = [part.split("=", 1) for part in authorization("B").split("&")]
    query = VECTORS["B"][2] + b"&" + "&".join(f"{n}={quote(v, safe='')}" for n, v in pairs).encode()
    assert check(request("B", header="", query=query), KEYS, now=NOW) == KEY.secret_id


def test_the_merged_sign_parameter_is_accepted() -> None:
    """The Go SDK can send the whole Authorization as `sign=`."""
    query = VECTORS["B"][2] + b"&sign=" + quote(authorization("B"), safe="").encode()
    assert check(request("B", header="", query=query), KEYS, now=NOW) == KEY.secret_id


@pytest.mark.parametrize("header", ["", "   "])
def test_no_authorization_is_missing(header: str) -> None:
    """An absent and an empty header are the same: anonymous."""
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
def test_a_malformed_authorization_is_invalid(header: str) -> None:
    """Whatever is not the seven pairs is InvalidAuthorization, not an error of the server."""
    assert refusal(request("A", header=header)) == ("InvalidAuthorization", 401)


def test_an_unknown_key_is_said_so() -> None:
    """The code is spelled with a small id in the documents."""
    assert refusal(request("A", header=authorization("A", q_ak="NOBODY"))) == ("SecretidNotExist", 401)


def test_another_known_key_does_not_fit() -> None:
    """A signature holds for its own key only, also when several keys are known."""
    assert refusal(request("A", header=authorization("A", q_ak="OTHER")))[0] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(("now", "accepted"), [(1700003600.9, True), (1700003601.0, False), (1699999999.0, False)])
def test_the_window_decides(now: float, *, accepted: bool) -> None:
    """The last second counts as inside; before the start and after the end it is SignatureExpired."""
    if accepted:
        assert check(request("A"), KEYS, now=now) == KEY.secret_id
    else:
        assert refusal(request("A"), now=now) == ("SignatureExpired", 401)


def test_a_listed_header_must_be_there() -> None:
    """A name in q-header-list that the request lacks cannot have been signed."""
    header = authorization("A", q_header_list="x-ci-nothing")
    assert refusal(request("A", header=header)) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize("name", [b"x-ci-security-token", b"x-cos-security-token"])
def test_a_temporary_key_needs_its_token(name: bytes) -> None:
    """Both spellings of the token header are documented; a missing or wrong token is refused."""
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
def test_a_refusal_tells_the_log_what_should_have_been_signed(signed: SignedRequest, now: float) -> None:
    """HttpString and StringToSign of the request as received stand in the log's part, and no key does."""
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


def test_the_string_for_the_log_is_the_one_that_is_signed() -> None:
    """Its hash is the published one of the vector: whoever signs that text is accepted."""
    with pytest.raises(Refusal) as caught:
        check(request("B"), KEYS, now=NOW + 86400)
    assert "80ad31f742688a5914e17b830be1d1f233cb55b1" in caught.value.for_log


def test_a_token_that_was_signed_is_blank_in_the_log() -> None:
    """A signed token header is part of HttpString; the log shows that it was, and not its value."""
    header = authorization("A", q_header_list="host;x-ci-security-token")
    with pytest.raises(Refusal) as caught:
        check(request("A", header=header, extra=((b"x-ci-security-token", b"t-secret"),)), KEYS, now=NOW)
    assert "x-ci-security-token=***" in caught.value.for_log
    assert "t-secret" not in caught.value.for_log


@pytest.mark.parametrize("header", ["", "nonsense", authorization("A", q_header_list="x-ci-nothing")])
def test_where_nothing_would_be_right_nothing_is_shown(header: str) -> None:
    """Without a readable claim, or with a listed name that is not there, there is no text to sign; the reason stays."""
    with pytest.raises(Refusal) as caught:
        check(request("A", header=header), KEYS, now=NOW)
    assert caught.value.for_log == ""
    assert caught.value.message


@pytest.mark.parametrize("form", ["pairs", "sign"])
@pytest.mark.parametrize(("now", "code"), [(NOW, ""), (NOW + 86400, "SignatureExpired")])
def test_a_signed_url_knows_expiry_and_token(form: str, now: float, code: str) -> None:
    """In the query the window counts as in the header, and a temporary key's token may stand there (436/7778)."""
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


def test_each_of_several_keys_signs() -> None:
    """With several keys known, each one's own signature is accepted as its own."""
    from ciq_mock.http.signature import signature

    for key in KEYS.values():
        value = signature(
            method="GET", path=b"/queue", parameters=[], headers=[], key_time=KEY_TIME, secret_key=key.secret_key
        )
        header = authorization("A", q_ak=key.secret_id, q_signature=value)
        assert check(request("A", header=header), KEYS, now=NOW) == key.secret_id
