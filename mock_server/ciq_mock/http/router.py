"""Path and method to operation, by a table made once from the operations of the contract.

No handler per feature: a new row of the feature table brings its routes with it.
"""

from collections.abc import Iterable

from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.operations import HttpOperation, operations

_Methods = dict[str, HttpOperation]


class Router:
    """Finds operations. A template is a fixed path, alone or with one id behind it."""

    def __init__(self, table: Iterable[HttpOperation] | None = None) -> None:
        self._collections: dict[str, _Methods] = {}
        self._items: dict[str, _Methods] = {}
        for operation in operations() if table is None else table:
            path, braces, _ = operation.path.partition("/{")
            methods = (self._items if braces else self._collections).setdefault(path, {})
            methods[operation.method] = operation
            if operation.method == "GET":
                methods["HEAD"] = operation

    def knows(self, path: str) -> bool:
        """Tell whether the service has this very path, for whatever method."""
        return path in self._collections

    def knows_items(self, path: str) -> bool:
        """Tell whether ids may stand behind this path."""
        return path in self._items

    def find(self, method: str, path: str) -> tuple[HttpOperation, str]:
        """Return the operation and the id in the path, "" where it has none.

        Raises Refusal for an unknown path, or for a method that the path does not have.
        """
        methods = self._collections.get(path)
        key = ""
        if methods is None:
            parent, _, key = path.rpartition("/")
            methods = self._items.get(parent) if key else None
            if methods is None:
                raise Refusal(
                    ErrorCode.NO_SUCH_PATH,
                    "there is no such path in this service; objects are at the host of COS or below /_objects/BUCKET/",
                )
        operation = methods.get(method)
        if operation is None:
            allow = tuple(methods)
            raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"this path takes {', '.join(allow)} only", allow=allow)
        return operation, key
