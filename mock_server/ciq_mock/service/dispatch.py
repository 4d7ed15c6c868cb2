"""Calls the handler of each operation, and turns errors of engine, resources and workflows into refusals.

Must not know XML or HTTP.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ciq_mock.engine import EngineError
from ciq_mock.resources import ResourceError
from ciq_mock.service import (
    activation,
    batch_calls,
    binding_calls,
    further_calls,
    job_calls,
    media_calls,
    queue_calls,
    submit,
    template_calls,
    vocabulary_calls,
    workflow_calls,
)
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext
from ciq_mock.service.error_mapping import refusal_of, refusal_of_resource, refusal_of_workflow
from ciq_mock.workflow import WorkflowError
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind

FeatureHandler = Callable[[ServiceContext, FeatureOperation, Call], Answer]
Handler = Callable[[ServiceContext, Call], Answer]

_FEATURE_HANDLERS: Mapping[OperationKind, FeatureHandler] = MappingProxyType(
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
_OTHER_HANDLERS: Mapping[OperationKind, Handler] = MappingProxyType(
    {
        OperationKind.BIND_BUCKET: binding_calls.bind,
        OperationKind.LIST_BOUND: binding_calls.list_bound,
        OperationKind.CREATE_TEMPLATE: template_calls.create,
        OperationKind.UPDATE_TEMPLATE: template_calls.update,
        OperationKind.LIST_TEMPLATES: template_calls.list_templates,
        OperationKind.DELETE_TEMPLATE: template_calls.delete,
        OperationKind.CREATE_PLAY_KEY: further_calls.create_play_key,
        OperationKind.GET_PLAY_KEY: further_calls.get_play_key,
        OperationKind.UPDATE_PLAY_KEY: further_calls.update_play_key,
        OperationKind.GENERATE_MEDIA_INFO: media_calls.generate_media_info,
        OperationKind.GENERATE_SNAPSHOT: media_calls.generate_snapshot,
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


def dispatch(context: ServiceContext, operation: HttpOperation, call: Call) -> Answer:
    """Return the answer of a call. Raises Refusal."""
    try:
        if isinstance(operation, FeatureOperation):
            return _FEATURE_HANDLERS[operation.kind](context, operation, call)
        return _OTHER_HANDLERS[operation.kind](context, call)
    except EngineError as error:
        raise refusal_of(error) from None
    except ResourceError as error:
        raise refusal_of_resource(error) from None
    except WorkflowError as error:
        raise refusal_of_workflow(error) from None
