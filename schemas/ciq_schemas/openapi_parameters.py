"""Defines the query and path parameters of the operations, with the documented limits.

Sources: queue lists 1045/72939, bucket lists 436/75237 and 1045/73364, job lists 1045/73114, describe 1045/73113,
template lists 436/77185, play key 1045/72946, workflows 1045/50339, 1045/51276, batch jobs 460/76894.
The service reads an empty value as absent, because the official SDKs send it; hence `allowEmptyValue`.
"""

from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.json_from_tables import JsonSchema
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind

MOST_IDS = 10
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+\-][0-9]{4}$"


def parameters_of(operation: HttpOperation) -> list[JsonSchema]:
    """Returns the parameters of one operation as OpenAPI parameter objects."""
    if isinstance(operation, FeatureOperation):
        return _of_feature(operation)
    text: JsonSchema = {"type": "string"}
    match operation.kind:
        case OperationKind.BIND_BUCKET:
            flag: JsonSchema = {"type": "string", "enum": [""]}
            return [_query("unbind", flag, "without a value: remove the binding; the response has no body")]
        case OperationKind.LIST_TEMPLATES:
            return _template_list()
        case OperationKind.UPDATE_TEMPLATE | OperationKind.DELETE_TEMPLATE:
            return [_path("templateId", {"type": "string", "pattern": "^[A-Za-z0-9]+$"}, "id of the template")]
        case OperationKind.UPDATE_PLAY_KEY:
            key: JsonSchema = {"type": "string", "minLength": 6, "maxLength": 40}
            return [
                _query("masterPlayKey", key, "at least one of the two keys is required"),
                _query("backupPlayKey", key, "at least one of the two keys is required"),
            ]
        case OperationKind.GET_VOCABULARY | OperationKind.DELETE_VOCABULARY:
            return [_path("tableId", text, "id of the table")]
        case _:
            return _of_workflows(operation)


def _of_workflows(operation: HttpOperation) -> list[JsonSchema]:
    text: JsonSchema = {"type": "string"}
    word: JsonSchema = {"type": "string", "pattern": "^[A-Za-z0-9]+$"}
    flag: JsonSchema = {"type": "string", "enum": [""]}
    match operation.kind:
        case OperationKind.LIST_WORKFLOWS:
            return [
                _query("ids", _list_of(text), "ids, separated by commas", comma=True),
                _query("name", text, "name of the workflow"),
                *_pages(most=None),
            ]
        case OperationKind.UPDATE_WORKFLOW:
            return [
                _path("workflowId", word, "id of the workflow"),
                _query("active", flag, "without a value: activate the workflow; the request has no body"),
                _query("paused", flag, "without a value: deactivate the workflow; the request has no body"),
            ]
        case OperationKind.DELETE_WORKFLOW:
            return [_path("workflowId", word, "id of the workflow")]
        case OperationKind.TRIGGER_WORKFLOW:
            return [
                _query("workflowId", {**text, "minLength": 1}, "id of the workflow", required=True),
                _query("object", {**text, "minLength": 1}, "key of the object", required=True),
                _query("name", {**text, "maxLength": 128}, "name of the run"),
            ]
        case OperationKind.LIST_RUNS:
            states: JsonSchema = {"type": "string", "enum": ["All", "Success", "Failed", "Running", "Cancel"]}
            return [
                _query("workflowId", text, "only runs of this workflow"),
                _query("name", text, "only runs on this object"),
                _query("jobId", text, "only runs of this batch job"),
                *_list_of_records(states),
            ]
        case OperationKind.DESCRIBE_RUN:
            return [_path("runId", word, "id of the run")]
        case OperationKind.LIST_BATCHES:
            states = {"type": "string", "enum": ["All", *(str(state) for state in JobState)]}
            return [
                _query("type", {"type": "string", "enum": ["Workflow", "Job"]}, "only batch jobs of this type"),
                _query("workflowId", text, "only batch jobs that run this workflow"),
                _query("jobId", text, "only this batch job"),
                _query("name", text, "only batch jobs of this name"),
                *_list_of_records(states),
            ]
        case OperationKind.DESCRIBE_BATCH:
            return [_path("jobId", word, "id of the batch job")]
        case OperationKind.CANCEL_BATCH:
            return [_path("jobId", word, "id of the batch job"), _query("cancel", flag, "without a value")]
        case _:
            return []


def _list_of_records(states: JsonSchema) -> list[JsonSchema]:
    """Returns the parameters that the lists of runs and of batch jobs share with the list of jobs."""
    time: JsonSchema = {"type": "string", "pattern": _TIME}
    size: JsonSchema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    order: JsonSchema = {"type": "string", "enum": ["Desc", "Asc"], "default": "Desc"}
    return [
        _query("orderByTime", order, "order by creation time"),
        _query("nextToken", {"type": "string"}, "NextToken of the previous page"),
        _query("size", size, "most entries in the response"),
        _query("states", _list_of(states), "only in these states, separated by commas", comma=True),
        _query("startCreationTime", time, "only created since"),
        _query("endCreationTime", time, "only created until"),
    ]


def _template_list() -> list[JsonSchema]:
    text: JsonSchema = {"type": "string"}
    kinds: JsonSchema = {"type": "string", "enum": ["Custom", "Official"], "default": "Custom"}
    return [
        _query("tag", {**text, "default": "All"}, "only templates of this tag"),
        _query("category", kinds, "templates of the user, or of the service"),
        _query("ids", _list_of(text), "ids, separated by commas", comma=True),
        _query("name", text, "beginning of names"),
        *_pages(most=None),
    ]


def _of_feature(operation: FeatureOperation) -> list[JsonSchema]:
    match operation.kind:
        case OperationKind.LIST_QUEUES:
            return _queue_list(operation)
        case OperationKind.UPDATE_QUEUE:
            return [_path("queueId", {"type": "string", "pattern": "^[A-Za-z0-9]+$"}, "id of the queue")]
        case OperationKind.LIST_BUCKETS:
            return _bucket_list()
        case OperationKind.DESCRIBE_JOB:
            return [_job_ids(several=_several_ids(operation))]
        case OperationKind.LIST_JOBS:
            return _job_list(operation)
        case OperationKind.CANCEL_JOB:
            flag = _query("cancel", {"type": "string", "enum": [""]}, "without a value", required=True)
            return [_job_ids(several=False), flag]
        case _:
            return []


def _several_ids(operation: FeatureOperation) -> bool:
    return any(FEATURES[feature].multi_documented for feature in operation.served)


def _queue_list(operation: FeatureOperation) -> list[JsonSchema]:
    # The limit of ten is documented for media only.
    ids = _list_of({"type": "string"}, most=MOST_IDS if operation.feature is Feature.MEDIA else None)
    states = [*(str(state) for state in QueueState), "All"]
    parameters = [
        _query("queueIds", ids, "ids, separated by commas", comma=True),
        _query("state", {"type": "string", "enum": states}, "only queues in this state; SDKs send All"),
        *_pages(most=None),
    ]
    if operation.feature is Feature.MEDIA:
        words = ["CateAll", "Transcoding", "SpeedTranscoding"]
        schema: JsonSchema = {"type": "string", "enum": words, "default": "Transcoding"}
        parameters.append(_query("category", schema, "kind of queue"))
    return parameters


def _bucket_list() -> list[JsonSchema]:
    text: JsonSchema = {"type": "string"}
    return [
        _query("regions", _list_of(text), "regions, separated by commas", comma=True),
        _query("bucketNames", _list_of(text), "whole names, separated by commas", comma=True),
        _query("bucketName", text, "beginning of names"),
        *_pages(most=100),
    ]


def _job_list(operation: FeatureOperation) -> list[JsonSchema]:
    text: JsonSchema = {"type": "string"}
    time: JsonSchema = {"type": "string", "pattern": _TIME}
    states: JsonSchema = {"type": "string", "enum": ["All", *(str(state) for state in JobState)]}
    size: JsonSchema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    order: JsonSchema = {"type": "string", "enum": ["Desc", "Asc"], "default": "Desc"}
    tags = [tag for feature in operation.served for tag in FEATURES[feature].tags]
    return [
        _query("tag", {"type": "string", "enum": tags}, "tag of the jobs", required=True),
        _query("queueId", text, "only jobs of this queue; takes precedence over queueType"),
        _query("queueType", text, "only jobs of queues of this kind"),
        _query("workflowId", text, "only jobs of this workflow"),
        _query("inventoryTriggerJobId", text, "only jobs of this batch job"),
        _query("inputObject", text, "only jobs with exactly this input"),
        _query("orderByTime", order, "order by creation time"),
        _query("nextToken", text, "NextToken of the previous page"),
        _query("size", size, "most jobs in the response"),
        _query("states", _list_of(states), "only jobs in these states, separated by commas", comma=True),
        _query("startCreationTime", time, "only jobs created since"),
        _query("endCreationTime", time, "only jobs created until"),
    ]


def _pages(*, most: int | None) -> list[JsonSchema]:
    size: JsonSchema = {"type": "integer", "minimum": 1, "default": 10}
    if most is not None:
        size["maximum"] = most
    number: JsonSchema = {"type": "integer", "minimum": 1, "default": 1}
    return [_query("pageNumber", number, "page, from 1"), _query("pageSize", size, "most entries on a page")]


def _job_ids(*, several: bool) -> JsonSchema:
    item: JsonSchema = {"type": "string", "pattern": "^[A-Za-z0-9]+$"}
    if not several:
        return _path("jobIds", item, "id of the job")
    ids: JsonSchema = {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_IDS}
    return {**_path("jobIds", ids, "ids, separated by commas"), "style": "simple"}


def _list_of(item: JsonSchema, most: int | None = None) -> JsonSchema:
    schema: JsonSchema = {"type": "array", "items": item}
    return schema if most is None else {**schema, "maxItems": most}


def _path(name: str, schema: JsonSchema, description: str) -> JsonSchema:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _query(
    name: str, schema: JsonSchema, description: str, *, required: bool = False, comma: bool = False
) -> JsonSchema:
    parameter: JsonSchema = {"name": name, "in": "query", "description": description, "schema": schema}
    if required:
        parameter["required"] = True
    if not required or name == "cancel":
        parameter["allowEmptyValue"] = True
    if comma:
        parameter |= {"style": "form", "explode": False}
    return parameter
