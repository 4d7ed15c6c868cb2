"""The fast paths of the service return the same as the codec."""

import random

import pytest
from http_bench import operation, submit_body
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ciq_mock.engine import Engine, EngineRules, Failure, JobSpec
from ciq_mock.ids import RandomIds
from ciq_mock.results import Finished, result_of
from ciq_mock.service.arguments import request_body
from ciq_mock.service.call import NO_QUERY, Call
from ciq_mock.service.job_documents import detail_value, echoed_input, job_detail
from ciq_mock.service.submit_form import SubmitForm, _by_codec, _from_valid_body
from ciq_mock.settings import Limits
from ciq_schemas.codec import Document, Fragment, decode_part, encode, encode_part, validate
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

LIMITS = Limits()
CALL = Call("b-1", "r", "", NO_QUERY, b"", "")
MANY = submit_body(
    tag="", operations=operation("<Tag> Snapshot </Tag>") + operation("<Tag>Transcode</Tag><JobLevel>2</JobLevel>")
)
BODIES = {
    "plain": submit_body(),
    "with a declaration": b'<?xml version="1.0" encoding="utf-8"?>\n' + submit_body(),
    "pretty": submit_body().replace(b"><", b">\n  <"),
    "many": MANY,
    "white space in words": submit_body(tag="\n Snapshot\t").replace(b"in/a.mp4", b" in/a  b.mp4 "),
    "comments": submit_body().replace(b"<Input>", b"<!-- x --><Input><!-- y -->"),
    "character data": submit_body(source="<![CDATA[a<b>&c]]>"),
    "references": submit_body(source="&#x4E2D;&amp;&#13;"),
    "callback": submit_body(
        extra="<CallBackFormat>JSON</CallBackFormat><CallBackType>TDMQ</CallBackType><CallBack>http://x/</CallBack>"
        "<CallBackMqConfig><MqRegion>sh</MqRegion><MqMode>Queue</MqMode><MqName>n</MqName></CallBackMqConfig>"
    ),
    "empty parts": submit_body(extra="<QueueId/><CallBackFormat/><CallBack/>"),
    "more about the input": submit_body().replace(
        b"</Object></Input>",
        b"</Object><Lang>zh</Lang><CosHeaders><Key>k</Key><Value>1</Value></CosHeaders>"
        b"<CosHeaders><Key>l</Key></CosHeaders><Vod><FileId>f</FileId></Vod></Input>",
    ),
    "template": submit_body(operations=operation().replace("<Snapshot>", "<TemplateId>t</TemplateId><Snapshot>")),
}


def content(form: SubmitForm) -> tuple[object, ...]:
    """A form without the layout of its operations' XML."""
    operations = [
        (
            parsed.tag,
            parsed.template_id,
            parsed.has_output,
            parsed.level,
            etree.canonicalize(parsed.xml.decode(), strip_text=True),
        )
        for parsed in form.operations
    ]
    source = None if form.source is None else {n: i if isinstance(i, str) else str(i) for n, i in form.source.items()}
    return form.tag, form.queue_id, source and source.get("Object"), dict(form.callback), operations


@pytest.mark.parametrize("case", BODIES)
def test_fast_reader_returns_same_form_as_codec(case: str) -> None:
    """The fast reader accepts a valid body."""
    form_of_body = _from_valid_body(BODIES[case])
    assert form_of_body is not None
    assert content(form_of_body) == content(_by_codec(request_body(Document.JOB_SUBMIT_REQUEST, BODIES[case], LIMITS)))


@pytest.mark.parametrize("case", BODIES)
def test_fast_input_echo_equals_codec_echo(case: str) -> None:
    """The fast writer and the codec write the same Input."""
    body = BODIES[case]
    form_of_body = _from_valid_body(body)
    assert form_of_body is not None
    codec = _by_codec(request_body(Document.JOB_SUBMIT_REQUEST, body, LIMITS))
    for spec in FEATURES.values():
        echoes = [echoed_input(spec, CALL, form.source) for form in (form_of_body, codec)]
        assert decode_part(Document.JOB_ANSWER, "JobsDetail/Input", Fragment(echoes[0])) == decode_part(
            Document.JOB_ANSWER, "JobsDetail/Input", Fragment(echoes[1])
        )


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(BODIES)))
def test_fast_reader_accepts_elements_in_any_order(shuffler: random.Random, case: str) -> None:
    """The children are shuffled on every known level; the form is the same."""
    root = etree.fromstring(BODIES[case], etree.XMLParser(remove_comments=True))
    for element in [root, *root.iter("Input", "Operation", "Output")]:
        kept = [child for child in element if child.tag == "Operation"]  # the jobs have their order
        others = [child for child in element if child.tag != "Operation"]
        shuffler.shuffle(others)
        place = shuffler.randint(0, len(others))
        element[:] = others[:place] + kept + others[place:]
    form = _from_valid_body(etree.tostring(root))
    assert form is not None
    form_of_body = _from_valid_body(BODIES[case])
    assert form_of_body is not None
    assert content(form) == content(form_of_body)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<", b"<Request/>", b"<Other/>", submit_body(extra="<Unknown/>"), submit_body(tag="", source=""),
        submit_body().replace(b"<Request>", b'<Request xmlns="urn:x">'),
        submit_body(operations=operation("<JobLevel>9</JobLevel>")), submit_body(operations=operation() * 7),
    ],
)  # fmt: skip
def test_fast_reader_declines_invalid_body(body: bytes) -> None:
    """It declines unknown, missing and wrong elements. The schema permits a body without Tag and Input."""
    form_of_body = _from_valid_body(body)
    assert form_of_body is None or (form_of_body.tag, form_of_body.source) == ("", None)


OUTPUT = b"<Output><Region>r</Region><Bucket>b</Bucket><Object>o &amp;-${Number}-${jobid}.jpg</Object></Output>"
STATES = list(JobState)


@pytest.mark.parametrize("one_of_many", [False, True])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("feature", list(Feature))
def test_fast_job_details_equal_codec_details(feature: Feature, state: JobState, *, one_of_many: bool) -> None:
    """In every state and for every tag the fast writer writes what the codec writes, and it is valid."""
    for tag in FEATURES[feature].tags:
        engine = Engine(ids=RandomIds(seed=1), rules=EngineRules(workers=1))
        queue = engine.activate(1e9, "b-1", feature).queue
        spec = JobSpec(
            tag=tag,
            input=b"<Input><Object>o</Object></Input>",
            operation=b"<Operation>" + OUTPUT + b"</Operation>",
            duration=10.0,
            failure=Failure("Bad<Code", "why & where") if state is JobState.FAILED else None,
            one_of_many=one_of_many,
        )
        if state in (JobState.PAUSE, JobState.CANCEL):
            engine.update_queue(1e9, "b-1", feature, queue.id, name="n", state=QueueState.PAUSED, notify=NotifyConfig())
        (job,) = engine.submit(1e9, "b-1", feature, [spec])
        if state is JobState.CANCEL:
            engine.cancel(1e9 + 1, "b-1", [job.id])
        elif state is not JobState.SUBMITTED:
            engine.advance(1e9 + (5 if state is JobState.RUNNING else 50))
        assert job.state is state
        for now in (None, 1e9 + 7):
            value = detail_value(job, now=now)
            written = job_detail(job, now=now)
            assert written == encode_part(Document.JOB_ANSWER, "JobsDetail", value).data
            assert validate(Document.JOB_ANSWER, encode(Document.JOB_ANSWER, {"JobsDetail": [value]})) == ()


@given(st.binary(max_size=80), st.sampled_from([(f, t) for f in FEATURES for t in FEATURES[f].tags]))
def test_result_of_any_operation_is_well_formed(junk: bytes, pair: tuple[Feature, str]) -> None:
    """This holds if the operation lacks the elements that the result is made from."""
    _, tag = pair
    safe = junk.replace(b"<", b"").replace(b"&", b"").decode("latin-1").encode("ascii", "ignore")
    safe = bytes(byte for byte in safe if byte >= 32)
    text = b"<Operation><Output><Object>%b</Object></Output></Operation>" % safe
    job = Finished(job_id="j1", tag=tag, source=safe.decode(), operation=text)
    etree.fromstring(b"<x>" + result_of(job) + b"</x>")
