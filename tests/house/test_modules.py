"""The form of modules: size, names, docstrings, typing marks."""

import ast
import re

import pytest
from sources import ROOMS, ROOT, Module, modules

LONGEST = 400
NO_NOTION = {"base", "common", "helper", "helpers", "misc", "tools", "util", "utils"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_one_notion_a_module(module: Module) -> None:
    """A module has at most 400 lines, a docstring that says what it is, and a name that is a notion."""
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


def test_tests_do_not_sleep() -> None:
    """Tests wait for conditions: none calls sleep."""
    for path in sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests").rglob("conftest.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        names = {
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            for call in calls
            if not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
        }
        assert "sleep" not in names, f"{path.relative_to(ROOT)} sleeps: wait for the condition with a deadline"


@pytest.mark.parametrize("room", ROOMS)
def test_packages_are_typed(room: str) -> None:
    """Each package tells type checkers that it is typed."""
    assert (ROOMS[room] / "py.typed").is_file()
