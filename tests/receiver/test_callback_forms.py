"""The bodies that a receiver run sends: each documented form follows the contract, each malformed one does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ciq_conformance.receiver.malformed import malformed
from ciq_conformance.receiver.messages import JobMaker
from ciq_conformance.receiver.plans import BURST, LONG_TEXT, SPECIAL_TEXT, Planned, Planner
from ciq_conformance.receiver.steps import Bad, Form, Repeat, Transport
from ciq_conformance.runner.embedded import results_of
from ciq_schemas import codec
from ciq_schemas.codec import Document, NoteKind, Reading
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Format
from ciq_schemas.values import JobCallback, WorkflowCallback

MOMENT = datetime(2026, 1, 5, 1, 0, 4, tzinfo=UTC)


def planner(*formats: Format) -> Planner:
    """A planner whose bodies are the same in every run."""
    maker = JobMaker(
        run_id="run", now=lambda: MOMENT, bucket="probe-1250000000", region="ap-guangzhou", results=results_of
    )
    chosen = formats or (Format.XML, Format.JSON)
    return Planner(url="http://127.0.0.1:1/cb?key=1", formats=chosen, source=maker, maker=maker, workflow=True)


def forms(feature: Feature) -> Iterator[tuple[Form, Format, Planned]]:
    """Every planned form with its kind."""
    known = {kind.step(form): (kind, form) for kind in Form for form in Format}
    for planned in planner().forms(feature):
        kind, form = known[planned.step]
        yield kind, form, planned


@pytest.mark.parametrize("feature", Feature)
def test_every_form_is_a_valid_callback(feature: Feature) -> None:
    """The strict reading accepts XML forms; the tolerant one finds exactly the difference that a form is about."""
    for kind, form, planned in forms(feature):
        (delivery,) = planned.deliveries
        decoded = codec.read_callback(delivery.body)
        assert decoded.ok, (planned.step, decoded.problems)
        if form is Format.XML and kind not in (Form.ALPHABETICAL, Form.UNKNOWN, Form.RUN_WITHOUT_ROOT):
            assert codec.read(decoded.document, delivery.body, Reading.STRICT).ok, planned.step
        assert delivery.content_type == f"application/{form}"


@pytest.mark.parametrize("feature", Feature)
def test_form_reports_the_jobs_of_its_step(feature: Feature) -> None:
    """The ids of the plan are those of the body, and jobs of different steps have different ids."""
    seen: set[str] = set()
    for kind, _, planned in forms(feature):
        decoded = codec.read_callback(planned.deliveries[0].body)
        if decoded.document is Document.WORKFLOW_CALLBACK:
            assert codec.to_value(WorkflowCallback, decoded).run is not None
            continue
        jobs = codec.to_value(JobCallback, decoded).jobs
        assert tuple(job.job_id for job in jobs) == planned.jobs
        assert len(jobs) == (2 if kind is Form.SEVERAL else 1)
        assert all(job.job_id and job.job_id.startswith(FEATURES[feature].id_letter) for job in jobs)
        assert seen.isdisjoint(planned.jobs)
        seen.update(planned.jobs)


def bodies(feature: Feature = Feature.MEDIA) -> dict[str, bytes]:
    """The bodies by step."""
    return {planned.step: planned.deliveries[0].body for _, _, planned in forms(feature)}


def test_forms_differ_as_the_documents_do() -> None:
    """EventName, NonExistJobIds, declaration, wrapper, array and object, numbers, nulls and the root."""
    found = bodies()
    assert b"EventName" not in found["without-event-name-xml"]
    assert b"<NonExistJobIds/>" in found["non-exist-job-ids-xml"]
    assert found["success-xml"].startswith(b"<?xml")
    assert found["without-declaration-xml"].startswith(b"<Response>")
    assert found["wrapper-json"].startswith(b'{"Response":')
    assert b'"JobLevel":0' in found["numbers-json"]
    assert b":null" in found["nulls-json"]
    assert b"<Response>" not in found["run-without-root-xml"]
    assert b'"JobsDetail":[' in found["success-json"]
    assert b'"JobsDetail":{' in found["other-form-of-jobs-detail-json"]
    assert b'"JobsDetail":{' in bodies(Feature.PIC)["success-json"]
    assert b"<State>Failed</State>" in found["failed-xml"]
    assert b"<MediaResult>" in found["success-xml"]
    assert b"<CosHeaders>" in found["job-of-workflow-xml"]


@pytest.mark.parametrize("form", Format)
def test_user_data_survives_encoding(form: Format) -> None:
    """Markup, characters beyond ASCII and 1,024 characters are the same after decoding."""
    for kind, text in ((Form.SPECIAL, SPECIAL_TEXT), (Form.LONG, LONG_TEXT)):
        (job,) = codec.to_value(JobCallback, codec.read_callback(bodies()[kind.step(form)])).jobs
        assert job.operation is not None
        assert job.operation.user_data == text
    assert len(LONG_TEXT) == 1024


def test_unknown_elements_are_unknown() -> None:
    """The tolerant reading reports them, at the top and inside the job."""
    for form in Format:
        notes = codec.read_callback(bodies()[Form.UNKNOWN.step(form)]).notes
        unknown = [note for note in notes if note.kind is NoteKind.UNKNOWN_ELEMENT]
        assert len(unknown) >= 2, form


def test_alphabetical_form_has_the_order_of_the_samples() -> None:
    """Code comes before JobId, and the content stays."""
    body = bodies()["alphabetical-xml"]
    assert body.index(b"<Code>") < body.index(b"<CreationTime>") < body.index(b"<JobId>") < body.index(b"<Tag>")
    assert any(note.kind is NoteKind.REORDERED for note in codec.read_callback(body).notes)


def test_only_selected_formats_are_planned() -> None:
    """A run for XML sends no JSON, and the reverse."""
    assert all(b"{" not in planned.deliveries[0].body[:1] for planned in planner(Format.XML).forms(Feature.DOC))
    assert all(planned.step.endswith("-json") for planned in planner(Format.JSON).forms(Feature.DOC))


def test_transport_steps_cover_every_way() -> None:
    """Each way has a step."""
    assert {planned.step for planned in planner().transport(Feature.MEDIA)} == set(Transport)


def test_repeats_cover_every_step() -> None:
    """Each step occurs; equal deliveries are byte for byte equal, and a burst has different jobs."""
    planned = {one.step: one for one in planner().repeats(Feature.MEDIA)}
    assert planned.keys() == set(Repeat)
    assert len({delivery.body for delivery in planned[Repeat.TWICE].deliveries}) == 1
    assert len({delivery.body for delivery in planned[Repeat.BURST].deliveries}) == BURST
    cut = planned[Repeat.CUT].deliveries[0]
    assert b"</JobId>" in cut.body[: cut.cut]
    assert cut.cut < len(cut.body)
    assert planned[Repeat.EARLY].deliveries == planned[Repeat.REPEATED_LATE].deliveries


def test_each_malformed_request_is_followed_by_a_valid_one() -> None:
    """The steps alternate, and the valid ones report new jobs."""
    plan = list(malformed(planner(), Feature.MEDIA, "http://127.0.0.1:1/canary"))
    assert [one.step for one in plan] == [step for bad in Bad for step in (bad, bad.after)]
    for one in plan[1::2]:
        assert codec.read_callback(one.deliveries[0].body).ok


WELL_FORMED = {Bad.XML_AS_JSON, Bad.JSON_AS_XML, Bad.FORM_TYPE, Bad.UNKNOWN_TYPE, Bad.STRANGE_ID, Bad.LONG_ID, Bad.HUGE}
"""Only their headers, their size or their values are wrong."""


def test_malformed_bodies_break_the_contract() -> None:
    """The codec refuses each body that is wrong in itself."""
    for one in malformed(planner(), Feature.MEDIA, "http://127.0.0.1:1/canary"):
        if one.step in set(Bad) - WELL_FORMED - {Bad.GET}:
            assert not codec.read_callback(one.deliveries[0].body).ok, one.step
