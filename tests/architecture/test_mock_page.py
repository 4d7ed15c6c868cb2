"""docs/mock.md agrees with the mock: its examples run, its tables list the options and the admin requests."""

import asyncio
import re
from pathlib import Path

import pytest
from sources import ROOT
from starlette.routing import Route
from test_commands import run

from ciq_mock.admin.app import admin_app
from ciq_mock.cli import option_parser
from ciq_mock.mock import Mock
from ciq_mock.service.out_of_scope import LEFT_OUT
from ciq_mock.settings import MockSettings

PAGE = (ROOT / "docs" / "mock.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_mock_page_example_passes(number: int, tmp_path: Path) -> None:
    """Each example is a test that passes as printed."""
    (tmp_path / "test_shown.py").write_text(EXAMPLES[number], encoding="utf-8")
    done = run("pytest -q -p no:cacheprovider", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_mock_page_lists_options_of_command() -> None:
    """The table has every option of `ciq mock` and no other."""
    (section,) = re.findall(r"^## Options\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`--.*?) \|", section, re.MULTILINE)
    shown = {option for row in rows for option in re.findall("--[a-z-]+", row)}
    assert shown == {"--" + name.replace("_", "-") for name in vars(option_parser().parse_args([]))}


def test_page_lists_every_path_that_the_mock_leaves_out() -> None:
    """docs/out-of-scope.md has the paths that the mock refuses by name, and no other path."""
    page = (ROOT / "docs" / "out-of-scope.md").read_text(encoding="utf-8")
    table = page[page.index("| Left out |") :].partition("\n\n")[0]
    assert set(re.findall(r"`(/[A-Za-z/]+)`", table)) == set(LEFT_OUT)


async def _admin_requests() -> set[str]:
    pages = {"GET /_ciq/", "GET /_ciq/login"}  # the console and the way into it
    for route in admin_app(Mock(MockSettings())).routes:
        if isinstance(route, Route):
            (method,) = (route.methods or set()) - {"HEAD"}
            pages.add(f"{method} {route.path}")
    return pages


def test_mock_page_lists_admin_requests_of_mock() -> None:
    """The table has every admin request with its method and no other."""
    assert set(re.findall(r"^\| `([A-Z]+ /_ciq/[a-z/{}.-]*)` \|", PAGE, re.MULTILINE)) == asyncio.run(_admin_requests())
