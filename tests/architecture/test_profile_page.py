"""docs/profile.md and the loading of profiles say the same: keys, variables, defaults, example."""

import re
from pathlib import Path

import pytest
from sources import ROOT

from ciq_conformance.profile_loading import load_profile
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Setting

PAGE = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`)? *\| (.*?) *\| (.+) \|$", PAGE, re.MULTILINE)
VARIABLES = {variable: key for key, variable, _, _ in ROWS if variable}
VALUES = {
    "CIQ_TARGET": "http://127.0.0.1:9",
    "CIQ_HOST": "h",
    "CIQ_REGION_HOST": "h",
    "CIQ_FEATURES": "doc",
    "CIQ_CALLBACK_BIND": "127.0.0.1:9",
    "CIQ_CALLBACK_URL": "http://127.0.0.1:9",
    "CIQ_TIMEOUT_FACTOR": "2",
    "CIQ_DEACTIVATE": "true",
    "CIQ_SIGNATURE": "true",
    "CIQ_WORKFLOW": "true",
    "CIQ_BATCH": "true",
    "CIQ_TEMPLATES": "true",
    "CIQ_BINDING": "true",
}


def generic(name: str) -> str:
    """`inputs.media.tag` as the page writes it."""
    return re.sub(rf"\.({'|'.join(Feature)})(?=\.|$)", ".FEATURE", name)


def settings(env: dict[str, str], directory: Path) -> dict[str, Setting]:
    """Effective settings by name."""
    loaded = load_profile(env=env, directory=directory)
    assert not loaded.remarks
    return {setting.name: setting for setting in loaded.settings}


def test_every_key_is_listed_once(tmp_path: Path) -> None:
    """The table lists exactly the keys that a profile can have."""
    listed = [key for key, _, _, _ in ROWS]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {generic(name) for name in settings({}, tmp_path)}


def test_every_variable_sets_its_key(tmp_path: Path) -> None:
    """Each variable of the table sets the key of its row, and no other variable of the kit exists."""
    env = {variable: VALUES.get(variable, "x") for variable in VARIABLES}
    origins = {s.origin: s.name for s in settings(env, tmp_path).values() if s.origin.startswith("environment ")}
    assert origins == {f"environment {variable}": key for variable, key in VARIABLES.items()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bCIQ_\w+", readme)) <= VARIABLES.keys()


def test_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    """A default that the table quotes is the effective value without flags, variables and file."""
    effective = settings({}, tmp_path)
    for key, _, default, _ in ROWS:
        if quoted := re.fullmatch(r"`(.+)`", default):
            assert effective[key].value == quoted.group(1), key


def test_the_example_is_complete_and_valid(tmp_path: Path) -> None:
    """The example loads and sets every key of the table."""
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "ciq.toml").write_text(example, encoding="utf-8")
    read = {s.name for s in settings({}, tmp_path).values() if s.origin.endswith("ciq.toml")}
    assert {generic(name) for name in read} == {key for key, _, _, _ in ROWS}


def test_the_file_can_be_named_by_variable(tmp_path: Path) -> None:
    """CIQ_PROFILE names the file, as the page says; a missing one is a mistake."""
    elsewhere = tmp_path / "mine.toml"
    elsewhere.write_text('region = "ap-test"\n', encoding="utf-8")
    env = {"CIQ_PROFILE": str(elsewhere)}
    assert settings(env, tmp_path)["region"].value == "ap-test"
    elsewhere.unlink()
    with pytest.raises(ValueError, match=r"mine\.toml"):
        settings(env, tmp_path)
