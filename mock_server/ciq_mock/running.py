"""`RunningMock`: the parts of a mock that overrides, stores and the HTTP server may use.

A protocol, so that these modules need not import the mock that uses them.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from ciq_mock.clock import Clock
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Engine
from ciq_mock.http.app import ServiceApp
from ciq_mock.http.hosts import ForeignHosts
from ciq_mock.http.object_app import ObjectApp
from ciq_mock.http.protocol import Outbox
from ciq_mock.http.request_log import RequestLog
from ciq_mock.objects import Library
from ciq_mock.resources import BucketResources
from ciq_mock.results.cache import ResultCache
from ciq_mock.runner import Runner
from ciq_mock.service.call import Answer, Call
from ciq_mock.settings import MockSettings, UnknownInput
from ciq_mock.workflow.service import WorkflowService
from ciq_schemas.operations import HttpOperation


class RunningMock(Protocol):
    """One mock in its event loop. Overrides get it before all its parts exist; they may use the parts in calls."""

    settings: MockSettings
    clock: Clock
    engine: Engine
    resources: BucketResources
    library: Library
    results: ResultCache
    delivery: CallbackDispatcher
    workflow_service: WorkflowService
    runner: Runner
    requests: RequestLog
    foreign: ForeignHosts
    service: ServiceApp
    objects: ObjectApp

    @property
    def outbox(self) -> Outbox | None:
        """The part of the store that defers answers until their changes are in the journal; None without a journal."""
        ...

    def handle(self, operation: HttpOperation, call: Call) -> Answer:
        """Answer a call of the service's API."""
        ...

    def accepting_recorded(self) -> AbstractContextManager[None]:
        """Inside, calls have the limits under which they were accepted, not those of today's settings."""
        ...

    def accept_as(self, unknown_input: UnknownInput, refuse_unknown_templates: bool) -> None:
        """Inside `accepting_recorded`: apply the settings of an earlier start of the mock."""
        ...

    def forget(self) -> None:
        """Remove queues, jobs, objects and everything else that calls have created."""
        ...
