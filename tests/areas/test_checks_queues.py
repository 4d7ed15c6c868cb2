"""Checks of the scenario `queues`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from functools import cache

import pytest
from transcripts import LATER, QUEUE, STRANGER, Change, Transcript, judged, paged, queue_xml, refusal, response_xml

from ciq_conformance.areas.queues.labels import WHILE_PAUSED, Label
from ciq_conformance.judge.finding import Kind

OTHER = "peeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
BAD = refusal("InvalidArgument")


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    one = queue_xml()
    held = queue_xml(state="Paused", updated=LATER)
    return (
        Transcript("queues")
        .exchange(Label.SETTLE, paged(one))
        .exchange(Label.PLAIN, paged(one))
        .exchange(Label.BY_ID, response_xml(one), target=f"/queue?queueIds={QUEUE}")
        .exchange(
            Label.BY_UNKNOWN_ID,
            response_xml(f"<NonExistPIDs>{STRANGER}</NonExistPIDs>"),
            target=f"/queue?queueIds={STRANGER}",
        )
        .exchange(
            Label.BY_KNOWN_AND_UNKNOWN_ID,
            response_xml(one, f"<NonExistPIDs>{STRANGER}</NonExistPIDs>"),
            target=f"/queue?queueIds={QUEUE}%2C{STRANGER}",
        )
        .exchange(
            Label.BY_ID_BETWEEN_UNKNOWN_IDS,
            response_xml(one, f"<NonExistPIDs>{STRANGER}</NonExistPIDs><NonExistPIDs>{OTHER}</NonExistPIDs>"),
            target=f"/queue?queueIds={STRANGER}%2C{QUEUE}%2C{OTHER}",
        )
        .exchange(
            Label.BY_ID_OF_OTHER_STATE,
            response_xml(f"<NonExistPIDs>{QUEUE}</NonExistPIDs>"),
            target=f"/queue?queueIds={QUEUE}&state=Paused",
        )
        .exchange(Label.ACTIVE, paged(one), target="/queue?state=Active")
        .exchange(Label.PAUSED, paged(), target="/queue?state=Paused")
        .exchange(Label.PAUSED_ON_A_PAGE, paged(), target="/queue?state=Paused&pageNumber=1&pageSize=10")
        .exchange(Label.FIRST_OF_ONE, paged(one, size=1), target="/queue?pageNumber=1&pageSize=1")
        .exchange(Label.SECOND_PAGE, paged(total=1, number=2), target="/queue?pageNumber=2&pageSize=10")
        .exchange(Label.PAST_THE_END, paged(total=1, number=1000), target="/queue?pageNumber=1000&pageSize=10")
        .exchange(Label.EMPTY_PARAMETERS, paged(one), target="/queue?queueIds=&state=All&pageNumber=&pageSize=")
        .exchange(Label.PAGE_SIZE_0, BAD, status=400)
        .exchange(Label.PAGE_SIZE_NEGATIVE, BAD, status=400)
        .exchange(Label.PAGE_NUMBER_WORD, BAD, status=400)
        .exchange(Label.ELEVEN_IDS, BAD, status=400)
        .exchange(Label.OWN_CATEGORY, paged(one), target="/queue?category=Transcoding")
        .exchange(Label.EXTRA_CATEGORY, paged(), target="/queue?category=SpeedTranscoding")
        .exchange(Label.EVERY_CATEGORY, paged(one), target="/queue?category=CateAll")
        .exchange(
            Label.PAUSE,
            response_xml(queue_xml(container="Queue", state="Paused")),
            method="PUT",
            operation="update_queue",
        )
        .exchange(Label.PAUSED_WHILE_PAUSED, paged(held), target="/queue?state=Paused")
        .exchange(Label.ACTIVE_WHILE_PAUSED, paged(), target="/queue?state=Active")
        .exchange(
            Label.PAUSED_ON_A_PAGE_WHILE_PAUSED, paged(held), target="/queue?state=Paused&pageNumber=1&pageSize=10"
        )
        .exchange(Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED, paged(), target="/queue?state=Active&pageNumber=1&pageSize=10")
        .exchange(Label.BY_ID_WHILE_PAUSED, response_xml(held), target=f"/queue?queueIds={QUEUE}")
    )


NUMBERS = (*(n for n in range(1, 23) if n not in (7, 21)), 25)
SPEED = queue_xml(STRANGER, name="queue-speed-transcoding-process-1", category="SpeedTranscoding")
IDS = (*(f"QUE-{n:03}" for n in NUMBERS), "ONE-001", "ONE-002", "HDR-003")


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


DEVIATIONS = {
    "listed in part": ("QUE-001", lambda t: t.status(Label.PLAIN, 206)),
    "total not a number": ("QUE-001", lambda t: t.edited(Label.PLAIN, "<TotalCount>1<", "<TotalCount>one<")),
    "no page size": ("QUE-001", lambda t: t.edited(Label.PLAIN, "<PageSize>10</PageSize>", "")),
    "no request id": ("QUE-001", lambda t: t.edited(Label.PLAIN, "<RequestId>REQ-2</RequestId>", "")),
    "wrapped list": (
        "QUE-001",
        lambda t: t.answered(
            Label.PLAIN, 200, paged(f"<QueueList>{queue_xml()}{queue_xml(STRANGER)}</QueueList>", total=2)
        ),
    ),
    "total off": ("QUE-001", lambda t: t.edited(Label.PLAIN, "<TotalCount>1<", "<TotalCount>2<")),
    "refused": ("QUE-001", lambda t: t.answered(Label.PLAIN, 400, BAD)),
    "no size": ("QUE-002", lambda t: t.edited_everywhere("<MaxSize>10000</MaxSize>", "")),
    "no rule": ("QUE-002", lambda t: t.edited_everywhere("NotifyConfig", "Rule")),
    "unknown state": ("QUE-003", lambda t: t.edited(Label.PAUSED_WHILE_PAUSED, ">Paused<", ">Stopped<")),
    "no zone": ("QUE-004", lambda t: t.edited_everywhere("03:04:05+0800", "03:04:05")),
    "unset time": ("QUE-004", lambda t: t.edited(Label.BY_ID, "2026-01-02T03:04:05+0800", "-")),
    "zero": ("QUE-005", lambda t: t.edited_everywhere("<MaxConcurrent>10<", "<MaxConcurrent>0<")),
    "signed": ("QUE-005", lambda t: t.edited_everywhere("<MaxSize>10000<", "<MaxSize>-1<")),
    "foreign category": ("QUE-006", lambda t: t.edited_everywhere("Transcoding", "DocProcessing")),
    "queue selected by id missing": (
        "QUE-008",
        lambda t: t.answered(Label.BY_ID, 200, response_xml(queue_xml(), queue_xml(STRANGER))),
    ),
    "ids are ignored": ("QUE-008", lambda t: t.answered(Label.BY_UNKNOWN_ID, 200, paged(queue_xml()))),
    "unknown id omitted": (
        "QUE-009",
        lambda t: t.answered(Label.BY_KNOWN_AND_UNKNOWN_ID, 200, response_xml(queue_xml())),
    ),
    "single unknown id omitted": ("QUE-009", lambda t: t.answered(Label.BY_UNKNOWN_ID, 200, paged())),
    "every page is the first": (
        "QUE-013",
        lambda t: t.edited(Label.PAST_THE_END, "<PageNumber>1000<", "<PageNumber>1<"),
    ),
    "unknown id listed": (
        "QUE-009",
        lambda t: t.answered(Label.BY_KNOWN_AND_UNKNOWN_ID, 200, response_xml(queue_xml(), queue_xml(STRANGER))),
    ),
    "known id reported as unknown": (
        "QUE-009",
        lambda t: t.edited(
            Label.BY_KNOWN_AND_UNKNOWN_ID, "</Response>", f"<NonExistPIDs>{QUEUE}</NonExistPIDs></Response>"
        ),
    ),
    "second unknown id omitted": (
        "QUE-009",
        lambda t: t.edited(Label.BY_ID_BETWEEN_UNKNOWN_IDS, f"<NonExistPIDs>{OTHER}</NonExistPIDs>", ""),
    ),
    "only the first id counts": ("QUE-009", lambda t: t.edited(Label.BY_ID_BETWEEN_UNKNOWN_IDS, queue_xml(), "")),
    "unknown id first refused": ("QUE-009", lambda t: t.answered(Label.BY_ID_BETWEEN_UNKNOWN_IDS, 400, BAD)),
    "paused queue missing by id": ("QUE-008", lambda t: t.answered(Label.BY_ID_WHILE_PAUSED, 200, response_xml())),
    "paused queue reported as unknown": (
        "QUE-010",
        lambda t: t.edited(Label.BY_ID_WHILE_PAUSED, "</Response>", f"<NonExistPIDs>{QUEUE}</NonExistPIDs></Response>"),
    ),
    "page shows a paused queue as active": (
        "QUE-011",
        lambda t: t.answered(Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED, 200, paged(queue_xml(state="Paused"))),
    ),
    "page omits the paused queue": ("QUE-011", lambda t: t.answered(Label.PAUSED_ON_A_PAGE_WHILE_PAUSED, 200, paged())),
    "total of all": ("QUE-022", lambda t: t.edited(Label.PAUSED, "<TotalCount>0<", "<TotalCount>1<")),
    "total of all while paused": (
        "QUE-022",
        lambda t: t.edited(Label.ACTIVE_WHILE_PAUSED, "<TotalCount>0<", "<TotalCount>1<"),
    ),
    "existing id reported as unknown": (
        "QUE-010",
        lambda t: t.edited(Label.BY_ID, "</Response>", f"<NonExistPIDs>{QUEUE}</NonExistPIDs></Response>"),
    ),
    "filter ignored": ("QUE-011", lambda t: t.answered(Label.PAUSED, 200, paged(queue_xml()))),
    "filter ignored on a page": ("QUE-011", lambda t: t.answered(Label.PAUSED_ON_A_PAGE, 200, paged(queue_xml()))),
    "filter too strict": ("QUE-011", lambda t: t.answered(Label.PAUSED_WHILE_PAUSED, 200, paged())),
    "page size 20": ("QUE-012", lambda t: t.edited(Label.PLAIN, "<PageSize>10<", "<PageSize>20<")),
    "page from 0": ("QUE-012", lambda t: t.edited(Label.PLAIN, "<PageNumber>1<", "<PageNumber>0<")),
    "page not echoed": ("QUE-013", lambda t: t.edited(Label.FIRST_OF_ONE, "<PageSize>1<", "<PageSize>10<")),
    "page without its queue": ("QUE-013", lambda t: t.edited(Label.FIRST_OF_ONE, queue_xml(), "")),
    "queue past the end": (
        "QUE-014",
        lambda t: t.edited(Label.PAST_THE_END, "</Response>", queue_xml() + "</Response>"),
    ),
    "total past the end": ("QUE-014", lambda t: t.edited(Label.PAST_THE_END, "<TotalCount>1<", "<TotalCount>0<")),
    "page 2 is page 1": ("QUE-025", lambda t: t.answered(Label.SECOND_PAGE, 200, paged(queue_xml(), number=2))),
    "page 2 counts other queues": (
        "QUE-025",
        lambda t: t.edited(Label.SECOND_PAGE, "<TotalCount>1<", "<TotalCount>0<"),
    ),
    "page 2 fails": ("QUE-025", lambda t: t.answered(Label.SECOND_PAGE, 500, BAD)),
    "ids disable the state filter": (
        "QUE-024",
        lambda t: t.answered(Label.BY_ID_OF_OTHER_STATE, 200, response_xml(queue_xml())),
    ),
    "empty refused": ("QUE-015", lambda t: t.answered(Label.EMPTY_PARAMETERS, 400, BAD)),
    "empty selects none": ("QUE-015", lambda t: t.answered(Label.EMPTY_PARAMETERS, 200, paged())),
    "rule state": ("QUE-016", lambda t: t.edited_everywhere("<State>Off<", "<State>No<")),
    "rule on without event": (
        "QUE-016",
        lambda t: t.edited_everywhere("<Event/><Type/><State>Off<", "<Type/><State>On<"),
    ),
    "eleven ids accepted": ("QUE-017", lambda t: t.answered(Label.ELEVEN_IDS, 200, paged(queue_xml()))),
    "page word accepted": ("QUE-018", lambda t: t.answered(Label.PAGE_NUMBER_WORD, 200, paged(queue_xml()))),
    "page size 500": ("QUE-018", lambda t: t.answered(Label.PAGE_SIZE_0, 500, BAD)),
    "own category empty": ("QUE-019", lambda t: t.answered(Label.OWN_CATEGORY, 200, paged())),
    "every category refused": ("QUE-019", lambda t: t.answered(Label.EVERY_CATEGORY, 400, BAD)),
    "category ignored": ("QUE-020", lambda t: t.answered(Label.EXTRA_CATEGORY, 200, paged(queue_xml()))),
    "every category omits one": ("QUE-020", lambda t: t.answered(Label.EXTRA_CATEGORY, 200, paged(SPEED))),
    "two queues": (
        "ONE-001",
        lambda t: t.answered(Label.PLAIN, 200, paged(queue_xml(), queue_xml(STRANGER, name="q2"))),
    ),
    "undocumented name": ("ONE-002", lambda t: t.edited_everywhere("<Name>queue-1<", "<Name>default<")),
    "two request ids": ("HDR-003", lambda t: t.header(Label.BY_ID, "x-ci-request-id", "other")),
}


def test_queue_times_in_another_form_deviate() -> None:
    """Queue pages have no colon in the zone; the check finds one in an update response, and a missing time."""
    assert judged("QUE-023", conforming()).kind is Kind.HOLDS
    for step in (Label.PLAIN, Label.PAUSE, Label.BY_ID_WHILE_PAUSED):
        assert judged("QUE-023", conforming().edited(step, "+0800</U", "+08:00</U")).kind is Kind.DEVIATES
    assert judged("QUE-023", conforming().edited_everywhere("2026-01-02T", "")).kind is Kind.INCONCLUSIVE


def test_full_page_cannot_prove_the_total() -> None:
    """A page of one with one queue may be the first of several."""
    full = conforming().edited(Label.ACTIVE, "<PageSize>10<", "<PageSize>1<")
    assert judged("QUE-022", full.edited(Label.ACTIVE, "<TotalCount>1<", "<TotalCount>2<")).kind is Kind.HOLDS


def test_filter_that_shows_the_pause_late_holds() -> None:
    """The last list by a state counts: no document promises that a list shows a pause at once."""
    late = conforming().answered(Label.PAUSED_WHILE_PAUSED, 200, paged())
    assert judged("QUE-011", late).kind is Kind.DEVIATES
    shown = late.exchange(Label.PAUSED_WHILE_PAUSED, paged(queue_xml(state="Paused")), target="/queue?state=Paused")
    assert judged("QUE-011", shown).kind is Kind.HOLDS


def test_speed_queue_of_its_own_category_holds() -> None:
    """The documented second queue, listed by its category and by CateAll, holds, and the finding names it."""
    t = conforming().answered(Label.EXTRA_CATEGORY, 200, paged(SPEED))
    t = t.answered(Label.EVERY_CATEGORY, 200, paged(queue_xml(), SPEED))
    assert {judged(f"QUE-{n:03}", t).kind for n in NUMBERS} == {Kind.HOLDS}
    assert judged("QUE-021", t).seen.endswith("queue-speed-transcoding-process-1 (SpeedTranscoding)")
    assert judged("QUE-021", conforming()).seen == "queue-1 (Transcoding)"


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness
    assert finding.expected
    assert finding.seen


LEGAL = {
    "charset": lambda t: t.header(Label.PLAIN, "content-type", "Application/XML; charset=UTF-8"),
    "declaration and pretty printing": lambda t: t.edited_everywhere(
        "<Response>", '<?xml version="1.0"?>\n<Response>\n  '
    ),
    "white space round values": lambda t: t.edited_everywhere("<State>Active<", "<State>\n Active <").edited_everywhere(
        "<MaxSize>10000<", "<MaxSize> 10000 <"
    ),
    "comments": lambda t: t.edited_everywhere("<MaxSize>", "<!-- most --><MaxSize>"),
    "further elements": lambda t: t.edited_everywhere("<MaxSize>", "<Colour>blue</Colour><MaxSize>"),
    "shuffled": lambda t: t.edited_everywhere(
        "<Name>queue-1</Name><State>Active</State>", "<State>Active</State><Name>queue-1</Name>"
    ),
    "namespace": lambda t: t.edited_everywhere("<Response>", '<Response xmlns="http://www.qcloud.com/document">'),
    "nested ids": lambda t: t.edited_everywhere(
        f"<NonExistPIDs>{STRANGER}<", f"<NonExistPIDs><QueueID>{STRANGER}</QueueID><"
    ),
    "zone with colon": lambda t: t.edited_everywhere("+0800", "+08:00"),
    "utc": lambda t: t.edited_everywhere("+0800", "Z"),
    "refused with a page": lambda t: t.answered(Label.BY_UNKNOWN_ID, 404, BAD),
    "empty NonExistPIDs": lambda t: t.edited(Label.BY_ID, "</Response>", "<NonExistPIDs/></Response>"),
    "no pause": lambda t: t.without(*WHILE_PAUSED, Label.BY_ID_WHILE_PAUSED),
    "speed queue": lambda t: (
        t.answered(
            Label.PLAIN,
            200,
            paged(
                queue_xml(), queue_xml(STRANGER, name="queue-speed-transcoding-process-1", category="SpeedTranscoding")
            ),
        )
        .answered(
            Label.EMPTY_PARAMETERS,
            200,
            paged(
                queue_xml(STRANGER, name="queue-speed-transcoding-process-1", category="SpeedTranscoding"), queue_xml()
            ),
        )
        .edited(Label.PAST_THE_END, "<TotalCount>1<", "<TotalCount>2<")
        .edited(Label.SECOND_PAGE, "<TotalCount>1<", "<TotalCount>2<")
    ),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_ids_with_a_state_may_be_refused() -> None:
    """No page promises both parameters together; a list by ids that shows nothing proves no filter."""
    assert judged("QUE-024", conforming()).kind is Kind.HOLDS
    assert judged("QUE-024", conforming().answered(Label.BY_ID_OF_OTHER_STATE, 400, BAD)).kind is Kind.UNTESTED
    assert judged("QUE-024", conforming().answered(Label.BY_ID, 200, response_xml())).kind is Kind.BLOCKED


def test_page_2_holds_the_remaining_queues() -> None:
    """Eleven queues leave one for the second page of ten; a target may reject a page after the last one."""
    more = conforming().edited(Label.PLAIN, "<TotalCount>1<", "<TotalCount>11<")
    rest = paged(queue_xml(OTHER), number=2, total=11)
    assert judged("QUE-025", more.answered(Label.SECOND_PAGE, 200, rest)).kind is Kind.HOLDS
    assert judged("QUE-025", conforming().answered(Label.SECOND_PAGE, 400, BAD)).kind is Kind.HOLDS
    assert judged("QUE-025", conforming().answered(Label.PLAIN, 200, paged())).kind is Kind.BLOCKED


def test_old_spelling_is_observed() -> None:
    """QueueID for QueueId, as in old samples, is observed and no deviation."""
    old = conforming().edited_everywhere("<QueueId>", "<QueueID>").edited_everywhere("</QueueId>", "</QueueID>")
    assert judged("QUE-002", old).kind is Kind.OBSERVED
    assert judged("QUE-008", old).kind is Kind.HOLDS
    assert judged("QUE-009", old).kind is Kind.HOLDS


def test_rule_off_without_its_elements_is_observed() -> None:
    """A rule that is off may omit what samples show empty."""
    assert judged("QUE-016", conforming().edited_everywhere("<Url/><Event/><Type/>", "")).kind is Kind.OBSERVED


def test_missing_category_is_observed() -> None:
    """Older pages have no Category."""
    assert (
        judged("QUE-006", conforming().edited_everywhere("<Category>Transcoding</Category>", "")).kind is Kind.OBSERVED
    )


def test_renamed_queue_needs_no_documented_name() -> None:
    """A queue that was updated may have any name."""
    renamed = conforming().edited_everywhere("<Name>queue-1<", "<Name>ours<")
    renamed = renamed.edited_everywhere("<UpdateTime>2026-01-02T03:04:05+0800", f"<UpdateTime>{LATER}")
    assert judged("ONE-002", renamed).kind is Kind.UNTESTED


@pytest.mark.parametrize("requirement", IDS)
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    silent = Transcript("queues").event("broken", "no answer at all")
    finding = judged(requirement, silent)
    assert finding.kind is Kind.BLOCKED
    assert finding.reason == "no answer at all"


@pytest.mark.parametrize("requirement", IDS)
def test_missing_responses_do_not_hold(requirement: str) -> None:
    """A target that never responds passes no check."""
    hanging = conforming()
    for step in Label:
        hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_name_is_judged_before_the_run_changes_it() -> None:
    """The first list of the run counts: the run's own updates do not excuse a wrong name."""
    first = Transcript("queues").exchange("probe", paged(queue_xml(name="default")))
    later = conforming().edited_everywhere("<UpdateTime>2026-01-02T03:04:05+0800", f"<UpdateTime>{LATER}")
    whole = Transcript("queues", records=(*first.records, *later.records))
    assert judged("ONE-002", whole).kind is Kind.DEVIATES


@pytest.mark.parametrize("requirement", IDS)
def test_interrupted_run_is_inconclusive(requirement: str) -> None:
    """A check that an interrupted run did not reach is open, not blocked."""
    assert judged(requirement, Transcript("queues").event("interrupted", "stopped")).kind is Kind.INCONCLUSIVE
