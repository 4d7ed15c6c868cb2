"""Settings of the mock: limits are checked and named, defaults are valid, job plans follow the settings."""

from collections.abc import Callable

import pytest

from ciq_mock.engine import Failure, HeldReading
from ciq_mock.settings import (
    Credentials,
    DeliverySettings,
    FailureByInput,
    Limits,
    MockSettings,
    SettingError,
)
from ciq_schemas.features import Feature


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: MockSettings(workers=0), "workers"),
        (lambda: MockSettings(max_size=0), "max_size"),
        (lambda: MockSettings(records=0), "records"),
        (lambda: MockSettings(duration=-1), "duration"),
        (lambda: MockSettings(duration=float("inf")), "duration"),
        (lambda: MockSettings(durations={Feature.DOC: float("nan")}), "durations[doc]"),
        (lambda: MockSettings(durations_by_prefix=(("slow/", -2.0),)), "durations_by_prefix[slow/]"),
        (lambda: MockSettings(clock_factor=0), "clock_factor"),
        (lambda: DeliverySettings(timeout=0), "delivery.timeout"),
        (lambda: DeliverySettings(retry_after=(1.0, -1.0)), "delivery.retry_after"),
        (lambda: DeliverySettings(copies=0), "delivery.copies"),
        (lambda: DeliverySettings(concurrency=0), "delivery.concurrency"),
        (lambda: Limits(body=0), "limits.body"),
        (lambda: Limits(header_timeout=-1), "limits.header_timeout"),
    ],
)
def test_setting_out_of_range_is_refused_with_its_name(make: Callable[[], object], name: str) -> None:
    """The error starts with the setting's name and contains the allowed values."""
    with pytest.raises(SettingError, match="must be") as error:
        make()
    assert str(error.value).startswith(f"{name} is ")


def test_duration_of_input_prefix_precedes_feature_and_default() -> None:
    """A leading slash has no effect."""
    settings = MockSettings(
        duration=1.0, durations={Feature.DOC: 2.0}, durations_by_prefix=(("slow/", 9.0), ("slow/er/", 3.0))
    )
    assert settings.duration_of(Feature.MEDIA, "in/a") == 1.0
    assert settings.duration_of(Feature.DOC, "in/a") == 2.0
    assert settings.duration_of(Feature.DOC, "slow/a") == 9.0
    assert settings.duration_of(Feature.DOC, "/slow/er/a") == 9.0, "the first prefix that matches"


def test_missing_input_fails_by_default() -> None:
    """The prefix `missing/` fails with a documented code; others succeed; the list can be replaced."""
    failure = MockSettings().failure_of("missing/run-1")
    assert failure is not None
    assert failure.code == "ResourceNotFound"
    assert MockSettings().failure_of("in/missing/a") is None
    own = MockSettings(failures=(FailureByInput(prefix="bad/", failure=Failure("X", "y")),))
    assert own.failure_of("missing/run-1") is None
    assert own.failure_of("/bad/a") == Failure("X", "y")


def test_printed_settings_contain_no_secret_key() -> None:
    """Neither `repr` nor `str` contains the key of a pair."""
    settings = MockSettings(credentials=(Credentials(secret_id="AKID-1", secret_key="sesame"),))
    assert "sesame" not in repr(settings)
    assert "AKID-1" in repr(settings)


def test_settings_reach_engine_rules() -> None:
    """Workers, size and interpretation are passed to the engine's rules."""
    rules = MockSettings(workers=3, max_size=7, held=HeldReading.SUBMITTED).engine_rules
    assert (rules.workers, rules.max_size, rules.held) == (3, 7, HeldReading.SUBMITTED)
