"""Finds the operation of a path and method, in a table built once from the operations of the contract.

No feature has a handler of its own: a new row of the feature table adds its routes.
"""

from collections.abc import Iterable

from ciq_mock.service.out_of_scope import left_out
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.operations import HttpOperation, operations, operations_at_once

_Methods = dict[str, HttpOperation]


class Router:
    """Finds operations. A path template is a fixed path, alone or followed by one id."""

    def __init__(self, table: Iterable[HttpOperation] | None = None) -> None:
        self._collections: dict[str, _Methods] = {}
        self._items: dict[str, _Methods] = {}
        for operation in (*operations(), *operations_at_once()) if table is None else table:
            path, braces, _ = operation.path.partition("/{")
            methods = (self._items if braces else self._collections).setdefault(path, {})
            methods[operation.method] = operation
            if operation.method == "GET":
                methods["HEAD"] = operation

    def knows(self, path: str) -> bool:
        """Return whether the service has exactly this path, for any method."""
        return path in self._collections

    def knows_items(self, path: str, method: str = "") -> bool:
        """Return whether this path may be followed by ids, for any method or for the given one."""
        return path in self._items and (not method or method in self._items[path])

    def find(self, method: str, path: str) -> tuple[HttpOperation, str]:
        """Return the operation and the id in the path; "" when the path has no id.

        Raises Refusal for an unknown path, or for a method that the path does not have.
        """
        methods = self._collections.get(path)
        key = ""
        if methods is None:
            parent, _, key = path.rpartition("/")
            methods = self._items.get(parent) if key else None
            if methods is None:
                raise _no_such_path(path)
        operation = methods.get(method)
        if operation is None:
            allow = tuple(methods)
            raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"this path allows {', '.join(allow)} only", allow=allow)
        return operation, key


def _no_such_path(path: str) -> Refusal:
    what = left_out(path)
    if what is not None:
        return Refusal(ErrorCode.NOT_IMPLEMENTED, f"the mock does not have this call: it leaves out {what}")
    message = "this service has no such path; objects are at the host of COS or below /_objects/BUCKET/"
    return Refusal(ErrorCode.NO_SUCH_PATH, message)
