"""The console's pages without script: what they show, and that their forms do what the API does."""

import re
import subprocess
import sys
from importlib.resources import files

import pytest
import requests
from conftest import Visitor
from starlette.routing import Route

from ciq_mock.console.texts import Language, Texts, catalogue, chosen
from ciq_mock.server import MockServer
from ciq_mock.settings import AdminSettings, MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState

TABS = ("jobs", "workflows", "queues", "timeline")
TOKEN = "a-token-of-the-tests-0123"


def submit(visitor: Visitor, source: str = "input/a.mp4", level: str = "0", **more: str) -> str:
    """Submit a sample job in the console; return the page that follows."""
    return visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source=source, level=level, **more)


def test_buckets_lead_to_queues_with_names_states_and_rules(visitor: Visitor) -> None:
    """Bucket management, the bucket, the tab Queues and callbacks (1045/43607, 436/46412)."""
    assert f'href="{visitor.bucket}/queues"' in visitor.get("/_ciq/")
    page = visitor.get(f"{visitor.bucket}/queues")
    for text in ("queue-1", "queue-speech-1", "queue-doc-process-1", "Media processing", "File preview", "Active"):
        assert text in page
    assert page.count("Configure callback rule") == 3


def test_paused_queue_is_seen_by_api_and_console_alike(visitor: Visitor) -> None:
    """The form sends the API request; the page shows since when the queue is paused."""
    assert "Pause queue queue-1?" in visitor.get(f"{visitor.queue()}/pause")
    page = visitor.post(f"{visitor.queue()}/pause")
    assert "paused since" in page
    answer = requests.get(f"{visitor.server.url}/queue", timeout=10).text
    assert "<State>Paused</State>" in answer
    visitor.post(f"{visitor.queue()}/enable")
    assert all(queue.state is QueueState.ACTIVE for queue in visitor.server.queues)


def test_jobs_and_workflows_of_paused_feature_cannot_be_used(visitor: Visitor) -> None:
    """“You cannot use the job and workflow features on the console” (1045/43607); the page says why."""
    submit(visitor)
    waiting = submit(visitor, "input/b.mp4")
    job_id = re.findall(r'id="job-(\w+)"', waiting)[0]
    visitor.post(f"{visitor.queue()}/pause")
    for tab in ("jobs", "workflows"):
        assert "Queue queue-1 of Media processing is paused." in visitor.get(f"{visitor.bucket}/{tab}")
    assert "Transcode</option>" not in visitor.get(f"{visitor.bucket}/jobs")
    assert "is paused" in visitor.post(f"{visitor.bucket}/jobs", 409, tag="Transcode", source="input/c.mp4", level="0")
    assert "is paused" in visitor.post(f"{visitor.bucket}/jobs/{job_id}/cancel", 409)
    assert len(visitor.server.jobs) == 2
    assert visitor.post(f"{visitor.bucket}/jobs", tag="DocProcess", source="input/c.docx")
    assert len(visitor.server.jobs) == 3


def test_rule_is_stored_and_shown(visitor: Visitor) -> None:
    """Status, URL, events and format; the API returns what was set."""
    fields = {"on": "On", "type": "Url", "url": "http://127.0.0.1:9/cb?token=1", "format": "JSON"}
    page = visitor.post(f"{visitor.queue()}/rule", **fields, events=["TaskFinish", "WorkflowFinish"])
    assert "http://127.0.0.1:9/cb?token=1" in page
    answer = requests.get(f"{visitor.server.url}/queue", timeout=10).text
    assert "<Event>TaskFinish,WorkflowFinish</Event>" in answer
    assert "<ResultFormat>JSON</ResultFormat>" in answer
    form = visitor.get(f"{visitor.queue()}/rule")
    assert re.search(r'value="On"\s+checked', form)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"on": "On", "type": "Url", "events": "TaskFinish"}, "url"),
        ({"on": "On", "type": "Url", "url": "ftp://a.example/x", "events": "TaskFinish"}, "url"),
        ({"on": "On", "type": "Url", "url": "http://", "events": "TaskFinish"}, "url"),
        ({"on": "On", "type": "TDMQ", "mq_mode": "Queue", "mq_region": "bj", "events": "TaskFinish"}, "mq_name"),
        ({"on": "On", "type": "TDMQ", "mq_mode": "Queue", "mq_name": "q", "events": "TaskFinish"}, "mq_region"),
        ({"on": "On", "type": "Url", "url": "http://a.example/x"}, "events"),
        ({"on": "On", "type": "Pigeon", "url": "http://a.example/x", "events": "TaskFinish"}, "type"),
    ],
)
def test_wrong_rule_is_explained_beside_its_field(visitor: Visitor, fields: dict[str, str], field: str) -> None:
    """The form keeps what was entered; nothing is stored."""
    page = visitor.post(f"{visitor.queue()}/rule", 422, **fields)
    assert f'id="problem-{field}"' in page
    assert fields.get("url", "") in page
    assert all(not queue.callback_url for queue in visitor.server.queues)


def test_job_is_submitted_listed_explained_and_cancelled(visitor: Visitor) -> None:
    """The list filters; a waiting job says why it does not run; its page has request and answer."""
    submit(visitor, "input/first.mp4")
    submit(visitor, "input/low.mp4", "0")
    page = submit(visitor, "input/high.mp4", "2")
    assert page.index("input/high.mp4") < page.index("input/low.mp4") < page.index("input/first.mp4")
    assert "input/high.mp4" not in visitor.get(f"{visitor.bucket}/jobs?level=0&feature=media")
    assert "No job matches." in visitor.get(f"{visitor.bucket}/jobs?state=Failed")
    listed = visitor.get(f"{visitor.bucket}/jobs?name=low")
    (job_id,) = re.findall(r'id="job-(\w+)"', listed)
    job = visitor.get(f"{visitor.bucket}/jobs/{job_id}")
    assert "No worker is free: 1 of 1 jobs run." in job
    assert "1 waiting jobs start before it" in job
    assert "&lt;Object&gt;input/low.mp4&lt;/Object&gt;" in job
    assert f"&lt;JobId&gt;{job_id}&lt;/JobId&gt;" in job
    line = visitor.get(visitor.queue())
    assert line.index("input/high.mp4") < line.index("input/low.mp4")
    visitor.post(f"{visitor.bucket}/jobs/{job_id}/cancel")
    assert [one.state for one in visitor.server.jobs if one.job_id == job_id] == [JobState.CANCEL]


def test_names_of_jobs_are_escaped(visitor: Visitor) -> None:
    """A key is text on every page, also in the picture."""
    page = submit(visitor, "<script>alert(1)</script>'\"&")
    job_id = re.findall(r'id="job-(\w+)"', page)[0]
    for path in ("jobs", f"jobs/{job_id}", "timeline", "queues"):
        assert "<script>alert" not in visitor.get(f"{visitor.bucket}/{path}")


def test_refusal_of_service_is_shown(visitor: Visitor) -> None:
    """The form stays as it was filled in."""
    page = visitor.post(
        f"{visitor.bucket}/jobs", 409, tag="Transcode", source="input/a.mp4", level="0", callback="ftp://a/b"
    )
    assert "The service refused the request: InvalidArgument" in page
    assert "ftp://a/b" in page


def test_list_continues_with_older_jobs(visitor: Visitor) -> None:
    """The next page begins behind the last job."""
    for number in range(27):
        submit(visitor, f"input/{number:02}.mp4")
    page = visitor.get(f"{visitor.bucket}/jobs?feature=media")
    assert page.count('id="job-') == 25
    (more,) = re.findall(r'href="([^"]+before=\d+)"', page)
    older = visitor.get(more.replace("&amp;", "&"))
    assert re.findall(r"input/(\d\d)\.mp4</code>", older) == ["01", "00"]


def test_feature_is_activated_in_another_bucket(visitor: Visitor) -> None:
    """A bucket is opened by its name."""
    page = visitor.get("/_ciq/?bucket=other-1250000000")
    assert "No feature is active" in page
    visitor.post("/_ciq/console/other-1250000000/activate", feature="media")
    assert ("other-1250000000", "queue-1") in {(queue.bucket, queue.name) for queue in visitor.server.queues}
    assert "other-1250000000" in visitor.get("/_ciq/")


def test_requests_callbacks_objects_and_clock_are_shown(visitor: Visitor) -> None:
    """A refused request says why; a failed callback has its cause."""
    requests.get(f"{visitor.server.url}/queue?pageSize=0", timeout=10)
    requests.put(f"{visitor.server.url}/_objects/{visitor.server.bucket}/in/a.txt", data=b"abc", timeout=10)
    submit(visitor, "input/a.mp4", callback="http://127.0.0.1:1/cb")
    visitor.server.advance(300)
    assert "InvalidArgument" in visitor.get("/_ciq/console/requests?refused=1")
    page = visitor.get("/_ciq/console/callbacks")
    assert "http://127.0.0.1:1/cb" in page
    assert "&lt;EventName&gt;TaskFinish&lt;/EventName&gt;" in page
    assert "in/a.txt" in visitor.get("/_ciq/console/objects")
    assert "real clock" in visitor.get("/_ciq/console/mock")
    assert "triangle" in visitor.get(f"{visitor.bucket}/timeline").lower()


def test_callback_is_sent_again_and_next_attempt_is_shown(visitor: Visitor) -> None:
    """A retry waits for its time; the form of an attempt sends the callback once more."""
    page = submit(visitor, callback="http://127.0.0.1:1/cb")
    job_id = re.findall(r'id="job-(\w+)"', page)[0]
    visitor.server.advance(60)
    assert "next attempt" in visitor.get(f"{visitor.bucket}/jobs/{job_id}")
    visitor.server.advance(60)
    before = len(visitor.server.deliveries)
    assert "Send again" in visitor.post(f"{visitor.bucket}/jobs/{job_id}/redeliver")
    visitor.server.advance(60)
    assert len(visitor.server.deliveries) > before
    unsent = re.findall(r'id="job-(\w+)"', submit(visitor))[0]
    visitor.post(f"{visitor.bucket}/jobs/{unsent}/redeliver", 409)


def test_clock_is_stopped_advanced_and_started(visitor: Visitor) -> None:
    """A stopped clock moves by the form only."""
    submit(visitor)
    assert "The clock is stopped." in visitor.post("/_ciq/console/clock/speed", factor="0")
    stopped = visitor.server.now()
    assert visitor.server.now() == stopped
    visitor.post("/_ciq/console/clock/advance", seconds="61")
    assert visitor.server.now() == stopped + 61
    assert [job.state for job in visitor.server.jobs] == [JobState.SUCCESS]
    assert "The clock is stopped." not in visitor.post("/_ciq/console/clock/speed", factor="1")
    visitor.post("/_ciq/console/clock/speed", 400, factor="1000001")
    assert visitor.server.now() > stopped + 61


def test_pages_are_loaded_at_the_first_visit() -> None:
    """A mock without visitors imports no template engine, also when the admin API is used."""
    program = (
        "import sys, urllib.request\n"
        "from ciq_mock.server import MockServer\n"
        "with MockServer() as server:\n"
        "    urllib.request.urlopen(server.url + '/_ciq/health').close()\n"
        "    print('jinja2' in sys.modules, 'ciq_mock.console.pages' in sys.modules)\n"
        "    urllib.request.urlopen(server.url + '/_ciq/').close()\n"
        "    print('jinja2' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_ciq/console/UPPER/jobs", 400),
        ("/_ciq/console/b-1/jobs?state=Lost", 400),
        ("/_ciq/console/b-1/jobs?level=-1", 400),
        ("/_ciq/console/b-1/jobs?before=99999999999999999999", 400),
        ("/_ciq/console/b-1/jobs/j1", 404),
        ("/_ciq/console/b-1/queues/p1", 404),
        ("/_ciq/console/static/pages.py", 404),
        ("/_ciq/console/static/..%2fapp.py", 404),
        ("/_ciq/console/nothing", 404),
        ("/_ciq/console/b-1/jobs?" + "a=1&" * 200, 400),
    ],
)
def test_wrong_address_has_page_with_reason(visitor: Visitor, path: str, status: int) -> None:
    """A browser gets a page, a program JSON."""
    assert "<h1>" in visitor.get(path, status)
    answer = requests.get(visitor.server.url + path, timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["error"]


def test_long_form_is_refused(visitor: Visitor) -> None:
    """A form has a limit."""
    visitor.post(f"{visitor.bucket}/jobs", 413, tag="Transcode", source="a" * 70_000)


def test_policy_of_pages_allows_no_foreign_content(visitor: Visitor) -> None:
    """No page has a style or script of its own, or an address outside the console."""
    submit(visitor)
    pages = ["/_ciq/", *(f"{visitor.bucket}/{tab}" for tab in TABS)]
    pages += [f"/_ciq/console/{name}" for name in ("callbacks", "requests", "objects", "mock")]
    pages += [visitor.queue(), f"{visitor.queue()}/rule", f"{visitor.queue()}/pause"]
    for path in pages:
        answer = visitor.session.get(visitor.server.url + path, timeout=10)
        policy = answer.headers["content-security-policy"]
        assert "'unsafe" not in policy
        assert "script-src 'self'" in policy
        assert not re.search(r"<script>|<script [^>]*>[^<]|\sstyle=|\son\w+=|javascript:", answer.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_every_text_is_in_both_languages_and_used() -> None:
    """Pages of the catalogue differ in language only."""
    texts = catalogue()
    assert set(texts[Language.EN]) == set(texts[Language.ZH])
    for key, english in texts[Language.EN].items():
        placeholders = re.findall(r"\{(\w+)\}", english)
        assert sorted(placeholders) == sorted(re.findall(r"\{(\w+)\}", texts[Language.ZH][key])), key
    sources = [path.read_text(encoding="utf-8") for path in (files("ciq_mock.console") / "templates").iterdir()]
    sources += [
        (files("ciq_mock.console") / name).read_text(encoding="utf-8") for name in ("pages.py", "form_handlers.py")
    ]
    named = set(re.findall(r"[\"']([a-z_]+)[\"']", "\n".join(sources))) | {feature.value for feature in Feature}
    derived = {key for key in texts[Language.EN] if key.startswith("short_")}
    assert set(texts[Language.EN]) - named - derived == set()


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", Language.EN),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("", "de,en;q=0.5,zh;q=0.4", Language.EN),
        ("", "en;q=0.3,zh;q=0.4", Language.ZH),
        ("en", "zh-CN", Language.EN),
        ("xx", "zh-CN;q=nan", Language.EN),
    ],
)
def test_language_follows_cookie_then_browser(cookie: str, accepted: str, language: Language) -> None:
    """Unknown languages and weights are ignored."""
    assert chosen(cookie, accepted) is language


def test_language_is_switched_by_link(visitor: Visitor) -> None:
    """The link returns to the page, and to no other site."""
    assert 'lang="en"' in visitor.get("/_ciq/")
    assert Texts(Language.ZH)("buckets") in visitor.get("/_ciq/console/language?to=zh&back=/_ciq/")
    answer = visitor.session.get(
        f"{visitor.server.url}/_ciq/console/language?to=en&back=//evil.example", allow_redirects=False, timeout=10
    )
    assert answer.headers["location"] == "/_ciq/"


def writing_routes() -> list[str]:
    """Every route of the admin pages and the console that changes the mock, with sample values."""
    from ciq_mock.admin.app import admin_app
    from ciq_mock.console.app import console_app

    routes = [*admin_app(None).routes, *console_app(None).routes]  # type: ignore[arg-type]  # routes need no mock
    return [
        re.sub(r"\{\w+\}", "b-1", route.path)
        for route in routes
        if isinstance(route, Route) and "POST" in (route.methods or ())
    ]


def test_read_only_mock_refuses_every_route_that_writes() -> None:
    """The server decides; no page shows a form that changes the mock."""
    settings = MockSettings(activated=(Feature.MEDIA,), admin=AdminSettings(read_only=True))
    with MockServer(settings) as server:
        visitor = Visitor(server)
        routes = writing_routes()
        assert len(routes) > 10
        for path in routes:
            visitor.post(path, 403)
        for path in ("/_ciq/", *(f"{visitor.bucket}/{tab}" for tab in TABS), "/_ciq/console/mock", visitor.queue()):
            page = visitor.get(path)
            assert "read-only" in page
            assert 'method="post"' not in page
            assert "/rule" not in page
        for form in ("rule", "pause", "enable"):
            visitor.get(f"{visitor.queue()}/{form}", 403)


def test_login_sets_cookie_without_the_token() -> None:
    """By the printed link or by the form; a wrong token is refused; without login a browser is led to the form."""
    with MockServer(MockSettings(admin=AdminSettings(token=TOKEN)), host="0.0.0.0") as server:
        visitor = Visitor(server)
        url = f"http://127.0.0.1:{server.port}"
        assert requests.get(f"{url}/_ciq/", timeout=10).status_code == 401
        page = visitor.session.get(f"{url}/_ciq/", timeout=10)
        assert page.url.endswith("/_ciq/login")
        assert "Admin token" in page.text
        wrong = visitor.session.post(f"{url}/_ciq/login", data={"token": "wrong"}, timeout=10)
        assert (wrong.status_code, "The token is wrong." in wrong.text) == (403, True)
        right = visitor.session.get(f"{url}/_ciq/login?token={TOKEN}", timeout=10)
        assert right.url.endswith("/_ciq/")
        cookie = right.history[0].headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        form = requests.post(f"{url}/_ciq/login", data={"token": TOKEN}, allow_redirects=False, timeout=10)
        assert form.status_code == 303
        cross = visitor.session.post(f"{url}/_ciq/reset", headers={"Origin": "http://evil.example"}, timeout=10)
        assert cross.status_code == 403
