"""The words of the codec: which documents there are, and what reading one yields. No behaviour."""

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
    """Names of document queues follow another rule than those of all other features."""
    QUEUE_UPDATE_ANSWER = "queue_update_answer"
    BUCKET_ANSWER = "bucket_answer"
    BUCKET_LIST = "bucket_list"
    BUCKET_CLOSED = "bucket_closed"
    JOB_SUBMIT_REQUEST = "job_submit_request"
    JOB_ANSWER = "job_answer"
    """Answer to submit, describe and list."""
    TASK_CALLBACK = "task_callback"
    LEGACY_CALLBACK = "legacy_callback"
    """The seed pages' callback, without EventName."""
    WORKFLOW_CALLBACK = "workflow_callback"
    WORKFLOW_REQUEST = "workflow_request"
    WORKFLOW_ANSWER = "workflow_answer"
    """Answer to making and updating."""
    WORKFLOW_LIST = "workflow_list"
    WORKFLOW_DELETED = "workflow_deleted"
    WORKFLOW_TRIGGERED = "workflow_triggered"
    RUN_LIST = "run_list"
    RUN_DETAIL = "run_detail"
    BATCH_REQUEST = "batch_request"
    BATCH_ANSWER = "batch_answer"
    """Answer to making, describing and listing."""
    ERROR = "error"
    TEMPLATE_REQUEST = "template_request"
    TEMPLATE_ANSWER = "template_answer"
    TEMPLATE_LIST = "template_list"
    TEMPLATE_DELETED = "template_deleted"
    BINDING_ANSWER = "binding_answer"
    BOUND_BUCKETS = "bound_buckets"
    PLAY_KEY_ANSWER = "play_key_answer"
    IMAGE_SEARCH_REQUEST = "image_search_request"
    VOCABULARY_REQUEST = "vocabulary_request"
    VOCABULARY_UPDATE_REQUEST = "vocabulary_update_request"
    VOCABULARY_CHANGED = "vocabulary_changed"
    VOCABULARY_ANSWER = "vocabulary_answer"
    VOCABULARY_LIST = "vocabulary_list"

    @property
    def table(self) -> DocumentTable:
        """The compiled tables; compiled at first use."""
        return document_table(self.value)


def update_request_of(feature: Feature) -> Document:
    """The document that updates a queue of `feature`."""
    return Document.DOC_QUEUE_UPDATE_REQUEST if feature is Feature.DOC else Document.QUEUE_UPDATE_REQUEST


class Reading(StrEnum):
    """How a document is read."""

    STRICT = "strict"
    """As is: order and names of the schema, no attributes, no namespaces."""
    TOLERANT = "tolerant"
    """Children in any order; unknown elements, attributes and namespaces set aside as notes; then validated."""


class ProblemKind(StrEnum):
    """What is wrong with a document."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    FORBIDDEN = "forbidden"
    ROOT = "root"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    """An element, attribute, namespace or text where none belongs (for elements: strict reading only)."""
    ORDER = "order"
    """Strict reading only."""
    TOO_MANY = "too-many"
    VALUE = "value"
    STRUCTURE = "structure"
    """Elements where text belongs, or the validator's own words where the tables have none."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One deviation from the schema."""

    kind: ProblemKind
    path: str = ""
    """`/Response/QueueList[1]/State`; empty when the document could not be parsed."""
    line: int = 0
    """From 1; 0 where there is none (JSON, or not known)."""
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}expected {self.expected}, found {self.found}"


class NoteKind(StrEnum):
    """What a tolerant reading forgave or came across."""

    REORDERED = "reordered"
    UNKNOWN_ELEMENT = "unknown-element"
    ATTRIBUTE = "attribute"
    NAMESPACE = "namespace"
    SPELLING = "spelling"
    """A documented other spelling of a name, as QueueID for QueueId."""
    JSON_ARRAY = "json-array"
    """JobsDetail is an array."""
    JSON_OBJECT = "json-object"
    """JobsDetail is an object."""
    JSON_WRAPPER = "json-wrapper"
    """The JSON body has the wrapper Response."""
    JSON_NOT_TEXT = "json-not-text"
    """A number, true, false or null where a string is usual."""
    NO_ROOT = "no-root"
    """The root Response is missing, as on the newest page of workflow callbacks (1045/50341)."""
    NOT_XML = "not-xml"
    """A JSON name or character that XML cannot carry: left out, or replaced."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a tolerant reading forgave or came across."""

    kind: NoteKind
    path: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class Fragment(msgspec.Struct, frozen=True):
    """An element with its subtree, serialized; stands in a canonical mapping in place of the element's value.

    The bytes are UTF-8 and begin with the element's own tag. Whoever makes one answers for its content:
    take it from `read_request` or `encode_part`.
    """

    data: bytes


Content: TypeAlias = Union[str, Fragment, "dict[str, Content]", "list[Content]"]
"""Value of an element in a canonical mapping."""

Canonical: TypeAlias = Mapping[str, object]
"""Content of a root element, by element name."""


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says, what was forgiven, and what is wrong with it."""

    document: Document
    value: Canonical = {}
    """As much as could be read, also when there are problems."""
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    """From `read_request` of a submit: the Operation elements in order, ready for `encode`."""

    @property
    def ok(self) -> bool:
        """The document conforms to the schema (in the reading that was asked for)."""
        return not self.problems
