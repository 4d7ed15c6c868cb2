"""Tests of the probe's hint why a target rejects the first request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import cast

import pytest
from transcripts import Transcript, refusal

from ciq_conformance.driver import probe
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.profile import Credentials, Profile
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = Credentials(secret_id="id", secret_key="key")


def hint(code: str, *, clock: timedelta | None, credentials: Credentials | None = KEYS) -> str:
    """Returns the hint for a rejection by a target whose clock differs; None is a target that sends no Date."""
    date = None if clock is None else format_datetime(NOW + clock, usegmt=True)
    transcript = Transcript("probe").exchange("found", refusal(code), status=401).header("found", "Date", date)
    exchange = cast(Exchange, transcript.records[0])
    run = SimpleNamespace(
        profile=Profile(url="http://target", credentials=credentials),
        client=SimpleNamespace(wall=NOW.timestamp),
        recorder=SimpleNamespace(now=lambda: exchange.ended, records=[exchange]),
    )
    return probe._hint(cast(RunContext, run), FEATURES[Feature.MEDIA], ParsedExchange(exchange))


@pytest.mark.parametrize(("hours", "shown"), [(2, "+7201"), (-5, "-17999")])
def test_clock_that_is_hours_off_is_named(hours: int, shown: str) -> None:
    """The hint names the clock and its difference, and not the keys."""
    text = hint("AccessDenied", clock=timedelta(hours=hours))
    assert "the cause is the clock" in text
    assert f"is {shown} s from" in text
    assert "keys" not in text


def test_right_clock_leads_to_the_keys() -> None:
    """With clocks that agree, a rejected signature points to the keys."""
    assert hint("SignatureDoesNotMatch", clock=timedelta()) == "; check the keys"


def test_expired_signature_names_the_clocks_without_a_date() -> None:
    """Without a Date header the error code still names the clocks."""
    assert "compare the clocks" in hint("SignatureExpired", clock=None)


def test_missing_keys_are_named_first() -> None:
    """Without keys in the profile the hint says how to set them."""
    assert "CIQ_SECRET_ID" in hint("MissingAuthorization", clock=timedelta(hours=2), credentials=None)


def test_web_page_leads_to_the_address() -> None:
    """A web page instead of a queue list says that another server answers."""
    page = cast(Exchange, Transcript("probe").exchange("found", "<!DOCTYPE html><html></html>").records[0])
    run = cast(RunContext, SimpleNamespace(profile=Profile(url="http://target")))
    text = probe._hint(run, FEATURES[Feature.MEDIA], ParsedExchange(page))
    assert "another server seems to answer" in text
    assert "url" in text
