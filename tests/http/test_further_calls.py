"""Templates, binding, hot words, play key and image search on the wire: state, limits, and bad input."""

from collections.abc import Iterator

import pytest
from http_bench import Answer, ask, error_of, operation, submit_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.service.template_form import TAG_FORMS
from ciq_mock.settings import Limits, MockSettings
from ciq_schemas.codec import Document, Reading, read
from ciq_schemas.features import Feature

LIMITS = Limits(templates=3, vocabularies=2)


@pytest.fixture(scope="module")
def _server() -> Iterator[MockServer]:
    settings = MockSettings(activated=tuple(Feature), clock=ClockKind.MANUAL, limits=LIMITS)
    with MockServer(settings) as server:
        yield server


@pytest.fixture
def server(_server: MockServer) -> MockServer:
    """The mock, reset."""
    _server.reset()
    return _server


def value(document: Document, answer: Answer) -> dict[str, object]:
    """The content of a good answer, which is the document to the letter."""
    status, headers, body = answer
    assert status == 200, body
    decoded = read(document, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    assert headers["Content-Type"] == "application/xml"
    return dict(decoded.value)


def part(found: dict[str, object], name: str) -> dict[str, object]:
    """A container of an answer."""
    inner = found[name]
    assert isinstance(inner, dict)
    return inner


def template_body(
    *, tag: str = "Snapshot", name: str = "shot", parts: str = "<Snapshot><Mode>A</Mode></Snapshot>"
) -> bytes:
    """A good template, or one with parts replaced."""
    return f"<Request><Tag>{tag}</Tag><Name>{name}</Name>{parts}</Request>".encode()


def make(server: MockServer, **changes: str) -> str:
    """Make a template; return its id."""
    made = value(Document.TEMPLATE_ANSWER, ask(server, "POST", "/template", template_body(**changes)))
    return str(part(made, "Template")["TemplateId"])


def listed(server: MockServer, query: str) -> tuple[str, list[str]]:
    """TotalCount and names of a list."""
    found = value(Document.TEMPLATE_LIST, ask(server, "GET", f"/template?{query}"))
    entries = found.get("TemplateList", [])
    assert isinstance(entries, list)
    return str(found["TotalCount"]), [entry["Name"] for entry in entries]


@pytest.mark.parametrize("tag", TAG_FORMS)
def test_every_tag_of_templates(server: MockServer, tag: str) -> None:
    """Each tag takes its parts, needs those it must have, and shows them again; parts of other tags are left out."""
    form = TAG_FORMS[tag]
    given = "".join(f"<{name}><Word>{name}</Word></{name}>" for name in form.parts)
    stranger = "" if "Watermark" in form.parts else "<Watermark><Word>x</Word></Watermark>"
    made = value(
        Document.TEMPLATE_ANSWER, ask(server, "POST", "/template", template_body(tag=tag, parts=given + stranger))
    )
    template = part(made, "Template")
    holder = part(template, form.holder) if form.holder else template
    for name in form.parts:
        shown = holder[name]
        assert (shown[0] if isinstance(shown, list) else shown) == {"Word": name}
    assert ("Watermark" in template) is (tag == "Watermark")
    for missing in form.required:
        rest = "".join(f"<{name}/>" for name in form.parts if name != missing)
        answer = ask(server, "POST", "/template", template_body(tag=tag, name="other", parts=rest))
        assert error_of(answer) == (400, "InvalidArgument")


def test_lists_filter_and_page(server: MockServer) -> None:
    """By tag, beginning of name, ids, category and page; newest first."""
    ids = [make(server, name=name) for name in ("shot-1", "shot-2")]
    make(server, tag="Transcode", name="shot-3", parts="<Container><Format>mp4</Format></Container>")
    assert listed(server, "") == ("3", ["shot-3", "shot-2", "shot-1"])
    assert listed(server, "tag=All&category=Custom&ids=&name=&pageNumber=&pageSize=")[0] == "3"
    assert listed(server, "tag=Snapshot") == ("2", ["shot-2", "shot-1"])
    assert listed(server, "tag=Nonsense") == ("0", [])
    assert listed(server, f"ids={ids[0]},tnone") == ("1", ["shot-1"])
    assert listed(server, "name=shot-2") == ("1", ["shot-2"])
    assert listed(server, "name=hot") == ("0", [])
    assert listed(server, "category=Official") == ("0", [])
    assert listed(server, "pageNumber=2&pageSize=2") == ("3", ["shot-1"])


def test_templates_belong_to_their_bucket(server: MockServer) -> None:
    """Another bucket neither sees, changes nor deletes them."""
    template_id = make(server)
    host = {"Host": "other-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert ask(server, "POST", "/mediabucket", headers=host)[0] == 200
    found = value(Document.TEMPLATE_LIST, ask(server, "GET", "/template", headers=host))
    assert found["TotalCount"] == "0"
    for method, body in (("PUT", template_body()), ("DELETE", b"")):
        answer = ask(server, method, f"/template/{template_id}", body, host)
        assert error_of(answer) == (400, "TemplateNotFound")
    assert listed(server, "")[0] == "1"


def test_names_and_numbers_of_templates(server: MockServer) -> None:
    """A name is taken within its tag only, also by an update; the bucket holds as many as the limit says."""
    first = make(server, name="a")
    assert error_of(ask(server, "POST", "/template", template_body(name="a"))) == (400, "TemplateNameDuplicate")
    make(server, name="a", tag="Tts", parts="")
    make(server, name="b")
    target = f"/template/{first}"
    assert error_of(ask(server, "PUT", target, template_body(name="b"))) == (400, "TemplateNameDuplicate")
    assert ask(server, "PUT", target, template_body(name="a"))[0] == 200
    assert error_of(ask(server, "POST", "/template", template_body(name="c"))) == (400, "CreatedTemplateNumLimit")
    assert ask(server, "DELETE", target)[0] == 200
    make(server, name="c")


def test_an_update_moves_its_time_only(server: MockServer) -> None:
    """UpdateTime moves, CreateTime and id stay."""
    template_id = make(server)
    server.advance(60)
    made = value(Document.TEMPLATE_ANSWER, ask(server, "PUT", f"/template/{template_id}", template_body(name="x")))
    template = part(made, "Template")
    assert template["TemplateId"] == template_id
    assert str(template["CreateTime"]) < str(template["UpdateTime"])


def test_a_template_needs_its_feature() -> None:
    """A bucket without the tag's feature is told so (1045/73037: enable the service in advance)."""
    with MockServer(MockSettings(activated=(Feature.SPEECH,))) as server:
        assert error_of(ask(server, "POST", "/template", template_body())) == (400, "MediaBucketUnBinded")
        parts = "<SpeechRecognition><EngineModelType>16k_zh</EngineModelType></SpeechRecognition>"
        assert ask(server, "POST", "/template", template_body(tag="SpeechRecognition", parts=parts))[0] == 200


@pytest.mark.parametrize("refuse", [False, True])
def test_a_job_names_its_template(*, refuse: bool) -> None:
    """TemplateName is that of the template; an unknown one is made up a name, or refused where the settings say so."""
    named = operation("").replace("<Snapshot>", "<TemplateId>{}</TemplateId><Snapshot>")
    with MockServer(MockSettings(activated=(Feature.MEDIA,), refuse_unknown_templates=refuse)) as server:
        template_id = make(server, name="片-7")
        status, _, body = ask(server, "POST", "/jobs", submit_body(operations=named.format(template_id)))
        assert status == 200
        assert f"<TemplateId>{template_id}</TemplateId><TemplateName>片-7</TemplateName>".encode() in body
        assert ask(server, "DELETE", f"/template/{template_id}")[0] == 200
        answer = ask(server, "POST", "/jobs", submit_body(operations=named.format("tnone")))
        if refuse:
            assert error_of(answer) == (400, "TemplateNotFound")
        else:
            assert b"<TemplateName>template-tnone</TemplateName>" in answer[2]


BAD_TEMPLATES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "MissingContent"),
    "no XML": (b"x", "InvalidContent"),
    "another root": (b"<Template/>", "InvalidContent"),
    "a document type": (b'<!DOCTYPE a [<!ENTITY b "c">]><Request>&b;</Request>', "InvalidContent"),
    "no name": (b"<Request><Tag>Tts</Tag></Request>", "InvalidArgument"),
    "no tag": (b"<Request><Name>x</Name></Request>", "InvalidArgument"),
    "unknown tag": (template_body(tag="Nonsense"), "InvalidArgument"),
    "tag without templates": (template_body(tag="DocProcess"), "InvalidArgument"),
    "long name": (template_body(name="x" * 65), "InvalidArgument"),
    "empty name": (template_body(name=""), "InvalidArgument"),
    "bad name": (template_body(name="a b"), "InvalidArgument"),
}


@pytest.mark.parametrize(("body", "code"), BAD_TEMPLATES.values(), ids=BAD_TEMPLATES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bad_templates_are_refused(server: MockServer, method: str, body: bytes, code: str) -> None:
    """Whatever is not a template is refused with the documented code, and nothing changes."""
    template_id = make(server, name="kept")
    target = "/template" if method == "POST" else f"/template/{template_id}"
    assert error_of(ask(server, method, target, body)) == (400, code)
    assert listed(server, "") == ("1", ["kept"])


@pytest.mark.parametrize(
    "query", ["pageNumber=0", "pageSize=x", "pageSize=-1", "category=Other", "pageSize=9999999999"]
)
def test_bad_lists_are_refused(server: MockServer, query: str) -> None:
    """Parameters out of their bounds are named."""
    answer = ask(server, "GET", f"/template?{query}")
    assert error_of(answer) == (400, "InvalidArgument")
    assert query.partition("=")[0].encode() in answer[2]


def bound(server: MockServer, query: str = "") -> list[str]:
    """Names of the bound buckets."""
    host = {"Host": "ci.ap-chongqing.myqcloud.com"}
    found = value(Document.BOUND_BUCKETS, ask(server, "GET", f"/cibuckets?{query}", headers=host))
    entries = found.get("CIBucketList", [])
    assert isinstance(entries, list)
    return [entry["BucketId"] for entry in entries]


def test_binding_and_its_end(server: MockServer) -> None:
    """A bound bucket is listed; unbinding takes it from the list and every feature with it; twice is refused."""
    host = {"Host": "new-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert "new-1250000000" not in bound(server)
    for _ in range(2):
        made = value(Document.BINDING_ANSWER, ask(server, "PUT", "/", headers=host))
        assert part(made, "CIBucket") == {"BucketId": "new-1250000000", "Region": "ap-chongqing"}
    assert bound(server, "bucketName=new") == ["new-1250000000"]
    assert bound(server, "bucketName=none") == []
    assert bound(server, "region=ap-shanghai") == []
    assert ask(server, "POST", "/mediabucket", headers=host)[0] == 200
    status, headers, body = ask(server, "PUT", "/?unbind", headers=host)
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")
    assert bound(server, "bucketName=new") == []
    assert error_of(ask(server, "GET", "/queue", headers=host)) == (400, "MediaBucketUnBinded")
    assert error_of(ask(server, "PUT", "/?unbind", headers=host)) == (400, "ResourceNotFound")


WORKFLOW = (
    b"<Request><MediaWorkflow><Name>flow</Name><State>Paused</State><Topology>"
    b"<Dependencies><Start>Snapshot_1</Start><Snapshot_1>End</Snapshot_1></Dependencies>"
    b"<Nodes><Start><Type>Start</Type><Input><ObjectPrefix>in/</ObjectPrefix></Input></Start>"
    b"<Snapshot_1><Type>Snapshot</Type><Operation><TemplateId>t1</TemplateId>"
    b"<Output><Region>r</Region><Bucket>b-1</Bucket><Object>o.jpg</Object></Output></Operation></Snapshot_1></Nodes>"
    b"</Topology></MediaWorkflow></Request>"
)


def test_workflows_forbid_unbinding(server: MockServer) -> None:
    """“Not allowed” while workflows are configured (1045/33703); without them the binding goes."""
    status, _, body = ask(server, "POST", "/workflow", WORKFLOW)
    assert status == 200, body
    workflow_id = body.partition(b"<WorkflowId>")[2].partition(b"<")[0].decode()
    assert error_of(ask(server, "PUT", "/?unbind")) == (400, "InvalidArgument")
    assert server.bucket in bound(server)
    assert ask(server, "DELETE", f"/workflow/{workflow_id}")[0] == 200
    assert ask(server, "PUT", "/?unbind")[0] == 200


def test_activation_binds(server: MockServer) -> None:
    """A bucket with a feature is bound without a call of its own (1045/72915)."""
    host = {"Host": "act-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert ask(server, "POST", "/picbucket", headers=host)[0] == 200
    assert "act-1250000000" in bound(server)


def test_calls_of_a_bucket_need_its_host(server: MockServer) -> None:
    """At the region's host there is no bucket to bind, and none to keep anything for."""
    host = {"Host": "ci.ap-chongqing.myqcloud.com"}
    for method, target in (
        ("PUT", "/"),
        ("PUT", "/?unbind"),
        ("GET", "/template"),
        ("POST", "/template"),
        ("PUT", "/template/t1"),
        ("DELETE", "/template/t1"),
        ("GET", "/playKey"),
        ("PUT", "/playKey"),
        ("POST", "/ImageSearchBucket"),
        ("GET", "/asrhotvocabtable"),
        ("POST", "/asrhotvocabtable"),
        ("PUT", "/asrhotvocabtable"),
        ("GET", "/asrhotvocabtable/v1"),
        ("DELETE", "/asrhotvocabtable/v1"),
    ):
        assert error_of(ask(server, method, target, headers=host)) == (400, "InvalidHost"), f"{method} {target}"


def keys(server: MockServer, method: str, query: str = "") -> dict[str, object]:
    """The play keys that a call answers with."""
    return part(value(Document.PLAY_KEY_ANSWER, ask(server, method, f"/playKey{query}")), "PlayKeyList")


def test_play_keys_are_kept_one_by_one(server: MockServer) -> None:
    """An update changes what it names; keys are not in the log of requests."""
    assert keys(server, "GET") == {"MasterPlayKey": "", "BackupPlayKey": ""}
    assert keys(server, "PUT", "?masterPlayKey=sesame") == {"MasterPlayKey": "sesame", "BackupPlayKey": ""}
    both = {"MasterPlayKey": "sesame", "BackupPlayKey": "x" * 40}
    assert keys(server, "PUT", f"?backupPlayKey={'x' * 40}&masterPlayKey=") == both
    assert keys(server, "GET") == both
    assert not any("sesame" in entry.target for entry in server.requests)


@pytest.mark.parametrize("query", ["", "?masterPlayKey=", "?masterPlayKey=short", f"?backupPlayKey={'x' * 41}"])
def test_bad_play_keys_are_refused(server: MockServer, query: str) -> None:
    """6 to 40 characters, and one at least (1045/72946)."""
    assert error_of(ask(server, "PUT", f"/playKey{query}")) == (400, "InvalidArgument")
    assert keys(server, "GET") == {"MasterPlayKey": "", "BackupPlayKey": ""}


def library(capacity: str, extra: str = "") -> bytes:
    """A request that opens search by image."""
    return f"<Request><MaxCapacity>{capacity}</MaxCapacity>{extra}</Request>".encode()


def test_the_capacity_of_a_library_stays(server: MockServer) -> None:
    """“Cannot be modified after being set” (1045/43516); the rate can."""
    assert ask(server, "POST", "/ImageSearchBucket", library("100"))[0::2] == (200, b"")
    assert ask(server, "POST", "/ImageSearchBucket", library("100", "<MaxQps>20</MaxQps>"))[0] == 200
    assert error_of(ask(server, "POST", "/ImageSearchBucket", library("200"))) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MissingContent"),
        (b"<Request/>", "InvalidArgument"),
        (b"<Other/>", "InvalidContent"),
        (library("many"), "InvalidArgument"),
        (library("0"), "InvalidArgument"),
        (library("9" * 30), "InvalidArgument"),
        (library("10", "<MaxQps>0</MaxQps>"), "InvalidArgument"),
    ],
)
def test_bad_libraries_are_refused(server: MockServer, body: bytes, code: str) -> None:
    """MaxCapacity is required, both are numbers from 1."""
    assert error_of(ask(server, "POST", "/ImageSearchBucket", body)) == (400, code)


WORDS = "<VocabularyWeights><Vocabulary>城</Vocabulary><Weight>{}</Weight></VocabularyWeights>"


def table(name: str = "towns", *, table_id: str = "", words: str = WORDS.format(3)) -> bytes:
    """A table of hot words."""
    named = f"<TableId>{table_id}</TableId>" if table_id else ""
    return f"<Request>{named}<TableName>{name}</TableName>{words}</Request>".encode()


def test_tables_of_hot_words_are_kept_to_the_word(server: MockServer) -> None:
    """What was sent comes back; an update replaces it; lists page by offset; there are as many as the limit says."""
    first, second = (
        str(value(Document.VOCABULARY_CHANGED, ask(server, "POST", "/asrhotvocabtable", table(name)))["TableId"])
        for name in ("a", "b")
    )
    assert error_of(ask(server, "POST", "/asrhotvocabtable", table("c"))) == (400, "CreatedTemplateNumLimit")
    body = table("a2", table_id=first, words=WORDS.format(1) + WORDS.format(2))
    assert ask(server, "PUT", "/asrhotvocabtable", body)[0] == 200
    shown = part(value(Document.VOCABULARY_ANSWER, ask(server, "GET", f"/asrhotvocabtable/{first}")), "Table")
    weights = [{"Vocabulary": "城", "Weight": str(n)} for n in (1, 2)]
    assert (shown["TableName"], shown["VocabularyWeights"]) == ("a2", weights)
    found = value(Document.VOCABULARY_LIST, ask(server, "GET", "/asrhotvocabtable?offset=1&limit=1"))
    tables = found["VocabularyTable"]
    assert isinstance(tables, list)
    assert (found["TotalCount"], [one["TableId"] for one in tables]) == ("2", [second])


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("POST", "/asrhotvocabtable", b"", "MissingContent"),
        ("POST", "/asrhotvocabtable", b"<Request/>", "InvalidArgument"),
        ("POST", "/asrhotvocabtable", table(words=WORDS.format("heavy")), "InvalidArgument"),
        ("PUT", "/asrhotvocabtable", table(), "InvalidArgument"),
        ("PUT", "/asrhotvocabtable", table(table_id="vnone"), "ResourceNotFound"),
        ("GET", "/asrhotvocabtable/vnone", b"", "ResourceNotFound"),
        ("DELETE", "/asrhotvocabtable/vnone", b"", "ResourceNotFound"),
        ("GET", "/asrhotvocabtable?offset=-1", b"", "InvalidArgument"),
        ("GET", "/asrhotvocabtable?limit=101", b"", "InvalidArgument"),
        ("GET", "/asrhotvocabtable?limit=0", b"", "InvalidArgument"),
    ],
)
def test_bad_calls_about_hot_words_are_refused(
    server: MockServer, method: str, target: str, body: bytes, code: str
) -> None:
    """Unknown tables and what is no table."""
    assert error_of(ask(server, method, target, body)) == (400, code)


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("POST", "/", "PUT"),
        ("PATCH", "/template", "POST, GET, HEAD"),
        ("POST", "/template/t1", "PUT, DELETE"),
        ("DELETE", "/playKey", "GET, HEAD, PUT"),
        ("GET", "/ImageSearchBucket", "POST"),
        ("DELETE", "/asrhotvocabtable", "POST, PUT, GET, HEAD"),
    ],
)
def test_other_methods_are_refused(server: MockServer, method: str, target: str, allow: str) -> None:
    """405, with the methods that the path has."""
    answer = ask(server, method, target)
    assert error_of(answer) == (405, "MethodNotAllowed")
    assert answer[1]["allow"] == allow
