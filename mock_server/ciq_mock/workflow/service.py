"""`WorkflowService`: connects workflows and batch jobs to the engine, the service and the callback dispatcher.

Knows which component receives which event. Must not know HTTP, nor how a run proceeds.
"""

from collections.abc import Callable
from functools import partial

from ciq_mock.callback_rule import WORKFLOW_FINISH, decide
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import NO_CHOICE, Engine, Event
from ciq_mock.ids import IdSource
from ciq_mock.objects import Library
from ciq_mock.service import internal_submits
from ciq_mock.service.batch_objects import objects_of
from ciq_mock.service.context import ServiceContext
from ciq_mock.workflow import Batches, Run, Workflows
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig


class WorkflowService:
    """Owns the workflows, runs and batch jobs of a mock."""

    def __init__(
        self,
        *,
        engine: Engine,
        ids: IdSource,
        library: Library,
        delivery: CallbackDispatcher,
        context: Callable[[], ServiceContext],
    ) -> None:
        """`context` is called at the first submit, and may be created after this object."""
        self._delivery = delivery
        self.on_run_ended: Callable[[Run], None] = self.send_callback
        """Called for each ended run."""
        self.workflows = Workflows(
            engine=engine,
            ids=ids,
            spec_of=lambda run, node, source: internal_submits.of_node(context(), run, node, source),
            output_of=internal_submits.output_of,
            failure_of=internal_submits.failure_of,
            on_end=self._run_ended,
        )
        self.batches = Batches(
            engine=engine,
            workflows=self.workflows,
            ids=ids,
            objects_of=partial(objects_of, library),
            spec_of=lambda batch, key: internal_submits.of_batch(context(), batch, key),
            failure_of=internal_submits.failure_of,
        )

    def clear(self) -> None:
        """Remove all workflows, runs and batch jobs."""
        self.workflows.clear()
        self.batches.clear()

    def on_event(self, event: Event) -> None:
        """Handle an event of the engine; after the dispatcher, so that the last task's callback precedes its run's."""
        self.workflows.on_event(event)
        self.batches.on_event(event)

    def _run_ended(self, run: Run) -> None:
        """Handle the end of a run; its batch job first."""
        self.batches.on_run(run)
        self.on_run_ended(run)

    def send_callback(self, run: Run) -> None:
        """Send the callback of a run if its workflow is active (436/48042), by its own rule, else by its queue's."""
        rule = run.plan.rule or _rule_of_queue(run)
        if rule is not None and run.workflow.plan.state is QueueState.ACTIVE:
            self._delivery.carry_out(run, decide(rule, NO_CHOICE, WORKFLOW_FINISH))
        elif self._delivery.no_callback is not None:
            self._delivery.no_callback(run)


def _rule_of_queue(run: Run) -> NotifyConfig | None:
    """Return the rule of the queue of the run's first job; no page says which of several queues counts."""
    return next((task.job.queue.notify for task in run.tasks.values() if task.job is not None), None)
