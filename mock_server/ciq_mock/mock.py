"""The mock put together: engine, clock, delivery, service and control, all on one event loop.

Knows every room by name. Must not know threads, sockets or command lines.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from starlette.types import Scope

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.clock import Clock, make_clock
from ciq_mock.engine import Ended, EngineError, Event, Job
from ciq_mock.http.app import CheckSignature
from ciq_mock.http.error_form import write_error
from ciq_mock.http.identity import RequestIds
from ciq_mock.http.object_app import ObjectApp
from ciq_mock.http.protocol import Outbox
from ciq_mock.http.request_log import RequestLog
from ciq_mock.http.router import Router
from ciq_mock.http.signature import SignedRequest, check
from ciq_mock.http.target import HostReader, Place
from ciq_mock.ids import IdSource, RandomIds
from ciq_mock.objects import ObjectStore, Outputs
from ciq_mock.overrides import Components, Override, overridden_settings
from ciq_mock.resources import BucketResources, ResourceError
from ciq_mock.results import READS_CONTENT
from ciq_mock.results.cache import ResultCache
from ciq_mock.runner import Runner
from ciq_mock.service import (
    activation,
    batch_calls,
    binding_calls,
    further_calls,
    job_calls,
    queue_calls,
    submit,
    template_calls,
    vocabulary_calls,
    workflow_calls,
    workflow_documents,
)
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, refusal_of, refusal_of_resource, refusal_of_workflow
from ciq_mock.service.job_documents import callback_body
from ciq_mock.settings import Credentials, MockSettings
from ciq_mock.store import MemoryStore, Store
from ciq_mock.workflow import Run, WorkflowError
from ciq_mock.workflow.service import WorkflowService
from ciq_schemas.lifecycle import JobState
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind

_OF_FEATURES: Mapping[OperationKind, Callable[[ServiceContext, FeatureOperation, Call], Answer]] = MappingProxyType(
    {
        OperationKind.ACTIVATE: activation.activate,
        OperationKind.LIST_BUCKETS: activation.list_buckets,
        OperationKind.DEACTIVATE: activation.deactivate,
        OperationKind.LIST_QUEUES: queue_calls.list_queues,
        OperationKind.UPDATE_QUEUE: queue_calls.update_queue,
        OperationKind.SUBMIT_JOB: submit.submit,
        OperationKind.DESCRIBE_JOB: job_calls.describe,
        OperationKind.LIST_JOBS: job_calls.list_jobs,
        OperationKind.CANCEL_JOB: job_calls.cancel,
    }
)
_OTHERS: Mapping[OperationKind, Callable[[ServiceContext, Call], Answer]] = MappingProxyType(
    {
        OperationKind.BIND_BUCKET: binding_calls.bind,
        OperationKind.LIST_BOUND: binding_calls.list_bound,
        OperationKind.CREATE_TEMPLATE: template_calls.create,
        OperationKind.UPDATE_TEMPLATE: template_calls.update,
        OperationKind.LIST_TEMPLATES: template_calls.list_templates,
        OperationKind.DELETE_TEMPLATE: template_calls.delete,
        OperationKind.GET_PLAY_KEY: further_calls.get_play_key,
        OperationKind.UPDATE_PLAY_KEY: further_calls.update_play_key,
        OperationKind.OPEN_IMAGE_SEARCH: further_calls.open_image_search,
        OperationKind.CREATE_VOCABULARY: vocabulary_calls.create,
        OperationKind.UPDATE_VOCABULARY: vocabulary_calls.update,
        OperationKind.GET_VOCABULARY: vocabulary_calls.get,
        OperationKind.LIST_VOCABULARIES: vocabulary_calls.list_tables,
        OperationKind.DELETE_VOCABULARY: vocabulary_calls.delete,
        OperationKind.CREATE_WORKFLOW: workflow_calls.create,
        OperationKind.UPDATE_WORKFLOW: workflow_calls.update,
        OperationKind.LIST_WORKFLOWS: workflow_calls.list_workflows,
        OperationKind.DELETE_WORKFLOW: workflow_calls.delete,
        OperationKind.TRIGGER_WORKFLOW: workflow_calls.trigger,
        OperationKind.LIST_RUNS: workflow_calls.list_runs,
        OperationKind.DESCRIBE_RUN: workflow_calls.describe_run,
        OperationKind.CREATE_BATCH: batch_calls.create,
        OperationKind.LIST_BATCHES: batch_calls.list_batches,
        OperationKind.DESCRIBE_BATCH: batch_calls.describe,
        OperationKind.CANCEL_BATCH: batch_calls.cancel,
    }
)


class Mock:
    """One mock service. Make it inside the event loop it is to live on; `start`, then `close`."""

    def __init__(
        self,
        settings: MockSettings,
        *,
        overrides: Sequence[Override] = (),
        ids: IdSource | None = None,
        wall_clock: Callable[[], float] = time.time,
        clock: Clock | None = None,
        store: Store | None = None,
    ) -> None:
        """`overrides`: the faults and dialects to apply, in this order; the names in `settings` are not read here.
        `wall_clock` checks the age of signatures: clients sign by the real time, whatever the mock's clock shows.
        Raises JournalError when `store` holds a state that cannot be read."""
        self.settings = settings = overridden_settings(settings, overrides)
        parts = Components(overrides)
        self._store = store = store or MemoryStore()
        start = store.start_time(settings.start_time)
        self.clock = clock or make_clock(settings.clock, factor=settings.clock_factor, start=start)
        ids = ids or RandomIds(seed=store.seed(settings.seed))
        self.engine = store.engine(parts.engine)(ids=ids, rules=settings.engine_rules)
        ids = store.ids(ids)
        self.resources = BucketResources.empty(ids)
        objects = settings.objects
        self.library = store.library(
            ObjectStore(most_bytes=objects.total, most_objects=objects.count), Outputs(most=objects.outputs)
        )
        self._results = ResultCache(self.library)
        self.delivery = parts.delivery(
            settings=settings.delivery,
            clock=self.clock,
            build=parts.callback(self, self._callback_body),
            rule_read_at=settings.rule_read_at,
        )
        self.workflow_service = WorkflowService(
            engine=self.engine, ids=ids, library=self.library, delivery=self.delivery, context=lambda: self._context
        )
        listeners = (self.note, self.delivery.on_event, self.workflow_service.on_event)
        self.runner = Runner(engine=self.engine, clock=self.clock, listeners=listeners, keep=store.keep)
        self.requests = RequestLog()
        self._context: ServiceContext = ServiceContext(
            engine=self.engine,
            workflows=self.workflow_service.workflows,
            batches=self.workflow_service.batches,
            resources=self.resources,
            library=self.library,
            results=self._results,
            settings=settings,
            now=store.now(self.clock.now),
            wake=self.runner.wake,
        )
        router = Router()
        self.service = parts.service(
            router=router,
            handle=store.handling(parts.handle(self, self.handle)),
            hosts=HostReader(Place(bucket=settings.bucket, region=settings.region)),
            limits=settings.limits,
            ids=RequestIds(now=self.clock.now, random_bits=random.Random(settings.seed).getrandbits),  # noqa: S311
            write_error=write_error,
            log=self.requests,
            now=self.clock.now,
            check_signature=_signature_check(settings.credentials, wall_clock),
        )
        self.objects = ObjectApp(
            service=self.service,
            router=router,
            library=self.library,
            limits=settings.limits,
            settings=objects,
            now=self.clock.now,
        )
        store.join(self)

    @property
    def outbox(self) -> Outbox | None:
        """Where answers wait until what they tell of is kept; None: nothing is kept, and nothing waits."""
        return self._store.outbox

    async def start(self) -> None:
        """Open the delivery room and give the default bucket the features it has from the start.

        Raises StoreError when that cannot be kept.
        """
        await self.delivery.start()
        self._activate()
        self._store.tell_owed()

    async def close(self, *, drop: bool = False) -> None:
        """Stop; callbacks still on their way are sent or dropped as the settings say, or dropped anyway."""
        self.runner.close()
        await self.delivery.close(drop=drop)
        self.clock.close()
        self._store.close()

    async def reset(self) -> None:
        """Back to the state of the start: no jobs, no queues but those activated from the start, empty logs.

        Raises JournalError when what is kept cannot be forgotten; then nothing has changed.
        """
        self._store.clear()
        self.forget()
        await self.delivery.reset()
        self.requests.clear()
        self._activate()

    def forget(self) -> None:
        """Forget queues, jobs, objects and all else that calls have made; logs and callbacks on their way stay."""
        self.engine.reset()
        self.workflow_service.clear()
        self.resources.clear()
        self.library.clear()

    def handle(self, operation: HttpOperation, call: Call) -> Answer:
        """Answer a call of the service's API."""
        try:
            if isinstance(operation, FeatureOperation):
                return _OF_FEATURES[operation.kind](self._context, operation, call)
            return _OTHERS[operation.kind](self._context, call)
        except EngineError as error:
            raise refusal_of(error) from None
        except ResourceError as error:
            raise refusal_of_resource(error) from None
        except WorkflowError as error:
            raise refusal_of_workflow(error) from None

    def _callback_body(self, subject: Job | Run, form: BodyFormat) -> bytes:
        if isinstance(subject, Run):
            return workflow_documents.callback_body(subject, form, root=self.settings.workflow_root)
        return callback_body(subject, form, results=self._results)

    def note(self, event: Event) -> None:
        """Hear of what happens in the engine: outputs of jobs that ended well can be fetched."""
        if isinstance(event, Ended) and event.state is JobState.SUCCESS:
            self.library.ended(event.job)
            if event.job.tag in READS_CONTENT:
                self._results(event.job)

    def _activate(self) -> None:
        now = self.clock.now()
        for feature in self._store.opened(self.settings.activated):
            self.engine.activate(now, self.settings.bucket, feature, region=self.settings.region)
        self.runner.wake()
        self._store.settle()


def _signature_check(credentials: tuple[Credentials, ...], wall_clock: Callable[[], float]) -> CheckSignature | None:
    """The check of every request, None when nobody's keys are known."""
    if not credentials:
        return None
    keys = {credential.secret_id: credential for credential in credentials}

    def checked(scope: Scope) -> None:
        signed = SignedRequest(
            method=scope["method"],
            path=scope["raw_path"],
            query=scope["query_string"],
            headers=list(scope["headers"]),
        )
        check(signed, keys, now=wall_clock())

    return checked
