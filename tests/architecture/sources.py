"""The source files of the four packages, read once for all rules of tests/architecture."""

import ast
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "ciq_schemas": ROOT / "schemas" / "ciq_schemas",
    "ciq_mock": ROOT / "mock_server" / "ciq_mock",
    "ciq_reports": ROOT / "reports" / "ciq_reports",
    "ciq_conformance": ROOT / "conformance" / "ciq_conformance",
}


@dataclass(frozen=True)
class Module:
    """One module of the four packages."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text, filename=str(self.path))

    @property
    def place(self) -> str:
        """Path below the root, for messages."""
        return str(self.path.relative_to(ROOT))

    def imports(self) -> set[str]:
        """Full names of all imported modules, at the top and inside functions; `from a import b` gives a and a.b."""
        package = self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = package.split(".")
                    base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
                found.add(base)
                found.update(f"{base}.{alias.name}" for alias in node.names)
        return found

    def uses_names_of(self, package: str, known: Collection[str]) -> bool:
        """Whether the module imports a name that the `__init__` of a package defines, or the package as a whole."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import) and any(alias.name == package for alias in node.names):
                return True
            imported = node.names if isinstance(node, ast.ImportFrom) and node.module == package else []
            if any(f"{package}.{alias.name}" not in known for alias in imported):
                return True
        return False


@cache
def modules() -> tuple[Module, ...]:
    """Every Python module of the four packages."""
    found = []
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            inner = path.relative_to(folder).with_suffix("").parts
            name = ".".join([package, *(part for part in inner if part != "__init__")])
            found.append(Module(name, path, path.read_text(encoding="utf-8")))
    return tuple(found)


def below(name: str, prefix: str) -> bool:
    """Whether a name is the prefix or below it: `a.b.c` is below `a.b`."""
    return name == prefix or name.startswith(prefix + ".")
