"""Each document's samples are valid, are decoded completely, and are written again as they were."""

import pytest
from contract_samples import SAMPLES, canonical_form, sample

from ciq_schemas import codec
from ciq_schemas.codec import Document, Reading


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_valid_as_they_stand(name: str) -> None:
    """The strict reading finds nothing wrong with a sample, and the tolerant one nothing to forgive."""
    document, data = sample(name)
    assert codec.validate(document, data) == ()
    decoded = codec.read(document, data, Reading.TOLERANT)
    assert (decoded.notes, decoded.problems) == ((), ())


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_written_as_they_were(name: str) -> None:
    """Decoding and encoding gives the same document, in lxml's canonical form."""
    document, data = sample(name)
    again = codec.encode(document, codec.read(document, data, Reading.STRICT).value)
    assert again.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
    assert canonical_form(again) == canonical_form(data)


def test_every_document_has_a_sample() -> None:
    """No document of the contract goes without."""
    assert {document for document, _ in SAMPLES.values()} == set(Document)


def test_canonical_mapping() -> None:
    """Text is str, containers are dicts, repeated elements lists even when there is one, empties are empty texts."""
    document, data = sample("queue list, paged")
    queue = codec.read(document, data).value["QueueList"]
    assert isinstance(queue, list)
    assert queue[0]["NotifyConfig"] == {"Url": "", "Event": "", "Type": "", "State": "Off"}
    assert queue[0]["MaxSize"] == "10000"


def test_open_containers_nest() -> None:
    """In an open container an element that comes once stands alone and one that repeats is a list."""
    document, data = sample("submit, no input")
    operations = codec.read(document, data).value["Operation"]
    assert isinstance(operations, list)
    assert operations[0]["FileCompressConfig"] == {"Format": "zip", "Key": ["a", "b"]}
