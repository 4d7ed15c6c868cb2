"""Checks of the scenarios `templates` and `binding`: conforming transcripts hold, wrong responses deviate."""

from __future__ import annotations

from functools import cache

import pytest
from transcripts import BUCKET, Change, Transcript, job_xml, judged, refusal, response_xml

from ciq_conformance.areas.templates.labels import Label
from ciq_conformance.areas.templates.requests import KINDS, names, template_body
from ciq_conformance.judge.finding import Kind
from ciq_schemas.codec import Document, Reading, read
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability

TEMPLATE = "t00000000000000000000000000000abc"
JOB = f"j{1:032x}"
FIRST, LATER = names("260102030405abcdef")
KIND = KINDS[Feature.PIC]
_PAGE = "<TotalCount>{}</TotalCount><PageNumber>1</PageNumber><PageSize>10</PageSize>"


def template(name: str, *, second: bool = False) -> str:
    """Returns the content of a template in the form of the pages."""
    return (
        f"<Tag>{KIND.tag}</Tag><TemplateId>{TEMPLATE}</TemplateId><Name>{name}</Name><BucketId>{BUCKET}</BucketId>"
        f"<Category>Custom</Category>{KIND.second if second else KIND.first}"
        "<CreateTime>2026-01-02T03:04:05+0800</CreateTime><UpdateTime>2026-01-02T03:04:05+0800</UpdateTime>"
    )


def listing(*templates: str) -> str:
    """Returns a page of a list."""
    entries = "".join(f"<TemplateList>{one}</TemplateList>" for one in templates)
    return response_xml(_PAGE.format(len(templates)), entries)


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = Transcript("templates", Feature.PIC)
    first, later = template(FIRST), template(LATER, second=True)
    t = t.exchange(
        Label.CREATE,
        response_xml(f"<Template>{first}</Template>"),
        request=template_body(KIND, FIRST).decode(),
        method="POST",
    )
    t = t.exchange(Label.LONG_NAME, refusal("InvalidArgument"), status=400, method="POST")
    t = (
        t.exchange(Label.BY_ID, listing(first))
        .exchange(Label.BY_NAME, listing(first))
        .exchange(Label.BY_OTHER_NAME, listing())
    )
    t = t.exchange(Label.BY_TAG, listing(first)).exchange(Label.BY_OTHER_TAG, listing())
    t = t.exchange(
        Label.UPDATE,
        response_xml(f"<Template>{later}</Template>"),
        request=template_body(KIND, LATER, second=True).decode(),
        method="PUT",
    )
    t = t.exchange(Label.AFTER_UPDATE, listing(later))
    job = job_xml(JOB, "Success").replace(
        "<Operation>", f"<Operation><TemplateId>{TEMPLATE}</TemplateId><TemplateName>{LATER}</TemplateName>"
    )
    t = t.exchange(Label.SUBMIT, response_xml(job), method="POST").exchange(Label.DESCRIBE, response_xml(job))
    t = t.exchange(Label.DELETE, response_xml(f"<TemplateId>{TEMPLATE}</TemplateId>"), method="DELETE")
    return t.exchange(Label.AFTER_DELETE, listing()).exchange(
        Label.UPDATE_DELETED, refusal("TemplateNotFound"), status=400, method="PUT"
    )


IDS = tuple(f"TPL-{n:03}" for n in range(1, 10))


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "another name": ("TPL-001", lambda t: t.edited(Label.CREATE, f">{FIRST}<", ">other<")),
    "another tag": ("TPL-001", lambda t: t.edited(Label.CREATE, f"<Tag>{KIND.tag}<", "<Tag>Snapshot<")),
    "no id": ("TPL-001", lambda t: t.edited(Label.CREATE, f"<TemplateId>{TEMPLATE}</TemplateId>", "")),
    "another root": ("TPL-001", lambda t: t.edited(Label.CREATE, "Response>", "Answer>")),
    "not listed": ("TPL-002", lambda t: t.answered(Label.BY_ID, 200, listing())),
    "ids ignored": (
        "TPL-002",
        lambda t: t.answered(Label.BY_ID, 200, listing(template(FIRST), template("x").replace(TEMPLATE, "tother"))),
    ),
    "no count": ("TPL-002", lambda t: t.edited(Label.BY_ID, "<TotalCount>1</TotalCount>", "")),
    "name matched anywhere": ("TPL-003", lambda t: t.answered(Label.BY_OTHER_NAME, 200, listing(template(FIRST)))),
    "name prefix not matched": ("TPL-003", lambda t: t.answered(Label.BY_NAME, 200, listing())),
    "tag ignored": ("TPL-004", lambda t: t.answered(Label.BY_OTHER_TAG, 200, listing(template(FIRST)))),
    "old name": ("TPL-005", lambda t: t.edited(Label.AFTER_UPDATE, f">{LATER}<", f">{FIRST}<")),
    "old parameters": ("TPL-005", lambda t: t.edited(Label.AFTER_UPDATE, KIND.second, KIND.first)),
    "new id": ("TPL-005", lambda t: t.edited(Label.AFTER_UPDATE, TEMPLATE, "tother")),
    "still listed": ("TPL-006", lambda t: t.answered(Label.AFTER_DELETE, 200, listing(template(LATER)))),
    "delete without id": ("TPL-006", lambda t: t.edited(Label.DELETE, f"<TemplateId>{TEMPLATE}</TemplateId>", "")),
    "no template name": (
        "TPL-007",
        lambda t: t.edited(Label.DESCRIBE, f"<TemplateName>{LATER}</TemplateName>", ""),
    ),
    "another template's name": ("TPL-007", lambda t: t.edited(Label.DESCRIBE, f">{LATER}<", ">other<")),
    "unknown id accepted": ("TPL-008", lambda t: t.answered(Label.UPDATE_DELETED, 200, response_xml())),
    "long name accepted": ("TPL-009", lambda t: t.answered(Label.LONG_NAME, 200, response_xml())),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "further elements": lambda t: t.edited_everywhere("<Category>", "<State>Normal</State><Category>"),
    "name from before the update": lambda t: t.edited(Label.DESCRIBE, f">{LATER}<", f">{FIRST}<"),
    "empty list refused": lambda t: t.answered(Label.AFTER_DELETE, 404, refusal("TemplateNotFound")),
    "other element for unknown ids": lambda t: t.answered(Label.UPDATE_DELETED, 404, refusal("NoSuchTemplate")),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", IDS)
def test_refused_templates_are_absent_unless_declared(requirement: str) -> None:
    """A refusal means that the target has no templates; when the profile declares them, it deviates."""
    refused = conforming().answered(Label.CREATE, 404, refusal("NoSuchPath"))
    assert judged(requirement, refused).kind is Kind.UNTESTED
    promised = Transcript(refused.scenario, refused.feature, refused.records, {Capability.TEMPLATES: True})
    assert judged(requirement, promised).kind is Kind.DEVIATES


@pytest.mark.parametrize("requirement", [*IDS, "BND-001"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked."""
    scenario = "binding" if requirement == "BND-001" else "templates"
    assert judged(requirement, Transcript(scenario).event("broken", "no answer at all")).kind is Kind.BLOCKED


BOUND = response_xml(f"<CIBucket><BucketId>{BUCKET}</BucketId><Region>ap-chongqing</Region></CIBucket>")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, BOUND, Kind.HOLDS),
        (400, refusal("BucketAlreadyBinded"), Kind.HOLDS),
        (404, refusal("NoSuchPath"), Kind.UNTESTED),
        (200, BOUND.replace("CIBucket>", "Bucket>"), Kind.DEVIATES),
        (200, BOUND.replace("<Region>ap-chongqing</Region>", ""), Kind.DEVIATES),
        (500, refusal("InternalError"), Kind.DEVIATES),
    ],
)
def test_binding_holds_or_is_absent(status: int, body: str, kind: Kind) -> None:
    """The bucket, or a refusal because it is bound already, holds; a target without the call is absent."""
    t = Transcript("binding").exchange(Label.BIND, body, status=status, method="PUT")
    assert judged("BND-001", t).kind is kind


@pytest.mark.parametrize("feature", KINDS)
def test_sent_templates_are_valid_requests(feature: Feature) -> None:
    """Both bodies are valid, differ in what a check compares, and respect the length of names."""
    kind = KINDS[feature]
    bodies = [template_body(kind, FIRST, second=second) for second in (False, True)]
    for body in bodies:
        assert read(Document.TEMPLATE_REQUEST, body, Reading.STRICT).ok
        assert f"<{kind.distinguishing}>".encode() in body
    assert bodies[0] != bodies[1]
    assert not FIRST.startswith(LATER[:4])
