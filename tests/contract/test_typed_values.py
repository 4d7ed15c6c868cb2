"""Canonical mappings become typed values and back; no data of a target makes the conversion raise."""

from typing import get_args

import pytest
from contract_samples import sample
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_schemas import codec, values
from ciq_schemas.codec import Decoded, Document
from ciq_schemas.features import FEATURES

ROUND_TRIPS = {
    "queue list, paged": values.QueueList,
    "job answer": values.JobAnswer,
    "job answer, many": values.JobAnswer,
    "task callback": values.JobCallback,
    "error": values.ErrorAnswer,
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_value_is_written_and_read_back_unchanged(name: str) -> None:
    """Each sample is read, written and read again."""
    document, data = sample(name)
    value = codec.to_value(ROUND_TRIPS[name], codec.read(document, data))
    again = codec.encode(document, value)
    assert codec.validate(document, again) == ()
    assert codec.to_value(ROUND_TRIPS[name], codec.read(document, again)) == value


def test_job_value_has_all_documented_parts() -> None:
    """Names, absence (None), emptiness (""), common parts and open containers."""
    document, data = sample("job answer")
    (job,) = codec.to_value(values.JobAnswer, codec.read(document, data)).jobs
    assert (job.code, job.message, job.progress, job.start_time) == ("Success", "", None, "-")
    assert job.input == values.JobInput(object="in/片 7.mp4", bucket_id="probe-1250000000", region="ap-guangzhou")
    assert job.operation is not None
    assert (job.operation.user_data, job.operation.job_level) == ("case-17 <&>", "2")
    assert job.operation.containers == {"Snapshot": {"Mode": "Interval", "Start": "0", "Count": "3"}}


@pytest.mark.parametrize("name", ["queue list, by id, newer form", "queue list, by id, older form"])
def test_unknown_queue_ids_are_read_in_both_forms(name: str) -> None:
    """The forms are repeated NonExistPIDs and one container of QueueID."""
    document, data = sample(name)
    answer = codec.to_value(values.QueueList, codec.read(document, data))
    assert answer.non_exist_ids == ("pX", "pY")


@pytest.mark.parametrize("name", ["job answer, many", "job answer, none"])
def test_unknown_job_ids_are_read_in_both_forms(name: str) -> None:
    """The forms are one NonExistJobIds text with commas and repeated elements."""
    document, data = sample(name)
    assert codec.to_value(values.JobAnswer, codec.read(document, data)).non_exist_ids == ("jX", "jY")


def test_update_answer_has_one_queue_or_none() -> None:
    """A missing queue is None."""
    document, data = sample("queue update answer")
    queue = codec.queue_of_update(codec.read(document, data))
    assert queue is not None
    assert queue.notify_config == values.NotifyConfig(url="", event="", type="", state="Off")
    assert codec.queue_of_update(codec.read(document, b"<Error/>")) is None


@pytest.mark.parametrize("spec", FEATURES.values(), ids=list(FEATURES))
def test_bucket_containers_of_every_feature_are_read(spec: object) -> None:
    """The schema has the containers of activation responses and bucket lists."""
    element, repeated = spec.bucket_element, spec.bucket_list_element  # type: ignore[attr-defined]
    bucket = {"BucketId": "b-1", "Name": "b-1", "Region": "r", "CreateTime": "2026-01-02T03:04:05+0800"}
    answer = codec.encode(Document.BUCKET_ANSWER, {"RequestId": "r", element: bucket})
    page = {"RequestId": "r", "TotalCount": 2, "PageNumber": 1, "PageSize": 10, repeated: [bucket, bucket]}
    listed = codec.encode(Document.BUCKET_LIST, page)
    assert (codec.validate(Document.BUCKET_ANSWER, answer), codec.validate(Document.BUCKET_LIST, listed)) == ((), ())
    one = codec.bucket_of_answer(codec.read(Document.BUCKET_ANSWER, answer))
    assert one is not None
    assert (one.name, one.alias_bucket_id) == ("b-1", None)
    assert codec.buckets_of_list(codec.read(Document.BUCKET_LIST, listed)) == (one, one)


ANYTHING = st.recursive(
    st.sampled_from(["", "x", "a,b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["JobsDetail", "QueueList", "State", "Input", "Operation", "Odd"]), inner)
    ),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(["JobsDetail", "QueueList", "NonExistJobIds", "Queue", "Code"]), ANYTHING))
def test_random_mapping_never_raises(value: dict[str, object]) -> None:
    """The result is a value without the parts that do not match its type."""
    decoded = Decoded(document=Document.JOB_ANSWER, value=value)
    for kind in get_args(values.QueueList | values.JobAnswer | values.JobCallback | values.ErrorAnswer):
        assert isinstance(codec.to_value(kind, decoded), kind)
    codec.queue_of_update(decoded)
    codec.bucket_of_answer(decoded)
    codec.buckets_of_list(decoded)


def test_equal_bytes_return_the_same_value() -> None:
    """The value is frozen and equal to that of decoding and converting; other bytes give another value."""
    body = b"<Response><JobsDetail><JobId>j1</JobId><State>Running</State></JobsDetail></Response>"
    first = codec.job_answer(body)
    assert codec.job_answer(bytes(bytearray(body))) is first
    assert first == codec.to_value(values.JobAnswer, codec.read(Document.JOB_ANSWER, body))
    assert codec.job_answer(body.replace(b"j1", b"j2")).jobs[0].job_id == "j2"
    assert codec.job_answer(b"no document").jobs == ()
