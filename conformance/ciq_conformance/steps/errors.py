"""Steps of the scenario `errors`, shared by scenario and checks."""

from enum import StrEnum


class Step(StrEnum):
    """Labels of the exchanges, in the order of the story."""

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


MISSING_PARTS = (Step.NO_TAG, Step.NO_INPUT, Step.NO_OPERATION, Step.EMPTY_INPUT, Step.NO_OUTPUT_BUCKET)
BAD_CALLBACKS = (Step.BAD_CALLBACK_FORMAT, Step.NO_MESSAGE_QUEUE)

MALFORMED = (Step.MALFORMED, Step.MALFORMED_UPDATE)
EMPTY = (Step.EMPTY, Step.EMPTY_UPDATE)

BAD_SUBMITS = (
    Step.MALFORMED,
    Step.EMPTY,
    Step.WRONG_ROOT,
    *MISSING_PARTS,
    Step.UNKNOWN_TAG,
    Step.FOREIGN_TAG,
    Step.OTHER_DIGEST,
    *BAD_CALLBACKS,
    Step.UNKNOWN_QUEUE,
    Step.ENTITY,
    Step.BAD_LEVEL,
    Step.LONG_USER_DATA,
    Step.LONG_WATERMARK,
    Step.FOUR_WATERMARKS,
    Step.NO_SOURCE,
)
"""Those of all features; some are sent only for features that have what they are about."""
BY_HAND = (Step.OTHER_DIGEST, Step.FOREIGN_TAG)
"""Those in which something beside the body is wrong: a header, the path."""
SIGNATURES = (Step.UNSIGNED, Step.WRONG_SIGNATURE, Step.EXPIRED_SIGNATURE)
DOCUMENTED_OPERATIONS = (*BAD_SUBMITS, Step.MALFORMED_UPDATE, Step.EMPTY_UPDATE, *SIGNATURES, Step.UNSIGNED_SUBMIT)
"""Bad requests to operations that the documents know: their refusals have the documented form."""

BAD = (*DOCUMENTED_OPERATIONS, Step.UNKNOWN_PATH, Step.UNKNOWN_METHOD)

NO_SUCH_TAG = "NoSuchTag"
EXPANDED = "ciq-entity-was-expanded"
"""What the entity of step ENTITY stands for."""
