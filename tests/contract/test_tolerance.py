"""The tolerant reading: dress that no document forbids changes nothing in what is read, and is told as notes."""

import pytest
from contract_samples import ENDED, OPERATION, QUEUE, SAMPLES, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ciq_schemas import codec
from ciq_schemas.codec import Document, Note, NoteKind, Reading
from ciq_schemas.codec.tree import put_in_order, reshape
from ciq_schemas.xsd_tables import ContainerType, OpenType


def _shuffled(element: etree._Element, kind: object, random: st.DrawFn) -> None:
    """Shuffle children in place; equal names keep their order, as that says something."""
    if not isinstance(kind, ContainerType):
        return
    children = list(element)
    for child in children:
        _shuffled(child, kind.by_name[str(child.tag)].type, random)
    names = random(st.permutations(list(dict.fromkeys(child.tag for child in children))))
    children.sort(key=lambda child: names.index(child.tag))
    for child in children:
        element.remove(child)
    element.extend(children)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_order_of_children_does_not_matter(data: st.DataObject, name: str) -> None:
    """A sample with all containers shuffled says the same and has no problem."""
    document, original = sample(name)
    root = etree.fromstring(original)
    _shuffled(root, document.table.content, data.draw)
    decoded = codec.read(document, etree.tostring(root), Reading.TOLERANT)
    assert decoded.problems == ()
    assert decoded.value == codec.read(document, original).value


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_putting_in_order_is_what_reshaping_does(data: st.DataObject, name: str) -> None:
    """Where only the order differs, the quick way in place gives the tree and the notes of the way that copies."""
    document, original = sample(name)
    root = etree.fromstring(original)
    _shuffled(root, document.table.content, data.draw)
    told: list[Note] = []
    copied = reshape(root, document.table.content, f"/{root.tag}", told)
    notes: list[Note] = []
    assert put_in_order(root, document.table.content, notes)
    assert notes == told
    assert etree.tostring(root) == etree.tostring(copied)


@pytest.mark.parametrize("odd", [b"<Odd/>", b"<Name a='b'>n</Name>"])
def test_a_tree_with_more_than_order_wrong_is_left_alone(odd: bytes) -> None:
    """An unknown element or an attribute anywhere: nothing is moved and nothing is told."""
    body = b"<Request><State>Active</State><NotifyConfig><State>Off</State><Url/>%b</NotifyConfig></Request>" % odd
    root = etree.fromstring(body)
    notes: list[Note] = []
    assert not put_in_order(root, Document.QUEUE_UPDATE_REQUEST.table.content, notes)
    assert (notes, etree.tostring(root)) == ([], etree.tostring(etree.fromstring(body)))


JOB = f"<Response><EventName>TaskFinish</EventName><JobsDetail>{ENDED}</JobsDetail></Response>"
DRESS = {
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
    "white space round words": JOB.replace("TaskFinish", "\n TaskFinish ").encode(),
    "empty written long": JOB.replace("<Message/>", "<Message></Message>").encode(),
}


@pytest.mark.parametrize("name", DRESS)
def test_ways_of_writing_do_not_matter(name: str) -> None:
    """Encodings, comments, CDATA, references and white space leave the content as it is."""
    plain = codec.read(Document.TASK_CALLBACK, JOB.encode())
    decoded = codec.read(Document.TASK_CALLBACK, DRESS[name])
    assert decoded.problems == ()
    assert decoded.value == plain.value


def test_what_is_unknown_is_set_aside_and_told() -> None:
    """Unknown elements, attributes and namespaces are notes with their paths; the rest is read."""
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


def test_interleaved_siblings_are_merged() -> None:
    """Repeated elements apart from each other are one list, in their order."""
    queue = f"<QueueList>{QUEUE}</QueueList>"
    text = f"<Response><NonExistPIDs>pA</NonExistPIDs>{queue}<NonExistPIDs>pB</NonExistPIDs>{queue}"
    decoded = codec.read(Document.QUEUE_LIST, f"{text}<RequestId>r</RequestId></Response>".encode())
    assert decoded.problems == ()
    assert decoded.value["NonExistPIDs"] == ["pA", "pB"]


def test_the_other_spelling_of_an_id_is_read() -> None:
    """QueueID for QueueId, as some old samples print it, is read and told."""
    document, data = sample("queue list, paged")
    decoded = codec.read(document, data.replace(b"QueueId>", b"QueueID>"))
    assert decoded.value == codec.read(document, data).value
    assert [note.kind for note in decoded.notes] == [NoteKind.SPELLING]


def test_user_data_keeps_its_white_space() -> None:
    """White space counts where the text is the caller's own."""
    text = JOB.replace("case-17 ", "  case  17\n")
    jobs = codec.read(Document.TASK_CALLBACK, text.encode()).value["JobsDetail"]
    assert isinstance(jobs, list)
    assert jobs[0]["Operation"]["UserData"] == "  case  17\n<&>"


def test_requests_keep_operations_as_bytes_in_schema_order() -> None:
    """`read_request` gives the Operation elements serialized and ordered, what is not known behind the rest."""
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


def test_refused_requests_have_no_fragments() -> None:
    """Bytes of an operation that is not valid are not handed out."""
    body = "<Request><Tag>T</Tag><Operation><JobLevel>9</JobLevel></Operation></Request>"
    assert codec.read_request(Document.JOB_SUBMIT_REQUEST, body.encode()).fragments == ()


@pytest.mark.parametrize("document", [Document.JOB_SUBMIT_REQUEST, Document.JOB_ANSWER])
def test_containers_of_all_tags_are_open(document: Document) -> None:
    """The container of each tag passes whatever it holds."""
    path = "Operation" if document is Document.JOB_SUBMIT_REQUEST else "JobsDetail/Operation"
    for name in ("Transcode", "SpeechRecognition", "DocProcess", "Translation", "PicProcess", "FileHashCodeConfig"):
        kind = codec_parts(document, path).by_name[name].type
        assert isinstance(kind, OpenType)


def codec_parts(document: Document, path: str) -> ContainerType:
    """The container at a path."""
    kind = document.table.content
    for name in path.split("/"):
        inner = kind.by_name[name].type
        assert isinstance(inner, ContainerType)
        kind = inner
    return kind
