"""Tests of what the scenarios send, without a target: bodies, names, windows, ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from transcripts import Transcript

from ciq_conformance.areas.errors import scenario as errors
from ciq_conformance.areas.errors.labels import BAD_SUBMITS, FOREIGN_SIGNATURES, OUTSIDE_THE_BODY, SIGNATURES, Label
from ciq_conformance.areas.update import scenario as update
from ciq_conformance.driver import queue_setup
from ciq_conformance.driver.scenario_context import Calls, Receiver, Recorder, ScenarioContext
from ciq_conformance.profile import Credentials, Profile
from ciq_conformance.timeouts import Timeouts
from ciq_schemas.codec import Document, ProblemKind, Reading, read
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.values import NotifyConfig, Queue


class _Silent:
    """Calls and a receiver that only record the requests; each request gets an answer with `status`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.status = 403

    def raw(self, step: str, *request: str, **options: object) -> ParsedExchange:
        self.sent.append((step, f"{request} {options}"))
        answered = Transcript("errors").exchange(step, status=self.status).records[0]
        return ParsedExchange(cast(Exchange, answered))

    def address(self, channel: str, suffix: str = "") -> str:
        return f"http://127.0.0.1:1/{channel}{suffix}"


def ctx(feature: Feature = Feature.MEDIA, scenario: str = "errors", **profile: Any) -> ScenarioContext:
    """Returns a scenario context without a target."""
    silent = _Silent()
    return ScenarioContext(
        spec=FEATURES[feature],
        scenario=scenario,
        run_id="260102030405abcdef",
        profile=Profile(url="http://target", **profile),
        timeouts=Timeouts(),
        calls=cast(Calls, silent),
        receiver=cast(Receiver, silent),
        recorder=cast(Recorder, silent),
        now=lambda: 0.0,
        pause_thread=lambda _: None,
        found=Queue(queue_id="p1", name="queue-1", state="Active"),
    )


BAD_BY_SCHEMA: Mapping[Label, ProblemKind] = {
    Label.MALFORMED: ProblemKind.MALFORMED,
    Label.EMPTY: ProblemKind.EMPTY,
    Label.WRONG_ROOT: ProblemKind.ROOT,
    Label.NO_OPERATION: ProblemKind.MISSING,
    Label.ENTITY: ProblemKind.FORBIDDEN,
    Label.BAD_LEVEL: ProblemKind.VALUE,
    Label.LONG_USER_DATA: ProblemKind.VALUE,
    Label.FOUR_WATERMARKS: ProblemKind.TOO_MANY,
}


@pytest.mark.parametrize("feature", Feature)
def test_each_bad_submit_has_one_defect(feature: Feature) -> None:
    """The schema finds the one defect that the step names; the rest of the body is good."""
    for step, body in errors.bad_submits(ctx(feature)).items():
        problems = read(Document.JOB_SUBMIT_REQUEST, body, Reading.STRICT).problems
        kinds = {problem.kind for problem in problems}
        if step in BAD_BY_SCHEMA:
            assert kinds == {BAD_BY_SCHEMA[step]}, (step, problems)
        else:
            assert len(problems) <= 1, (step, problems)


def test_bad_submits_differ_and_cover_all_steps() -> None:
    """Every step has an own body; a body that fits only some features is sent for those."""
    seen: set[Label] = set()
    for feature in Feature:
        bodies = errors.bad_submits(ctx(feature))
        assert len(set(bodies.values())) == len(bodies)
        assert set(bodies) <= set(BAD_SUBMITS)
        seen |= set(bodies)
    assert seen == set(BAD_SUBMITS) - set(OUTSIDE_THE_BODY)
    assert Label.BAD_LEVEL not in errors.bad_submits(ctx(Feature.DOC))
    assert Label.NO_SOURCE not in errors.bad_submits(ctx())


KEYS = Credentials(secret_id="id", secret_key="key")
ALL_SIGNATURES = (*SIGNATURES, *FOREIGN_SIGNATURES, Label.SIGNED_URL, Label.UNSIGNED_SUBMIT)


@pytest.mark.parametrize(
    ("credentials", "declared", "steps"),
    [
        (None, None, ()),
        (None, True, (Label.UNSIGNED, Label.UNSIGNED_SUBMIT)),
        (KEYS, None, ALL_SIGNATURES),
        (KEYS, True, ALL_SIGNATURES),
        (KEYS, False, ()),
    ],
)
def test_wrong_signatures_need_keys_and_a_target_that_checks(
    credentials: Credentials | None, declared: bool | None, steps: tuple[Label, ...]
) -> None:
    """Wrong and expired signatures need keys; none is sent when the profile declares that the target ignores them."""
    set_up = ctx(credentials=credentials, capabilities={Capability.SIGNATURE: declared})
    errors._signatures(set_up, "/jobs")
    assert [step for step, _ in cast(Any, set_up.calls).sent] == list(steps)


def test_target_that_accepts_unsigned_requests_gets_no_foreign_signatures() -> None:
    """Where the unsigned request is accepted, no signature of another key or request and no unsigned submit is sent."""
    set_up = ctx(credentials=KEYS)
    calls = cast(Any, set_up.calls)
    calls.status = 200
    errors._signatures(set_up, "/jobs")
    assert [step for step, _ in calls.sent] == list(SIGNATURES)


@pytest.mark.parametrize("feature", Feature)
def test_name_and_rule_of_the_update_are_documented(feature: Feature) -> None:
    """The name fits the shortest documented limit, and the rule uses only documented words."""
    set_up = ctx(feature, "update")
    assert len(update.name(set_up)) <= 100
    assert len(update.name(replace(set_up, run_id="x" * 200))) <= 100
    assert (update.rule(set_up).result_format is None) == (feature is Feature.DOC)


def test_pausing_updates_keep_the_existing_rule() -> None:
    """Updates that only pause send the rule that the queue had."""
    config = NotifyConfig(url="http://theirs/", event="TaskFinish", type="Url", state="On", result_format="")
    kept = queue_setup.found_rule(replace(ctx(), found=Queue(queue_id="p1", notify_config=config)))
    assert (kept.url, kept.event, kept.type, kept.state) == ("http://theirs/", "TaskFinish", "Url", "On")
    assert kept.result_format is None
    assert queue_setup.found_rule(ctx()).state == "Off"


def test_unknown_ids_have_the_form_of_ids_and_differ() -> None:
    """Unknown ids have the form of the samples and are stable within one run."""
    one, other = queue_setup.unknown_job_id(ctx()), queue_setup.unknown_job_id(ctx(), "other")
    assert one != other
    assert len(one) == len(other) == 33
    assert one == queue_setup.unknown_job_id(ctx())
    assert one[0] == "j"
    assert queue_setup.unknown_queue_id(ctx())[0] == "p"
    assert queue_setup.unknown_job_id(ctx(scenario="describe")) != one
