"""Words of names and docstrings: which ones a newcomer cannot look up, and where they occur."""

import ast
import re
from collections.abc import Iterator

UNWANTED = (
    *("bend", "bends", "bent", "desk", "parcel", "parcels", "way back", "keeper", "lane", "lanes", "unhurried"),
    *("whom", "nobody", "tongue", "footing", "surroundings", "premise", "premised", "riddle"),
    *("told", "tell", "tells", "heard", "hear", "said", "asked", "stage", "gate", "room", "rooms", "house"),
    *("obstacle", "obstacles", "exhibit", "exhibits", "strand", "strands", "scene", "scenes", "leftovers", "patience"),
    *("dress", "seam", "seams", "lying", "lies", "stands", "accord", "odd", "unjudged"),
)
"""Words of the first versions that a newcomer cannot look up, or that do not name the actor."""
_ANY = re.compile(rf"\b(?:{'|'.join(sorted(UNWANTED, key=len, reverse=True))})\b")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


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


def unwanted_words(module: str, text: str) -> Iterator[str]:
    """Each use of an unwanted word: the word, and the name or the docstring that has it."""
    tree = ast.parse(text)
    for name in sorted(names_of(module, tree)):
        yield from (f"{word} in the name {name}" for word in _occurrences(words_of(name)))
    for docstring in docstrings_of(tree):
        yield from (f"{word} in the docstring {docstring[:60]!r}" for word in _occurrences(docstring))
