"""Steps of the scenarios `templates` and `binding`, shared by scenarios and checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order of the scenario."""

    CREATE = "create"
    LONG_NAME = "long-name"
    BY_ID = "by-id"
    BY_NAME = "by-name"
    BY_OTHER_NAME = "by-other-name"
    BY_TAG = "by-tag"
    BY_OTHER_TAG = "by-other-tag"
    UPDATE = "update"
    AFTER_UPDATE = "after-update"
    SUBMIT = "submit"
    DESCRIBE = "describe"
    DELETE = "delete"
    AFTER_DELETE = "after-delete"
    UPDATE_DELETED = "update-deleted"
    BIND = "bind"
