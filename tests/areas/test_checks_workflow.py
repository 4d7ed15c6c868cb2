"""Tests of the checks of `workflow` and `batch` on a transcript of the mock, unchanged and changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from miniature.server import Miniature
from miniature.traits import Traits
from transcripts import Change, Transcript, judged, refusal

from ciq_conformance.areas.batch import labels as batch
from ciq_conformance.areas.workflow import labels as workflow
from ciq_conformance.judge.finding import Kind
from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.judge.selection import Selection, select_items
from ciq_conformance.profile_loading import load_profile
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.execution import RunConfig, execute
from ciq_schemas.features import FEATURES, SEED_FEATURES, Feature
from ciq_schemas.requirement import Format, load_registry
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Body, CallbackReceived, DriverEvent, Exchange, ExitCode, Outcome

Step = workflow.Label
NEW = load_registry().select(areas=("workflow", "batch"))
TESTED = [one for one in NEW if not one.untested]
JUDGED = [one.id for one in TESTED if one.level != "NOTE"]


@pytest.fixture(scope="module")
def transcripts_by_scenario(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Transcript]:
    """The transcripts of both scenarios on the embedded mock."""
    loaded = load_profile(env={}, directory=tmp_path_factory.mktemp("profile"))
    items = select_items(load_registry(), (Feature.MEDIA,), Selection(areas=("workflow", "batch")))
    records = execute(RunConfig(loaded=loaded), items).records
    return {
        scenario: Transcript(
            scenario,
            Feature.MEDIA,
            tuple(
                r
                for r in records
                if isinstance(r, Exchange | CallbackReceived | DriverEvent) and r.scenario == scenario
            ),
        )
        for scenario in ("workflow", "batch")
    }


def transcript_of(transcripts_by_scenario: dict[str, Transcript], requirement: str) -> Transcript:
    """Returns the transcript that a requirement is judged on."""
    load_checks()
    return transcripts_by_scenario[str(scenario_of(requirement))]


@pytest.mark.parametrize("requirement", JUDGED)
def test_transcript_of_the_mock_holds(transcripts_by_scenario: dict[str, Transcript], requirement: str) -> None:
    """Each check holds on the transcript of the mock, in each form."""
    for form in load_registry().get(requirement).formats or (None,):
        finding = judged(requirement, transcript_of(transcripts_by_scenario, requirement), form)
        assert finding.kind is Kind.HOLDS, finding


def in_responses(step: str, old: str, new: str) -> Change:
    """Replaces text in the responses of a step."""
    return lambda t: t.edited(step, old, new)


def in_callbacks(old: bytes, new: bytes) -> Change:
    """Replaces text in all callbacks."""

    def change(t: Transcript) -> Transcript:
        def edit(record: object) -> object:
            if not isinstance(record, CallbackReceived):
                return record
            return msgspec.structs.replace(record, body=Body.of(record.body.data.replace(old, new)))

        changed = Transcript(t.scenario, t.feature, tuple(edit(r) for r in t.records))  # type: ignore[misc]
        assert changed.records != t.records
        return changed

    return change


def in_order(*changes: Change) -> Change:
    """Makes several changes in order."""

    def change(t: Transcript) -> Transcript:
        for one in changes:
            t = one(t)
        return t

    return change


def without_callbacks(t: Transcript) -> Transcript:
    """Removes all callbacks."""
    return Transcript(t.scenario, t.feature, tuple(r for r in t.records if not isinstance(r, CallbackReceived)))


REFUSED = refusal("InvalidArgument")
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "not created": ("WFL-001", lambda t: t.answered(Step.CREATE, 400, REFUSED)),
    "created without id": ("WFL-001", in_responses(Step.CREATE, "WorkflowId>", "Id>")),
    "created in another state": ("WFL-001", in_responses(Step.CREATE, ">Active<", ">Paused<")),
    "not listed": ("WFL-002", in_responses(Step.LISTED, "MediaWorkflowList>", "Other>")),
    "listed without time": ("WFL-002", in_responses(Step.LISTED, "UpdateTime>", "Updated>")),
    "listed without a node": ("WFL-002", in_responses(Step.LISTED, f"{workflow.SIDE_NODE}><Type>", "Other><Type>")),
    "unknown workflow not named": ("WFL-003", in_responses(Step.LISTED, "NonExistIDs>", "Unknown>")),
    "name kept": ("WFL-004", in_responses(Step.UPDATED, "-renamed<", "-workflow<")),
    "not paused": ("WFL-005", in_responses(Step.PAUSED, ">Paused<", ">Active<")),
    "activation refused": ("WFL-005", lambda t: t.answered(Step.ACTIVATE, 400, REFUSED)),
    "delete without id": ("WFL-006", in_responses(Step.DELETE, "WorkflowId>", "Id>")),
    "still listed": ("WFL-007", lambda t: t.answered(Step.DELETED, 200, response_of(t, Step.LISTED))),
    "trigger refused": ("WFL-008", lambda t: t.answered(Step.TRIGGER, 500, REFUSED)),
    "trigger without id": ("WFL-008", in_responses(Step.TRIGGER, "InstanceId>", "Id>")),
    "same id twice": ("WFL-008", lambda t: t.answered(Step.TRIGGER_JSON, 200, response_of(t, Step.TRIGGER))),
    "runs not listed": ("WFL-009", in_responses(Step.RUNS, "WorkflowExecutionList>", "Other>")),
    "runs on another object": ("WFL-009", in_responses(Step.RUNS, "<Object>samples", "<Object>other")),
    "another run described": ("WFL-010", in_responses(Step.RUN, "<RunId>i", "<RunId>x")),
    "task missing": ("WFL-010", in_responses(Step.RUN, f"<Name>{workflow.LAST_NODE}<", "<Name>other<")),
    "failed without reason": ("WFL-011", in_responses(Step.RUN, "</Object><State>Success<", "</Object><State>Failed<")),
    "never ends": ("WFL-011", in_responses(Step.RUN, "</Object><State>Success<", "</Object><State>Running<")),
    "task starts too early": (
        "WFL-012",
        lambda t: t.answered(
            Step.RUN, 200, response_of(t, Step.RUN).replace("<State>Success</State>", "<State>Running</State>", 2)
        ),
    ),
    "branch missing": ("WFL-013", in_responses(Step.RUN, f"<Name>{workflow.SIDE_NODE}<", "<Name>other<")),
    "jobs without origin": ("WFL-014", in_responses(Step.JOBS, "Workflow>", "Origin>")),
    "jobs with another run id": ("WFL-014", in_responses(Step.JOBS, "<RunId>i", "<RunId>x")),
    "failed task in a successful run": (
        "WFL-015",
        in_responses(Step.WATCH_MISSING, "</Object><State>Failed<", "</Object><State>Success<"),
    ),
    "no callback": ("WFL-016", without_callbacks),
    "callback with another run id": ("WFL-016", in_callbacks(b"<RunId>i", b"<RunId>x")),
    "callback in another state": (
        "WFL-016",
        in_callbacks(b"</CreateTime><State>Success<", b"</CreateTime><State>Running<"),
    ),
    "callback with another object": ("WFL-017", in_callbacks(b"<Object>samples", b"<Object>other")),
    "callback with other jobs": ("WFL-017", in_callbacks(b"<JobId>j", b"<JobId>x")),
    "callback without tasks": ("WFL-019", in_callbacks(b"<JobsDetail>", b"<Detail>")),
    "states ignored": ("WFL-021", lambda t: t.answered(Step.RUNS_FAILED, 200, response_of(t, Step.RUNS))),
    "one state omitted": ("WFL-021", in_responses(Step.RUNS_SUCCESS, "WorkflowExecutionList>", "Other>")),
    "pages too large": ("WFL-022", lambda t: t.answered(Step.RUNS_PAGE, 200, response_of(t, Step.RUNS))),
    "bad workflow accepted": ("WFL-024", lambda t: t.answered(Step.BAD_STATE, 200, "<Response/>")),
    "trigger of an unknown workflow accepted": (
        "WFL-025",
        lambda t: t.answered(Step.TRIGGER_UNKNOWN, 200, "<Response/>"),
    ),
    "crash": ("WFL-026", lambda t: t.answered(Step.RUN_UNKNOWN, 500, refusal("InternalError"))),
    "no batch": ("BAT-001", in_responses(batch.Label.CREATE, "JobId>", "Id>")),
    "unknown state": ("BAT-001", in_responses(batch.Label.CREATE, ">Submitted<", ">Waiting<")),
    "batch of another name": ("BAT-002", in_responses(batch.Label.DESCRIBED, "-flows<", "-other<")),
    "unknown batch described": ("BAT-003", in_responses(batch.Label.UNKNOWN, "NonExistJobIds>", "Unknown>")),
    "batch not listed": ("BAT-004", in_responses(batch.Label.LISTED, "JobsDetail>", "Other>")),
    "type ignored": ("BAT-004", in_responses(batch.Label.LISTED, "<Type>Workflow<", "<Type>Job<")),
    "no run listed": ("BAT-005", in_responses(batch.Label.RUNS, "WorkflowExecutionList>", "Other>")),
    "never done": (
        "BAT-006",
        in_order(
            in_responses(batch.Label.DESCRIBED, "<State>Success<", "<State>Running<"),
            in_responses(batch.Label.WATCH, "<State>Success<", "<State>Running<"),
        ),
    ),
    "no job": ("BAT-007", in_responses(batch.Label.JOBS, "JobsDetail>", "Other>")),
    "cancel refused": ("BAT-008", lambda t: t.answered(batch.Label.CANCEL, 400, REFUSED)),
    "not cancelled": ("BAT-008", in_responses(batch.Label.CANCELLED, ">Cancel<", ">Running<")),
    "batch without name accepted": ("BAT-009", lambda t: t.answered(batch.Label.NAMELESS, 200, "<Response/>")),
}


def response_of(t: Transcript, step: str) -> str:
    """Returns the last response of a step."""
    return [r for r in t.records if isinstance(r, Exchange) and r.step == step][-1].response_body.text


@pytest.mark.parametrize("case", DEVIATIONS)
def test_changed_transcript_deviates(transcripts_by_scenario: dict[str, Transcript], case: str) -> None:
    """Each change breaks one requirement, and its check returns a witness."""
    requirement, change = DEVIATIONS[case]
    finding = judged(requirement, change(transcript_of(transcripts_by_scenario, requirement)))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


def test_every_judged_requirement_has_a_deviating_case() -> None:
    """Formats and orders by second have their own tests below."""
    assert {requirement for requirement, _ in DEVIATIONS.values()} | {"WFL-018", "WFL-023"} == set(JUDGED)


def test_callback_in_the_wrong_form_deviates(transcripts_by_scenario: dict[str, Transcript]) -> None:
    """XML under a rule that requires JSON."""
    t = transcripts_by_scenario["workflow"]
    xml = next(r for r in t.records if isinstance(r, CallbackReceived) and b"WorkflowFinish" in r.body.data)
    begun = ParsedExchange(next(r for r in t.records if isinstance(r, Exchange) and r.step == Step.TRIGGER)).instance_id
    second = ParsedExchange(
        next(r for r in t.records if isinstance(r, Exchange) and r.step == Step.TRIGGER_JSON)
    ).instance_id
    text = xml.body.text.replace(begun, second)
    changed = Transcript(
        t.scenario,
        t.feature,
        tuple(
            msgspec.structs.replace(r, body=Body.of(text.encode()))
            if isinstance(r, CallbackReceived) and r.channel.endswith(".json")
            else r
            for r in t.records
        ),
    )
    assert judged("WFL-018", changed, Format.JSON).kind is Kind.DEVIATES
    assert judged("WFL-018", changed, Format.XML).kind is Kind.HOLDS


def test_list_in_the_wrong_order_deviates(transcripts_by_scenario: dict[str, Transcript]) -> None:
    """A list whose times rise where they should fall."""
    t = transcripts_by_scenario["workflow"]
    first = ParsedExchange(next(r for r in t.records if isinstance(r, Exchange) and r.step == Step.RUNS)).run_list.runs[
        0
    ]
    seen = response_of(t, Step.RUNS)
    head, mark, tail = seen.partition(f"<CreateTime>{first.create_time}<")
    older = f"{head}<CreateTime>2001{(first.create_time or '')[4:]}<{tail}"
    assert mark
    assert judged("WFL-023", t.answered(Step.RUNS, 200, older)).kind is Kind.DEVIATES


Variation = Callable[[Transcript], Transcript]
VARIATIONS: dict[str, tuple[str, Variation]] = {
    "callback without root": ("WFL-016", in_order(in_callbacks(b"<Response>", b""), in_callbacks(b"</Response>", b""))),
    "callback without event name": ("WFL-016", in_callbacks(b"<EventName>WorkflowFinish</EventName>", b"")),
    "time element of the Go SDK": ("WFL-009", in_responses(Step.RUNS, "CreateTime>", "CreationTime>")),
    "additional element": ("WFL-010", in_responses(Step.RUN, "<Name>", "<Odd/><Name>")),
    "object with a leading slash": ("WFL-009", in_responses(Step.RUNS, "<Object>", "<Object>/")),
    "deleted workflow gives an error": (
        "WFL-007",
        lambda t: t.answered(Step.DELETED, 400, refusal("ResourceNotFound")),
    ),
    "empty response to the state change": (
        "WFL-005",
        lambda t: t.answered(Step.PAUSE, 200).answered(Step.ACTIVATE, 200),
    ),
}


@pytest.mark.parametrize("case", VARIATIONS)
def test_legal_variation_holds(transcripts_by_scenario: dict[str, Transcript], case: str) -> None:
    """What some page or SDK shows, or none excludes, is no deviation."""
    requirement, change = VARIATIONS[case]
    assert judged(requirement, change(transcript_of(transcripts_by_scenario, requirement))).kind is Kind.HOLDS


def test_workflow_requirements_are_not_in_the_core_run() -> None:
    """They are judged by area, by id or with all features, and not in a run of the seed features."""
    registry = load_registry()

    def names(*features: Feature, areas: tuple[str, ...] = (), ids: tuple[str, ...] = ()) -> set[str]:
        selection = Selection(areas=areas, requirements=ids)
        return {item.requirement.id for item in select_items(registry, features, selection)}

    mine = {requirement.id for requirement in NEW}
    assert not mine & names(*SEED_FEATURES)
    assert mine <= names(*FEATURES)
    assert names(*SEED_FEATURES, areas=("batch",)) == {one for one in mine if one.startswith("BAT")}
    assert names(*SEED_FEATURES, ids=("WFL-0*",)) == {one for one in mine if one.startswith("WFL")}


def test_refused_first_call_leaves_workflows_untested() -> None:
    """The profile declares nothing, so no requirement is reported as not implemented."""
    unsupported = Transcript("workflow").event("begin").event("unsupported", "GET /workflow answered 404")
    kinds = {
        judged(one.id, unsupported, (one.formats or (None,))[0]).kind for one in TESTED if one.id.startswith("WFL")
    }
    assert kinds == {Kind.UNTESTED}


def test_target_without_workflows_is_untested_or_blocked(tmp_path: Path) -> None:
    """Undeclared: untested; declared absent: not implemented; declared true: blocked."""
    with Miniature(Traits()) as target:
        flags = {"url": ("--target", target.url)}
        items = select_items(load_registry(), (Feature.MEDIA,), Selection(areas=("workflow", "batch")))
        found = {}
        for declared in ("unknown", "false", "true"):
            env = {"CIQ_WORKFLOW": declared, "CIQ_BATCH": declared}
            loaded = load_profile(env=env, directory=tmp_path, flags=flags)
            result = execute(RunConfig(loaded=loaded), items)
            found[declared] = (
                {v.outcome for v in result.verdicts if v.outcome is not Outcome.UNTESTED},
                result.exit_code,
            )
    assert found["unknown"] == (set(), ExitCode.NOTHING_PROVEN)
    assert found["false"] == ({Outcome.NOT_IMPLEMENTED}, ExitCode.NOTHING_PROVEN)
    assert found["true"] == ({Outcome.BLOCKED}, ExitCode.DEVIATES)
