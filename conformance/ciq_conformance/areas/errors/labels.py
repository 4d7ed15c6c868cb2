"""Labels of the scenario `errors`, shared by scenario and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which they are sent."""

    PREPARE = "prepare"
    MALFORMED = "malformed"
    EMPTY = "empty"
    WRONG_ROOT = "wrong-root"
    NO_TAG = "no-tag"
    NO_INPUT = "no-input"
    NO_OPERATION = "no-operation"
    EMPTY_INPUT = "empty-input"
    NO_OUTPUT_BUCKET = "no-output-bucket"
    UNKNOWN_TAG = "unknown-tag"
    FOREIGN_TAG = "foreign-tag"
    OTHER_DIGEST = "other-digest"
    BAD_CALLBACK_FORMAT = "bad-callback-format"
    NO_MESSAGE_QUEUE = "no-message-queue"
    UNKNOWN_QUEUE = "unknown-queue"
    ENTITY = "entity"
    BAD_LEVEL = "bad-level"
    LONG_USER_DATA = "long-user-data"
    LONG_WATERMARK = "long-watermark"
    FOUR_WATERMARKS = "four-watermarks"
    NO_SOURCE = "no-source"
    MALFORMED_UPDATE = "malformed-update"
    EMPTY_UPDATE = "empty-update"
    UNKNOWN_PATH = "unknown-path"
    UNKNOWN_METHOD = "unknown-method"
    CONTROL = "control"
    CONTROL_WATCH = "control-watch"
    LIST_AFTER = "list-after"
    DESCRIBE_MADE = "describe-made"
    WATCH = "watch"
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong-signature"
    UNSIGNED_SUBMIT = "unsigned-submit"
    EXPIRED_SIGNATURE = "expired-signature"
    UNKNOWN_KEY = "unknown-key"
    OTHER_METHOD = "signed-for-other-method"
    OTHER_PATH = "signed-for-other-path"
    SIGNED_URL = "signed-url"
    QUEUES_BEFORE = "queues-before"
    CREATE_QUEUE = "create-queue"
    QUEUES_AFTER = "queues-after"


MISSING_PARTS = (Label.NO_TAG, Label.NO_INPUT, Label.NO_OPERATION, Label.EMPTY_INPUT, Label.NO_OUTPUT_BUCKET)
BAD_CALLBACKS = (Label.BAD_CALLBACK_FORMAT, Label.NO_MESSAGE_QUEUE)

MALFORMED = (Label.MALFORMED, Label.MALFORMED_UPDATE)
EMPTY = (Label.EMPTY, Label.EMPTY_UPDATE)

BAD_SUBMITS = (
    Label.MALFORMED,
    Label.EMPTY,
    Label.WRONG_ROOT,
    *MISSING_PARTS,
    Label.UNKNOWN_TAG,
    Label.FOREIGN_TAG,
    Label.OTHER_DIGEST,
    *BAD_CALLBACKS,
    Label.UNKNOWN_QUEUE,
    Label.ENTITY,
    Label.BAD_LEVEL,
    Label.LONG_USER_DATA,
    Label.LONG_WATERMARK,
    Label.FOUR_WATERMARKS,
    Label.NO_SOURCE,
)
"""Bad submits. Some are sent only for features that have the part which is bad."""
OUTSIDE_THE_BODY = (Label.OTHER_DIGEST, Label.FOREIGN_TAG)
"""Bad submits with an error in a header or in the path."""
SIGNATURES = (Label.UNSIGNED, Label.WRONG_SIGNATURE, Label.EXPIRED_SIGNATURE)
FOREIGN_SIGNATURES = (Label.UNKNOWN_KEY, Label.OTHER_METHOD, Label.OTHER_PATH)
"""Signatures of another key or another request; sent where the target rejects unsigned requests."""
DOCUMENTED_OPERATIONS = (
    *BAD_SUBMITS,
    Label.MALFORMED_UPDATE,
    Label.EMPTY_UPDATE,
    *SIGNATURES,
    *FOREIGN_SIGNATURES,
    Label.UNSIGNED_SUBMIT,
)
"""Bad requests to documented operations: rejections of these have the documented form."""

BAD = (*DOCUMENTED_OPERATIONS, Label.UNKNOWN_PATH, Label.UNKNOWN_METHOD, Label.CREATE_QUEUE)

NO_SUCH_TAG = "NoSuchTag"
EXPANDED = "ciq-entity-was-expanded"
"""The text of the XML entity in the submit ENTITY."""
