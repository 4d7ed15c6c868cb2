"""docs/api.md: the public names of the packages with signature and docstring.

`python -m tools.api_page docs` writes it; a test checks that it is current.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

COMMAND = "python -m tools.api_page docs"
PAGE = "api.md"
PACKAGES = ("ciq_mock", "ciq_schemas", "ciq_conformance", "ciq_reports")


def exported() -> Mapping[str, tuple[str, ...]]:
    """The public names of each package, in the order of `__all__`."""
    packages = {name: importlib.import_module(name) for name in PACKAGES}
    return MappingProxyType({name: tuple(getattr(package, "__all__", ())) for name, package in packages.items()})


def _signature(name: str, value: object) -> str:
    if not callable(value):
        return name
    try:
        return f"{name}{inspect.signature(value)}"
    except ValueError:
        return name


def _entry(package: str, name: str) -> Iterator[str]:
    value = getattr(importlib.import_module(package), name)
    kind = "class " if inspect.isclass(value) else ""
    # Enumerations have a call signature of their base class that differs between releases of Python.
    members = list(getattr(value, "__members__", ()))
    shown = name if members else _signature(name, value)
    yield from ("", f"### `{name}`", "", "```python", f"{kind}{shown}", "```", "")
    yield inspect.getdoc(value) or ""


def page() -> str:
    """The text of the page."""
    lines = ["# Python API", "", f"<!-- Written by `{COMMAND}` from `__all__` of the packages; edit there. -->", ""]
    lines.append("Import these names from the package itself. Every other module, class and function is private.")
    for package, names in exported().items():
        lines += ["", f"## `{package}`"]
        if not names:
            lines += ["", "No public names: use the commands of `ciq`."]
        for name in names:
            lines += _entry(package, name)
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page into the folder; 2 without one."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"expected the folder of the documents, as in `{COMMAND}`; got {arguments}\n")
        return 2
    Path(arguments[0], PAGE).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
