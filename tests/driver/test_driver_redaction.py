"""What never reaches the transcript."""

from ciq_conformance.driver.redaction import HIDDEN, Redaction
from ciq_conformance.profile import Credentials

KEYS = Credentials(secret_id="AKIDabcdef", secret_key="s3cr3tkey", token="temporarytoken")
REDACTION = Redaction.of(KEYS)


def test_headers_lose_signature_key_id_and_tokens() -> None:
    """Authorization keeps its readable parts, tokens and cookies go whole, other headers stay."""
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


def test_another_form_of_authorization_goes_whole() -> None:
    """An Authorization that is not of the known form is not trusted to hold no secret."""
    assert REDACTION.headers((("authorization", "Bearer abc"),)) == (("authorization", HIDDEN),)


def test_a_target_that_quotes_secrets_back_does_not_get_them_recorded() -> None:
    """Secrets in bodies and texts are blanked, wherever they stand, in answers and addresses alike."""
    body = b"<Message>bad key s3cr3tkey of AKIDabcdef, q-signature=deadbeef&amp;</Message>"
    clean = REDACTION.body(body)
    assert b"s3cr3tkey" not in clean
    assert b"AKIDabcdef" not in clean
    assert b"deadbeef" not in clean
    assert REDACTION.text("http://h/?x-cos-security-token=temporarytoken") == f"http://h/?x-cos-security-token={HIDDEN}"


def test_without_secrets_everything_stays() -> None:
    """Redaction of an unsigned run changes no byte of ordinary answers."""
    body = bytes(range(256)) + "<Name>queue-语音</Name>".encode()
    assert Redaction().body(body) == body
