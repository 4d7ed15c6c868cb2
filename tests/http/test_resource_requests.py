"""Templates, buckets, hot words, play keys and image search over HTTP: state, limits and bad input."""

from collections.abc import Iterator

import pytest
from http_bench import Answer, error_of, operation, send, submit_body

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
    """The content of a successful response, checked in the strict reading."""
    status, headers, body = answer
    assert status == 200, body
    decoded = read(document, body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    assert headers["Content-Type"] == "application/xml"
    return dict(decoded.value)


def part(found: dict[str, object], name: str) -> dict[str, object]:
    """A container of a response."""
    inner = found[name]
    assert isinstance(inner, dict)
    return inner


def template_body(
    *, tag: str = "Snapshot", name: str = "shot", parts: str = "<Snapshot><Mode>A</Mode></Snapshot>"
) -> bytes:
    """A valid template, or one with parts replaced."""
    return f"<Request><Tag>{tag}</Tag><Name>{name}</Name>{parts}</Request>".encode()


def create_template(server: MockServer, **changes: str) -> str:
    """Create a template; return its id."""
    made = value(Document.TEMPLATE_ANSWER, send(server, "POST", "/template", template_body(**changes)))
    return str(part(made, "Template")["TemplateId"])


def list_templates(server: MockServer, query: str) -> tuple[str, list[str]]:
    """TotalCount and names of a list."""
    found = value(Document.TEMPLATE_LIST, send(server, "GET", f"/template?{query}"))
    entries = found.get("TemplateList", [])
    assert isinstance(entries, list)
    return str(found["TotalCount"]), [entry["Name"] for entry in entries]


@pytest.mark.parametrize("tag", TAG_FORMS)
def test_template_of_each_tag_stores_its_parts(server: MockServer, tag: str) -> None:
    """Each tag requires its required parts and returns its parts; parts of other tags are left out."""
    form = TAG_FORMS[tag]
    given = "".join(f"<{name}><Word>{name}</Word></{name}>" for name in form.parts)
    foreign_part = "" if "Watermark" in form.parts else "<Watermark><Word>x</Word></Watermark>"
    made = value(
        Document.TEMPLATE_ANSWER, send(server, "POST", "/template", template_body(tag=tag, parts=given + foreign_part))
    )
    template = part(made, "Template")
    holder = part(template, form.holder) if form.holder else template
    for name in form.parts:
        shown = holder[name]
        assert (shown[0] if isinstance(shown, list) else shown) == {"Word": name}
    assert ("Watermark" in template) is (tag == "Watermark")
    for missing in form.required:
        rest = "".join(f"<{name}/>" for name in form.parts if name != missing)
        answer = send(server, "POST", "/template", template_body(tag=tag, name="other", parts=rest))
        assert error_of(answer) == (400, "InvalidArgument")


def test_template_list_filters_and_pages(server: MockServer) -> None:
    """Filters are tag, start of name, ids, category and page; the newest template is first."""
    ids = [create_template(server, name=name) for name in ("shot-1", "shot-2")]
    create_template(server, tag="Transcode", name="shot-3", parts="<Container><Format>mp4</Format></Container>")
    assert list_templates(server, "") == ("3", ["shot-3", "shot-2", "shot-1"])
    assert list_templates(server, "tag=All&category=Custom&ids=&name=&pageNumber=&pageSize=")[0] == "3"
    assert list_templates(server, "tag=Snapshot") == ("2", ["shot-2", "shot-1"])
    assert list_templates(server, "tag=Nonsense") == ("0", [])
    assert list_templates(server, f"ids={ids[0]},tnone") == ("1", ["shot-1"])
    assert list_templates(server, "name=shot-2") == ("1", ["shot-2"])
    assert list_templates(server, "name=hot") == ("0", [])
    assert list_templates(server, "category=Official") == ("0", [])
    assert list_templates(server, "pageNumber=2&pageSize=2") == ("3", ["shot-1"])


def test_template_of_other_bucket_is_unknown(server: MockServer) -> None:
    """Another bucket cannot read, change or delete it."""
    template_id = create_template(server)
    host = {"Host": "other-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert send(server, "POST", "/mediabucket", headers=host)[0] == 200
    found = value(Document.TEMPLATE_LIST, send(server, "GET", "/template", headers=host))
    assert found["TotalCount"] == "0"
    for method, body in (("PUT", template_body()), ("DELETE", b"")):
        answer = send(server, method, f"/template/{template_id}", body, host)
        assert error_of(answer) == (400, "TemplateNotFound")
    assert list_templates(server, "")[0] == "1"


def test_duplicate_template_name_and_template_beyond_limit_are_refused(server: MockServer) -> None:
    """A name is unique within its tag, for updates too; the limit applies to the bucket."""
    first = create_template(server, name="a")
    assert error_of(send(server, "POST", "/template", template_body(name="a"))) == (400, "TemplateNameDuplicate")
    create_template(server, name="a", tag="Tts", parts="")
    create_template(server, name="b")
    target = f"/template/{first}"
    assert error_of(send(server, "PUT", target, template_body(name="b"))) == (400, "TemplateNameDuplicate")
    assert send(server, "PUT", target, template_body(name="a"))[0] == 200
    assert error_of(send(server, "POST", "/template", template_body(name="c"))) == (400, "CreatedTemplateNumLimit")
    assert send(server, "DELETE", target)[0] == 200
    create_template(server, name="c")


def test_template_update_changes_update_time_only(server: MockServer) -> None:
    """CreateTime and id stay."""
    template_id = create_template(server)
    server.advance(60)
    made = value(Document.TEMPLATE_ANSWER, send(server, "PUT", f"/template/{template_id}", template_body(name="x")))
    template = part(made, "Template")
    assert template["TemplateId"] == template_id
    assert str(template["CreateTime"]) < str(template["UpdateTime"])


def test_template_of_inactive_feature_is_refused() -> None:
    """The bucket must enable the service in advance (1045/73037)."""
    with MockServer(MockSettings(activated=(Feature.SPEECH,))) as server:
        assert error_of(send(server, "POST", "/template", template_body())) == (400, "MediaBucketUnBinded")
        parts = "<SpeechRecognition><EngineModelType>16k_zh</EngineModelType></SpeechRecognition>"
        assert send(server, "POST", "/template", template_body(tag="SpeechRecognition", parts=parts))[0] == 200


@pytest.mark.parametrize("refuse", [False, True])
def test_job_shows_name_of_its_template(*, refuse: bool) -> None:
    """An unknown template gets a generated name, or is refused if the settings require it."""
    named = operation("").replace("<Snapshot>", "<TemplateId>{}</TemplateId><Snapshot>")
    with MockServer(MockSettings(activated=(Feature.MEDIA,), refuse_unknown_templates=refuse)) as server:
        template_id = create_template(server, name="片-7")
        status, _, body = send(server, "POST", "/jobs", submit_body(operations=named.format(template_id)))
        assert status == 200
        assert f"<TemplateId>{template_id}</TemplateId><TemplateName>片-7</TemplateName>".encode() in body
        assert send(server, "DELETE", f"/template/{template_id}")[0] == 200
        answer = send(server, "POST", "/jobs", submit_body(operations=named.format("tnone")))
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
def test_invalid_template_is_refused(server: MockServer, method: str, body: bytes, code: str) -> None:
    """The response has the documented code, and nothing changes."""
    template_id = create_template(server, name="kept")
    target = "/template" if method == "POST" else f"/template/{template_id}"
    assert error_of(send(server, method, target, body)) == (400, code)
    assert list_templates(server, "") == ("1", ["kept"])


@pytest.mark.parametrize(
    "query", ["pageNumber=0", "pageSize=x", "pageSize=-1", "category=Other", "pageSize=9999999999"]
)
def test_invalid_list_parameter_is_refused(server: MockServer, query: str) -> None:
    """The message names the parameter."""
    answer = send(server, "GET", f"/template?{query}")
    assert error_of(answer) == (400, "InvalidArgument")
    assert query.partition("=")[0].encode() in answer[2]


def bound_buckets(server: MockServer, query: str = "") -> list[str]:
    """Names of the bound buckets."""
    host = {"Host": "ci.ap-chongqing.myqcloud.com"}
    found = value(Document.BOUND_BUCKETS, send(server, "GET", f"/cibuckets?{query}", headers=host))
    entries = found.get("CIBucketList", [])
    assert isinstance(entries, list)
    return [entry["BucketId"] for entry in entries]


def test_unbound_bucket_leaves_list_with_its_features(server: MockServer) -> None:
    """A bound bucket is listed; a second unbinding is refused."""
    host = {"Host": "new-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert "new-1250000000" not in bound_buckets(server)
    for _ in range(2):
        made = value(Document.BINDING_ANSWER, send(server, "PUT", "/", headers=host))
        assert part(made, "CIBucket") == {"BucketId": "new-1250000000", "Region": "ap-chongqing"}
    assert bound_buckets(server, "bucketName=new") == ["new-1250000000"]
    assert bound_buckets(server, "bucketName=none") == []
    assert bound_buckets(server, "region=ap-shanghai") == []
    assert send(server, "POST", "/mediabucket", headers=host)[0] == 200
    status, headers, body = send(server, "PUT", "/?unbind", headers=host)
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")
    assert bound_buckets(server, "bucketName=new") == []
    assert error_of(send(server, "GET", "/queue", headers=host)) == (400, "MediaBucketUnBinded")
    assert error_of(send(server, "PUT", "/?unbind", headers=host)) == (400, "ResourceNotFound")


WORKFLOW = (
    b"<Request><MediaWorkflow><Name>flow</Name><State>Paused</State><Topology>"
    b"<Dependencies><Start>Snapshot_1</Start><Snapshot_1>End</Snapshot_1></Dependencies>"
    b"<Nodes><Start><Type>Start</Type><Input><ObjectPrefix>in/</ObjectPrefix></Input></Start>"
    b"<Snapshot_1><Type>Snapshot</Type><Operation><TemplateId>t1</TemplateId>"
    b"<Output><Region>r</Region><Bucket>b-1</Bucket><Object>o.jpg</Object></Output></Operation></Snapshot_1></Nodes>"
    b"</Topology></MediaWorkflow></Request>"
)


def test_unbinding_bucket_with_workflows_is_refused(server: MockServer) -> None:
    """It is “not allowed” while workflows are configured (1045/33703); without them it is accepted."""
    status, _, body = send(server, "POST", "/workflow", WORKFLOW)
    assert status == 200, body
    workflow_id = body.partition(b"<WorkflowId>")[2].partition(b"<")[0].decode()
    assert error_of(send(server, "PUT", "/?unbind")) == (400, "InvalidArgument")
    assert server.bucket in bound_buckets(server)
    assert send(server, "DELETE", f"/workflow/{workflow_id}")[0] == 200
    assert send(server, "PUT", "/?unbind")[0] == 200


def test_activation_binds_bucket(server: MockServer) -> None:
    """A bucket with a feature is bound without a request of its own (1045/72915)."""
    host = {"Host": "act-1250000000.ci.ap-chongqing.myqcloud.com"}
    assert send(server, "POST", "/picbucket", headers=host)[0] == 200
    assert "act-1250000000" in bound_buckets(server)


def test_bucket_request_at_region_host_is_refused(server: MockServer) -> None:
    """The host of the region names no bucket."""
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
        assert error_of(send(server, method, target, headers=host)) == (400, "InvalidHost"), f"{method} {target}"


def keys(server: MockServer, method: str, query: str = "") -> dict[str, object]:
    """The play keys in the response to a request."""
    return part(value(Document.PLAY_KEY_ANSWER, send(server, method, f"/playKey{query}")), "PlayKeyList")


def test_play_key_update_changes_named_keys_only(server: MockServer) -> None:
    """The request log contains no keys."""
    assert keys(server, "GET") == {"MasterPlayKey": "", "BackupPlayKey": ""}
    assert keys(server, "PUT", "?masterPlayKey=sesame") == {"MasterPlayKey": "sesame", "BackupPlayKey": ""}
    both = {"MasterPlayKey": "sesame", "BackupPlayKey": "x" * 40}
    assert keys(server, "PUT", f"?backupPlayKey={'x' * 40}&masterPlayKey=") == both
    assert keys(server, "GET") == both
    assert not any("sesame" in entry.target for entry in server.requests)


@pytest.mark.parametrize("query", ["", "?masterPlayKey=", "?masterPlayKey=short", f"?backupPlayKey={'x' * 41}"])
def test_invalid_play_key_is_refused(server: MockServer, query: str) -> None:
    """A key has 6 to 40 characters, and one is required (1045/72946)."""
    assert error_of(send(server, "PUT", f"/playKey{query}")) == (400, "InvalidArgument")
    assert keys(server, "GET") == {"MasterPlayKey": "", "BackupPlayKey": ""}


def library(capacity: str, extra: str = "") -> bytes:
    """A request that opens search by image."""
    return f"<Request><MaxCapacity>{capacity}</MaxCapacity>{extra}</Request>".encode()


def test_capacity_of_image_library_cannot_be_changed(server: MockServer) -> None:
    """“Cannot be modified after being set” (1045/43516); the rate can be changed."""
    assert send(server, "POST", "/ImageSearchBucket", library("100"))[0::2] == (200, b"")
    assert send(server, "POST", "/ImageSearchBucket", library("100", "<MaxQps>20</MaxQps>"))[0] == 200
    assert error_of(send(server, "POST", "/ImageSearchBucket", library("200"))) == (400, "InvalidArgument")


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
def test_invalid_image_library_is_refused(server: MockServer, body: bytes, code: str) -> None:
    """MaxCapacity is required; both numbers are at least 1."""
    assert error_of(send(server, "POST", "/ImageSearchBucket", body)) == (400, code)


WORDS = "<VocabularyWeights><Vocabulary>城</Vocabulary><Weight>{}</Weight></VocabularyWeights>"


def table(name: str = "towns", *, table_id: str = "", words: str = WORDS.format(3)) -> bytes:
    """A table of hot words."""
    named = f"<TableId>{table_id}</TableId>" if table_id else ""
    return f"<Request>{named}<TableName>{name}</TableName>{words}</Request>".encode()


def test_hot_word_table_is_returned_as_sent(server: MockServer) -> None:
    """An update replaces the table, lists page by offset, and the limit applies."""
    first, second = (
        str(value(Document.VOCABULARY_CHANGED, send(server, "POST", "/asrhotvocabtable", table(name)))["TableId"])
        for name in ("a", "b")
    )
    assert error_of(send(server, "POST", "/asrhotvocabtable", table("c"))) == (400, "CreatedTemplateNumLimit")
    body = table("a2", table_id=first, words=WORDS.format(1) + WORDS.format(2))
    assert send(server, "PUT", "/asrhotvocabtable", body)[0] == 200
    shown = value(Document.VOCABULARY_ANSWER, send(server, "GET", f"/asrhotvocabtable/{first}"))
    weights = [{"Vocabulary": "城", "Weight": str(n)} for n in (1, 2)]
    assert (shown["TableName"], shown["VocabularyWeights"]) == ("a2", weights)
    found = value(Document.VOCABULARY_LIST, send(server, "GET", "/asrhotvocabtable?offset=1&limit=1"))
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
def test_invalid_hot_word_request_is_refused(
    server: MockServer, method: str, target: str, body: bytes, code: str
) -> None:
    """Cases: unknown tables and invalid tables."""
    assert error_of(send(server, method, target, body)) == (400, code)


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("POST", "/", "PUT"),
        ("PATCH", "/template", "POST, GET, HEAD"),
        ("POST", "/template/t1", "PUT, DELETE"),
        ("DELETE", "/playKey", "POST, GET, HEAD, PUT"),
        ("GET", "/ImageSearchBucket", "POST"),
        ("DELETE", "/asrhotvocabtable", "POST, PUT, GET, HEAD"),
    ],
)
def test_wrong_method_on_resource_is_refused(server: MockServer, method: str, target: str, allow: str) -> None:
    """405 comes with the methods of the path."""
    answer = send(server, method, target)
    assert error_of(answer) == (405, "MethodNotAllowed")
    assert answer[1]["allow"] == allow
