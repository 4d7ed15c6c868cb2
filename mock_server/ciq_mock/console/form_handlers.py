"""The handlers of the console's forms: each sends a request to the service and returns to a page."""

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ciq_mock.callback_wait import redeliver
from ciq_mock.clock import ScaledClock
from ciq_mock.console import actions, views
from ciq_mock.console.forms import read_form
from ciq_mock.console.pages import Pages
from ciq_mock.console.rendering import Renderer, back_to, bucket_of, job_of, queue_of, state_of
from ciq_mock.service.refusal import Refusal
from ciq_mock.store import StoreError
from ciq_mock.workflow import WorkflowError
from ciq_schemas.features import Feature, feature_of_tag
from ciq_schemas.values import NotifyConfig

_FIELD = re.compile(r"NotifyConfig[./](\w+)")
_NAMES = {
    "Url": "url", "Type": "type", "Event": "events", "ResultFormat": "format", "MqMode": "mq_mode",
    "MqRegion": "mq_region", "MqName": "mq_name", "State": "on",
}  # fmt: skip
"""Fields of the form of a callback rule, by the element that a refusal names."""


class FormHandlers:
    """The handlers of the forms."""

    def __init__(self, renderer: Renderer, pages: Pages) -> None:
        self._mock = renderer.mock
        self._renderer = renderer
        self._pages = pages

    async def set_state(self, request: Request) -> Response:
        """Enable or pause a queue."""
        queue, state = queue_of(self._mock, request), state_of(request)
        self._do(request, lambda: actions.set_state(self._mock, queue, state))
        return back_to(request, f"/_ciq/console/{queue.bucket}/queues")

    async def set_rule(self, request: Request) -> Response:
        """Store the callback rule of a queue, or show what is wrong beside the field."""
        queue, form = queue_of(self._mock, request), await read_form(request)
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
            return self._pages.rule_page(request, queue, views.RuleView.of(rule), {field: str(error)})
        except StoreError as error:
            text = self._renderer.texts(request)("not_saved", message=error)
            return self._pages.rule_page(request, queue, views.RuleView.of(rule), {"": text})
        return back_to(request, f"/_ciq/console/{queue.bucket}/queues")

    async def activate(self, request: Request) -> Response:
        """Activate a feature of a bucket."""
        bucket, form = bucket_of(request), await read_form(request)
        feature = form.word("feature", {name.value: name for name in Feature})
        if feature is None:
            raise HTTPException(400, "feature is required")
        self._do(request, lambda: actions.activate(self._mock, bucket, Feature(feature)))
        return back_to(request, f"/_ciq/console/{bucket}/queues")

    async def submit(self, request: Request) -> Response:
        """Submit a sample job."""
        bucket, form = bucket_of(request), await read_form(request)
        tag = form.text("tag")
        feature = feature_of_tag(tag)
        if feature is None:
            raise HTTPException(400, f"tag {tag[:60]!r} is not known")
        values = {name: form.text(name) for name in ("tag", "source", "level", "callback")}
        if note := self._paused_note(request, bucket, feature):
            return await self._pages.jobs(request, problem=note, values=values)
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
            return await self._pages.jobs(request, problem=problem, values=values)
        return back_to(request, f"/_ciq/console/{bucket}/jobs")

    async def cancel(self, request: Request) -> Response:
        """Cancel a waiting job."""
        job = job_of(self._mock, request)
        problem = self._paused_note(request, job.bucket, job.feature) or self._try(
            request, lambda: actions.cancel(self._mock, job)
        )
        if problem:
            return await self._pages.job(request, problem=problem)
        return back_to(request, f"/_ciq/console/{job.bucket}/jobs/{job.id}")

    async def redeliver(self, request: Request) -> Response:
        """Send the callback of a job once more."""
        job = job_of(self._mock, request)
        try:
            redeliver(self._mock, job.id)
        except (LookupError, ValueError) as error:
            return await self._pages.job(request, problem=str(error))
        return back_to(request, f"/_ciq/console/{job.bucket}/jobs/{job.id}")

    async def set_workflow_state(self, request: Request) -> Response:
        """Enable or pause a workflow."""
        bucket, state = bucket_of(request), state_of(request)
        workflow_id = request.path_params["workflow"]
        problem = self._try(request, lambda: actions.set_workflow_state(self._mock, bucket, workflow_id, state))
        if problem:
            return await self._pages.workflows(request, problem=problem)
        return back_to(request, f"/_ciq/console/{bucket}/workflows")

    async def trigger(self, request: Request) -> Response:
        """Start a run of a workflow."""
        bucket, form = bucket_of(request), await read_form(request)
        workflow_id, source = request.path_params["workflow"], form.text("source")
        problem = self._workflow_note(request, bucket, workflow_id) or self._try(
            request, lambda: actions.trigger(self._mock, bucket, workflow_id, source)
        )
        if problem:
            return await self._pages.workflows(request, problem=problem)
        return back_to(request, f"/_ciq/console/{bucket}/workflows")

    async def advance(self, request: Request) -> Response:
        """Advance the clock."""
        seconds = (await read_form(request)).number("seconds")
        await self._mock.clock.advance(float(min(seconds or 0, 10 * 365 * 86400)))
        return back_to(request, "/_ciq/console/mock")

    async def speed(self, request: Request) -> Response:
        """Set the speed of a real or scaled clock; 0 stops it."""
        factor = (await read_form(request)).number("factor")
        if not isinstance(self._mock.clock, ScaledClock):
            raise HTTPException(409, f"a {self._mock.settings.clock.value} clock has no speed")
        if factor is None or factor > 1_000_000:
            raise HTTPException(400, "factor must be from 0 to 1000000")
        self._mock.clock.scale(float(factor))
        return back_to(request, "/_ciq/console/mock")

    async def reset(self, request: Request) -> Response:
        """Restore the state of the start."""
        await self._mock.reset()
        return back_to(request, "/_ciq/console/mock")

    # --- inside ---------------------------------------------------------------------------------------------

    def _paused_note(self, request: Request, bucket: str, feature: Feature) -> str:
        """Return why the console offers no jobs of a feature, "" when it does."""
        for row in views.queue_rows(self._mock, bucket):
            if row.feature is feature and row.paused:
                texts = self._renderer.texts(request)
                return texts("disabled_note", name=row.name, feature=texts(feature.value))
        return ""

    def _workflow_note(self, request: Request, bucket: str, workflow_id: str) -> str:
        try:
            workflow = self._mock.workflow_service.workflows.workflow(bucket, workflow_id)
        except WorkflowError as error:
            return str(error)
        feature = self._pages.paused_feature(workflow.plan.graph.nodes.values(), bucket)
        return self._paused_note(request, bucket, feature) if feature else ""

    def _do(self, request: Request, action: Callable[[], None]) -> None:
        """Run an action; raise HTTPException 409 when the service refuses it."""
        if problem := self._try(request, action):
            raise HTTPException(409, problem)

    def _try(self, request: Request, action: Callable[[], None]) -> str:
        """Run an action; return the text of a refusal, "" when it succeeded."""
        texts = self._renderer.texts(request)
        try:
            action()
        except Refusal as refusal:
            return texts("refused", code=refusal.code, message=refusal.message)
        except actions.EncodeError as error:
            return texts("refused", code="InvalidArgument", message=error)
        except StoreError as error:
            return texts("not_saved", message=error)
        return ""
