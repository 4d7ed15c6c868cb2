"""Targets with nonsense in their answers: the suite judges them, and no check or scenario raises."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command import in_process, records_of, verdicts_of

from ciq_conformance.areas.queues import scenario
from ciq_conformance.judge import registry
from ciq_conformance.registry import load_checks
from ciq_mock import server
from ciq_mock.overrides import Override
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_mock.variants.middleware import bodies, changed_content
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import DriverEvent, Outcome

_TIMES = rb"(<(?:CreationTime|StartTime|EndTime|CreateTime|UpdateTime)>)[^<]+"
ONE_ID = b"<JobId>j00000000000000000000000000000001</JobId>"
NONSENSE: dict[str, tuple[bytes, bytes]] = {
    "one job id for all jobs": (rb"<JobId>[^<]+</JobId>", ONE_ID),
    "times at the end of the calendar": (_TIMES, rb"\g<1>9999-12-31T23:59:59-0800"),
    "times at its begin": (_TIMES, rb"\g<1>0001-01-01T00:00:00+0800"),
    "times in words": (_TIMES, rb"\g<1>yesterday"),
}


def everywhere(change: Callable[[bytes], bytes]) -> Override:
    """Changes responses and callbacks."""
    return replace(changed_content(change), callback=bodies(change).callback)


@pytest.mark.parametrize(("pattern", "replacement"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_of_the_target_is_no_suite_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pattern: bytes, replacement: bytes
) -> None:
    """The cancelled jobs, the list by time and the calibration use ids and times of the target."""
    override = everywhere(lambda body: re.sub(pattern, replacement, body))
    monkeypatch.setattr(server, "overrides_of", lambda _settings: (override,))
    chosen = [part for glob in ("SUB-001", "CAN-001", "LST-003", "LIF-006") for part in ("-k", glob)]
    with MockServer(MockSettings(duration=0.02, activated=(Feature.MEDIA,))) as target:
        arguments = ("--target", target.url, "--feature", "media", "--timeout-factor", "0.1", "--deadline", "60")
        done = in_process("run", *arguments, *chosen, cwd=tmp_path)
    outcomes = {name: verdict.outcome for name, verdict in verdicts_of(tmp_path / "ciq-report").items()}
    assert Outcome.SUITE_ERROR not in outcomes.values(), done.text
    events = [record for record in records_of(tmp_path / "ciq-report") if isinstance(record, DriverEvent)]
    assert [event.text for event in events if event.name == "crashed"] == []
    assert done.code in (1, 5), done.text


def test_failed_must_outranks_a_defect_of_the_suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A check and a scenario that raise cost their own verdicts; the target's deviation still decides the exit code."""

    def raises(*_: object) -> None:
        raise IndexError("list index out of range")

    load_checks()
    monkeypatch.setattr(scenario, "run", raises)
    monkeypatch.setitem(registry._CHECKS, "SUB-002", raises)
    override = changed_content(lambda body: re.sub(_TIMES, rb"\g<1>yesterday", body))
    monkeypatch.setattr(server, "overrides_of", lambda _settings: (override,))
    chosen = [part for glob in ("QUE-003", "SUB-002", "SUB-004") for part in ("-k", glob)]
    with MockServer(MockSettings(duration=0.02, activated=(Feature.MEDIA,))) as target:
        done = in_process("run", "--target", target.url, "--feature", "media", *chosen, cwd=tmp_path)
    outcomes = {name: verdict.outcome for name, verdict in verdicts_of(tmp_path / "ciq-report").items()}
    assert outcomes["QUE-003-media"] is Outcome.SUITE_ERROR, done.text
    assert outcomes["SUB-002-media"] is Outcome.SUITE_ERROR
    assert Outcome.FAIL in outcomes.values(), outcomes
    assert done.code == 1, done.text
