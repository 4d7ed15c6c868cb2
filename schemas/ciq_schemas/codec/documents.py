"""Defines the documents that the codec knows, and the results of decoding. No behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias, Union

import msgspec

from ciq_schemas.features import Feature
from ciq_schemas.xsd_tables import DocumentTable, document_table


class Document(StrEnum):
    """The XML documents of the service; the value names the XSD file."""

    QUEUE_LIST = "queue_list"
    QUEUE_UPDATE_REQUEST = "queue_update_request"
    DOC_QUEUE_UPDATE_REQUEST = "doc_queue_update_request"
    """The names of document queues follow another rule than the names of all other queues."""
    QUEUE_UPDATE_ANSWER = "queue_update_answer"
    BUCKET_ANSWER = "bucket_answer"
    BUCKET_LIST = "bucket_list"
    BUCKET_CLOSED = "bucket_closed"
    JOB_SUBMIT_REQUEST = "job_submit_request"
    JOB_ANSWER = "job_answer"
    """Response to submit, describe and list."""
    TASK_CALLBACK = "task_callback"
    LEGACY_CALLBACK = "legacy_callback"
    """The seed pages' callback, without EventName."""
    WORKFLOW_CALLBACK = "workflow_callback"
    WORKFLOW_REQUEST = "workflow_request"
    WORKFLOW_ANSWER = "workflow_answer"
    """Response to creating and updating."""
    WORKFLOW_LIST = "workflow_list"
    WORKFLOW_DELETED = "workflow_deleted"
    WORKFLOW_TRIGGERED = "workflow_triggered"
    RUN_LIST = "run_list"
    RUN_DETAIL = "run_detail"
    BATCH_REQUEST = "batch_request"
    BATCH_ANSWER = "batch_answer"
    """Response to creating, describing and listing."""
    ERROR = "error"
    TEMPLATE_REQUEST = "template_request"
    TEMPLATE_ANSWER = "template_answer"
    TEMPLATE_LIST = "template_list"
    TEMPLATE_DELETED = "template_deleted"
    BINDING_ANSWER = "binding_answer"
    BOUND_BUCKETS = "bound_buckets"
    PLAY_KEY_ANSWER = "play_key_answer"
    MEDIA_INFO_REQUEST = "media_info_request"
    MEDIA_INFO_ANSWER = "media_info_answer"
    SNAPSHOT_REQUEST = "snapshot_request"
    SNAPSHOT_ANSWER = "snapshot_answer"
    IMAGE_SEARCH_REQUEST = "image_search_request"
    VOCABULARY_REQUEST = "vocabulary_request"
    VOCABULARY_UPDATE_REQUEST = "vocabulary_update_request"
    VOCABULARY_CHANGED = "vocabulary_changed"
    VOCABULARY_ANSWER = "vocabulary_answer"
    VOCABULARY_LIST = "vocabulary_list"

    @property
    def table(self) -> DocumentTable:
        """The tables, compiled at first use."""
        return document_table(self.value)


def update_request_of(feature: Feature) -> Document:
    """Returns the document that updates a queue of `feature`."""
    return Document.DOC_QUEUE_UPDATE_REQUEST if feature is Feature.DOC else Document.QUEUE_UPDATE_REQUEST


class Reading(StrEnum):
    """How a document is read."""

    STRICT = "strict"
    """Unchanged: order and names of the schema, no attributes, no namespaces."""
    TOLERANT = "tolerant"
    """Children in any order; unknown elements, attributes and namespaces become notes; then validated."""


class ProblemKind(StrEnum):
    """Kind of a problem of a document."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    FORBIDDEN = "forbidden"
    ROOT = "root"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    """An element, attribute, namespace or text that the schema does not allow (elements: strict reading only)."""
    ORDER = "order"
    """Strict reading only."""
    TOO_MANY = "too-many"
    VALUE = "value"
    STRUCTURE = "structure"
    """Elements in place of text, or the validator's own message when the tables have none."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One deviation from the schema."""

    kind: ProblemKind
    path: str = ""
    """Such as `/Response/QueueList[1]/State`; empty when the document could not be parsed."""
    line: int = 0
    """From 1; 0 when unknown, as in JSON."""
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}expected {self.expected}, found {self.found}"


class NoteKind(StrEnum):
    """Kind of a deviation that the tolerant reading accepts, or of a form that it found."""

    REORDERED = "reordered"
    UNKNOWN_ELEMENT = "unknown-element"
    ATTRIBUTE = "attribute"
    NAMESPACE = "namespace"
    SPELLING = "spelling"
    """Another documented spelling of a name, such as QueueID for QueueId."""
    JSON_ARRAY = "json-array"
    """JobsDetail is an array."""
    JSON_OBJECT = "json-object"
    """JobsDetail is an object."""
    JSON_WRAPPER = "json-wrapper"
    """The JSON body has the wrapper Response."""
    JSON_NOT_TEXT = "json-not-text"
    """A number, true, false or null in place of a string."""
    NO_ROOT = "no-root"
    """The root Response is missing, as on the newest page of workflow callbacks (1045/50341)."""
    NOT_XML = "not-xml"
    """A JSON name or character that XML cannot contain: omitted or replaced."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One deviation that the tolerant reading accepts, or one form that it found."""

    kind: NoteKind
    path: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class Fragment(msgspec.Struct, frozen=True):
    """An element with its subtree, serialized; in a canonical mapping it replaces the element's value.

    The bytes are UTF-8 and begin with the element's own tag. `encode` does not check them: take a fragment from
    `read_request` or `encode_part`.
    """

    data: bytes


Content: TypeAlias = Union[str, Fragment, "dict[str, Content]", "list[Content]"]
"""Value of an element in a canonical mapping."""

Canonical: TypeAlias = Mapping[str, object]
"""Content of a root element, by element name."""


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a document, with notes and problems."""

    document: Document
    value: Canonical = {}
    """The content that could be decoded, also when there are problems."""
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    """From `read_request` of a submit: the Operation elements in order, for use in `encode`."""

    @property
    def ok(self) -> bool:
        """Whether the document conforms to the schema in the chosen reading."""
        return not self.problems
