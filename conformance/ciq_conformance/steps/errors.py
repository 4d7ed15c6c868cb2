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
    UNKNOWN_TAG = "unknown-tag"
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


MISSING_PARTS = (Step.NO_TAG, Step.NO_INPUT, Step.NO_OPERATION)

MALFORMED = (Step.MALFORMED, Step.MALFORMED_UPDATE)
EMPTY = (Step.EMPTY, Step.EMPTY_UPDATE)

BAD_SUBMITS = (
    Step.MALFORMED,
    Step.EMPTY,
    Step.WRONG_ROOT,
    *MISSING_PARTS,
    Step.UNKNOWN_TAG,
    Step.UNKNOWN_QUEUE,
    Step.ENTITY,
    Step.BAD_LEVEL,
    Step.LONG_USER_DATA,
    Step.LONG_WATERMARK,
    Step.FOUR_WATERMARKS,
    Step.NO_SOURCE,
)
"""Those of all features; some are sent for features with a level, for media or for files only."""
SIGNATURES = (Step.UNSIGNED, Step.WRONG_SIGNATURE, Step.EXPIRED_SIGNATURE)
DOCUMENTED_OPERATIONS = (*BAD_SUBMITS, Step.MALFORMED_UPDATE, Step.EMPTY_UPDATE, *SIGNATURES, Step.UNSIGNED_SUBMIT)
"""Bad requests to operations that the documents know: their refusals have the documented form."""

BAD = (*DOCUMENTED_OPERATIONS, Step.UNKNOWN_PATH, Step.UNKNOWN_METHOD)

NO_SUCH_TAG = "NoSuchTag"
EXPANDED = "ciq-entity-was-expanded"
"""What the entity of step ENTITY stands for."""
