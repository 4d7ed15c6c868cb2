"""The pages that show a mock. They change nothing."""

from collections.abc import AsyncIterator, Iterable, Mapping

from lxml import etree
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from ciq_mock.callback_rule import TASK_FINISH, WORKFLOW_FINISH
from ciq_mock.clock import ScaledClock
from ciq_mock.console import actions, views
from ciq_mock.console.feed import TooManyStreamsError
from ciq_mock.console.forms import Form
from ciq_mock.console.rendering import Renderer, bucket_name, bucket_of, job_of, queue_of, state_of
from ciq_mock.console.texts import LANGUAGE_COOKIE, Language
from ciq_mock.console.timeline import MOST_JOBS, Bar, Words, pauses, picture
from ciq_mock.delivery import Attempt
from ciq_mock.engine import Job, Queue, TimeOrder
from ciq_mock.service.refusal import Refusal
from ciq_mock.workflow import Node, RunFilter
from ciq_schemas.features import FEATURES, Feature, feature_of_tag
from ciq_schemas.lifecycle import JobState, QueueState

_MOST_ROWS = 100
_MOST_UPCOMING = 50


class Pages:
    """The pages that show one mock."""

    def __init__(self, renderer: Renderer, *, reduced_log: bool) -> None:
        """With `reduced_log` deliveries have no cause."""
        self._mock = renderer.mock
        self._renderer = renderer
        self._reduced_log = reduced_log

    async def buckets(self, request: Request) -> Response:
        """Bucket management: all buckets."""
        wanted = request.query_params.get("bucket", "").strip()
        if wanted:
            return RedirectResponse(f"/_ciq/console/{bucket_name(wanted)}/queues", 303)
        return self._renderer.page(request, "buckets.html", buckets=views.buckets(self._mock))

    async def queues(self, request: Request) -> Response:
        """The tab Queues and callbacks of a bucket."""
        bucket = bucket_of(request)
        rows = views.queue_rows(self._mock, bucket)
        known = {row.feature for row in rows}
        return self._renderer.page(
            request,
            "queues.html",
            bucket=bucket,
            tab="queues",
            rows=rows,
            inactive=[feature for feature in FEATURES if feature not in known],
        )

    async def jobs(self, request: Request, *, problem: str = "", values: Mapping[str, str] | None = None) -> Response:
        """The tab Jobs of a bucket."""
        bucket = bucket_of(request)
        form = Form.of(request.url.query)
        query = _job_query(form)
        queues = views.queue_rows(self._mock, bucket)
        paused = [row for row in queues if row.paused]
        return self._renderer.page(
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
            tags=[(row.feature, tag) for row in queues for tag in FEATURES[row.feature].tags if not row.paused],
            problem=problem,
            values=values or {},
            next_url=_with(request, before=None),
        )

    async def job(self, request: Request, *, problem: str = "") -> Response:
        """One job."""
        job = job_of(self._mock, request)
        row = views.JobRow.of(job, self._mock.clock.now())
        return self._renderer.page(
            request,
            "job.html",
            status=409 if problem else 200,
            bucket=job.bucket,
            tab="jobs",
            job=row,
            wait=views.WaitView.of(job) if job.waiting else None,
            attempts=[self._attempt(one) for one in self._mock.delivery.log.of(job.id)],
            upcoming=views.upcoming_rows(self._mock, _MOST_UPCOMING, job.id),
            request_text=_shown_xml(b"<Request>" + job.input + job.operation + b"</Request>"),
            answer_text=self._answer_of(job),
            paused=job.queue.state is QueueState.PAUSED,
            problem=problem,
        )

    async def line(self, request: Request) -> Response:
        """The waiting line of a queue."""
        queue = queue_of(self._mock, request)
        return self._renderer.page(
            request,
            "line.html",
            bucket=queue.bucket,
            tab="queues",
            queue=views.QueueRow.of(queue),
            rows=views.waiting_line(self._mock, queue),
        )

    async def timeline(self, request: Request) -> Response:
        """The tab Timeline of a bucket."""
        bucket = bucket_of(request)
        words = self._renderer.texts(request)
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
        return self._renderer.page(request, "timeline.html", bucket=bucket, tab="timeline", pictures=pictures)

    async def workflows(self, request: Request, *, problem: str = "") -> Response:
        """The tab Workflows of a bucket."""
        bucket = bucket_of(request)
        workflows = self._mock.workflow_service.workflows
        found = workflows.of_bucket(bucket)
        runs = workflows.runs(
            self._mock.clock.now(), bucket, RunFilter(), order=TimeOrder.DESC, size=_MOST_ROWS, token=None
        ).records
        return self._renderer.page(
            request,
            "workflows.html",
            status=409 if problem else 200,
            bucket=bucket,
            tab="workflows",
            workflows=found,
            runs=runs,
            paused=[row for row in views.queue_rows(self._mock, bucket) if row.paused],
            disabled={one.id: self.paused_feature(one.plan.graph.nodes.values(), bucket) for one in found},
            problem=problem,
        )

    async def callbacks(self, request: Request) -> Response:
        """The attempts to deliver callbacks."""
        log = self._mock.delivery.log
        return self._renderer.page(
            request,
            "callbacks.html",
            log=log,
            pending=self._mock.delivery.pending,
            attempts=[self._attempt(one) for one in views.newest(log, _MOST_ROWS)],
            upcoming=views.upcoming_rows(self._mock, _MOST_UPCOMING),
        )

    async def requests(self, request: Request) -> Response:
        """The newest requests, with the reason of each refusal."""
        refused = request.query_params.get("refused") == "1"
        entries = (entry for entry in self._mock.requests if entry.code or not refused)
        rows = views.newest(entries, _MOST_ROWS)
        return self._renderer.page(
            request, "requests.html", entries=rows, count=self._mock.requests.count, only_refused=refused
        )

    async def objects(self, request: Request) -> Response:
        """The objects of a bucket."""
        bucket = bucket_name(request.query_params.get("bucket", self._mock.settings.bucket))
        found = self._mock.library.listed(bucket)
        return self._renderer.page(request, "objects.html", bucket=bucket, objects=found[:_MOST_ROWS], count=len(found))

    async def mock(self, request: Request) -> Response:
        """Clock, faults and dialects, and the reset."""
        settings = self._mock.settings
        return self._renderer.page(
            request,
            "mock.html",
            now=self._mock.clock.now(),
            settings=settings,
            clock_factor=self._mock.clock.factor if isinstance(self._mock.clock, ScaledClock) else None,
        )

    async def state_form(self, request: Request) -> Response:
        """The confirmation before a queue is enabled or paused."""
        self._need_writable()
        state = state_of(request)
        return self._renderer.page(
            request,
            "confirm.html",
            bucket=bucket_of(request),
            tab="queues",
            queue=queue_of(self._mock, request),
            pause=state is QueueState.PAUSED,
        )

    async def rule_form(self, request: Request) -> Response:
        """The pop-up of the callback rule."""
        self._need_writable()
        queue = queue_of(self._mock, request)
        return self.rule_page(request, queue, views.RuleView.of(queue.notify), {})

    async def events(self, request: Request) -> Response:
        """Server-sent events: the mock has changed."""
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        stream = self._renderer.feed.stream(last)
        try:
            first = await anext(stream)
        except TooManyStreamsError:
            return Response("too many live pages", 503, headers={"retry-after": "30"})

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for part in stream:
                yield part

        return StreamingResponse(whole(), media_type="text/event-stream")

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

    # --- inside ---------------------------------------------------------------------------------------------

    def _attempt(self, attempt: Attempt) -> views.AttemptRow:
        return views.attempt_row(self._mock, attempt, reduced=self._reduced_log)

    def rule_page(self, request: Request, queue: Queue, rule: views.RuleView, problems: Mapping[str, str]) -> Response:
        return self._renderer.page(
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

    def _answer_of(self, job: Job) -> str:
        try:
            return _shown_xml(actions.describe(self._mock, job))
        except Refusal as refusal:
            return f"{refusal.code}: {refusal.message}"

    def _bars(self, queue: Queue) -> list[Bar]:
        jobs = views.newest_jobs(self._mock, queue, MOST_JOBS)
        attempts = self._mock.delivery.log.of_each([job.id for job in jobs])
        return [
            Bar(
                label=f"{job.tag} {job.id[-6:]}",
                level=job.level,
                state=job.state,
                created=job.created,
                started=job.started,
                ended=job.ended,
                callbacks=tuple((attempt.started, attempt.delivered) for attempt in attempts[job.id]),
            )
            for job in jobs
        ]

    def paused_feature(self, nodes: Iterable[Node], bucket: str) -> Feature | None:
        """Return the first feature of the nodes whose queue is paused."""
        paused = views.paused_features(self._mock, bucket)
        features = (feature_of_tag(node.type) for node in nodes)
        return next((feature for feature in features if feature in paused), None)

    def _need_writable(self) -> None:
        if not self._renderer.writable:
            raise HTTPException(403, "this console is read-only")


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


def _shown_xml(body: bytes) -> str:
    """Return a document of the mock with indentation, shortened."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        tree = etree.fromstring(body[: 1 << 20], parser)
    except etree.XMLSyntaxError:
        return body[: views.LONGEST_SHOWN].decode("utf-8", "replace")
    text: str = etree.tostring(tree, pretty_print=True, encoding="unicode")
    return text[: views.LONGEST_SHOWN]
