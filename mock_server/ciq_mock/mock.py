"""`Mock`: assembles engine, clock, delivery, service and store of one mock, all on one event loop.

Knows every component by name. Must not know threads, sockets or command lines.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from starlette.types import Scope

from ciq_mock.clock import Clock, make_clock
from ciq_mock.http.app import CheckSignature, RequestIds, write_error
from ciq_mock.http.hosts import ForeignHosts, KnownHosts
from ciq_mock.http.object_app import ObjectApp
from ciq_mock.http.port import foreign_refusal
from ciq_mock.http.protocol import Outbox
from ciq_mock.http.request_log import RequestLog
from ciq_mock.http.router import Router
from ciq_mock.http.signature import SignedRequest, check
from ciq_mock.http.target import HostReader, Place
from ciq_mock.ids import IdSource, RandomIds
from ciq_mock.interventions import Interventions
from ciq_mock.objects import ObjectStore, Outputs
from ciq_mock.overrides import Components, Override, overridden_settings
from ciq_mock.resources import BucketResources
from ciq_mock.results.cache import ResultCache
from ciq_mock.runner import Runner
from ciq_mock.service import media_calls
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.callback_bodies import CallbackBodies
from ciq_mock.service.context import ServiceContext
from ciq_mock.service.dispatch import dispatch
from ciq_mock.service.refusal import Refusal
from ciq_mock.settings import Credentials, MockSettings, UnknownInput
from ciq_mock.store import MemoryStore, Store
from ciq_mock.workflow.service import WorkflowService
from ciq_schemas.operations import HttpOperation

_ANY = 1 << 40
"""A limit that nothing exceeds."""


class Mock:
    """One mock service. Create it inside its event loop; call `start`, then `close`."""

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
        self.results = ResultCache(self.library)
        self.delivery = parts.delivery(
            settings=settings.delivery,
            clock=self.clock,
            build=parts.callback(self, CallbackBodies(self.results, workflow_root=settings.workflow_root)),
            rule_read_at=settings.rule_read_at,
        )
        self.workflow_service = WorkflowService(
            engine=self.engine, ids=ids, library=self.library, delivery=self.delivery, context=lambda: self._context
        )
        listeners = (self.results.on_event, self.delivery.on_event, self.workflow_service.on_event)
        self.runner = Runner(engine=self.engine, clock=self.clock, listeners=listeners, committer=store.committer)
        self.requests = RequestLog()
        self.interventions = Interventions()
        self.foreign = ForeignHosts(now=self.clock.now)
        self._context: ServiceContext = ServiceContext(
            engine=self.engine,
            workflows=self.workflow_service.workflows,
            batches=self.workflow_service.batches,
            resources=self.resources,
            library=self.library,
            results=self.results,
            interventions=self.interventions,
            settings=settings,
            now=store.now(self.clock.now),
            wake=self.runner.wake,
        )
        router = Router()
        self._handle_call = store.handler(parts.handle(self, self.handle))
        self.service = parts.service(
            router=router,
            handle=self._handle_request,
            hosts=HostReader(
                Place(bucket=settings.bucket, region=settings.region),
                known=known_hosts(settings),
                refuse_foreign=self._refuse_foreign,
            ),
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
            process=lambda bucket, key, query: media_calls.process(self._context, bucket, key, query),
        )
        store.attach(self)

    @property
    def outbox(self) -> Outbox | None:
        """The part of the store that defers answers until their changes are in the journal; None without a journal."""
        return self._store.outbox

    async def start(self) -> None:
        """Start the callback dispatcher and activate the features that the default bucket has from the start.

        Raises StoreError when the journal cannot store that.
        """
        await self.delivery.start()
        self._activate()
        self._store.send_due_callbacks()

    async def close(self, *, drop: bool = False) -> None:
        """Stop. The settings decide whether pending callbacks are sent or dropped; `drop` drops them in any case."""
        self.runner.close()
        await self.delivery.close(drop=drop)
        self.clock.close()
        self._store.close()

    async def reset(self) -> None:
        """Restore the state of the start: no jobs, only the queues activated from the start, empty logs.

        Raises JournalError when the journal cannot be emptied; then nothing has changed.
        """
        self._store.clear()
        self.forget()
        await self.delivery.reset()
        self.requests.clear()
        self.interventions.clear()
        self.foreign.clear()
        self._activate()

    def forget(self) -> None:
        """Remove queues, jobs, objects and everything else that calls have created; logs and pending callbacks stay."""
        self.engine.reset()
        self.workflow_service.clear()
        self.resources.clear()
        self.library.clear()

    def handle(self, operation: HttpOperation, call: Call) -> Answer:
        """Answer a call of the service's API."""
        return dispatch(self._context, operation, call)

    def call(self, operation: HttpOperation, call: Call) -> Answer:
        """Answer a call as the HTTP API does, with overrides and journal; its changes are committed on return.

        Raises Refusal, StoreError.
        """
        answer = self._handle_call(operation, call)
        self._store.flush()
        return answer

    def _handle_request(self, operation: HttpOperation, call: Call) -> Answer:
        """Answer a call that a client has sent over HTTP; a test may have requested its refusal."""
        self.interventions.check_request(operation.kind)
        return self._handle_call(operation, call)

    @contextmanager
    def accepting_recorded(self) -> Iterator[None]:
        """Inside, calls have the limits under which they were accepted, not those of today's settings."""
        current = self._context
        self.accept_as(UnknownInput.ACCEPT, refuse_unknown_templates=False)
        try:
            yield
        finally:
            self._context = current

    def accept_as(self, unknown_input: UnknownInput, refuse_unknown_templates: bool) -> None:
        """Inside `accepting_recorded`: apply the settings of an earlier start of the mock."""
        settings = self.settings
        earlier = replace(
            settings,
            objects=replace(settings.objects, unknown_input=unknown_input),
            refuse_unknown_templates=refuse_unknown_templates,
            delivery=replace(settings.delivery, forbid_private=False),
            limits=replace(settings.limits, body=_ANY, templates=_ANY, vocabularies=_ANY, url_length=_ANY, ids=_ANY),
        )
        self._context = replace(self._context, settings=earlier)

    def compact(self) -> None:
        """Remove from the journal what a restart does not need. Raises JournalError."""
        self._store.compact()

    def _refuse_foreign(self, host: bytes) -> Refusal:
        self.foreign.add("Host", host)
        return foreign_refusal(host)

    def _activate(self) -> None:
        now = self.clock.now()
        for feature in self._store.features_to_activate(self.settings.activated):
            self.engine.activate(now, self.settings.bucket, feature, region=self.settings.region)
        self.runner.wake()
        self._store.flush()


def known_hosts(settings: MockSettings) -> KnownHosts:
    """Return the hosts that a mock with these settings answers for."""
    return KnownHosts.of(*settings.tls.names, *settings.admin.hosts)


def _signature_check(credentials: tuple[Credentials, ...], wall_clock: Callable[[], float]) -> CheckSignature | None:
    """Return the signature check of every request; None when the settings hold no keys."""
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
