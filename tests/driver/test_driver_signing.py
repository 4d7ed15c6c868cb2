"""Tests of the v5 signature: known values of the algorithm of 436/7778, and deliberately wrong signatures."""

import re

import pytest

from ciq_conformance.driver.signing import TOKEN_HEADER, Signing, authorization, signed_headers, signed_url
from ciq_conformance.profile import Credentials

KEYS = Credentials(secret_id="TESTID0001", secret_key="test-secret-key-0001")
KEY_TIME = "1700000000;1700003600"
HOST = "unit-1250000000.ci.ap-test.myqcloud.com"


@pytest.mark.parametrize(
    ("method", "target", "headers", "signature"),
    [
        ("GET", "/queue", {}, "74a58f8402d165e154cb7876c09143c76ac7f0b4"),
        (
            "GET",
            "/docqueue?pageNumber=1&pageSize=10&queueIds=pa%2Cpb&state=All",
            {"Host": HOST},
            "388aa5bdf528b93f5f623941d515b610c6659402",
        ),
        (
            "PUT",
            "/asrqueue/p00000000000000000000000000000001",
            {"Host": HOST, "Content-Type": "application/xml"},
            "29714cbfafcfde9da6a39028295c40844d6edc4d",
        ),
        (
            "GET",
            "/queue?queueIds=&state=All&pageNumber=&pageSize=",
            {"Host": HOST},
            "b09d2711d7cd68ec8779cce96121fa2dc8b00470",
        ),
    ],
)
def test_signature_equals_the_known_value(method: str, target: str, headers: dict[str, str], signature: str) -> None:
    """The signature equals the one of the Python SDK for the same key, time and request."""
    value = authorization(
        secret_id=KEYS.secret_id,
        secret_key=KEYS.secret_key,
        method=method,
        target=target,
        headers=headers,
        key_time=KEY_TIME,
    )
    assert value.endswith(f"q-signature={signature}")


def signed(signing: Signing, credentials: Credentials | None = KEYS) -> dict[str, str]:
    """Returns the headers of one request, signed at Unix time 1700000060."""
    return signed_headers(
        {"Host": HOST}, credentials=credentials, method="GET", target="/queue", now=1700000060, signing=signing
    )


def test_unsigned_request_has_no_authorization() -> None:
    """Without keys, or when unsigned is requested, the client sends neither signature nor token."""
    assert signed(Signing.NORMAL, None) == {"Host": HOST}
    token = Credentials(secret_id="a", secret_key="b", token="tok")
    assert signed(Signing.NONE, token) == {"Host": HOST}


def test_wrong_signature_is_otherwise_well_formed() -> None:
    """A wrong signature has the right key id, times and lists."""
    good, bad = signed(Signing.NORMAL)["Authorization"], signed(Signing.WRONG)["Authorization"]
    assert good != bad
    assert good.rpartition("q-signature=")[0] == bad.rpartition("q-signature=")[0]


def test_expired_signature_is_valid_only_in_the_past() -> None:
    """The validity of an expired signature ends before now; everything else in it is right."""
    value = signed(Signing.EXPIRED)["Authorization"]
    found = re.search(r"q-key-time=(\d+);(\d+)", value)
    assert found is not None
    assert int(found[1]) < int(found[2]) < 1700000060
    expected = authorization(
        secret_id=KEYS.secret_id,
        secret_key=KEYS.secret_key,
        method="GET",
        target="/queue",
        headers={"Host": HOST},
        key_time=f"{found[1]};{found[2]}",
    )
    assert value == expected


def test_token_is_sent_and_signed() -> None:
    """The token of a temporary key is sent in its header and is part of the signature."""
    headers = signed(Signing.NORMAL, Credentials(secret_id="a", secret_key="b", token="tok"))
    assert headers[TOKEN_HEADER] == "tok"
    assert "q-header-list=host;x-ci-security-token&" in headers["Authorization"]


@pytest.mark.parametrize("signing", [Signing.OTHER_METHOD, Signing.OTHER_PATH])
def test_signature_of_another_request_differs_in_its_value_only(signing: Signing) -> None:
    """Key id, times and lists are those of the request; the signature is that of another method or path."""
    good, bad = signed(Signing.NORMAL)["Authorization"], signed(signing)["Authorization"]
    assert good != bad
    assert good.rpartition("q-signature=")[0] == bad.rpartition("q-signature=")[0]


def test_unknown_key_signs_with_the_right_secret() -> None:
    """Only the SecretId differs."""
    good, bad = signed(Signing.NORMAL)["Authorization"], signed(Signing.UNKNOWN_KEY)["Authorization"]
    assert KEYS.secret_id not in bad
    assert good.rpartition("q-signature=")[2] == bad.rpartition("q-signature=")[2]


def test_signed_url_has_the_signature_in_its_query() -> None:
    """The query holds the seven fields, encoded once, beside the own parameters; a token is signed as a parameter."""
    keys = Credentials(secret_id=KEYS.secret_id, secret_key=KEYS.secret_key, token="a/b=")
    target = signed_url("/queue?state=All", host=HOST, credentials=keys, method="GET", now=1700000060)
    path, _, query = target.partition("?")
    assert path == "/queue"
    assert query.startswith("state=All&x-cos-security-token=a%2Fb%3D&q-sign-algorithm=sha1&q-ak=TESTID0001&")
    assert "q-sign-time=1700000000%3B1700003660" in query
    assert "q-url-param-list=state%3Bx-cos-security-token&q-signature=" in query
