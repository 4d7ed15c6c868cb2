"""The handlers of the console's pages. Each shows a view, or sends a form to the service and returns to a page."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import NoReturn

from jinja2 import Environment, PackageLoader, StrictUndefined
from lxml import etree
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from ciq_mock.callback_rule import TASK_FINISH, WORKFLOW_FINISH
from ciq_mock.clock import ScaledClock
from ciq_mock.console import actions, views
from ciq_mock.console.feed import ChangeFeed, TooManyStreamsError
from ciq_mock.console.forms import Form, read_form
from ciq_mock.console.texts import LANGUAGE_COOKIE, Language, Texts, chosen
from ciq_mock.console.timeline import MOST_JOBS, Bar, Words, pauses, picture
from ciq_mock.engine import Job, Queue, TimeOrder
from ciq_mock.mock import Mock
from ciq_mock.service.refusal import Refusal
from ciq_mock.store import StoreError
from ciq_mock.workflow import Node, RunFilter, WorkflowError
from ciq_schemas.features import FEATURES, Feature, feature_of_tag
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

_MOST_ROWS = 100
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_FIELD = re.compile(r"NotifyConfig[./](\w+)")
_NAMES = {
    "Url": "url", "Type": "type", "Event": "events", "ResultFormat": "format", "MqMode": "mq_mode",
    "MqRegion": "mq_region", "MqName": "mq_name", "State": "on",
}  # fmt: skip
"""Fields of the form of a callback rule, by the element that a refusal names."""
_LONGEST_SHOWN = 20_000


class Pages:
    """All pages of one mock."""

    def __init__(self, mock: Mock, *, writable: bool, reduced_log: bool) -> None:
        """Without `writable` no page has a form that changes the mock. With `reduced_log` deliveries have no cause."""
        self._mock = mock
        self._writable = writable
        self._reduced_log = reduced_log
        self._feed = ChangeFeed(mock)
        self._templates = Environment(
            loader=PackageLoader("ciq_mock.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["time"] = views.shown_time

    # --- pages that show ----------------------------------------------------------------------------------

    async def buckets(self, request: Request) -> Response:
        """Bucket management: all buckets."""
        wanted = request.query_params.get("bucket", "").strip()
        if wanted:
            return RedirectResponse(f"/_ciq/console/{_bucket_name(wanted)}/queues", 303)
        return self._page(request, "buckets.html", buckets=views.buckets(self._mock))

    async def queues(self, request: Request) -> Response:
        """The tab Queues and callbacks of a bucket."""
        bucket = _bucket_of(request)
        rows = views.queue_rows(self._mock, bucket)
        known = {row.feature for row in rows}
        return self._page(
            request,
            "queues.html",
            bucket=bucket,
            tab="queues",
            rows=rows,
            inactive=[feature for feature in FEATURES if feature not in known],
        )

    async def jobs(self, request: Request, *, problem: str = "", values: Mapping[str, str] | None = None) -> Response:
        """The tab Jobs of a bucket."""
        bucket = _bucket_of(request)
        form = Form.of(request.url.query)
        query = _job_query(form)
        queues = views.queue_rows(self._mock, bucket)
        paused = [row for row in queues if row.paused]
        return self._page(
            request,
            "jobs.html",
            status=409 if problem else 200,
            bucket=bucket,
            tab="jobs",
            page=views.job_list(self._mock, bucket, query),
            query=query,
            states=list(JobState),
            features=list(FEATURES),
            queues=queues,
            paused=paused,
            paused_features={row.feature for row in paused},
            tags=[(row.feature, tag) for row in queues for tag in FEATURES[row.feature].tags if not row.paused],
            problem=problem,
            values=values or {},
            next_url=_with(request, before=None),
        )

    async def job(self, request: Request, *, problem: str = "") -> Response:
        """One job."""
        job = self._job(request)
        row = views.JobRow.of(job, self._mock.clock.now())
        return self._page(
            request,
            "job.html",
            status=409 if problem else 200,
            bucket=job.bucket,
            tab="jobs",
            job=row,
            wait=views.WaitView.of(job) if job.waiting else None,
            attempts=self._mock.delivery.log.of(job.id),
            request_text=_shown_xml(b"<Request>" + job.input + job.operation + b"</Request>"),
            answer_text=self._answer_of(job),
            paused=job.queue.state is QueueState.PAUSED,
            problem=problem,
        )

    async def line(self, request: Request) -> Response:
        """The waiting line of a queue."""
        queue = self._queue(request)
        return self._page(
            request,
            "line.html",
            bucket=queue.bucket,
            tab="queues",
            queue=views.QueueRow.of(queue),
            rows=views.waiting_line(self._mock, queue),
        )

    async def timeline(self, request: Request) -> Response:
        """The tab Timeline of a bucket."""
        bucket = _bucket_of(request)
        words = self._texts(request)
        pictures: list[tuple[Queue, int, str]] = []
        for queue in views.active_queues(self._mock, bucket):
            bars = self._bars(queue)
            drawn_words = Words(
                title=f"{words('timeline')}: {queue.name}",
                paused=words("paused"),
                callback=words("attempt"),
                level=words("level"),
            )
            now = self._mock.clock.now()
            spans = pauses(queue.changes, now)
            pictures.append((queue, len(bars), picture(bars, spans, now, drawn_words, f"t{len(pictures)}")))
        return self._page(request, "timeline.html", bucket=bucket, tab="timeline", pictures=pictures)

    async def workflows(self, request: Request, *, problem: str = "") -> Response:
        """The tab Workflows of a bucket."""
        bucket = _bucket_of(request)
        workflows = self._mock.workflow_service.workflows
        found = workflows.of_bucket(bucket)
        runs = workflows.runs(
            self._mock.clock.now(), bucket, RunFilter(), order=TimeOrder.DESC, size=_MOST_ROWS, token=None
        ).records
        return self._page(
            request,
            "workflows.html",
            status=409 if problem else 200,
            bucket=bucket,
            tab="workflows",
            workflows=found,
            runs=runs,
            paused=[row for row in views.queue_rows(self._mock, bucket) if row.paused],
            disabled={one.id: self._paused_feature(one.plan.graph.nodes.values(), bucket) for one in found},
            problem=problem,
        )

    async def callbacks(self, request: Request) -> Response:
        """The attempts to deliver callbacks."""
        log = self._mock.delivery.log
        return self._page(
            request,
            "callbacks.html",
            log=log,
            pending=self._mock.delivery.pending,
            attempts=views.newest(log, _MOST_ROWS),
            reduced=self._reduced_log,
        )

    async def requests(self, request: Request) -> Response:
        """The newest requests, with the reason of each refusal."""
        refused = request.query_params.get("refused") == "1"
        entries = (entry for entry in self._mock.requests if entry.code or not refused)
        rows = views.newest(entries, _MOST_ROWS)
        return self._page(request, "requests.html", entries=rows, count=self._mock.requests.count, only_refused=refused)

    async def objects(self, request: Request) -> Response:
        """The objects of a bucket."""
        bucket = _bucket_name(request.query_params.get("bucket", self._mock.settings.bucket))
        found = self._mock.library.listed(bucket)
        return self._page(request, "objects.html", bucket=bucket, objects=found[:_MOST_ROWS], count=len(found))

    async def mock(self, request: Request) -> Response:
        """Clock, faults and dialects, and the reset."""
        settings = self._mock.settings
        return self._page(
            request,
            "mock.html",
            now=self._mock.clock.now(),
            settings=settings,
            scaled=isinstance(self._mock.clock, ScaledClock),
        )

    async def state_form(self, request: Request) -> Response:
        """The confirmation before a queue is enabled or paused."""
        self._need_writable()
        state = _state_of(request)
        return self._page(request, "confirm.html", bucket=_bucket_of(request), tab="queues", queue=self._queue(request),
                          pause=state is QueueState.PAUSED)  # fmt: skip

    async def rule_form(self, request: Request) -> Response:
        """The pop-up of the callback rule."""
        self._need_writable()
        queue = self._queue(request)
        return self._rule_page(request, queue, views.RuleView.of(queue.notify), {})

    async def events(self, request: Request) -> Response:
        """Server-sent events: the mock has changed."""
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        stream = self._feed.stream(last)
        try:
            first = await anext(stream)
        except TooManyStreamsError:
            return Response("too many live pages", 503, headers={"retry-after": "30"})

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for part in stream:
                yield part

        return StreamingResponse(whole(), media_type="text/event-stream")

    # --- forms that change --------------------------------------------------------------------------------

    async def set_state(self, request: Request) -> Response:
        """Enable or pause a queue."""
        queue, state = self._queue(request), _state_of(request)
        self._do(request, lambda: actions.set_state(self._mock, queue, state))
        return _to(request, f"/_ciq/console/{queue.bucket}/queues")

    async def set_rule(self, request: Request) -> Response:
        """Store the callback rule of a queue, or show what is wrong beside the field."""
        queue, form = self._queue(request), await read_form(request)
        rule = NotifyConfig(
            state="On" if form.text("on") == "On" else "Off",
            type=form.text("type") or "Url",
            url=form.text("url"),
            event=",".join(form.texts("events")),
            result_format=form.text("format") or None,
            mq_mode=form.text("mq_mode") or None,
            mq_region=form.text("mq_region") or None,
            mq_name=form.text("mq_name") or None,
        )
        try:
            actions.set_rule(self._mock, queue, rule)
        except (Refusal, actions.EncodeError) as error:
            found = _FIELD.search(str(error))
            field = _NAMES.get(found[1], "") if found else ""
            return self._rule_page(request, queue, views.RuleView.of(rule), {field: str(error)})
        except StoreError as error:
            text = self._texts(request)("not_saved", message=error)
            return self._rule_page(request, queue, views.RuleView.of(rule), {"": text})
        return _to(request, f"/_ciq/console/{queue.bucket}/queues")

    async def activate(self, request: Request) -> Response:
        """Activate a feature of a bucket."""
        bucket, form = _bucket_of(request), await read_form(request)
        feature = form.word("feature", {name.value: name for name in Feature})
        if feature is None:
            raise HTTPException(400, "feature is required")
        self._do(request, lambda: actions.activate(self._mock, bucket, Feature(feature)))
        return _to(request, f"/_ciq/console/{bucket}/queues")

    async def submit(self, request: Request) -> Response:
        """Submit a sample job."""
        bucket, form = _bucket_of(request), await read_form(request)
        tag = form.text("tag")
        feature = feature_of_tag(tag)
        if feature is None:
            raise HTTPException(400, f"tag {tag[:60]!r} is not known")
        values = {name: form.text(name) for name in ("tag", "source", "level", "callback")}
        if note := self._paused_note(request, bucket, feature):
            return await self.jobs(request, problem=note, values=values)
        problem = self._try(
            request,
            lambda: actions.submit(
                self._mock,
                bucket,
                tag=tag,
                feature=feature,
                source=values["source"],
                level=values["level"],
                callback=values["callback"],
            ),
        )
        if problem:
            return await self.jobs(request, problem=problem, values=values)
        return _to(request, f"/_ciq/console/{bucket}/jobs")

    async def cancel(self, request: Request) -> Response:
        """Cancel a waiting job."""
        job = self._job(request)
        problem = self._paused_note(request, job.bucket, job.feature) or self._try(
            request, lambda: actions.cancel(self._mock, job)
        )
        if problem:
            return await self.job(request, problem=problem)
        return _to(request, f"/_ciq/console/{job.bucket}/jobs/{job.id}")

    async def set_workflow_state(self, request: Request) -> Response:
        """Enable or pause a workflow."""
        bucket, state = _bucket_of(request), _state_of(request)
        workflow_id = request.path_params["workflow"]
        problem = self._try(request, lambda: actions.set_workflow_state(self._mock, bucket, workflow_id, state))
        if problem:
            return await self.workflows(request, problem=problem)
        return _to(request, f"/_ciq/console/{bucket}/workflows")

    async def trigger(self, request: Request) -> Response:
        """Start a run of a workflow."""
        bucket, form = _bucket_of(request), await read_form(request)
        workflow_id, source = request.path_params["workflow"], form.text("source")
        problem = self._workflow_note(request, bucket, workflow_id) or self._try(
            request, lambda: actions.trigger(self._mock, bucket, workflow_id, source)
        )
        if problem:
            return await self.workflows(request, problem=problem)
        return _to(request, f"/_ciq/console/{bucket}/workflows")

    async def advance(self, request: Request) -> Response:
        """Advance a manual clock."""
        seconds = (await read_form(request)).number("seconds")
        await self._mock.clock.advance(float(min(seconds or 0, 10 * 365 * 86400)))
        return _to(request, "/_ciq/console/mock")

    async def speed(self, request: Request) -> Response:
        """Set the speed of a scaled clock."""
        factor = (await read_form(request)).number("factor")
        if not isinstance(self._mock.clock, ScaledClock):
            raise HTTPException(409, f"a {self._mock.settings.clock.value} clock has no speed")
        if not factor or factor > 1_000_000:
            raise HTTPException(400, "factor must be from 1 to 1000000")
        self._mock.clock.scale(float(factor))
        return _to(request, "/_ciq/console/mock")

    async def reset(self, request: Request) -> Response:
        """Restore the state of the start."""
        await self._mock.reset()
        return _to(request, "/_ciq/console/mock")

    async def language(self, request: Request) -> Response:
        """Switch the language of the pages, and return to the page."""
        wanted = request.query_params.get("to", "")
        back = request.query_params.get("back", "/_ciq/")
        own = back.startswith("/_ciq/") and "\\" not in back and "//" not in back
        response = RedirectResponse(back if own else "/_ciq/", 303)
        if wanted in tuple(Language):
            response.set_cookie(
                LANGUAGE_COOKIE, wanted, path="/_ciq/", samesite="strict", httponly=True, max_age=365 * 86400
            )
        return response

    def error(self, request: Request, status: int, message: str) -> Response:
        """Return the page of an error."""
        return self._page(request, "error.html", status=status, code=status, message=message)

    # --- inside -------------------------------------------------------------------------------------------

    def _texts(self, request: Request) -> Texts:
        return Texts(chosen(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")))

    def _page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        texts = self._texts(request)
        back = request.url.path + (f"?{request.url.query}" if request.url.query and request.method == "GET" else "")
        page = self._templates.get_template(template).render(
            {"bucket": "", "tab": ""} | values,
            t=texts,
            other_language=Language.EN if texts.language is Language.ZH else Language.ZH,
            writable=self._writable,
            path=back,
            mock_time=self._mock.clock.now(),
            feed=self._feed.id,
            live=request.method == "GET",
        )
        return HTMLResponse(page, status)

    def _rule_page(self, request: Request, queue: Queue, rule: views.RuleView, problems: Mapping[str, str]) -> Response:
        return self._page(
            request,
            "rule.html",
            status=422 if problems else 200,
            bucket=queue.bucket,
            tab="queues",
            queue=queue,
            rule=rule,
            problems=problems,
            event_names=(TASK_FINISH,) if queue.feature is Feature.DOC else (TASK_FINISH, WORKFLOW_FINISH),
            has_formats=queue.feature is not Feature.DOC,
        )

    def _queue(self, request: Request) -> Queue:
        bucket, wanted = _bucket_of(request), request.path_params["queue"]
        for queue in views.active_queues(self._mock, bucket):
            if queue.id == wanted:
                return queue
        raise HTTPException(404, f"bucket {bucket} has no queue {wanted[:60]!r}")

    def _job(self, request: Request) -> Job:
        bucket, wanted = _bucket_of(request), request.path_params["job"]
        job = self._mock.engine.job(self._mock.clock.now(), bucket, wanted)
        self._mock.runner.wake()
        if job is None:
            raise HTTPException(404, f"bucket {bucket} has no job {wanted[:60]!r}")
        return job

    def _answer_of(self, job: Job) -> str:
        try:
            return _shown_xml(actions.describe(self._mock, job))
        except Refusal as refusal:
            return f"{refusal.code}: {refusal.message}"

    def _bars(self, queue: Queue) -> list[Bar]:
        log = self._mock.delivery.log
        bars: list[Bar] = []
        for job in self._mock.engine.newest_jobs(queue.bucket, queue.feature):
            if job.queue is not queue:
                continue
            if len(bars) == MOST_JOBS:
                break
            bars.append(
                Bar(
                    label=f"{job.tag} {job.id[-6:]}",
                    level=job.level,
                    state=job.state,
                    created=job.created,
                    started=job.started,
                    ended=job.ended,
                    callbacks=tuple((attempt.started, attempt.delivered) for attempt in log.of(job.id)),
                )
            )
        return bars[::-1]

    def _paused_note(self, request: Request, bucket: str, feature: Feature) -> str:
        """Return why the console offers no jobs of a feature, "" when it does."""
        for row in views.queue_rows(self._mock, bucket):
            if row.feature is feature and row.paused:
                texts = self._texts(request)
                return texts("disabled_note", name=row.name, feature=texts(feature.value))
        return ""

    def _paused_feature(self, nodes: Iterable[Node], bucket: str) -> Feature | None:
        """Return the first feature of the nodes whose queue is paused."""
        paused = views.paused_features(self._mock, bucket)
        features = (feature_of_tag(node.type) for node in nodes)
        return next((feature for feature in features if feature in paused), None)

    def _workflow_note(self, request: Request, bucket: str, workflow_id: str) -> str:
        try:
            workflow = self._mock.workflow_service.workflows.workflow(bucket, workflow_id)
        except WorkflowError as error:
            return str(error)
        feature = self._paused_feature(workflow.plan.graph.nodes.values(), bucket)
        return self._paused_note(request, bucket, feature) if feature else ""

    def _do(self, request: Request, action: Callable[[], None]) -> None:
        """Run an action; raise HTTPException 409 when the service refuses it."""
        if problem := self._try(request, action):
            raise HTTPException(409, problem)

    def _try(self, request: Request, action: Callable[[], None]) -> str:
        """Run an action; return the text of a refusal, "" when it succeeded."""
        texts = self._texts(request)
        try:
            action()
        except Refusal as refusal:
            return texts("refused", code=refusal.code, message=refusal.message)
        except actions.EncodeError as error:
            return texts("refused", code="InvalidArgument", message=error)
        except StoreError as error:
            return texts("not_saved", message=error)
        return ""

    def _need_writable(self) -> None:
        if not self._writable:
            _refuse_form()


def _refuse_form() -> NoReturn:
    raise HTTPException(403, "this console is read-only")


def _bucket_name(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise HTTPException(400, f"a bucket name has lower-case letters, digits and hyphens, not {text[:60]!r}")
    return text


def _bucket_of(request: Request) -> str:
    return _bucket_name(request.path_params["bucket"])


def _state_of(request: Request) -> QueueState:
    return QueueState.PAUSED if request.url.path.endswith("/pause") else QueueState.ACTIVE


def _job_query(form: Form) -> views.JobQuery:
    feature = form.word("feature", {name.value: name for name in Feature})
    state = form.word("state", {name.value: name for name in JobState})
    return views.JobQuery(
        feature=Feature(feature) if feature else None,
        state=JobState(state) if state else None,
        level=form.number("level"),
        name=form.text("name")[:200],
        before=form.number("before"),
    )


def _with(request: Request, **replaced: str | None) -> str:
    """Return the address of the page without some fields of its query, ready for further ones."""
    url = request.url.remove_query_params(list(replaced))
    return f"{url.path}?{url.query}&" if url.query else f"{url.path}?"


def _to(request: Request, path: str) -> Response:
    """Return to a page; a request of htmx gets a header, because it cannot see a redirect."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)


def _shown_xml(body: bytes) -> str:
    """Return a document of the mock with indentation, shortened."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        tree = etree.fromstring(body[: 1 << 20], parser)
    except etree.XMLSyntaxError:
        return body[:_LONGEST_SHOWN].decode("utf-8", "replace")
    text: str = etree.tostring(tree, pretty_print=True, encoding="unicode")
    return text[:_LONGEST_SHOWN]
