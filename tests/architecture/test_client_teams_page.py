"""The recipes of docs/client-teams.md are tests that pass as printed."""

import re
from pathlib import Path

from sources import ROOT
from test_commands import run

PAGE = (ROOT / "docs" / "client-teams.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^```python recipe=([a-z]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
CLIENT = "client"


def test_page_has_a_recipe_for_each_kind_of_client() -> None:
    """Every Python block is a recipe."""
    assert set(RECIPES) == {CLIENT, "flask", "fastapi", "django", "polling", "asyncio", "xdist"}
    assert PAGE.count("```python") == len(RECIPES)


def test_recipes_pass(tmp_path: Path) -> None:
    """Each in a file of its own, all in two worker processes; warnings are errors."""
    for name in RECIPES.keys() - {CLIENT}:
        (tmp_path / f"test_{name}.py").write_text(f"{RECIPES[CLIENT]}\n\n{RECIPES[name]}", encoding="utf-8")
    done = run("pytest -q -p no:cacheprovider -n 2 -W error", tmp_path, 300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout
