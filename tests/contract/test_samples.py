"""Each document's samples are valid, decoded completely, and written unchanged."""

import pytest
from contract_samples import SAMPLES, canonical_form, sample

from ciq_schemas import codec
from ciq_schemas.codec import Document, Reading


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_valid_in_strict_reading(name: str) -> None:
    """The tolerant reading has no note either."""
    document, data = sample(name)
    assert codec.validate(document, data) == ()
    decoded = codec.read(document, data, Reading.TOLERANT)
    assert (decoded.notes, decoded.problems) == ((), ())


@pytest.mark.parametrize("name", SAMPLES)
def test_decoded_sample_is_encoded_unchanged(name: str) -> None:
    """The documents are compared in lxml's canonical form."""
    document, data = sample(name)
    again = codec.encode(document, codec.read(document, data, Reading.STRICT).value)
    assert again.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
    assert canonical_form(again) == canonical_form(data)


def test_every_document_has_a_sample() -> None:
    """Every document of the contract has one."""
    assert {document for document, _ in SAMPLES.values()} == set(Document)


def test_canonical_mapping_has_documented_types() -> None:
    """Text is str, containers are dicts, empty elements are empty texts.

    Repeated elements are lists even if there is one.
    """
    document, data = sample("queue list, paged")
    queue = codec.read(document, data).value["QueueList"]
    assert isinstance(queue, list)
    assert queue[0]["NotifyConfig"] == {"Url": "", "Event": "", "Type": "", "State": "Off"}
    assert queue[0]["MaxSize"] == "10000"


def test_open_container_has_value_or_list_per_element() -> None:
    """An element that occurs once is a value, one that repeats is a list."""
    document, data = sample("submit, no input")
    operations = codec.read(document, data).value["Operation"]
    assert isinstance(operations, list)
    assert operations[0]["FileCompressConfig"] == {"Format": "zip", "Key": ["a", "b"]}
