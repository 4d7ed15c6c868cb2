"""The quick ways of the service say what the codec's general ways say."""

import random

import pytest
from http_bench import operation, submit_body
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ciq_mock.engine import Engine, EngineRules, Failure, JobSpec
from ciq_mock.ids import RandomIds
from ciq_mock.results import Finished, result_of
from ciq_mock.service.bodies import request_body
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
    """A form without regard to how the XML of its operations is laid out."""
    operations = [
        (
            asked.tag,
            asked.template_id,
            asked.has_output,
            asked.level,
            etree.canonicalize(asked.xml.decode(), strip_text=True),
        )
        for asked in form.operations
    ]
    source = None if form.source is None else {n: i if isinstance(i, str) else str(i) for n, i in form.source.items()}
    return form.tag, form.queue_id, source and source.get("Object"), dict(form.callback), operations


@pytest.mark.parametrize("case", BODIES)
def test_a_good_body_reads_the_same_both_ways(case: str) -> None:
    """The tree's way is taken, and finds what the codec finds."""
    straight = _from_valid_body(BODIES[case])
    assert straight is not None
    assert content(straight) == content(_by_codec(request_body(Document.JOB_SUBMIT_REQUEST, BODIES[case], LIMITS)))


@pytest.mark.parametrize("case", BODIES)
def test_the_echo_of_the_input_is_the_codec_s(case: str) -> None:
    """What is written by hand, or by parts, is what the codec writes for the request's Input."""
    body = BODIES[case]
    straight = _from_valid_body(body)
    assert straight is not None
    codec = _by_codec(request_body(Document.JOB_SUBMIT_REQUEST, body, LIMITS))
    for spec in FEATURES.values():
        echoes = [echoed_input(spec, CALL, form.source) for form in (straight, codec)]
        assert decode_part(Document.JOB_ANSWER, "JobsDetail/Input", Fragment(echoes[0])) == decode_part(
            Document.JOB_ANSWER, "JobsDetail/Input", Fragment(echoes[1])
        )


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(BODIES)))
def test_order_does_not_matter(shuffler: random.Random, case: str) -> None:
    """Children shuffled on every known level: the same form, still by the tree's way."""
    root = etree.fromstring(BODIES[case], etree.XMLParser(remove_comments=True))
    for element in [root, *root.iter("Input", "Operation", "Output")]:
        kept = [child for child in element if child.tag == "Operation"]  # their order is the order of the jobs
        others = [child for child in element if child.tag != "Operation"]
        shuffler.shuffle(others)
        place = shuffler.randint(0, len(others))
        element[:] = others[:place] + kept + others[place:]
    form = _from_valid_body(etree.tostring(root))
    assert form is not None
    straight = _from_valid_body(BODIES[case])
    assert straight is not None
    assert content(form) == content(straight)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<", b"<Request/>", b"<Other/>", submit_body(extra="<Unknown/>"), submit_body(tag="", source=""),
        submit_body().replace(b"<Request>", b'<Request xmlns="urn:x">'),
        submit_body(operations=operation("<JobLevel>9</JobLevel>")), submit_body(operations=operation() * 7),
    ],
)  # fmt: skip
def test_a_body_with_a_fault_takes_the_codec_s_way(body: bytes) -> None:
    """What is unknown, missing or wrong is never read straight; without Tag and Input the schema has no complaint."""
    straight = _from_valid_body(body)
    assert straight is None or (straight.tag, straight.source) == ("", None)


OUTPUT = b"<Output><Region>r</Region><Bucket>b</Bucket><Object>o &amp;-${Number}-${jobid}.jpg</Object></Output>"
STATES = list(JobState)


@pytest.mark.parametrize("one_of_many", [False, True])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("feature", list(Feature))
def test_job_details_are_the_codec_s(feature: Feature, state: JobState, *, one_of_many: bool) -> None:
    """In every state and for every tag the XML put together by hand is what the codec writes, and valid."""
    for tag in FEATURES[feature].tags:
        engine = Engine(ids=RandomIds(seed=1), rules=EngineRules(workers=1))
        queue = engine.activate(1e9, "b-1", feature).queue
        order = JobSpec(
            tag=tag,
            input=b"<Input><Object>o</Object></Input>",
            operation=b"<Operation>" + OUTPUT + b"</Operation>",
            duration=10.0,
            failure=Failure("Bad<Code", "why & where") if state is JobState.FAILED else None,
            one_of_many=one_of_many,
        )
        if state in (JobState.PAUSE, JobState.CANCEL):
            engine.update_queue(1e9, "b-1", feature, queue.id, name="n", state=QueueState.PAUSED, notify=NotifyConfig())
        (job,) = engine.submit(1e9, "b-1", feature, [order])
        if state is JobState.CANCEL:
            engine.cancel(1e9 + 1, "b-1", [job.id])
        elif state is not JobState.SUBMITTED:
            engine.advance(1e9 + (5 if state is JobState.RUNNING else 50))
        assert job.state is state
        for now in (None, 1e9 + 7):
            value = detail_value(job, now=now)
            made = job_detail(job, now=now)
            assert made == encode_part(Document.JOB_ANSWER, "JobsDetail", value).data
            assert validate(Document.JOB_ANSWER, encode(Document.JOB_ANSWER, {"JobsDetail": [value]})) == ()


@given(st.binary(max_size=80), st.sampled_from([(f, t) for f in FEATURES for t in FEATURES[f].tags]))
def test_results_are_well_formed_whatever_the_operation(junk: bytes, pair: tuple[Feature, str]) -> None:
    """Results are elements, also when the operation has nothing of what they are made from."""
    _, tag = pair
    safe = junk.replace(b"<", b"").replace(b"&", b"").decode("latin-1").encode("ascii", "ignore")
    safe = bytes(byte for byte in safe if byte >= 32)
    text = b"<Operation><Output><Object>%b</Object></Output></Operation>" % safe
    job = Finished(job_id="j1", tag=tag, source=safe.decode(), operation=text)
    etree.fromstring(b"<x>" + result_of(job) + b"</x>")
