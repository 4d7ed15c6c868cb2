"""The form of modules: size, names, docstrings, typing marks."""

import ast
import re

import pytest
from sources import ROOMS, ROOT, Module, modules

LONGEST = 500
LONGEST_BREATH = 0.05
NO_NOTION = {"base", "common", "helper", "helpers", "misc", "tools", "util", "utils"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_one_notion_a_module(module: Module) -> None:
    """A module has at most 500 lines, a docstring that says what it is, and a name that is a notion."""
    lines = module.text.count("\n")
    assert lines <= LONGEST, f"{module.place} has {lines} lines: which notion can move out?"
    if module.text.strip():
        assert ast.get_docstring(module.tree), f"{module.place} has no docstring"
    assert not NO_NOTION & set(module.name.split(".")), f"{module.place}: the name says nothing of the content"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_nothing_unfinished(module: Module) -> None:
    """No reminders in what ships."""
    found = UNFINISHED.search(module.text)
    assert not found, f"{module.place}: {found and found.group()}"


def sleeps(tree: ast.AST) -> list[ast.Call]:
    """Calls of something named sleep."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "sleep"]


def is_a_breath(call: ast.Call) -> bool:
    """At most 50 ms, as a poll takes between two looks; or 0, which only lets others run."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and 0 <= call.args[0].value <= LONGEST_BREATH


def test_tests_do_not_sleep() -> None:
    """Tests wait for conditions: a sleep is 0, or a short breath inside the loop that looks at the condition."""
    for path in sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests").rglob("conftest.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        polled = {call for node in ast.walk(tree) if isinstance(node, ast.While) for call in sleeps(node)}
        for call in sleeps(tree):
            nothing = is_a_breath(call) and ast.literal_eval(call.args[0]) == 0
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert nothing or (call in polled and is_a_breath(call)), f"{place} sleeps: wait for the condition"


@pytest.mark.parametrize("room", ROOMS)
def test_packages_are_typed(room: str) -> None:
    """Each package tells type checkers that it is typed."""
    assert (ROOMS[room] / "py.typed").is_file()
