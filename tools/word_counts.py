"""Counts unwanted words in names and docstrings, per package.

`python -m tools.word_counts tests/architecture/word_counts.json` stores the counts after they have fallen. It refuses
to store a count that has risen. A word without a stored count must not occur at all. docs/glossary.md has better words.
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "ciq_schemas": ROOT / "schemas" / "ciq_schemas",
    "ciq_mock": ROOT / "mock_server" / "ciq_mock",
    "ciq_reports": ROOT / "reports" / "ciq_reports",
    "ciq_conformance": ROOT / "conformance" / "ciq_conformance",
}
COUNTS = ROOT / "tests" / "architecture" / "word_counts.json"
COMMAND = "python -m tools.word_counts tests/architecture/word_counts.json"

WORDS = (
    *("bend", "bends", "bent", "desk", "parcel", "parcels", "way back", "keeper", "lane", "lanes", "unhurried"),
    *("whom", "nobody", "tongue", "footing", "surroundings", "premise", "premised", "riddle"),
    *("told", "tell", "tells", "heard", "hear", "said", "asked", "stage", "gate", "room", "rooms", "house"),
    *("obstacle", "obstacles", "exhibit", "exhibits", "strand", "strands", "scene", "scenes", "leftovers", "patience"),
    *("dress", "seam", "seams", "lying", "lies", "stands", "accord", "odd", "unjudged"),
)
"""Words of the first versions that a newcomer cannot look up, or that do not name the actor."""
_ANY = re.compile(rf"\b(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})\b")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

Counts = Mapping[str, int]
"""`package names word` or `package docstrings word`, with how often it occurs."""


def names_of(module: str, tree: ast.Module) -> set[str]:
    """Every name that a module defines: modules, classes, functions, arguments and variables."""
    names = set(module.split("."))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def docstrings_of(tree: ast.Module) -> Iterator[str]:
    """Every docstring of a module, those behind constants and fields included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def words_of(name: str) -> str:
    """The parts of a name as words: `wayBack`, `way_back` and `WayBack` give `way back`."""
    return " ".join(part.lower() for part in _PART.findall(name))


def _occurrences(text: str) -> list[str]:
    lowered = " ".join(text.lower().replace("_", " ").split())
    return _ANY.findall(lowered)


def count_module(package: str, module: str, text: str) -> Counter[str]:
    """The counts of one module."""
    tree = ast.parse(text)
    counts: Counter[str] = Counter()
    for name in names_of(module, tree):
        counts.update(f"{package} names {word}" for word in _occurrences(words_of(name)))
    for docstring in docstrings_of(tree):
        counts.update(f"{package} docstrings {word}" for word in _occurrences(docstring))
    return counts


@cache
def count() -> Counts:
    """The counts of the four packages today."""
    counts: Counter[str] = Counter()
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            module = ".".join([package, *path.relative_to(folder).with_suffix("").parts])
            counts += count_module(package, module, path.read_text(encoding="utf-8"))
    return dict(sorted(counts.items()))


def stored(path: Path = COUNTS) -> Counts:
    """The counts that were stored last."""
    read = json.loads(path.read_text(encoding="utf-8"))
    return {str(key): int(value) for key, value in read.items()}


def risen(before: Counts, now: Counts) -> tuple[str, ...]:
    """What occurs more often than stored."""
    return tuple(
        f"{key}: {number}, at most {before.get(key, 0)}" for key, number in now.items() if number > before.get(key, 0)
    )


def main(arguments: list[str]) -> int:
    """Store the counts that have fallen; 1 when one has risen, 2 without the file."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        sys.stderr.write(f"expected the file of the counts, as in `{COMMAND}`; got {arguments}\n")
        return 2
    path, now = Path(arguments[0]), count()
    if more := risen(stored(path), now):
        sys.stderr.write("use another word (docs/glossary.md), nothing was stored:\n" + "\n".join(more) + "\n")
        return 1
    path.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
