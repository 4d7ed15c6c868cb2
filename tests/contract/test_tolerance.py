"""The tolerant reading: layout that no document forbids does not change the value; notes report it."""

import pytest
from contract_samples import ENDED, OPERATION, QUEUE, SAMPLES, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ciq_schemas import codec
from ciq_schemas.codec import Document, Note, NoteKind, Reading
from ciq_schemas.codec.tree import put_in_order, reshape
from ciq_schemas.xsd_tables import ContainerType, OpenType


def _shuffle(element: etree._Element, kind: object, random: st.DrawFn) -> None:
    """Shuffle children in place; elements of equal name keep their order, because it has a meaning."""
    if not isinstance(kind, ContainerType):
        return
    children = list(element)
    for child in children:
        _shuffle(child, kind.by_name[str(child.tag)].type, random)
    names = random(st.permutations(list(dict.fromkeys(child.tag for child in children))))
    children.sort(key=lambda child: names.index(child.tag))
    for child in children:
        element.remove(child)
    element.extend(children)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_shuffled_sample_is_read_without_problem(data: st.DataObject, name: str) -> None:
    """All containers are shuffled; the value is the same."""
    document, original = sample(name)
    root = etree.fromstring(original)
    _shuffle(root, document.table.content, data.draw)
    decoded = codec.read(document, etree.tostring(root), Reading.TOLERANT)
    assert decoded.problems == ()
    assert decoded.value == codec.read(document, original).value


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_reorder_in_place_equals_reshaped_copy(data: st.DataObject, name: str) -> None:
    """Where only the order differs, both functions give the same tree and notes."""
    document, original = sample(name)
    root = etree.fromstring(original)
    _shuffle(root, document.table.content, data.draw)
    notes_of_copy: list[Note] = []
    copied = reshape(root, document.table.content, f"/{root.tag}", notes_of_copy)
    notes: list[Note] = []
    assert put_in_order(root, document.table.content, notes)
    assert notes == notes_of_copy
    assert etree.tostring(root) == etree.tostring(copied)


@pytest.mark.parametrize("unknown", [b"<Odd/>", b"<Name a='b'>n</Name>"])
def test_tree_with_unknown_parts_is_not_reordered(unknown: bytes) -> None:
    """With an unknown element or attribute the function moves no element and adds no note."""
    body = b"<Request><State>Active</State><NotifyConfig><State>Off</State><Url/>%b</NotifyConfig></Request>" % unknown
    root = etree.fromstring(body)
    notes: list[Note] = []
    assert not put_in_order(root, Document.QUEUE_UPDATE_REQUEST.table.content, notes)
    assert (notes, etree.tostring(root)) == ([], etree.tostring(etree.fromstring(body)))


JOB = f"<Response><EventName>TaskFinish</EventName><JobsDetail>{ENDED}</JobsDetail></Response>"
LAYOUTS = {
    "declaration in capitals": f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>{JOB}".encode(),
    "no declaration": JOB.encode(),
    "byte order mark": b"\xef\xbb\xbf" + JOB.encode(),
    "UTF-16": f'<?xml version="1.0" encoding="utf-16"?>{JOB}'.encode("utf-16"),
    "GBK": f'<?xml version="1.0" encoding="GBK"?>{JOB}'.encode("gbk"),
    "comments": JOB.replace("<JobsDetail>", "<!-- a --><JobsDetail><!-- b -->").encode(),
    "comment inside a text": JOB.replace("Task", "Task<!-- c -->").encode(),
    "processing instruction": JOB.replace("<JobsDetail>", "<?note x?><JobsDetail>").encode(),
    "CDATA": JOB.replace("case-17 &lt;&amp;&gt;", "<![CDATA[case-17 <&>]]>").encode(),
    "numeric references": JOB.replace("TaskFinish", "&#84;ask&#x46;inish").encode(),
    "white space between": JOB.replace("><", ">\r\n\t <").replace("<Message/>", "<Message>\n</Message>").encode(),
    "white space around values": JOB.replace("TaskFinish", "\n TaskFinish ").encode(),
    "empty written long": JOB.replace("<Message/>", "<Message></Message>").encode(),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_xml_layout_does_not_change_value(name: str) -> None:
    """Cases: encodings, comments, CDATA, references and white space."""
    plain = codec.read(Document.TASK_CALLBACK, JOB.encode())
    decoded = codec.read(Document.TASK_CALLBACK, LAYOUTS[name])
    assert decoded.problems == ()
    assert decoded.value == plain.value


def test_unknown_parts_are_notes_with_paths() -> None:
    """They are elements, attributes and namespaces; the rest is read."""
    text = (
        '<a:Response xmlns:a="urn:x"><a:EventName b="c">TaskFinish</a:EventName>'
        f"<JobsDetail>{ENDED}<Cost>3</Cost></JobsDetail><RequestId>r</RequestId></a:Response>"
    )
    decoded = codec.read(Document.TASK_CALLBACK, text.encode())
    assert decoded.problems == ()
    assert decoded.value == codec.read(Document.TASK_CALLBACK, JOB.encode()).value
    assert {(note.kind, note.path) for note in decoded.notes} == {
        (NoteKind.NAMESPACE, "/Response"),
        (NoteKind.ATTRIBUTE, "/Response/EventName/@b"),
        (NoteKind.UNKNOWN_ELEMENT, "/Response/JobsDetail[1]/Cost"),
        (NoteKind.UNKNOWN_ELEMENT, "/Response/RequestId"),
    }


def test_interleaved_repeated_elements_are_one_list() -> None:
    """The list has their order."""
    queue = f"<QueueList>{QUEUE}</QueueList>"
    text = f"<Response><NonExistPIDs>pA</NonExistPIDs>{queue}<NonExistPIDs>pB</NonExistPIDs>{queue}"
    decoded = codec.read(Document.QUEUE_LIST, f"{text}<RequestId>r</RequestId></Response>".encode())
    assert decoded.problems == ()
    assert decoded.value["NonExistPIDs"] == ["pA", "pB"]


def test_other_spelling_of_id_is_read_with_note() -> None:
    """Some old samples have QueueID for QueueId."""
    document, data = sample("queue list, paged")
    decoded = codec.read(document, data.replace(b"QueueId>", b"QueueID>"))
    assert decoded.value == codec.read(document, data).value
    assert [note.kind for note in decoded.notes] == [NoteKind.SPELLING]


def test_user_data_keeps_white_space() -> None:
    """The text belongs to the client."""
    text = JOB.replace("case-17 ", "  case  17\n")
    jobs = codec.read(Document.TASK_CALLBACK, text.encode()).value["JobsDetail"]
    assert isinstance(jobs, list)
    assert jobs[0]["Operation"]["UserData"] == "  case  17\n<&>"


def test_read_request_returns_operations_serialized_in_schema_order() -> None:
    """Unknown elements come after the others."""
    snapshot = "<Snapshot><Mode>K</Mode></Snapshot>"
    operation = f'<Operation a="b"><JobLevel>1</JobLevel><Odd/>{snapshot}<Tag>Snapshot</Tag></Operation>'
    body = f"<Request><Input><Object>o</Object></Input>{operation}{OPERATION}</Request>"
    decoded = codec.read_request(Document.JOB_SUBMIT_REQUEST, body.encode())
    assert decoded.problems == ()
    assert [fragment.data.decode() for fragment in decoded.fragments] == [
        f"<Operation><Tag>Snapshot</Tag>{snapshot}<JobLevel>1</JobLevel><Odd/></Operation>",
        OPERATION,
    ]
    parts = [codec.decode_part(Document.JOB_SUBMIT_REQUEST, "Operation", f) for f in decoded.fragments]
    assert parts == decoded.value["Operation"]


def test_invalid_request_has_no_fragments() -> None:
    """`read_request` returns no bytes of an invalid operation."""
    body = "<Request><Tag>T</Tag><Operation><JobLevel>9</JobLevel></Operation></Request>"
    assert codec.read_request(Document.JOB_SUBMIT_REQUEST, body.encode()).fragments == ()


@pytest.mark.parametrize("document", [Document.JOB_SUBMIT_REQUEST, Document.JOB_ANSWER])
def test_container_of_each_tag_is_open(document: Document) -> None:
    """Such a container accepts any content."""
    path = "Operation" if document is Document.JOB_SUBMIT_REQUEST else "JobsDetail/Operation"
    for name in ("Transcode", "SpeechRecognition", "DocProcess", "Translation", "PicProcess", "FileHashCodeConfig"):
        kind = container_at(document, path).by_name[name].type
        assert isinstance(kind, OpenType)


def container_at(document: Document, path: str) -> ContainerType:
    """The container at a path."""
    kind = document.table.content
    for name in path.split("/"):
        inner = kind.by_name[name].type
        assert isinstance(inner, ContainerType)
        kind = inner
    return kind
