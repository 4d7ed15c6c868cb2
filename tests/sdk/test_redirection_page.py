"""docs/sdks.md: its Python example runs, and its other lines are those of the programs that `tox -e sdk` runs."""

import re
from pathlib import Path

import fetch_sdks
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sdks.md").read_text(encoding="utf-8")
PROGRAMS = {"js": "node/core_path.js", "go": "go/core_path.go", "java": "java/CorePath.java"}
pytest_plugins = ["pytester"]


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("language", PROGRAMS)
def test_shown_line_is_one_of_the_program(language: str) -> None:
    """But for its indentation."""
    program = (Path(__file__).parent / PROGRAMS[language]).read_text(encoding="utf-8")
    shown = [line.strip() for block in blocks(language) for line in block.splitlines()]
    assert shown
    assert [line for line in shown if line not in program] == []


def test_missing_program_or_registry_ends_the_fetch_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`tox -e sdk` then fails with exit code 3 and runs no test; nothing is skipped."""
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "npm"
    for missing, message in ((True, "needs the program npm"), (False, "cannot be fetched from the npm registry")):
        if not missing:
            program.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
            program.chmod(0o755)
        with pytest.raises(SystemExit) as caught:
            fetch_sdks.main(tmp_path / "sdks")
        assert caught.value.code == 3
        shown = capsys.readouterr().err
        assert message in shown
        assert "tox -e sdk needs npm, the Go module proxy and Maven Central" in shown
    assert "no network" in shown


def test_python_example_passes(pytester: pytest.Pytester) -> None:
    """As printed, over HTTPS and HTTP."""
    (example,) = blocks("python")
    pytester.makepyfile(example)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
