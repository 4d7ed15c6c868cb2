"""Checks of the scenarios `workflow` and `batch` on a conversation with the reference mock, as it was and changed."""

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
def conversations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Transcript]:
    """What was said in both scenarios on the embedded mock."""
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


def conversation(conversations: dict[str, Transcript], requirement: str) -> Transcript:
    """The conversation that a requirement is about."""
    load_checks()
    return conversations[str(scenario_of(requirement))]


@pytest.mark.parametrize("requirement", JUDGED)
def test_holds_on_the_mock(conversations: dict[str, Transcript], requirement: str) -> None:
    """Each check holds on what the mock says, in each form."""
    for form in load_registry().get(requirement).formats or (None,):
        finding = judged(requirement, conversation(conversations, requirement), form)
        assert finding.kind is Kind.HOLDS, finding


def answers(step: str, old: str, new: str) -> Change:
    """A change of text in the answers of a step."""
    return lambda t: t.edited(step, old, new)


def told(old: bytes, new: bytes) -> Change:
    """A change in all callbacks."""

    def change(t: Transcript) -> Transcript:
        def edit(record: object) -> object:
            if not isinstance(record, CallbackReceived):
                return record
            return msgspec.structs.replace(record, body=Body.of(record.body.data.replace(old, new)))

        changed = Transcript(t.scenario, t.feature, tuple(edit(r) for r in t.records))  # type: ignore[misc]
        assert changed.records != t.records
        return changed

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(t: Transcript) -> Transcript:
        for one in changes:
            t = one(t)
        return t

    return change


def without_callbacks(t: Transcript) -> Transcript:
    """No callback ever came."""
    return Transcript(t.scenario, t.feature, tuple(r for r in t.records if not isinstance(r, CallbackReceived)))


REFUSED = refusal("InvalidArgument")
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "not made": ("WFL-001", lambda t: t.answered(Step.CREATE, 400, REFUSED)),
    "made without id": ("WFL-001", answers(Step.CREATE, "WorkflowId>", "Id>")),
    "made in another state": ("WFL-001", answers(Step.CREATE, ">Active<", ">Paused<")),
    "not listed": ("WFL-002", answers(Step.LISTED, "MediaWorkflowList>", "Other>")),
    "listed without time": ("WFL-002", answers(Step.LISTED, "UpdateTime>", "Updated>")),
    "listed without a node": ("WFL-002", answers(Step.LISTED, f"{workflow.SIDE_NODE}><Type>", "Other><Type>")),
    "stranger not named": ("WFL-003", answers(Step.LISTED, "NonExistIDs>", "Unknown>")),
    "name kept": ("WFL-004", answers(Step.UPDATED, "-renamed<", "-workflow<")),
    "not switched off": ("WFL-005", answers(Step.PAUSED, ">Paused<", ">Active<")),
    "switch refused": ("WFL-005", lambda t: t.answered(Step.ACTIVATE, 400, REFUSED)),
    "deleting names none": ("WFL-006", answers(Step.DELETE, "WorkflowId>", "Id>")),
    "still listed": ("WFL-007", lambda t: t.answered(Step.DELETED, 200, answer_of(t, Step.LISTED))),
    "trigger refused": ("WFL-008", lambda t: t.answered(Step.TRIGGER, 500, REFUSED)),
    "trigger without id": ("WFL-008", answers(Step.TRIGGER, "InstanceId>", "Id>")),
    "same id twice": ("WFL-008", lambda t: t.answered(Step.TRIGGER_JSON, 200, answer_of(t, Step.TRIGGER))),
    "runs not listed": ("WFL-009", answers(Step.RUNS, "WorkflowExecutionList>", "Other>")),
    "runs on another object": ("WFL-009", answers(Step.RUNS, "<Object>samples", "<Object>other")),
    "another run described": ("WFL-010", answers(Step.RUN, "<RunId>i", "<RunId>x")),
    "a task too few": ("WFL-010", answers(Step.RUN, f"<Name>{workflow.LAST_NODE}<", "<Name>other<")),
    "failed without reason": ("WFL-011", answers(Step.RUN, "</Object><State>Success<", "</Object><State>Failed<")),
    "never ends": ("WFL-011", answers(Step.RUN, "</Object><State>Success<", "</Object><State>Running<")),
    "begins too soon": (
        "WFL-012",
        lambda t: t.answered(
            Step.RUN, 200, answer_of(t, Step.RUN).replace("<State>Success</State>", "<State>Running</State>", 2)
        ),
    ),
    "a branch too few": ("WFL-013", answers(Step.RUN, f"<Name>{workflow.SIDE_NODE}<", "<Name>other<")),
    "jobs without origin": ("WFL-014", answers(Step.JOBS, "Workflow>", "Origin>")),
    "jobs of another run": ("WFL-014", answers(Step.JOBS, "<RunId>i", "<RunId>x")),
    "a failure forgiven": (
        "WFL-015",
        answers(Step.WATCH_MISSING, "</Object><State>Failed<", "</Object><State>Success<"),
    ),
    "not told": ("WFL-016", without_callbacks),
    "told as another run": ("WFL-016", told(b"<RunId>i", b"<RunId>x")),
    "told in another state": ("WFL-016", told(b"</CreateTime><State>Success<", b"</CreateTime><State>Running<")),
    "told another object": ("WFL-017", told(b"<Object>samples", b"<Object>other")),
    "told other jobs": ("WFL-017", told(b"<JobId>j", b"<JobId>x")),
    "tasks not told": ("WFL-019", told(b"<JobsDetail>", b"<Detail>")),
    "states ignored": ("WFL-021", lambda t: t.answered(Step.RUNS_FAILED, 200, answer_of(t, Step.RUNS))),
    "a state forgotten": ("WFL-021", answers(Step.RUNS_SUCCESS, "WorkflowExecutionList>", "Other>")),
    "pages too large": ("WFL-022", lambda t: t.answered(Step.RUNS_PAGE, 200, answer_of(t, Step.RUNS))),
    "a bad workflow taken": ("WFL-024", lambda t: t.answered(Step.BAD_STATE, 200, "<Response/>")),
    "a senseless trigger taken": ("WFL-025", lambda t: t.answered(Step.TRIGGER_UNKNOWN, 200, "<Response/>")),
    "a crash": ("WFL-026", lambda t: t.answered(Step.RUN_UNKNOWN, 500, refusal("InternalError"))),
    "no batch": ("BAT-001", answers(batch.Label.CREATE, "JobId>", "Id>")),
    "odd state": ("BAT-001", answers(batch.Label.CREATE, ">Submitted<", ">Waiting<")),
    "batch of another name": ("BAT-002", answers(batch.Label.DESCRIBED, "-flows<", "-other<")),
    "stranger described": ("BAT-003", answers(batch.Label.UNKNOWN, "NonExistJobIds>", "Unknown>")),
    "batch not listed": ("BAT-004", answers(batch.Label.LISTED, "JobsDetail>", "Other>")),
    "type ignored": ("BAT-004", answers(batch.Label.LISTED, "<Type>Workflow<", "<Type>Job<")),
    "nothing ran": ("BAT-005", answers(batch.Label.RUNS, "WorkflowExecutionList>", "Other>")),
    "never done": (
        "BAT-006",
        both(
            answers(batch.Label.DESCRIBED, "<State>Success<", "<State>Running<"),
            answers(batch.Label.WATCH, "<State>Success<", "<State>Running<"),
        ),
    ),
    "no job": ("BAT-007", answers(batch.Label.JOBS, "JobsDetail>", "Other>")),
    "cancel refused": ("BAT-008", lambda t: t.answered(batch.Label.CANCEL, 400, REFUSED)),
    "not cancelled": ("BAT-008", answers(batch.Label.CANCELLED, ">Cancel<", ">Running<")),
    "nameless taken": ("BAT-009", lambda t: t.answered(batch.Label.NAMELESS, 200, "<Response/>")),
}


def answer_of(t: Transcript, step: str) -> str:
    """The last answer of a step."""
    return [r for r in t.records if isinstance(r, Exchange) and r.step == step][-1].response_body.text


@pytest.mark.parametrize("case", DEVIATIONS)
def test_deviates(conversations: dict[str, Transcript], case: str) -> None:
    """Each change breaks one sentence, and its check says so by a witness."""
    requirement, change = DEVIATIONS[case]
    finding = judged(requirement, change(conversation(conversations, requirement)))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


def test_every_judged_requirement_can_fail() -> None:
    """No check without a case that turns it red (formats and orders by second have their own below)."""
    assert {requirement for requirement, _ in DEVIATIONS.values()} | {"WFL-018", "WFL-023"} == set(JUDGED)


def test_the_wrong_form_deviates(conversations: dict[str, Transcript]) -> None:
    """XML under a rule that asks for JSON."""
    t = conversations["workflow"]
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


def test_the_wrong_order_deviates(conversations: dict[str, Transcript]) -> None:
    """A list whose times rise where they should fall."""
    t = conversations["workflow"]
    first = ParsedExchange(next(r for r in t.records if isinstance(r, Exchange) and r.step == Step.RUNS)).run_list.runs[
        0
    ]
    seen = answer_of(t, Step.RUNS)
    head, mark, tail = seen.partition(f"<CreateTime>{first.create_time}<")
    older = f"{head}<CreateTime>2001{(first.create_time or '')[4:]}<{tail}"
    assert mark
    assert judged("WFL-023", t.answered(Step.RUNS, 200, older)).kind is Kind.DEVIATES


Dress = Callable[[Transcript], Transcript]
DRESSES: dict[str, tuple[str, Dress]] = {
    "callback without root": ("WFL-016", both(told(b"<Response>", b""), told(b"</Response>", b""))),
    "callback without event name": ("WFL-016", told(b"<EventName>WorkflowFinish</EventName>", b"")),
    "go's name of the time": ("WFL-009", answers(Step.RUNS, "CreateTime>", "CreationTime>")),
    "an element more": ("WFL-010", answers(Step.RUN, "<Name>", "<Odd/><Name>")),
    "object with a slash": ("WFL-009", answers(Step.RUNS, "<Object>", "<Object>/")),
    "deleted is an error": ("WFL-007", lambda t: t.answered(Step.DELETED, 400, refusal("ResourceNotFound"))),
    "an empty answer to the switch": ("WFL-005", lambda t: t.answered(Step.PAUSE, 200).answered(Step.ACTIVATE, 200)),
}


@pytest.mark.parametrize("case", DRESSES)
def test_legal_dress_holds(conversations: dict[str, Transcript], case: str) -> None:
    """What some page or SDK shows, or none rules out, is no deviation."""
    requirement, change = DRESSES[case]
    assert judged(requirement, change(conversation(conversations, requirement))).kind is Kind.HOLDS


def test_the_core_run_is_left_as_it_is() -> None:
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


def test_not_offered_is_no_fault() -> None:
    """A refused first call means not implemented, unless somebody declared the capability."""
    unsupported = Transcript("workflow").event("begin").event("unsupported", "GET /workflow answered 404")
    kinds = {
        judged(one.id, unsupported, (one.formats or (None,))[0]).kind for one in TESTED if one.id.startswith("WFL")
    }
    assert kinds == {Kind.ABSENT}


def test_a_target_without_workflows(tmp_path: Path) -> None:
    """Undeclared: not implemented, and no other word; declared true: blocked."""
    with Miniature(Traits()) as target:
        flags = {"url": ("--target", target.url)}
        items = select_items(load_registry(), (Feature.MEDIA,), Selection(areas=("workflow", "batch")))
        found = {}
        for declared in ("unknown", "true"):
            env = {"CIQ_WORKFLOW": declared, "CIQ_BATCH": declared}
            loaded = load_profile(env=env, directory=tmp_path, flags=flags)
            result = execute(RunConfig(loaded=loaded), items)
            found[declared] = (
                {v.outcome for v in result.verdicts if v.outcome is not Outcome.UNTESTED},
                result.exit_code,
            )
    assert found["unknown"] == ({Outcome.NOT_IMPLEMENTED}, ExitCode.NOTHING_PROVEN)
    assert found["true"] == ({Outcome.BLOCKED}, ExitCode.DEVIATES)
