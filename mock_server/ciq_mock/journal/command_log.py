"""`CommandLog`: records rare calls with all their inputs, and repeats them after a restart with the same time and ids.

Defines which calls and which query parameters are recorded; a signature in the query never is. Play keys are secrets,
so they are not recorded at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ciq_mock.http.app import Handle
from ciq_mock.ids import IdSource
from ciq_mock.journal.group_commit import GroupCommit
from ciq_mock.journal.records import Bound, CallRecorded, IdIssued, Unbound
from ciq_mock.service.call import Answer, Call
from ciq_schemas.operations import HttpOperation, OperationKind, operations

_REPEATED = frozenset(
    {
        OperationKind.CREATE_TEMPLATE,
        OperationKind.UPDATE_TEMPLATE,
        OperationKind.DELETE_TEMPLATE,
        OperationKind.CREATE_VOCABULARY,
        OperationKind.UPDATE_VOCABULARY,
        OperationKind.DELETE_VOCABULARY,
        OperationKind.OPEN_IMAGE_SEARCH,
        OperationKind.CREATE_WORKFLOW,
        OperationKind.UPDATE_WORKFLOW,
        OperationKind.DELETE_WORKFLOW,
        OperationKind.TRIGGER_WORKFLOW,
        OperationKind.CREATE_BATCH,
        OperationKind.CANCEL_BATCH,
    }
)
_PARAMETERS = frozenset({"active", "paused", "cancel", "workflowid", "object", "name"})


class CommandLog:
    """Wraps the request handler; supplies time and ids so that a recorded call can be repeated exactly."""

    def __init__(self, group_commit: GroupCommit) -> None:
        self._group_commit = group_commit
        self._moment: float | None = None
        self._issued_ids: list[str] = []
        self._replayed_ids: list[str] | None = None
        self.next_recorded_id: Callable[[], str] | None = None
        """During recovery: returns the ids that were issued outside of calls."""

    def time_from(self, clock: Callable[[], float]) -> Callable[[], float]:
        """Return a function that returns epoch seconds; during a recorded call, those of its start."""
        return lambda: clock() if self._moment is None else self._moment

    def ids_from(self, source: IdSource) -> IdSource:
        """Return a source of new ids; during recovery it returns the recorded ones."""

        def next_id(letter: str) -> str:
            if self._replayed_ids is not None:
                return self._replayed_ids.pop(0)
            if self.next_recorded_id is not None:
                return self.next_recorded_id()
            fresh = source(letter)
            if self._moment is None:
                self._group_commit.note(IdIssued(self._group_commit.now(), fresh))
            else:
                self._issued_ids.append(fresh)
            return fresh

        return next_id

    def handler(self, handle: Handle) -> Handle:
        """Return a handler that refuses calls while the journal cannot be written, and records the rare calls."""

        def recording(operation: HttpOperation, call: Call) -> Answer:
            self._group_commit.admit(reads=operation.method == "GET")
            if operation.kind is OperationKind.BIND_BUCKET:
                return self._bind(handle, operation, call)
            if operation.kind not in _REPEATED:
                return handle(operation, call)
            self._issued_ids.clear()
            before = self._group_commit.before
            with self._at(self._group_commit.now()) as now:
                answer = handle(operation, call)
            query = {name: text for name, text in call.query.values.items() if name in _PARAMETERS}
            record = CallRecorded(
                now,
                operation.operation_id,
                call.bucket,
                call.region,
                call.key,
                query,
                call.body,
                tuple(self._issued_ids),
            )
            self._group_commit.note(record, before=before)
            return answer

        return recording

    def repeat(self, handle: Handle, record: CallRecorded, call: Call) -> None:
        """Repeat a recorded call. Raises KeyError, IndexError or Refusal when that is not possible."""
        operation = next((one for one in operations() if one.operation_id == record.operation_id), None)
        if operation is None:
            raise KeyError(record.operation_id)
        self._replayed_ids = list(record.ids)
        try:
            with self._at(record.at):
                handle(operation, call)
        finally:
            self._replayed_ids = None

    def _bind(self, handle: Handle, operation: HttpOperation, call: Call) -> Answer:
        with self._at(self._group_commit.now()) as now:
            answer = handle(operation, call)
        unbound = call.query.has("unbind")
        self._group_commit.note(Unbound(now, call.bucket) if unbound else Bound(now, call.bucket, call.region))
        return answer

    @contextmanager
    def _at(self, moment: float) -> Iterator[float]:
        self._moment = moment
        try:
            yield moment
        finally:
            self._moment = None
