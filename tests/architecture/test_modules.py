"""The form of modules: size, names, docstrings, type markers."""

import ast
import re

import pytest
from sources import PACKAGES, ROOT, Module, modules

MOST_LINES = 500
LONGEST_SLEEP = 0.05
UNSPECIFIC_NAMES = {"base", "common", "helper", "helpers", "misc", "tools", "util", "utils"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_module_has_limited_size_docstring_and_specific_name(module: Module) -> None:
    """A module has at most 500 lines."""
    lines = module.text.count("\n")
    assert lines <= MOST_LINES, f"{module.place} has {lines} lines: which notion can move out?"
    if module.text.strip():
        assert ast.get_docstring(module.tree), f"{module.place} has no docstring"
    assert not UNSPECIFIC_NAMES & set(module.name.split(".")), f"{module.place}: the name does not describe the content"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_shipped_module_has_no_reminder(module: Module) -> None:
    """TODO and similar words do not occur."""
    found = UNFINISHED.search(module.text)
    assert not found, f"{module.place}: {found and found.group()}"


def sleeps(tree: ast.AST) -> list[ast.Call]:
    """Calls of a function named sleep."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "sleep"]


def is_short_sleep(call: ast.Call) -> bool:
    """Whether a sleep takes at most 50 ms, as between two polls; 0 only yields to other tasks."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and 0 <= call.args[0].value <= LONGEST_SLEEP


def test_tests_sleep_only_inside_polling_loops() -> None:
    """Tests wait for conditions. A sleep of 0 is allowed everywhere."""
    for path in sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests").rglob("conftest.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        polled = {call for node in ast.walk(tree) if isinstance(node, ast.While) for call in sleeps(node)}
        for call in sleeps(tree):
            yields_only = is_short_sleep(call) and ast.literal_eval(call.args[0]) == 0
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert yields_only or (call in polled and is_short_sleep(call)), f"{place} sleeps: wait for the condition"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_type_marker(package: str) -> None:
    """Type checkers read it."""
    assert (PACKAGES[package] / "py.typed").is_file()
