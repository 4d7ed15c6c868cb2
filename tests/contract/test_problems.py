"""Each kind of deviation is found and reported with path, line, expected and found."""

import pytest
from contract_samples import SAMPLES, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ciq_schemas import codec
from ciq_schemas.codec import ProblemKind, Reading
from ciq_schemas.codec.explain import explain
from ciq_schemas.values import JobAnswer
from ciq_schemas.xml_parser import parse

K = ProblemKind
WRONG_IN_BOTH_READINGS = [
    ("queue list, paged", "<State>Active</State>", "<State>Stopped</State>", K.VALUE, "/Response/QueueList[1]/State"),
    (
        "queue list, paged",
        "<State>Off</State>",
        "<State>off</State>",
        K.VALUE,
        "/Response/QueueList[1]/NotifyConfig/State",
    ),
    ("queue list, paged", "<TotalCount>1<", "<TotalCount>one<", K.VALUE, "/Response/TotalCount"),
    ("queue list, paged", "<TotalCount>1<", "<TotalCount>-1<", K.VALUE, "/Response/TotalCount"),
    ("queue list, paged", "<MaxSize>10000</MaxSize>", "", K.MISSING, "/Response/QueueList[1]/MaxSize"),
    ("queue list, paged", "<RequestId>REQ-1</RequestId>", "", K.MISSING, "/Response/RequestId"),
    ("queue list, paged", "REQ-1", "", K.VALUE, "/Response/RequestId"),
    (
        "queue list, paged",
        "<QueueId>p00000000000000000000000000000001</QueueId>",
        "",
        K.MISSING,
        "/Response/QueueList[1]/QueueId",
    ),
    ("queue list, paged", "T03:04:05+0800</CreateTime>", "</CreateTime>", K.VALUE, "/Response/QueueList[1]/CreateTime"),
    ("queue list, paged", "<Url/>", "<Url><a/></Url>", K.STRUCTURE, "/Response/QueueList[1]/NotifyConfig/Url"),
    ("queue list, paged", "<NotifyConfig>", "<NotifyConfig>off", K.STRUCTURE, "/Response/QueueList[1]/NotifyConfig"),
    (
        "queue list, by id, older form",
        "<QueueID>pX</QueueID>",
        "<QueueID><b/></QueueID>",
        K.STRUCTURE,
        "/Response/NonExistPIDs[1]/QueueID",
    ),
    ("queue update", "队列-1_*", "a b", K.VALUE, "/Request/Name"),
    ("queue update", "队列-1_*", "n" * 129, K.VALUE, "/Request/Name"),
    ("queue update", "队列-1_*", "", K.VALUE, "/Request/Name"),
    ("queue update, documents", "any name. at all", "n" * 101, K.VALUE, "/Request/Name"),
    ("queue update", "TaskFinish,WorkflowFinish", "TaskFinish;WorkflowFinish", K.VALUE, "/Request/NotifyConfig/Event"),
    ("queue update", "<Type>Url", "<Type>Mail", K.VALUE, "/Request/NotifyConfig/Type"),
    ("queue update", "<ResultFormat>JSON", "<ResultFormat>YAML", K.VALUE, "/Request/NotifyConfig/ResultFormat"),
    ("queue update", "<State>Paused</State>", "<State>Pause</State>", K.VALUE, "/Request/State"),
    ("queue update", "<State>Paused</State>", "", K.MISSING, "/Request/State"),
    ("queue update", "</QueueID>", "</QueueID><QueueId>p02</QueueId>", K.UNEXPECTED, "/Request/QueueId"),
    ("queue update answer", "<Queue>", "<Queue></Queue><Queue>", K.TOO_MANY, "/Response/Queue"),
    ("bucket answer", "AsrBucket", "MadeUpBucket", K.MISSING, "/Response/MediaBucket"),
    ("bucket answer", "</AsrBucket>", "</AsrBucket><DocBucket/>", K.UNEXPECTED, "/Response/DocBucket"),
    ("submit", "<JobLevel>2", "<JobLevel>3", K.VALUE, "/Request/Operation[1]/JobLevel"),
    ("submit", "<JobLevel>2", "<JobLevel>-1", K.VALUE, "/Request/Operation[1]/JobLevel"),
    ("submit", "case-17", "数据", K.VALUE, "/Request/Operation[1]/UserData"),
    ("submit", "case-17", "u" * 1025, K.VALUE, "/Request/Operation[1]/UserData"),
    ("submit", "in/clip-7.mp4", "", K.VALUE, "/Request/Input/Object"),
    ("submit", "<Region>ap-guangzhou</Region>", "", K.MISSING, "/Request/Operation[1]/Output/Region"),
    ("submit", "<CallBackFormat>JSON", "<CallBackFormat>json", K.VALUE, "/Request/CallBackFormat"),
    ("submit, six operations", "</Request>", "<Operation/></Request>", K.TOO_MANY, "/Request/Operation[7]"),
    ("job answer", "<State>Submitted", "<State>Waiting", K.VALUE, "/Response/JobsDetail[1]/State"),
    ("job answer", "<StartTime>-", "<StartTime>none", K.VALUE, "/Response/JobsDetail[1]/StartTime"),
    (
        "job answer",
        "<CreationTime>2026-01-05T09:00:00+0800",
        "<CreationTime>-",
        K.VALUE,
        "/Response/JobsDetail[1]/CreationTime",
    ),
    ("job answer, many", "<State>Success", "<State>Done", K.VALUE, "/Response/JobsDetail[2]/State"),
    ("task callback", "<State>Success", "<State>Running", K.VALUE, "/Response/JobsDetail[1]/State"),
    ("task callback", "TaskFinish", "TaskStart", K.VALUE, "/Response/EventName"),
    ("older callback", "Success</State>", "Cancel</State>", K.VALUE, "/Response/JobsDetail[1]/State"),
    ("workflow callback", "<RunId>i01</RunId>", "", K.MISSING, "/Response/WorkflowExecution/RunId"),
    ("error", "<Code>InvalidArgument</Code>", "<Code/>", K.VALUE, "/Error/Code"),
    ("error", "Error>", "Fault>", K.ROOT, "/"),
]


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize(("name", "old", "new", "kind", "path"), WRONG_IN_BOTH_READINGS)
def test_mutated_sample_has_problem_of_kind_and_path(
    name: str, old: str, new: str, kind: ProblemKind, path: str, reading: Reading
) -> None:
    """One mutation of a valid sample is a problem in both readings."""
    document, data = sample(name)
    assert old.encode() in data
    mutant = data.replace(old.encode(), new.encode())
    found = [(problem.kind, problem.path) for problem in codec.read(document, mutant, reading).problems]
    assert (kind, path) in found


WRONG_IN_STRICT_ONLY = [
    (
        "job answer",
        "<Code>Success</Code><Message/>",
        "<Message/><Code>Success</Code>",
        K.ORDER,
        "/Response/JobsDetail[1]/Code",
    ),
    ("job answer", "<Message/>", "<Message/><Extra/>", K.UNEXPECTED, "/Response/JobsDetail[1]/Extra"),
    ("job answer", "<Message/>", '<Message lang="en"/>', K.UNEXPECTED, "/Response/JobsDetail[1]/Message/@lang"),
    ("job answer", "<Response>", '<Response xmlns:a="urn:a">', K.UNEXPECTED, "/Response"),
    ("job answer", "<Response>", '<Response xmlns="urn:a">', K.ROOT, "/"),
    ("job answer", "<Snapshot>", '<Snapshot a="b">', K.UNEXPECTED, "/Response/JobsDetail[1]/Operation/Snapshot/@a"),
    (
        "job answer",
        "<Mode>",
        '<Mode xmlns="u:a">',
        K.UNEXPECTED,
        "/Response/JobsDetail[1]/Operation/Snapshot//{u:a}Mode",
    ),
    ("queue list, paged", "QueueId>", "QueueID>", K.UNEXPECTED, "/Response/QueueList[1]/QueueID"),
]


@pytest.mark.parametrize(("name", "old", "new", "kind", "path"), WRONG_IN_STRICT_ONLY)
def test_layout_difference_is_problem_in_strict_reading_only(
    name: str, old: str, new: str, kind: ProblemKind, path: str
) -> None:
    """Order, additions, attributes and namespaces become notes in the tolerant reading."""
    document, data = sample(name)
    mutant = data.replace(old.encode(), new.encode())
    assert mutant != data
    assert (kind, path) in [(problem.kind, problem.path) for problem in codec.validate(document, mutant)]
    tolerant = codec.read(document, mutant, Reading.TOLERANT)
    assert tolerant.problems == ()
    assert tolerant.notes
    assert tolerant.value == codec.read(document, data).value


def test_problem_text_has_line_path_expected_and_found() -> None:
    """The text is complete."""
    data = b"<Response>\n <RequestId>r</RequestId>\n <TotalCount>many</TotalCount>\n</Response>"
    (problem,) = codec.validate(codec.Document.QUEUE_LIST, data)
    assert str(problem) == "line 3: /Response/TotalCount: expected a decimal number, found 'many'"


def test_missing_choice_names_all_alternatives() -> None:
    """Where one of several elements is required, the message names them all."""
    (problem,) = codec.validate(codec.Document.BUCKET_ANSWER, b"<Response><RequestId>r</RequestId></Response>")
    assert problem.expected == ("MediaBucket or AsrBucket or DocBucket or AiBucket or PicBucket or FileBucket")


def test_valid_parts_of_invalid_document_are_read() -> None:
    """They are in the value although other parts are wrong."""
    document, data = sample("job answer")
    broken = data.replace(b"<State>Submitted</State>", b"<State><odd/></State>")
    (one,) = codec.to_value(JobAnswer, codec.read(document, broken)).jobs
    assert (one.state, one.job_id) == (None, "j00000000000000000000000000000abc")


@st.composite
def mutants(draw: st.DrawFn) -> tuple[codec.Document, bytes]:
    """A sample with a few random changes to its tree: elements removed, doubled, moved or renamed, texts changed."""
    document, data = sample(draw(st.sampled_from(sorted(SAMPLES))))
    root = etree.fromstring(data)
    for _ in range(draw(st.integers(1, 3))):
        elements = list(root.iter())[1:]
        if not elements:
            break
        element = draw(st.sampled_from(elements))
        parent = element.getparent()
        match draw(st.sampled_from(["drop", "double", "move", "rename", "text", "attribute", "child"])):
            case "drop":
                parent.remove(element)
            case "double":
                parent.append(etree.fromstring(etree.tostring(element)))
            case "move":
                parent.insert(0, element)
            case "rename":
                element.tag = draw(st.sampled_from(["State", "QueueId", "QueueID", "Type", "Odd"]))
            case "text":
                element.text = draw(st.sampled_from(["", " ", "0", "-", "On", "x" * 200, " Active ", "中", "a  b"]))
            case "attribute":
                element.set("a", "b")
            case "child":
                etree.SubElement(element, "Odd")
    return document, etree.tostring(root, encoding="utf-8")


@settings(derandomize=True, deadline=None, max_examples=400)
@given(mutants())
def test_explanation_exists_exactly_for_invalid_documents(mutant: tuple[codec.Document, bytes]) -> None:
    """The tables explain a problem if and only if the XSD refuses the document."""
    document, data = mutant
    root = parse(data)
    problems = explain(root, document.table)
    assert bool(problems) != document.table.schema.validate(root)
    assert not [problem for problem in problems if problem.expected.startswith("a valid ")]


@settings(derandomize=True, deadline=None, max_examples=400)
@given(mutants())
def test_tolerant_reading_without_notes_equals_strict_reading(mutant: tuple[codec.Document, bytes]) -> None:
    """The tolerant reading never accepts less than the strict one."""
    document, data = mutant
    strict = codec.read(document, data, Reading.STRICT)
    tolerant = codec.read(document, data, Reading.TOLERANT)
    if strict.ok:
        assert (tolerant.ok, tolerant.notes) == (True, ())
    elif tolerant.ok:
        assert tolerant.notes
