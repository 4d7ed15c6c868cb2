"""Tests of the redaction of secrets before they are recorded."""

from ciq_conformance.driver.redaction import HIDDEN, Redaction
from ciq_conformance.profile import Credentials

KEYS = Credentials(secret_id="AKIDabcdef", secret_key="s3cr3tkey", token="temporarytoken")
REDACTION = Redaction.of(KEYS)


def test_secrets_in_headers_are_redacted() -> None:
    """Authorization keeps its readable parts, tokens and cookies are removed completely, other headers are kept."""
    fields = (
        ("Authorization", "q-sign-algorithm=sha1&q-ak=AKIDabcdef&q-sign-time=1;2&q-signature=0123abcd"),
        ("X-Ci-Security-Token", "temporarytoken"),
        ("set-cookie", "session=1"),
        ("Host", "bucket.example"),
    )
    assert REDACTION.headers(fields) == (
        ("Authorization", f"q-sign-algorithm=sha1&q-ak={HIDDEN}&q-sign-time=1;2&q-signature={HIDDEN}"),
        ("X-Ci-Security-Token", HIDDEN),
        ("set-cookie", HIDDEN),
        ("Host", "bucket.example"),
    )


def test_unknown_authorization_form_is_removed_completely() -> None:
    """An Authorization of an unknown form may hold a secret and is removed."""
    assert REDACTION.headers((("authorization", "Bearer abc"),)) == (("authorization", HIDDEN),)


def test_secrets_echoed_by_the_target_are_redacted() -> None:
    """Secrets in bodies and texts are redacted at every position, in responses and in URLs."""
    body = b"<Message>bad key s3cr3tkey of AKIDabcdef, q-signature=deadbeef&amp;</Message>"
    clean = REDACTION.body(body)
    assert b"s3cr3tkey" not in clean
    assert b"AKIDabcdef" not in clean
    assert b"deadbeef" not in clean
    assert REDACTION.text("http://h/?x-cos-security-token=temporarytoken") == f"http://h/?x-cos-security-token={HIDDEN}"


def test_records_without_secrets_are_unchanged() -> None:
    """Redaction of an unsigned run changes no byte of ordinary responses."""
    body = bytes(range(256)) + "<Name>queue-语音</Name>".encode()
    assert Redaction().body(body) == body


def test_encoded_token_in_a_url_is_redacted() -> None:
    """A token with characters that a URL encodes is redacted in its encoded form too."""
    keys = Credentials(secret_id="AKIDabcdef", secret_key="s3cr3tkey", token="tok/en+==")
    assert "%2Fen" not in Redaction.of(keys).text("http://h/?x-cos-security-token=tok%2Fen%2B%3D%3D")
